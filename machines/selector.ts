import { assign, setup } from 'xstate';
import { hostActions, routing } from './protocol.ts';
import {
  type Finding,
  type SelectorContext,
  type SelectorEvent,
  type SelectorInput,
  unseen
} from './selector-context.ts';

/** Sweeps in a row that must find the same healed element before it is a candidate without a person's word. */
export const CLEAN_SWEEPS = 3;
/** Nobody has looked for so long: what is known is old. ms */
const STALE_LIMIT = 30 * 24 * 3_600_000;
/** What is remembered of each kind. */
const KEPT = 20;

type With = { context: SelectorContext };

const says = (type: string, severity: 'info' | 'warn' | 'error') => ({
  telemetry: { type, severity, take: seen }
});
const seen = { name: 'name', state: 'seen', tried: 'tried', healed: 'healed', by: 'commandId' };

/** To the commands that wait: it may be acted on again, or never. */
const settle = (outcome: 'accepted' | 'rejected') =>
  [
    {
      type: 'tell' as const,
      params: ({ context: { waiting, name } }: With) =>
        waiting.map((id) => ({ to: `command/${id}`, event: { type: 'selector.settled', name, outcome } }))
    },
    'forgetWaiting' as const
  ] as const;

/** One row a sweep and name. */
const history = {
  type: 'record' as const,
  params: ({ context: c, event }: With & { event: SelectorEvent }) =>
    event.type === 'selector.found' && event.sweep
      ? [
          {
            into: 'selector_sweeps',
            row: {
              platform: c.platform,
              name: c.name,
              command_id: event.commandId,
              swept_at: event.at,
              state: c.seen,
              selector: c.seen === 'healed' ? (c.healed?.selector ?? null) : event.finding.selector,
              likeness: event.finding.healed?.likeness ?? null,
              tried: JSON.stringify(c.tried)
            }
          }
        ]
      : []
};

/** A state a look can come to: it lasts until the next look, and says when that is long ago. */
const known = (type: string, severity: 'info' | 'warn' | 'error') => ({
  meta: says(type, severity),
  after: { staleLimit: { actions: 'noteStale' as const } }
});

/**
 * One name of one platform in the selector registry: how its candidates do, and what stands in for them.
 *
 * ```
 * unknown ──selector.found──▶ judging ─▶ ok | ambiguous | missing
 *                                │        ▲
 *                                ▼        │ accepted by a person, or found the same in three sweeps
 *                              healed ────┤
 *                                         ▼ rejected: missing
 * ```
 * What is healed is in quarantine: it may be read, and nothing is done to it. Commands that would, wait here.
 */
