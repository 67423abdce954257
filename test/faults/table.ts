/** One line a fault, for the table at the end of `npm run test:faults`. */
import { appendFileSync } from 'node:fs';

export interface TableRow {
  /** In the words of the fault table of the driver contract. */
  fault: string;
  /** What was seen of it. */
  symptom: string;
  /** The states its slot went through, or how else it ended. */
  path: string;
  /** The limit that bounds it, as configured for the test. */
  bound: string;
  /** From the fault until all was well again, as measured on a machine that may be busy: not asserted. */
  ms: number | null;
  /** Writes the site counted of the command in whose way it came, and how that ended. */
  effects: number | null;
  end: string;
}

export function tell(t: { diagnostic(text: string): void }, row: TableRow): void {
  t.diagnostic(`${row.symptom} | ${row.path} | ${row.ms} ms | ${row.effects ?? 'no'} effects | ${row.end}`);
  if (process.env.FAULTS_TABLE) appendFileSync(process.env.FAULTS_TABLE, `${JSON.stringify(row)}\n`);
}
