/**
 * The log in the words of `@statelyai/inspect`: an actor that is met the first time is `@xstate.actor`, with the config of its
 * machine; each row is an `@xstate.event` and the `@xstate.snapshot` it led to. Beside what that package sends each has
 * `cursor`, from which a client goes on.
 *
 * The log keeps states and what events tell, not contexts: a snapshot's `context` is what the event told. Whom an event came
 * from is not in the log, so `sourceId` is left out.
 */
import type { EventRow } from '../../actors/host/contract.ts';
import type {
  InspectActorFrame,
  InspectEventFrame,
  InspectSnapshotFrame,
  MachineNode,
  MachineTransition
} from '../../schemas/generated/contracts.ts';

/** The version of `@statelyai/inspect` whose events these are. */
export const INSPECT_VERSION = '0.7.2';

export type Inspected = InspectActorFrame | InspectEventFrame | InspectSnapshotFrame;

export interface Met {
  address: string;
  state: string;
  status: 'active' | 'done' | 'error';
  /** What is told of it. */
  context: Record<string, unknown>;
  parent: string | null;
  /** ms since 1970 */
  at: number;
  cursor: number;
}

/** A machine as Stately is told of it, made once a version. */
export interface KnownMachine {
  definition: string;
  /** Names of the final states at its top. */
  finals: ReadonlySet<string>;
}

export const knownMachine = (root: MachineNode): KnownMachine => ({
  definition: JSON.stringify(configOf(root)),
  finals: new Set(root.states.filter(({ type }) => type === 'final').map(({ key }) => key))
});

export const actorMet = (met: Met, machine: KnownMachine | undefined): InspectActorFrame => ({
  ...base('@xstate.actor', met.address, met),
  id: `${met.cursor}.actor`,
  name: met.address,
  rootId: met.parent ?? met.address,
  ...(met.parent === null ? {} : { parentId: met.parent }),
  ...(machine ? { definition: machine.definition } : {}),
  snapshot: { status: met.status, value: stateValue(met.state), context: met.context }
});

/** What one row says: the event, and where it led; a refused event led nowhere. The audit of a move says nothing new. */
export function rowEvents(row: EventRow, machine: KnownMachine | undefined): Inspected[] {
  if (row.type === 'audit.recorded') return [];
  const address = addressOf(row);
  const at = { at: row.emittedAt, cursor: row.cursor };
  const event = { type: row.payload.event };
  const told = { ...base('@xstate.event', address, at), id: row.eventId, event };
  if (row.type === 'event.rejected') return [told];
  const snapshot = { status: statusOf(row, machine), value: stateValue(row.payload.to), context: toldBy(row) };
  return [told, { ...base('@xstate.snapshot', address, at), id: `${row.eventId}.snapshot`, event, snapshot }];
}

export const addressOf = ({ actorKind, actorId }: EventRow): string => `${actorKind}/${actorId}`;

/** As it stood before the row that is the first one told of it. */
export const metInRow = (row: EventRow): Met => ({
  address: addressOf(row),
  state: row.payload.from ?? row.payload.to,
  status: 'active',
  context: {},
  parent: null,
  at: row.emittedAt,
  cursor: row.cursor
});

const base = <Type extends Inspected['type']>(
  type: Type,
  address: string,
  { at, cursor }: { at: number; cursor: number }
) => ({
  type,
  sessionId: address,
  rootId: address,
  createdAt: String(Math.round(at)),
  _version: INSPECT_VERSION,
  cursor: String(cursor)
});

const OWN = new Set(['actor', 'from', 'to', 'event']);
const toldBy = ({ payload }: EventRow) =>
  Object.fromEntries(Object.entries(payload).filter(([name]) => !OWN.has(name)));

function statusOf({ type, payload: { to } }: EventRow, machine: KnownMachine | undefined): Met['status'] {
  if (type === 'actor.failed') return 'error';
  const regions = to.split(',');
  return regions.length === 1 && machine?.finals.has(to) ? 'done' : 'active';
}

type Value = string | { [key: string]: Value };

/** XState's value of a state path: `a.b,c.d` is `{ a: 'b', c: 'd' }`. */
export function stateValue(state: string): Value {
  const paths = state.split(',').map((path) => path.split('.'));
  if (paths.length === 1 && paths[0]?.length === 1) return paths[0][0] as string;
  return nested(paths);
}

function nested(paths: string[][]): Value {
  const groups = new Map<string, string[][]>();
  for (const [first, ...rest] of paths) {
    groups.set(first as string, [...(groups.get(first as string) ?? []), rest]);
  }
  if (groups.size === 1 && paths.every((path) => path.length === 1)) return paths[0]?.[0] as string;
  return Object.fromEntries(
    [...groups].map(([key, rests]) => [key, rests.every((rest) => rest.length === 0) ? {} : nested(rests)])
  );
}

/** A definition as XState's config has it; targets by id, code by name. */
function configOf(node: MachineNode): Record<string, unknown> {
  const on: Record<string, object[]> = {};
  for (const item of node.on) on[item.event] = [...(on[item.event] ?? []), transitionOf(item)];
  const after: Record<string, object[]> = {};
  for (const item of node.after) after[String(item.delay)] = [...(after[String(item.delay)] ?? []), transitionOf(item)];
  const some = <T>(name: string, list: T[]) => (list.length > 0 ? { [name]: list } : {});
  const isPlain = node.type === 'atomic' || node.type === 'compound';
  return {
    id: node.id,
    ...(isPlain ? {} : { type: node.type }),
    ...(node.initial === undefined ? {} : { initial: node.initial }),
    ...(node.history === undefined ? {} : { history: node.history }),
    ...(node.description === undefined ? {} : { description: node.description }),
    ...some('tags', node.tags),
    ...some('entry', node.entry.map(named)),
    ...some('exit', node.exit.map(named)),
    ...some('invoke', node.invoke),
    ...some('always', node.always.map(transitionOf)),
    ...(Object.keys(on).length > 0 ? { on } : {}),
    ...(Object.keys(after).length > 0 ? { after } : {}),
    ...(node.states.length > 0
      ? { states: Object.fromEntries(node.states.map((child) => [child.key, configOf(child)])) }
      : {})
  };
}

const named = (type: string) => ({ type });

const transitionOf = ({ targets, guard, actions, reenter }: MachineTransition) => ({
  ...(targets.length > 0 ? { target: targets.map((id) => `#${id}`) } : {}),
  ...(guard === undefined ? {} : { guard: named(guard) }),
  ...(actions.length > 0 ? { actions: actions.map(named) } : {}),
  ...(reenter ? { reenter } : {})
});
