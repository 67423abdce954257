/** Which machine judges a row: that of its version, with code or as the journal remembers it. */
import { defineAll } from '../actors/kernel/definition.ts';
import { outlineOf, shapePart } from '../actors/kernel/outline.ts';
import { auditMachine } from '../machines/audit.ts';
import type { MachineNode } from '../schemas/generated/contracts.ts';
import type { FindMoves } from './conform.ts';
import { LegalMoves, raisedBy } from './legal-moves.ts';
import type { ReplayedKind } from './trace.ts';

/** A version that ran: its outline without code. */
export interface RememberedMachine {
  kind: string;
  version: string;
  definition: MachineNode;
}

/** Of the audit log: whatever else is registered, it is there. */
const keeper: ReplayedKind = { kind: 'audit', machine: auditMachine, foreign: false };

/**
 * @param assume rows that do not say their version are judged by the newest machine of their kind: of lines, which never do
 */
export function movesFinder(
  kinds: readonly ReplayedKind[],
  { remembered = [], assume = false }: { remembered?: readonly RememberedMachine[]; assume?: boolean } = {}
): FindMoves {
  const registered = [...kinds, keeper].flatMap(({ kind, machine, foreign = true }) =>
    defineAll({ kind, machine, durable: true, foreign })
  );
  const made = new Map<string, LegalMoves | string>();
  const find = (kind: string, version: string | null): LegalMoves | string => {
    const own = registered.filter((one) => one.kind === kind);
    const known = remembered.filter((one) => one.kind === kind);
    const asked = version ?? (known.length === 1 ? (known[0] as RememberedMachine).version : null);
    if (asked === null) {
      const newest = assume ? own[0] : undefined;
      if (newest) return new LegalMoves(outlineOf(newest.machine), raisedBy(newest.machine));
      if (own.length === 0) return 'no machine of its kind is known here';
      return 'its version is unknown';
    }
    const here = own.find((one) => shapePart(one.version) === shapePart(asked));
    if (here) return new LegalMoves(outlineOf(here.machine), raisedBy(here.machine));
    const then = known.find((one) => one.version === asked);
    return then ? new LegalMoves(then.definition) : 'the machine of its version is not known here';
  };
  return (kind, version) => {
    const key = `${kind} ${version}`;
    let found = made.get(key);
    if (found === undefined) {
      found = find(kind, version);
      made.set(key, found);
    }
    return found;
  };
}
