/**
 * How often each transition of a machine was taken: in production as the journal has counted it, in tests as they have
 * written it down. What is counted says from which state to which by what event; which transition that was, the machine says.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Journal } from '../../actors/host/contract.ts';
import { packageRoot } from '../../actors/package-root.ts';
import type { MachineNode, MachineTransition, TransitionUse } from '../../schemas/generated/contracts.ts';

/** From, to, event, and how often. */
export type Move = [from: string, to: string, event: string, count: number];

/** Of each kind the version of the machine that was tested, and its moves. Written by `npm run test:coverage`. */
export type Coverage = Record<string, { version: string; moves: Move[] }>;

/** Distinct moves of one version: a machine of a hundred states has some hundred. */
const MOST_MOVES = 20_000;

/** What the tests of this release wrote down; without the file, nothing. */
export function readCoverage(path = join(packageRoot(), 'machines/coverage.json')): Coverage {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Coverage;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}

export async function productionMoves(journal: Journal, kind: string, version: string): Promise<Move[]> {
  const rows = await journal.find('moves', { kind, version }, MOST_MOVES);
  return rows.map(({ from_state, to_state, event, count }) => [from_state, to_state, event, count]);
}

interface Candidate {
  use: TransitionUse;
  depth: number;
  /** Of the machine's first level. */
  region: string | undefined;
}

/** Every transition of the machine, in the order of its states, also those never taken. */
export function usesOf(root: MachineNode, production: readonly Move[], tests: readonly Move[]): TransitionUse[] {
  const candidates: Candidate[] = [];
  const idOf = new Map<string, string>();
  /** A history state leads into the state around it. */
  const leadsTo = new Map<string, string>();
  const visit = (node: MachineNode, path: string[]) => {
    idOf.set(path.join('.'), node.id);
    for (const transition of [...node.on, ...node.after, ...node.always]) {
      candidates.push({ use: useOf(node, transition), depth: path.length, region: path[0] });
    }
    for (const child of node.states) {
      if (child.type === 'history') leadsTo.set(child.id, node.id);
      visit(child, [...path, child.key]);
    }
  };
  visit(root, []);

  const idsIn = (state: string): Set<string> => {
    const ids = new Set([root.id]);
    for (const region of state.split(',')) {
      const keys = region.split('.');
      for (let end = 1; end <= keys.length; end++) {
        const id = idOf.get(keys.slice(0, end).join('.'));
        if (id !== undefined) ids.add(id);
      }
    }
    return ids;
  };
  // The innermost state that takes an event has it, and of its transitions the first that can.
  const inOrder = candidates.map((one, at) => ({ ...one, at })).sort((a, b) => b.depth - a.depth || a.at - b.at);

  /** @param within a region of a parallel machine: its transitions alone */
  const taken = ([from, to, event]: Move, within?: string): TransitionUse | undefined => {
    const left = idsIn(from);
    const entered = idsIn(to);
    const fits = ({ source, targets }: TransitionUse) =>
      left.has(source) &&
      (targets.length === 0 ? from === to : targets.every((id) => entered.has(leadsTo.get(id) ?? id)));
    const fitting = inOrder
      .filter(({ use, region }) => (within === undefined || region === within) && fits(use))
      .map(({ use }) => use);
    return (
      fitting.find((use) => takes(use.event, event)) ??
      // An event that the machine raised, or none at all: the log has that which began it.
      fitting.find((use) => use.event === '') ??
      (from === to ? undefined : fitting.find((use) => use.targets.length > 0))
    );
  };
  const count = (moves: readonly Move[], of: 'production' | 'tests') => {
    for (const move of moves) {
      const regions = regionsLeft(move);
      const uses = regions.length === 0 ? [taken(move)] : regions.map((region) => taken(move, region) ?? taken(move));
      for (const use of uses) if (use) use[of] += move[3];
    }
  };
  count(production, 'production');
  count(tests, 'tests');
  return candidates.map(({ use }) => use);
}

/** Regions of a parallel machine that moved, when one step moved several; else none. */
function regionsLeft([from, to]: Move): string[] {
  const entered = new Set(to.split(','));
  const left = from.split(',').filter((region) => !entered.has(region));
  return left.length > 1 ? left.map((region) => region.split('.', 1)[0] as string) : [];
}

const useOf = ({ id }: MachineNode, { event, targets, guard }: MachineTransition): TransitionUse => ({
  source: id,
  event,
  targets,
  ...(guard === undefined ? {} : { guard }),
  production: 0,
  tests: 0
});

/** `order.*` takes `order.paid`, and whatever was counted without its name. */
const takes = (descriptor: string, event: string): boolean =>
  descriptor === event || (descriptor.endsWith('*') && (event === '*' || event.startsWith(descriptor.slice(0, -1))));
