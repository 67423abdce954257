/**
 * Where an event of the log came from, and what it may have carried: the log names events and does not keep what they
 * carry. What a client of ours sent is known; what an effect gave or another actor told is not, so samples stand for it.
 */
import type { ActorRecord, MachineEvent } from '../../actors/host/contract.ts';
import { type Cause, DELAYED_SEND } from '../../actors/kernel/collector.ts';
import type { EventEnvelope } from '../../schemas/generated/contracts.ts';
import { type Sampled, type Samples, sampled } from '../samples.ts';

export interface Source {
  /** Each of these may have been it. */
  may: { event: MachineEvent; cause: Cause }[];
  /** What it carried is known. */
  known: boolean;
}

/** What depends on a context may fail on one that is not known, or was shown with its secrets masked: then there is none. */
function samplesFor<T>(samples: Sampled<T> | undefined, context: unknown): readonly T[] {
  try {
    return sampled(samples, context);
  } catch {
    return [];
  }
}

const END = /^xstate\.(done|error)\.actor\.(.*)$/s;

/**
 * Of what nobody outside sent.
 * @param timers events that the actor's own timers will give, by their ids
 * @returns undefined for an event that must have come from outside
 */
export function innerSource(
  { payload }: EventEnvelope,
  { snapshot }: ActorRecord,
  samples: Samples,
  timers: ReadonlyMap<string, MachineEvent>
): Source | undefined {
  const type = payload.event;
  const [, how, child] = END.exec(type) ?? [];
  if (child !== undefined) {
    const running = snapshot.children[child];
    const outcomes = running && samples.outcomes[running.src];
    const ends = samplesFor<unknown>(how === 'done' ? outcomes?.done : outcomes?.error, snapshot.context);
    const cause = running?.effect === undefined ? { child: running?.address ?? '' } : { effect: running.effect };
    const carried = [...ends, {}].map((end) => (how === 'done' ? { output: end } : { error: end }));
    return { known: false, may: carried.map((end) => ({ event: { type, actorId: child, ...end }, cause })) };
  }
  for (const [id, event] of timers) {
    if (event.type === type && id in snapshot.timers) return { known: true, may: [{ event, cause: { timer: id } }] };
  }
  if (type.startsWith('xstate.') || type === DELAYED_SEND) {
    return { known: true, may: [{ event: { type }, cause: { timer: type } }] };
  }
  if (/^(host|actor|tell)\./.test(type)) return { known: false, may: [{ event: { type }, cause: {} }] };
  if (payload.told_by === undefined) return undefined;
  const told = [
    ...samplesFor(samples.told[type], snapshot.context),
    ...samplesFor(samples.events[type], snapshot.context),
    {}
  ];
  return { known: false, may: told.map((fields) => ({ event: { ...fields, type }, cause: {} })) };
}

/** What may have come without a row: results that nobody handles, word from inside. */
export function unseenSources({ snapshot }: ActorRecord, { told }: Samples): Source['may'] {
  const ends = Object.entries(snapshot.children).flatMap(([child, { effect, address }]) => {
    const cause: Cause = effect === undefined ? { child: address ?? '' } : { effect };
    return ['done', 'error'].map((how) => ({
      event: { type: `xstate.${how}.actor.${child}`, actorId: child, output: {} },
      cause
    }));
  });
  return [...ends, ...Object.keys(told).map((type) => ({ event: { type }, cause: {} }))];
}