export const selectorMachine = setup({
  types: { input: {} as SelectorInput, context: {} as SelectorContext, events: {} as SelectorEvent },
  actions: {
    ...hostActions,
    note: assign(({ context, event }) => (event.type === 'selector.found' ? noted(context, event) : {})),
    promoteBySweeps: assign(({ context, event }) => promoted(context, event.at, { by: 'sweeps' })),
    promoteByPerson: assign(({ context, event }) =>
      event.type === 'selector.decide'
        ? promoted(context, event.at, { by: 'person', decidedBy: event.by, note: event.note ?? null })
        : {}
    ),
    reject: assign(({ context, event }) => {
      if (event.type !== 'selector.decide') return {};
      const selector = event.selector ?? context.healed?.selector;
      if (selector === undefined) return {};
      const isPromoted = context.promoted.some((one) => one.selector === selector);
      return {
        rejected: [...context.rejected.filter((one) => one !== selector), selector].slice(-KEPT),
        promoted: context.promoted.filter((one) => one.selector !== selector),
        version: context.version + (isPromoted ? 1 : 0),
        healed: null,
        seen: 'missing' as const,
        why: `${event.by} rejected ${selector}${event.note ? `: ${event.note}` : ''}`
      };
    }),
    enqueue: assign(({ context, event }) =>
      event.type === 'selector.awaited' && !context.waiting.includes(event.commandId)
        ? { waiting: [...context.waiting, event.commandId].slice(-1000) }
        : {}
    ),
    forgetWaiting: assign({ waiting: [] }),
    noteStale: assign({ why: 'nobody has looked at it for 30 days; sweep it again' })
  },
  guards: {
    isOk: ({ context }) => context.seen === 'ok',
    isAmbiguous: ({ context }) => context.seen === 'ambiguous',
    isHealed: ({ context }) => context.seen === 'healed',
    hasEarnedIt: ({ context: { seen, healed } }) =>
      seen === 'healed' && healed !== null && healed.sure && healed.cleanSweeps >= CLEAN_SWEEPS,
    /** Only what the person has seen: another element may have been healed since. */
    accepts: ({ context, event }) =>
      event.type === 'selector.decide' &&
      event.decision === 'accept' &&
      context.healed !== null &&
      (event.selector ?? context.healed.selector) === context.healed.selector,
    rejectsHealed: ({ context, event }) =>
      event.type === 'selector.decide' &&
      event.decision === 'reject' &&
      context.healed !== null &&
      (event.selector ?? context.healed.selector) === context.healed.selector,
    takesBack: ({ context, event }) =>
      event.type === 'selector.decide' &&
      event.decision === 'reject' &&
      context.promoted.some(({ selector }) => selector === event.selector)
  },
  delays: { staleLimit: STALE_LIMIT }
}).createMachine({
  id: 'selector',
  meta: { telemetry: { type: 'selector.changed', take: seen }, subject: { platform: 'platform' } },
  context: ({ input: { platform, name } }) => ({ platform, name, ...unseen }),
  on: {
    'selector.found': { target: '.judging', actions: ['note', history] },
    // Decided while the word was on its way: whoever waits looks again.
    'selector.awaited': {
      actions: {
        type: 'tell',
        params: ({ context, event }) => ({
          to: `command/${event.commandId}`,
          event: {
            type: 'selector.settled',
            name: context.name,
            outcome: event.selector !== null && context.rejected.includes(event.selector) ? 'rejected' : 'accepted'
          }
        })
      }
    },
    // Whoever waits for something else looks again.
    'selector.decide': { guard: 'takesBack', target: '.missing', actions: ['reject', ...settle('accepted')] }
  },
  initial: 'unknown',
  states: {
    unknown: { after: { staleLimit: { actions: 'noteStale' } } },
    judging: {
      meta: routing('selector.changed'),
      always: [
        { guard: 'isOk', target: 'ok' },
        { guard: 'isAmbiguous', target: 'ambiguous' },
        { guard: 'hasEarnedIt', target: 'ok', actions: 'promoteBySweeps' },
        { guard: 'isHealed', target: 'healed' },
        { target: 'missing' }
      ]
    },
    /** A candidate finds exactly one element. */
    ok: { ...known('selector.changed', 'info'), entry: [...settle('accepted')] },
    /** Each candidate finds several, or two elements are as near: nobody chooses. */
    ambiguous: known('selector.changed', 'warn'),
    healed: {
      ...known('selector.missing', 'warn'),
      on: {
        'selector.awaited': { actions: 'enqueue' },
        'selector.decide': [
          { guard: 'accepts', target: 'ok', actions: 'promoteByPerson' },
          { guard: 'rejectsHealed', target: 'missing', actions: ['reject', ...settle('rejected')] }
        ]
      }
    },
    missing: known('selector.missing', 'error')
  }
});

/** What one look says beside all looks before it. */
function noted(
  context: SelectorContext,
  { finding, sweep, commandId, at }: Extract<SelectorEvent, { type: 'selector.found' }>
): Partial<SelectorContext> {
  const refused = finding.healed !== null && context.rejected.includes(finding.healed.selector);
  const state: Finding['state'] =
    finding.state === 'healed' && (refused || !finding.healed) ? 'missing' : finding.state;
  const same = context.healed !== null && context.healed.selector === finding.healed?.selector;
  const found = state === 'ok';
  // A sweep that was interrupted looks again at what it has seen.
  const isNew = sweep && commandId !== context.sweptBy;
  return {
    seen: state,
    commandId,
    tried: finding.tried,
    ...(found ? { selector: finding.selector, lastSeenAt: at } : {}),
    ...(found && finding.fingerprint ? { fingerprint: finding.fingerprint } : {}),
    healed:
      state === 'healed' && finding.healed
        ? {
            ...finding.healed,
            since: same ? (context.healed?.since ?? at) : at,
            cleanSweeps: (same ? (context.healed?.cleanSweeps ?? 0) : 0) + (isNew ? 1 : 0)
          }
        : null,
    ...(sweep ? { sweptAt: at, sweptBy: commandId } : {}),
    ...(isNew ? { counts: { ...context.counts, [state]: context.counts[state] + 1 } } : {}),
    why: found ? null : refused ? `the nearest is ${finding.healed?.selector}, which a person rejected` : finding.why
  };
}

function promoted(
  context: SelectorContext,
  at: number,
  who: { by: 'person' | 'sweeps'; decidedBy?: string; note?: string | null }
): Partial<SelectorContext> {
  const { healed } = context;
  if (!healed) return {};
  const version = context.version + 1;
  const decided = { by: who.by, decidedBy: who.decidedBy ?? null, note: who.note ?? null };
  return {
    version,
    promoted: [
      ...context.promoted.filter(({ selector }) => selector !== healed.selector),
      { selector: healed.selector, version, since: at, ...decided }
    ].slice(-KEPT),
    selector: healed.selector,
    fingerprint: healed.fingerprint,
    lastSeenAt: at,
    healed: null,
    why: null
  };
}
