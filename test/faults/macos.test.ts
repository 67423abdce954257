/**
 * The path that macOS takes, with Appium and its Safari driver as they are, over a `safaridriver` that says what Apple's
 * is known to say. What Safari itself does cannot be shown here.
 */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { DriverLimits } from '../../actors/driver/limits.ts';
import { type Platform, platformOf } from '../../actors/driver/platform.ts';
import { browserMissing, isIdle, isRecovering, regionOf, stage } from '../actors/driver/stage.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { type TableRow, tell } from './table.ts';

const macOS = platformOf('darwin');
const QUICK: Partial<DriverLimits> = { pairedRetryMs: [50, 100], backoffFirstMs: 50, safariGraceMs: 500 };

async function mac(t: TestContext, options: { slots?: number; limits?: Partial<DriverLimits> } = {}) {
  const folder = await temporaryFolder(t);
  const program = join(folder, 'safaridriver');
  const fake = fileURLToPath(new URL('fake-safaridriver.mjs', import.meta.url));
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${fake}' "$@"\n`);
  chmodSync(program, 0o755);
  let safariEnded = 0;
  const platform: Platform = {
    ...macOS,
    // On a Mac the executable is the system's own.
    installDriver: () => folder,
    preflight: () => macOS.preflight({ PATH: folder }),
    endBrowser: async () => {
      safariEnded += 1;
      return [];
    }
  };
  const s = await stage(t, {
    ...options,
    limits: { ...QUICK, ...options.limits },
    environment: { TROUPE_FAKE_SAFARI: folder },
    platform,
    supervisor: { devices: platform.devices, exclusive: platform.exclusive }
  });
  await s.until('driver/slot-1', 'idle', isIdle);
  const asked = join(folder, 'asked.jsonl');
  rmSync(asked, { force: true });
  return {
    s,
    script: (...answers: ('paired' | 'off' | 'slow' | 'ok')[]) =>
      writeFileSync(join(folder, 'script.json'), JSON.stringify(answers)),
    asked: (): Record<string, unknown>[] =>
      existsSync(asked)
        ? readFileSync(asked, 'utf8')
            .split('\n')
            .slice(0, -1)
            .map((line) => JSON.parse(line))
        : [],
    sever: () => writeFileSync(join(folder, 'severed'), ''),
    mend: () => rmSync(join(folder, 'severed')),
    safariEnded: () => safariEnded
  };
}

/** Reported of Safari, and shown here on what says the same: no write is under way, so none is counted. */
const reported = (t: TestContext, row: Pick<TableRow, 'fault' | 'symptom' | 'path' | 'bound' | 'end'>) =>
  tell(t, { ...row, fault: `${row.fault} (macOS, a fake)`, ms: null, effects: null });

