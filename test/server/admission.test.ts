import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ControlError, isControlError } from '../../schemas/errors.ts';
import { admit } from '../../server/control/admission.ts';

const slot = (state: string, sessionId: string | null = null) => ({ state, sessionId });
/** Admits into a line of so many before a supervisor that says this of itself. */
function admission(context: Record<string, unknown>, waiting = 0, device: string | null = 'desktop'): string {
  const supervisor = { address: 'supervisor/main', context };
  const control = { host: { volatileActors: () => [supervisor] }, sessions: { inLine: () => waiting } };
  try {
    admit(control as never, device);
    return 'admitted';
  } catch (error) {
    assert.ok(isControlError(error), String(error));
    const { code, status, message } = error as ControlError;
    return `${status} ${code}: ${message}`;
  }
}
const line = (slots: unknown[], over: Record<string, unknown> = {}) => ({
  slots,
  limits: { queueLength: 2 },
  draining: false,
  devices: null,
  ...over
});

describe('admission', () => {
  it('is of as many as may wait, and of one more for each slot that is free', () => {
    const busy = line([slot('leased', 'a')]);
    assert.equal(admission(busy, 1), 'admitted');
    assert.match(admission(busy, 2), /^429 QUEUE_FULL: 2 sessions wait for a browser and 2 may/);
    const free = line([slot('leased', 'a'), slot('idle'), slot('cold')]);
    assert.equal(admission(free, 3), 'admitted');
    assert.match(admission(free, 4), /^429 QUEUE_FULL/);
    assert.match(admission(line([slot('starting', 'a')]), 2), /^429/, 'that one is somebody’s');
  });

  it('is of no device that is not here', () => {
    const linux = line([slot('idle')], { devices: ['desktop'] });
    assert.match(
      admission(linux, 0, 'simulator'),
      /^422 DEVICE_UNAVAILABLE: there is no 'simulator' here, only desktop/
    );
    assert.equal(admission(linux, 0, 'desktop'), 'admitted');
    assert.equal(admission(linux, 0, null), 'admitted', 'of a parked session, which was admitted with its own');
  });

  it('is of nobody once it drains', () => {
    assert.match(admission(line([slot('idle')], { draining: true })), /^503 DRAINING/);
  });

  it('is of everybody where nobody says how many may wait', () => {
    assert.equal(admission({}, 1_000), 'admitted');
  });
});
