/** What a session does about the login of its account, and while it waits for a person. */
import type { ProfileInput, SessionContext } from './session-context.ts';
import { byKeeping, inLine, toCommands, unline, whileHeld, words } from './session-words.ts';

type With = { context: SessionContext };

const profileInput = ({ context }: With): ProfileInput => ({
  lease: context.lease as ProfileInput['lease'],
  accountId: context.accountId as string,
  platform: context.platform
});

const profileChanged = (severity: 'info' | 'debug' = 'info') => ({
  telemetry: { type: 'session.changed', severity, take: { slot: 'lease.slot', fencing: 'lease.fencing' } }
});

/** STARTING.restoring, and STARTING.checking after a person had it: who is logged in decides what follows. */
const looking = <Id extends 'restore' | 'check'>(id: Id, why: string) => ({
  meta: profileChanged(),
  entry: { type: 'because' as const, params: { why } },
  invoke: {
    id,
    src: `${id}Profile` as const,
    input: profileInput,
    onDone: [
      {
        guard: 'foundNoLogin' as const,
        target: '#session.HUMAN_REQUIRED',
        actions: ['noteProfile', 'needLogin'] as const
      },
      {
        guard: (id === 'check' ? 'needsPerson' : 'needsLogin') as 'needsPerson' | 'needsLogin',
        target: '#session.STARTING.resolved',
        actions: 'noteProfile' as const
      },
      { target: '#session.READY', actions: 'noteProfile' as const }
    ],
    onError: [
      // `slot.lost` follows.
      { guard: 'lostBrowser' as const, target: '#session.STARTING.opening' },
      { guard: 'needsLogin' as const, target: '#session.HUMAN_REQUIRED', actions: 'noteNoProfile' as const },
      { target: '#session.READY', actions: 'noteNoProfile' as const }
    ]
  },
  after: {
    restoreLimit: [
      { guard: 'needsLogin' as const, target: '#session.HUMAN_REQUIRED', actions: 'noteNoProfile' as const },
      { target: '#session.READY', actions: 'noteNoProfile' as const }
    ]
  }
});

export const restoring = looking('restore', 'the stored login of its account is put back and proved');
export const checking = looking('check', 'handed back: what the person left is looked at');

/** The person has done what they were needed for. */
export const resolved = {
  meta: {
    telemetry: {
      type: 'human.resolved',
      take: { by: 'heldBy', code: 'needs.failure.code', profile: 'profile.state', profile_why: 'profile.why' }
    }
  },
  exit: 'needNobody' as const,
  always: '#session.READY'
};

/** PARKED.saving and CLOSING.saving: the browser goes, the login stays. One that cannot be kept does not keep it. */
export const saving = (next: string, gone: string) => ({
  meta: profileChanged('debug'),
  invoke: { id: 'save' as const, src: 'saveProfile' as const, input: profileInput, onDone: next, onError: next },
  on: { 'slot.lost': { guard: 'isOurLease' as const, target: gone }, 'host.resumed': gone },
  after: { saveLimit: next }
});

const keepPicture = {
  type: 'record' as const,
  params: ({ context, event }: With & { event: unknown }) =>
    ((context.needs?.failure.details?.artifacts ?? []) as Record<string, unknown>[]).map((artifact) => ({
      into: 'artifacts',
      row: { ...artifact, command_id: null, account_id: context.accountId, created_at: (event as { at: number }).at }
    }))
};

/** Everybody who waits hears for what. */
const tellWhy = {
  type: 'tell' as const,
  params: ({ context }: With) =>
    toCommands(inLine(context), context, (id) => ({
      type: 'session.queued',
      position: inLine(context).indexOf(id) + 1,
      why: context.why ?? ''
    }))
};

const noBrowser = { target: '#session.PARKED.resting', actions: 'unlease' as const };

/**
 * Nothing is run before somebody took it over and handed it back: the account is not logged in, or a command met what
 * only a person gets past. The browser is kept for them for a while, then given back; the need stays.
 */
export const humanRequired = {
  initial: 'deciding' as const,
  entry: words.assign({ why: ({ context }) => context.needs?.failure.message ?? context.why }),
  on: {
    ...whileHeld,
    'session.takeover': { target: '#session.HUMAN_DRIVING', actions: 'take' as const },
    'command.released': [
      { guard: 'endsNeed' as const, target: '#session.READY', actions: ['free', 'needNobody'] as const },
      unline
    ],
    'slot.lost': { guard: 'isOurLease' as const, ...noBrowser },
    'host.resumed': noBrowser
  },
  states: {
    deciding: {
      meta: { telemetry: { type: 'session.changed', severity: 'debug' } },
      always: [
        { guard: 'wantsTakeover' as const, target: '#session.HUMAN_DRIVING' },
        { guard: 'needsLogin' as const, target: 'asking' },
        { target: 'waiting' }
      ]
    },
    /** A command says itself what it needs somebody for. */
    asking: {
      meta: {
        telemetry: {
          type: 'human.required',
          severity: 'warn',
          take: { code: 'needs.failure.code', error: 'needs.failure', artifacts: 'needs.failure.details.artifacts' }
        }
      },
      entry: keepPicture,
      always: 'waiting'
    },
    waiting: {
      meta: { telemetry: { type: 'session.changed', severity: 'debug' } },
      entry: tellWhy,
      after: {
        holdLimit: byKeeping('PARKED', [
          {
            type: 'because' as const,
            params: ({ context }: With) => ({ why: `parked, nobody has come yet: ${context.needs?.failure.message}` })
          }
        ])
      }
    }
  }
};

/** In the audit log: who drove, and how much they did. What they did is in the event log, one row a piece. */
export const driven = {
  type: 'record' as const,
  params: ({ context: { heldBy, inputs } }: With) => ({
    into: 'audit',
    row: { action: 'session.driven', outcome: 'done', service: heldBy, detail: { inputs: inputs ?? 0 } }
  })
};

/** What a person does is in the log before it is done, and one thing is done at a time. */
export const driving = {
  initial: 'looking' as const,
  states: {
    looking: {
      on: { 'session.input': { target: 'acting', actions: 'noteInput' as const } }
    },
    acting: {
      meta: { telemetry: { type: 'session.changed', take: { input: 'input', by: 'heldBy' } } },
      on: { 'session.input_done': { target: 'looking', actions: words.assign({ input: null }) } },
      after: { inputLimit: { target: 'looking', actions: words.assign({ input: null }) } }
    }
  }
};
