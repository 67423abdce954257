import type { MachineSamples } from '../../actors/user-config/define.ts';
import { actionHash } from '../../machines/action-hash.ts';
import type {
  ArtifactRef,
  CommandContext,
  CommandInput,
  PreparedOutput,
  VerifiedOutput
} from '../../machines/command-context.ts';
import type { Finding } from '../../machines/selector-context.ts';
import type { Failure } from '../../schemas/errors.ts';
import type { CommandEnvelope, Flow } from '../../schemas/generated/contracts.ts';
import { NOON } from '../noon.ts';

const look = { attempt: 'OPEN', effect: 'read' as const, steps: [{ type: 'navigate' as const, url: 'http://site/' }] };
const proved = (as: string) => ({ as, steps: [{ type: 'waitForElement' as const, selectors: ['#there'] }] });
const send = {
  attempt: 'SEND',
  effect: 'write' as const,
  reaches: 'message' as const,
  steps: [{ type: 'click' as const, selectors: ['#send'] }],
  verify: proved('SENT')
};
const flow: Flow = { name: 'message', version: 1, platforms: ['*'], actions: [send] };
const polls: Flow = {
  name: 'video',
  version: 1,
  platforms: ['*'],
  actions: [
    { ...look, attempt: 'MAKE', effect: 'write', verify: proved('MADE') },
    { ...look, attempt: 'LOOK', verify: proved('SORA_VIDEO_READY'), poll: { everyMs: 5_000, limitMs: 12_000 } },
    { ...look, attempt: 'FETCH', verify: proved('SORA_VIDEO_DOWNLOADED') }
  ]
};
const envelope: CommandEnvelope = {
  version: '1.0',
  requester: { service: 'tests', instance_id: '1' },
  target: { account_id: 'ada', platform: 'example' },
  type: 'flow.run',
  payload: { flow: 'message', params: { text: 'Hi' } },
  priority: 3
};
const hash = actionHash(flow, envelope);
const input: Omit<CommandInput, 'at'> = {
  commandId: 'c1',
  correlationId: 'k1',
  sessionId: 's1',
  createSession: null,
  envelope,
  flow,
  approval: null,
  reaches: ['nobody'],
  deadlineAt: NOON + 7 * 86_400_000,
  allowScript: false
};
const approval = {
  approvalId: 'a1',
  actionHash: hash,
  preview: { flow: 'message', params: { text: 'Hi' }, writes: ['SEND'] },
  expiresAt: NOON + 900_000
};
const nobodys: CommandEnvelope = { ...envelope, target: { platform: 'example' } };

const artifact: ArtifactRef = {
  id: 'p1',
  kind: 'screenshot',
  media_type: 'image/png',
  sha256: '0'.repeat(64),
  size: 1
};
const healed = {
  name: 'message.send',
  state: 'healed',
  tried: [],
  selector: null,
  fingerprint: null,
  healed: { selector: '#button', likeness: 0.9, second: 0.2, sure: true, fingerprint: { tag: 'button' } },
  why: 'the nearest is #button'
} as unknown as Finding;

const prepared: PreparedOutput = { dedupeKey: 'd1', alreadyDone: false, earlier: null, proofs: [], artifacts: [] };
const verified: VerifiedOutput = { outcome: 'VERIFIED', why: null, proofs: [], artifacts: [] };
const absent: VerifiedOutput = { ...verified, outcome: 'VERIFICATION_FAILED', why: 'it is not there' };

const lost: Failure = { code: 'DRIVER_LOST', message: 'its browser is gone' };
const slower: Failure = { code: 'SITE_RATE_LIMITED', message: 'the site asked for slowness', details: {} };
const person: Failure = { code: 'HUMAN_REQUIRED', message: 'a captcha stands before it', details: {} };
const unloaded: Failure = { code: 'NAVIGATION_FAILED', message: 'the page did not load' };
const noElement: Failure = { code: 'SELECTOR_MISSING', message: 'nothing matches', details: { artifacts: [artifact] } };
const failed: Failure = { code: 'STEP_FAILED', message: 'the step failed' };
const unsent = (failure: Failure): Failure => ({ ...failure, details: { ...failure.details, sent: false } });

