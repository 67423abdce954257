import type { MachineSamples } from '../../actors/user-config/define.ts';
import type { ProfileOutcome, SessionContext, SessionInput } from '../../machines/session-context.ts';

const input: Omit<SessionInput, 'at'> = {
  sessionId: 's1',
  accountId: 'ada',
  platform: 'example',
  browser: 'safari',
  device: 'desktop',
  idleLimitMs: 300_000,
  parkLimitMs: 1_800_000
};
const humanRequired = { code: 'HUMAN_REQUIRED', message: 'a captcha stands before it', details: {} };
const profile: ProfileOutcome = { state: 'proved', why: 'it shows the account', failure: null, artifacts: [] };
const lost = { code: 'DRIVER_LOST', message: 'its browser is gone' };
const failed = { code: 'EFFECT_FAILED', message: 'the page did not load' };
const noLogin: ProfileOutcome = {
  ...profile,
  state: 'expired',
  why: 'the page shows nobody logged in',
  failure: { code: 'HUMAN_REQUIRED', message: 'nobody is logged in' }
};

/** Of its own lease, and of one from before. */
const ofLease =
  (fields: object = {}) =>
  ({ lease }: SessionContext) =>
    [...(lease === null ? [] : [lease]), { slot: 'slot-1', fencing: 0 }].map((one) => ({ lease: one, ...fields }));
const knows = ({ current, queue }: SessionContext, id: string) =>
  current === id || queue.some(({ commandId }) => commandId === id);

/** Without commands, not to be closed or held: so that what takes many steps, such as being lost five times, is near. */
const steady = { ...input, accountId: 'bob', keepsProfile: true };
const unlessSteady =
  <T>(fields: T[]) =>
  ({ accountId }: SessionContext) =>
    accountId === steady.accountId ? [] : fields;

export const session: MachineSamples = {
  inputs: [{ ...input }, { ...input, keepsProfile: true }, { ...steady }],
  events: {
    'session.close': unlessSteady([{ commandId: 'closer' }, {}]),
    'session.pause': unlessSteady([{}]),
    'session.resume': unlessSteady([{}]),
    'session.takeover': [{ by: 'admin' }],
    'session.handback': [{}],
    'session.input': ({ inputs = 0, accountId }: SessionContext) =>
      inputs > 0 || accountId === steady.accountId ? [] : [{ input: { type: 'click', x: 1, y: 1 }, by: 'admin' }]
  },
  told: {
    // One command is enough: of several, the next is chosen without another state.
    'command.submitted': (context: SessionContext) =>
      knows(context, 'c1') ? [] : unlessSteady([{ commandId: 'c1', priority: 3 }])(context),
    'command.released': unlessSteady([{ commandId: 'c1' }, { commandId: 'c0' }]),
    'command.blocked': unlessSteady([
      { commandId: 'c1', failure: humanRequired },
      { commandId: 'c0', failure: humanRequired }
    ]),
    'session.input_done': [{ code: null }],
    'slot.queued': [{ position: 1 }],
    'slot.granted': [{ lease: { slot: 'slot-1', fencing: 1 } }],
    'slot.ready': ofLease(),
    'slot.lost': ({ lease }: SessionContext) => [
      ...(lease === null
        ? []
        : [
            { lease, code: 'DRIVER_LOST', why: 'its browser is gone' },
            { lease, code: 'BROWSER_TAKEN', why: 'a person took the window' }
          ]),
      { lease: { slot: 'slot-1', fencing: 0 }, code: 'DRIVER_LOST', why: 'one from before is gone' }
    ],
    'slot.refused': [{ code: 'QUEUE_FULL', message: 'too many wait' }],
    'slot.released': ofLease(),
    'slot.wanted': unlessSteady([{}]),
    'slot.parked': ofLease({ why: 'a person had it for 10 min' }),
    'host.resumed': unlessSteady([{}])
  },
  outcomes: {
    restoreProfile: { done: [profile, noLogin], error: [lost, failed] },
    checkProfile: { done: [profile, noLogin], error: [lost, failed] },
    saveProfile: { done: [null], error: [failed] }
  }
};
