import type { MachineNode } from '../../schemas/generated/contracts.ts';

/** What one machine has and another has not. */
export interface Change {
  added: string[];
  removed: string[];
}

/** By names: states by their path, events, guards and actors as they are called. */
export type MachineDiff = Record<'states' | 'events' | 'guards' | 'actors', Change>;

type Names = Record<keyof MachineDiff, Set<string>>;

export function machineDiff(from: MachineNode, to: MachineNode): MachineDiff {
  const [before, after] = [namesIn(from), namesIn(to)];
  const change = (of: keyof MachineDiff): Change => ({
    added: [...after[of]].filter((name) => !before[of].has(name)).sort(),
    removed: [...before[of]].filter((name) => !after[of].has(name)).sort()
  });
  return { states: change('states'), events: change('events'), guards: change('guards'), actors: change('actors') };
}

function namesIn(root: MachineNode): Names {
  const names: Names = { states: new Set(), events: new Set(), guards: new Set(), actors: new Set() };
  const visit = (node: MachineNode, path: string[]) => {
    if (path.length > 0) names.states.add(path.join('.'));
    for (const { event, guard } of [...node.on, ...node.after, ...node.always]) {
      // Of XState's own only the delay or the invoke says something, and those are listed as they are called.
      if (event !== '' && !event.startsWith('xstate.')) names.events.add(event);
      if (guard !== undefined && guard !== 'inline') names.guards.add(guard);
    }
    for (const { src } of node.invoke) names.actors.add(src);
    for (const child of node.states) visit(child, [...path, child.key]);
  };
  visit(root, []);
  return names;
}

export const isSame = (diff: MachineDiff): boolean =>
  Object.values(diff).every(({ added, removed }) => added.length + removed.length === 0);
