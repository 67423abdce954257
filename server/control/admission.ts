/**
 * Whether there is any use in waiting for a browser, decided before anything is written down: a session that is made and
 * then refused by the supervisor has failed, and its sender hears of it later than they could.
 */
import { SUPERVISOR } from '../../actors/driver/drivers.ts';
import { ControlError } from '../../schemas/errors.ts';
import type { Control } from './deps.ts';

/** What the supervisor's context says of it; another supervisor may say nothing. */
interface Supervision {
  slots?: { state: string; sessionId: string | null }[];
  limits?: { queueLength: number };
  draining?: boolean;
  devices?: string[] | null;
}

/**
 * Nothing is awaited here: of many that come at once each finds those before it in line.
 * @throws ControlError DRAINING, DEVICE_UNAVAILABLE, QUEUE_FULL
 */
export function admit({ host, sessions }: Pick<Control, 'host' | 'sessions'>, device: string | null): void {
  const supervisor = host.volatileActors('supervisor').find(({ address }) => address === SUPERVISOR);
  const { slots, limits, draining, devices } = (supervisor?.context ?? {}) as Supervision;
  if (!slots || !limits) return;
  if (draining) throw new ControlError('DRAINING', {});
  if (devices && device !== null && !devices.includes(device)) {
    throw new ControlError('DEVICE_UNAVAILABLE', { device, devices });
  }
  const free = slots.filter(({ state, sessionId }) => FREE.includes(state) && sessionId === null).length;
  const waiting = sessions.inLine();
  // Who is first in line with a slot free waits for nobody.
  if (waiting >= limits.queueLength + free) {
    throw new ControlError('QUEUE_FULL', { waiting: Math.max(0, waiting - free), limit: limits.queueLength });
  }
}

const FREE = ['idle', 'cold', 'starting'];
