import type { Definition } from '../kernel/definition.ts';
import type { Step } from '../kernel/step.ts';
import type { ActorRecord, Put, Tables } from './contract.ts';
import { bucketOf } from './stays.ts';

/** Rows that tell of something else than a transition of the machine. */
const ASIDE = new Set(['actor.failed', 'actor.upgraded']);

/**
 * What the steps of one batch add to the counts of how machines are used: each transition that was taken, and how long
 * the actor had been in the state that it left. A state that a step only passes through was nobody's stay.
 */
export class Usage {
  readonly #moves = new Map<string, Tables['moves']>();
  readonly #stays = new Map<string, Tables['stays']>();

  /** @param before the actor before the step; undefined: it is its first */
  note(definition: Definition, before: ActorRecord | undefined, { record, rows }: Step) {
    const { kind, machineVersion: version } = record;
    let left = before;
    for (const { type, payload } of rows) {
      const { from, to } = payload;
      if (from === null || ASIDE.has(type)) continue;
      // What a state takes whatever it is called would be counted name by name without end.
      const event = definition.listensFor(payload.event) ? payload.event : '*';
      add(this.#moves, `${from} ${to} ${event} ${kind} ${version}`, () => ({
        ...{ kind, version, from_state: from, to_state: to, event },
        count: 0
      }));
      if (from === to || left?.state !== from) continue;
      const bucket = bucketOf(Math.max(0, record.updatedAt - left.enteredAt));
      add(this.#stays, `${from} ${bucket} ${kind}`, () => ({ kind, state: from, bucket, count: 0 }));
      left = undefined;
    }
  }

  get writes(): Put[] {
    return [
      ...[...this.#moves.values()].map((row): Put => ({ into: 'moves', row })),
      ...[...this.#stays.values()].map((row): Put => ({ into: 'stays', row }))
    ];
  }
}

function add<T extends { count: number }>(counts: Map<string, T>, key: string, make: () => T) {
  let row = counts.get(key);
  if (!row) {
    row = make();
    counts.set(key, row);
  }
  row.count += 1;
}
