import type { Address, TellRow } from './contract.ts';

/**
 * What was told and is on its way. Each receiver hears each sender in the order of its steps and nothing twice, however
 * often and in whatever order it arrives: word that comes before an earlier one of its sender waits for it, and word
 * that is not on its way any more, because it was heard, is dropped.
 */
export class Inbox {
  /** By sender and receiver: by id, oldest first, and whether it has arrived. */
  readonly #lines = new Map<string, Map<string, { tell: TellRow; here: boolean }>>();

  /** Committed: it is to arrive. Oldest first for each sender. */
  expect(tell: TellRow) {
    const key = lineOf(tell);
    const line = this.#lines.get(key);
    if (!line) this.#lines.set(key, new Map([[tell.id, { tell, here: false }]]));
    else if (!line.has(tell.id)) line.set(tell.id, { tell, here: false });
  }

  /** It has arrived: what can be delivered now, in order. */
  arrive(told: TellRow): TellRow[] {
    const key = lineOf(told);
    const line = this.#lines.get(key);
    const entry = line?.get(told.id);
    if (!line || !entry) return [];
    entry.here = true;
    const now: TellRow[] = [];
    for (const [id, { tell, here }] of line) {
      if (!here) break;
      line.delete(id);
      now.push(tell);
    }
    if (line.size === 0) this.#lines.delete(key);
    return now;
  }
}

const lineOf = ({ from, to }: { from: Address | null; to: Address }) => `${from ?? ''} ${to}`;

/** The outbox as a restarted host finds it: nothing twice, and each sender's in the order of its steps. */
export function inOrder(tells: TellRow[]): TellRow[] {
  const unique = [...new Map(tells.map((tell) => [tell.id, tell])).values()];
  const lines = new Map<string, TellRow[]>();
  for (const tell of unique) lines.set(lineOf(tell), [...(lines.get(lineOf(tell)) ?? []), tell]);
  for (const line of lines.values()) line.sort(byStep);
  return unique.map((tell) => lines.get(lineOf(tell))?.shift() as TellRow);
}

/** `<address>#<step>.<index>`, with a `!` for each time it came back. */
function byStep(a: TellRow, b: TellRow): number {
  const [stepA, indexA] = numbersOf(a.id);
  const [stepB, indexB] = numbersOf(b.id);
  return stepA - stepB || indexA - indexB;
}

const numbersOf = (id: string): [step: number, index: number] => {
  const [, step, index] = /#(\d+)\.(\d+)!*$/.exec(id) ?? [];
  return [Number(step ?? 0), Number(index ?? 0)];
};
