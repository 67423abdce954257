/** The end of what is done to an actor: it is read, its rows are replayed, and all of it is judged. */
import type { EventEnvelope } from '../../schemas/generated/contracts.ts';
import { type Deployment, isOf } from './deployment.ts';
import { type Against, judge, type Verdict } from './judge.ts';
import { deviation, type Life } from './life.ts';

/**
 * @param replayed every row of its kind since before it was made, up to now
 * @param heard what was heard live of the actor, which may be behind
 */
export async function settle(
  deployment: Deployment,
  against: Against,
  life: Life,
  replayed: EventEnvelope[],
  heard: EventEnvelope[]
): Promise<Verdict> {
  life.rows = replayed.filter(isOf(life.address));
  let verdict = judge(life, against, true);
  const asked = new Set<string>();
  while (verdict.deviations.length === 0) {
    const cursor = verdict.unsettled.find((one) => !asked.has(one));
    if (cursor === undefined) break;
    asked.add(cursor);
    const look = await deployment.look(life.address, cursor);
    if (!look) continue;
    life.looks.push(look);
    verdict = judge(life, against, true);
  }
  const changed = heard.findIndex((row, i) => row.event_id !== life.rows[i]?.event_id);
  const row = heard[changed];
  if (row && changed < life.rows.length) {
    const why = `heard as row ${changed + 1} of it: ${row.payload.to} (cursor ${row.cursor}); replayed: ${life.rows[changed]?.payload.to} (cursor ${life.rows[changed]?.cursor})`;
    verdict.deviations.push(deviation('stream changed', life, why, row));
  }
  return verdict;
}
