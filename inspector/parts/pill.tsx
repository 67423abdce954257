import { type Standing, toneOf } from '../state/tone.ts';

/** A state in its words, with its tone; the words carry the meaning, the colour helps. */
export function StatePill(standing: Standing) {
  return <span class={`pill tone-${toneOf(standing)}`}>{standing.state}</span>;
}
