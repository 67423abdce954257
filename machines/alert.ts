import { assign, setup } from 'xstate';
import { hostActions } from './protocol.ts';

/** Somebody who watches found that something is not as it must be. */
export interface AlertInput {
  /** What was broken, in one word or sentence that stays the same from one time to the next. */
  rule: string;
  /** Addresses of the actors it is about. */
  about: string[];
  /** The row of the log that shows it. */
  atCursor: string;
  /** What was seen there. */
  found: string;
  /** The program that looked; null when it did not say. */
  source: string | null;
  /** The client whose token it was. */
  raisedBy: string;
  at: number;
}

export interface AlertContext extends Omit<AlertInput, 'at'> {
  acknowledgedBy: string | null;
  note: string | null;
  why: string | null;
  createdAt: number;
  expiresAt: number;
  acknowledgedAt: number | null;
}

export type AlertAcknowledge = { type: 'alert.acknowledge'; by: string; note?: string };

/** An alert that nobody has looked at for so long is not news any more, ms. */
export const ALERT_LIMIT = 30 * 24 * 60 * 60_000;

const said = { rule: 'rule', about: 'about', at_cursor: 'atCursor', found: 'found', source: 'source' };
const says = (type: string, severity: 'info' | 'warn' | 'error', take: Record<string, string>) => ({
  telemetry: { type, severity, take: { ...said, ...take } }
});

/**
 * One finding of a monitor, until a person has seen it. Nothing waits for it and it moves nobody: it is there so that the
 * log tells of it, and so that the same finding is told once, by its id, however many monitors meet it.
 *
 * ```
 * RAISED ──alert.acknowledge──▶ ACKNOWLEDGED
 *    └─────after 30 days──────▶ EXPIRED
 * ```
 */
export const alertMachine = setup({
  types: {
    input: {} as AlertInput,
    context: {} as AlertContext,
    events: {} as AlertAcknowledge & { at: number }
  },
  actions: {
    ...hostActions,
    acknowledge: assign(({ event }) =>
      event.type === 'alert.acknowledge'
        ? { acknowledgedBy: event.by, note: event.note ?? null, acknowledgedAt: event.at, why: null }
        : {}
    ),
    expire: assign({ why: 'nobody acknowledged it in 30 days' })
  },
  delays: { limit: ALERT_LIMIT }
}).createMachine({
  id: 'alert',
  meta: { telemetry: { type: 'alert.changed' } },
  context: ({ input: { at, ...input } }) => ({
    ...input,
    acknowledgedBy: null,
    note: null,
    why: 'waiting for a person to acknowledge it',
    createdAt: at,
    expiresAt: at + ALERT_LIMIT,
    acknowledgedAt: null
  }),
  initial: 'RAISED',
  states: {
    RAISED: {
      meta: says('alert.raised', 'error', { raised_by: 'raisedBy' }),
      on: { 'alert.acknowledge': { target: 'ACKNOWLEDGED', actions: 'acknowledge' } },
      after: { limit: { target: 'EXPIRED', actions: 'expire' } }
    },
    ACKNOWLEDGED: {
      type: 'final',
      meta: says('alert.acknowledged', 'info', { acknowledged_by: 'acknowledgedBy', note: 'note' })
    },
    EXPIRED: { type: 'final', meta: says('alert.expired', 'warn', {}) }
  }
});
