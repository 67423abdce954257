import type { AnyStateNode } from 'xstate';
import type { TelemetryMeta } from '../../machines/protocol.ts';
import { defineAll, type KindOfMachine } from './definition.ts';
import { nodesOf } from './fitness.ts';

/** What an event of a type carries beside the transition. */
export interface EventType {
  type: string;
  /** Kinds of actors that say it. */
  kinds: string[];
  /** Taken from context by some state that says it. */
  fields: string[];
  /** By every such state. */
  always: string[];
}

/** Every type that the machines of these kinds can put on the stream, and those of the host itself; by name. */
export function eventTypesOf(kinds: readonly KindOfMachine[]): EventType[] {
  const found = new Map<string, { kinds: Set<string>; takes: string[][] }>();
  const note = (kind: string, { type, take = {} }: TelemetryMeta) => {
    const known = found.get(type) ?? { kinds: new Set(), takes: [] };
    known.kinds.add(kind);
    known.takes.push(Object.keys(take));
    found.set(type, known);
  };
  for (const definition of kinds.flatMap(defineAll)) {
    note(definition.kind, definition.telemetry);
    for (const node of nodesOf(definition.machine.root)) {
      const said = ownTelemetry(node);
      if (said) note(definition.kind, said);
    }
  }
  const said = [...found].map(([type, { kinds, takes }]) => ({
    type,
    kinds: [...kinds].sort(),
    fields: [...new Set(takes.flat())].sort(),
    always: (takes[0] ?? []).filter((field) => takes.every((take) => take.includes(field))).sort()
  }));
  return [...said.filter(({ type }) => !HOST.some((one) => one.type === type)), ...HOST].sort((a, b) =>
    a.type < b.type ? -1 : 1
  );
}

/** Of any actor: said by the host and by no state. */
const HOST: EventType[] = [
  { type: 'event.rejected', kinds: [], fields: ['legal', 'sender'], always: ['legal'] },
  { type: 'audit.recorded', kinds: [], fields: ['record'], always: ['record'] },
  { type: 'actor.failed', kinds: [], fields: ['error'], always: [] },
  { type: 'actor.upgraded', kinds: [], fields: ['how', 'version', 'warnings'], always: [] }
];

const ownTelemetry = ({ meta }: AnyStateNode) => (meta as { telemetry?: TelemetryMeta } | undefined)?.telemetry;
