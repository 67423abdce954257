/**
 * What must hold of every run, written apart from the machines: it reads the log, the actors and the world outside, and
 * knows no transition table. Each broken one is a sentence.
 */
import type { ActorRecord, EventRow } from '../../actors/host/contract.ts';
import type { SimulatedSite } from './site.ts';

const ENDED = ['SUCCEEDED', 'FAILED', 'CANCELLED'];

export interface Evidence {
  log: EventRow[];
  actors: ActorRecord[];
  /** Commands a client was told are accepted. */
  acknowledged: string[];
  site: SimulatedSite;
  boots: number;
}

export function brokenInvariants(evidence: Evidence): string[] {
  return [
    ...cursorsHaveNoHole(evidence),
    ...transitionsChain(evidence),
    ...acknowledgedCommandsEnd(evidence),
    ...effectsHappenAtMostOnce(evidence),
    ...outcomesAreTrue(evidence),
    ...attemptsComeBeforeProof(evidence),
    ...nothingStartsAfterTheEnd(evidence)
  ];
}

function cursorsHaveNoHole({ log }: Evidence): string[] {
  return log.flatMap(({ cursor }, i) => (cursor === i + 1 ? [] : [`row ${i + 1} of the log has cursor ${cursor}`]));
}

/** Each row of an actor starts where the one before ended, across crashes. Volatile actors begin anew at a birth. */
function transitionsChain({ log }: Evidence): string[] {
  const at = new Map<string, string>();
  return log.flatMap(({ cursor, payload, type }) => {
    const address = `${payload.actor.kind}/${payload.actor.id}`;
    const was = at.get(address);
    if (payload.to !== '') at.set(address, payload.to);
    if (payload.from === null || type === 'event.rejected' || payload.from === was) return [];
    return [`cursor ${cursor}: ${address} moved from ${payload.from} but was in ${was}`];
  });
}

function acknowledgedCommandsEnd({ acknowledged, actors }: Evidence): string[] {
  const states = new Map(actors.map(({ address, state }) => [address, state]));
  return acknowledged.flatMap((id) => {
    const state = states.get(`command/${id}`);
    if (state === undefined) return [`command ${id} was acknowledged and is lost`];
    return ENDED.includes(state) ? [] : [`command ${id} was acknowledged and is still ${state}`];
  });
}

function effectsHappenAtMostOnce({ site }: Evidence): string[] {
  return [...site.writes].flatMap(([what, count]) => (count > 1 ? [`${what} happened ${count} times`] : []));
}

interface Seen {
  name: string;
  effect: string;
  outcome: string | null;
  already_done?: boolean;
}
const actionsOf = ({ snapshot }: ActorRecord) => (snapshot.context.actions ?? []) as Seen[];

function outcomesAreTrue({ actors, site }: Evidence): string[] {
  return actors
    .filter(({ kind }) => kind === 'command')
    .flatMap((actor) =>
      actionsOf(actor).flatMap(({ name, effect, outcome }) => {
        if (effect !== 'write') return [];
        const count = site.count(actor.id, name);
        if (outcome === 'VERIFIED' && count !== 1)
          return [`${actor.address} says ${name} VERIFIED and it happened ${count} times`];
        if (outcome === 'VERIFICATION_FAILED' && count !== 0)
          return [`${actor.address} says ${name} did not happen and it did`];
        if (actor.state === 'SUCCEEDED' && outcome !== 'VERIFIED')
          return [`${actor.address} SUCCEEDED with ${name} ${outcome}`];
        return [];
      })
    );
}

function attemptsComeBeforeProof({ log }: Evidence): string[] {
  const attempted = new Set<string>();
  return log.flatMap(({ cursor, type, actorId, payload }) => {
    const key = `${actorId} ${payload.action}`;
    if (type === 'action.attempted') attempted.add(key);
    if (type === 'action.verified' && !attempted.has(key) && payload.already_done !== true) {
      return [`cursor ${cursor}: ${key} is VERIFIED and was never attempted`];
    }
    return [];
  });
}

function nothingStartsAfterTheEnd({ log }: Evidence): string[] {
  const ended = new Map<string, string>();
  return log.flatMap(({ cursor, actorKind, actorId, type, payload }) => {
    if (actorKind !== 'command' || type === 'event.rejected') return [];
    const end = ended.get(actorId);
    if (end) return [`cursor ${cursor}: command ${actorId} moved to ${payload.to} after ${end}`];
    if (ENDED.includes(payload.to)) ended.set(actorId, payload.to);
    return [];
  });
}