describe('on macOS', { skip: browserMissing }, () => {
  it('what a session asks to run on reaches safaridriver', async (t) => {
    const { s, asked } = await mac(t, { slots: 3 });
    for (const device of ['desktop', 'simulator', 'device']) await s.open(device, { device });
    assert.equal(asked().length, 3, 'no other slot tried the one Safari there is while it was in use');
    const [desktop, simulator, device] = asked();
    assert.deepEqual([desktop?.platformName, desktop?.['safari:useSimulator']], ['mac', undefined]);
    assert.deepEqual([simulator?.platformName, simulator?.['safari:useSimulator']], ['iOS', true]);
    assert.deepEqual([device?.platformName, device?.['safari:useSimulator']], ['iOS', undefined]);
  });

  it('one session at a time has the desktop; the other waits though slots are free', async (t) => {
    const { s } = await mac(t, { slots: 2 });
    await s.open('a');
    await s.host.send('session/a', { type: 'session.takeover' });
    await s.until('driver/slot-1', 'held', ({ state }) => regionOf(state, 'slot') === 'READY.held');
    await s.create('b');
    const waits = await s.until('session/b', 'waiting', ({ why }) => why === 'waiting for a browser, 1 in line');
    assert.equal(waits.state, 'QUEUED');
    await s.open('c', { device: 'simulator' });
    await s.host.send('session/a', { type: 'session.close' });
    await s.until('session/b', 'ready', ({ state }) => state === 'READY');
  });

  it('a Safari that is paired is asked again, twice, and then both are ended', async (t) => {
    const { s, script, asked, safariEnded } = await mac(t);
    script('paired', 'paired', 'ok');
    await s.open('a');
    assert.equal(asked().length, 3);
    assert.ok(!(await s.path('slot-1')).some((state) => state.startsWith('RECOVERING')));
    await s.host.send('session/a', { type: 'session.close' });
    await s.until('driver/slot-1', 'idle', isIdle);

    script('paired', 'paired', 'paired', 'ok');
    await s.open('b');
    assert.equal(safariEnded(), 1);
    assert.ok((await s.path('slot-1')).includes('RECOVERING.killDriverGroup'));
    reported(t, {
      fault: 'second session',
      symptom: 'The Safari instance is already paired with another WebDriver session.',
      path: 'OPENING, asked again twice › RECOVERING › OPENING › READY.busy',
      bound: 'two waits',
      end: 'both ended, then opened'
    });
  });

  it('a Safari that is slow to attach is ended and started again', async (t) => {
    const { s, script, safariEnded } = await mac(t);
    script('slow', 'ok');
    await s.open('a');
    assert.equal(safariEnded(), 1);
    const { rows } = await s.host.journal.readEvents(0, 500, { actor_kinds: ['driver'] });
    assert.ok(rows.some(({ payload }) => /timed out while connecting to a Safari instance/.test(String(payload.why))));
    reported(t, {
      fault: 'Safari slow to attach',
      symptom: 'The session timed out while connecting to a Safari instance.',
      path: 'OPENING › RECOVERING › OPENING › READY.busy',
      bound: 'at once',
      end: 'Safari ended, then opened'
    });
  });

  it('Remote Automation that is off is a matter for a person, and is asked once', async (t) => {
    const { s, script, asked } = await mac(t);
    script('off', 'off');
    await s.create('a');
    const view = await s.until(
      'driver/slot-1',
      'stuck',
      ({ state }) => regionOf(state, 'slot') === 'NEEDS_HUMAN.waiting'
    );
    assert.match(view.why ?? '', /'safaridriver --enable' once, and tick Develop > Allow Remote Automation/);
    const failed = await s.until('session/a', 'failed', ({ state }) => state === 'FAILED');
    assert.match(failed.why ?? '', /Allow Remote Automation/);
    assert.equal(asked().length, 1);
    const { rows } = await s.host.journal.readEvents(0, 500, { actor_kinds: ['driver'] });
    assert.equal(rows.filter(({ type }) => type === 'human.required').length, 1);

    script();
    await s.host.send('driver/slot-1', { type: 'driver.retry' });
    await s.until('driver/slot-1', 'idle', isIdle);
    await s.open('b');
    reported(t, {
      fault: 'Remote Automation off',
      symptom: "You must enable the 'Allow Remote Automation' option",
      path: 'OPENING › NEEDS_HUMAN.waiting',
      bound: 'asked once',
      end: 'a person is asked, with the fix'
    });
  });

  it('a window that a person takes for good is theirs: it is not ended, and no other is opened over it', async (t) => {
    const { s, sever, mend, safariEnded } = await mac(t, { limits: { probePageMs: 300 } });
    await s.open('a');
    sever();
    const view = await s.until('driver/slot-1', 'recovering', isRecovering);
    assert.match(view.why ?? '', /a person took the window of slot slot-1 out of automation/);
    await s.until('session/a', 'paused', ({ state }) => state === 'PAUSED_BY_HUMAN');
    await s.until('driver/slot-1', 'idle', isIdle);
    assert.equal(safariEnded(), 0);
    mend();
    await s.host.send('session/a', { type: 'session.resume' });
    await s.until('session/a', 'ready again', ({ state }) => state === 'READY');
    reported(t, {
      fault: 'a person breaks the glass pane',
      symptom: 'a person took the window of slot slot-1 out of automation',
      path: 'READY.busy › RECOVERING, Safari spared › READY.idle',
      bound: 'one probe, 0.3 s',
      end: 'PAUSED_BY_HUMAN until resumed'
    });
  });

  it('says how to enable what is missing', () => {
    assert.throws(() => macOS.preflight({ PATH: '' }), /safaridriver is missing; .*sudo safaridriver --enable/);
  });
});
