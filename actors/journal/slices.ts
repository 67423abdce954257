import { setImmediate } from 'node:timers/promises';

const SLICE_MS = 5;

/** `rows.map(parse)` that lets others run in between. */
export async function inSlices<Row, Parsed>(rows: readonly Row[], parse: (row: Row) => Parsed): Promise<Parsed[]> {
  const parsed: Parsed[] = [];
  let sliceEnds = performance.now() + SLICE_MS;
  for (const row of rows) {
    parsed.push(parse(row));
    if (performance.now() < sliceEnds) continue;
    await setImmediate();
    sliceEnds = performance.now() + SLICE_MS;
  }
  return parsed;
}