/** An answer names the question it is to; one to another question is late. */
const answers =
  (...fields: object[]) =>
  ({ place }: CommandContext) => [...fields.map((one) => ({ n: place.n, ...one })), { n: place.n - 1, ...fields[0] }];
const demands = { testAccount: false, approval: 'messages' };
const kept = { retryAt: new Date(NOON + 60_000).toISOString(), waitMs: 60_000, limit: 'apart_s', why: 'every 60 s' };

export const command: MachineSamples = {
  inputs: [
    { ...input, deadlineAt: NOON + 1_800_000 },
    { ...input, reaches: ['message'], approval },
    { ...input, reaches: ['message'], approval, waived: true },
    { ...input, reaches: ['message'] },
    { ...input, approval: { ...approval, actionHash: 'of another text' } },
    { ...input, flow: polls, envelope: nobodys, reaches: ['nobody', 'nobody', 'nobody'] },
    { ...input, flow: polls, deadlineAt: NOON + 9_000 },
    { ...input, flow: { ...flow, actions: [look] } },
    { ...input, envelope: { ...nobodys, dry_run: true }, flow: { ...polls, actions: [send, polls.actions[1]] } },
    { ...input, flow: null, envelope: { ...nobodys, type: 'session.close', payload: {} } }
  ],
  events: { 'command.cancel': [{ reason: 'not any more' }] },
  told: {
    'command.expire': [],
    'session.queued': ({ queuePosition }: CommandContext) =>
      queuePosition === null ? [{ sessionId: 's1', position: 1, why: 'another command runs in its session' }] : [],
    'session.granted': [{ sessionId: 's1', lease: { slot: 'slot-1', fencing: 1 } }],
    'session.refused': [{ sessionId: 's1', code: 'SESSION_CLOSED', message: 'its session was closed' }],
    'session.closed': [{ sessionId: 's1' }],
    'session.lost': [{ sessionId: 's1', why: 'its browser is gone' }],
    'approval.resolved': ({ approval: asked }: CommandContext) => {
      const { approvalId = 'a1', actionHash: ours = hash } = asked ?? {};
      return [
        { approvalId, actionHash: ours, state: 'ALLOWED', note: null },
        { approvalId, actionHash: ours, state: 'DENIED', note: 'not like this' },
        { approvalId, actionHash: 'another', state: 'ALLOWED', note: null },
        { approvalId: 'a0', actionHash: ours, state: 'ALLOWED', note: null }
      ];
    },
    'place.open': answers(demands, { ...demands, testAccount: true }),
    'place.given': answers(demands, { ...demands, testAccount: true }),
    'place.wait': answers(kept),
    'place.again': [{}],
    'selector.settled': [
      { name: 'message.send', outcome: 'accepted' },
      { name: 'message.send', outcome: 'rejected' },
      { name: 'message.open', outcome: 'accepted' }
    ],
    'tell.refused': [{ to: 'session/s1', told: 'command.submitted', why: 'it is not there' }],
    'host.resumed': [{}]
  },
  outcomes: {
    prepare: {
      done: [
        prepared,
        { ...prepared, alreadyDone: true },
        { ...prepared, alreadyDone: true, artifacts: [artifact] },
        { ...prepared, earlier: { commandId: 'c0', state: 'UNKNOWN' } },
        { ...prepared, findings: [healed] }
      ],
      error: [failed, lost, slower, person, unloaded, noElement]
    },
    attempt: {
      done: [
        { witness: 'DELIVERED', proofs: [] },
        { witness: 'UNKNOWN', proofs: [] }
      ],
      error: [
        failed,
        unsent(failed),
        lost,
        slower,
        unsent(slower),
        person,
        unsent(person),
        unloaded,
        unsent({ ...noElement, details: { findings: [healed] } })
      ]
    },
    verify: {
      done: [
        verified,
        absent,
        { ...verified, artifacts: [artifact] },
        { ...absent, pending: true },
        { ...absent, pending: true, artifacts: [artifact] },
        { ...absent, artifacts: [artifact] }
      ],
      error: [failed, lost, slower, person, unloaded]
    },
    reconcile: { done: [verified, absent, { ...absent, sent: false }], error: [failed, lost, slower, person] }
  }
};
