import { type AnyMachineSnapshot, type AnyStateMachine, getInitialMicrosteps, getMicrosteps } from 'xstate';
import type { MachineEvent } from '../host/contract.ts';

/** One action as XState hands it back: data, and for ours no code to run. */
export interface Action {
  type: string;
  params: unknown;
}
export type Microstep = [AnyMachineSnapshot, Action[]];

/** Who the actor is to its own machine: `self.id`, and for a child `self._parent`, which `sendParent` looks for. */
export interface Seat {
  id: string;
  parent?: { id: string };
}

export const firstMicrosteps = (machine: AnyStateMachine, input: unknown, seat: Seat): Microstep[] =>
  getInitialMicrosteps(seated(machine, seat), input as never) as Microstep[];

export const microsteps = (
  machine: AnyStateMachine,
  snapshot: AnyMachineSnapshot,
  event: MachineEvent,
  seat: Seat
): Microstep[] => getMicrosteps(seated(machine, seat), snapshot, event as never) as Microstep[];

/**
 * XState's pure functions make an inert actor of the machine for `self`, and for that work out its initial state each
 * time. This gives that actor its identity instead, and no state: a quarter of the time a step took (24 → 7 µs).
 */
function seated(machine: AnyStateMachine, { id, parent }: Seat): AnyStateMachine {
  return Object.assign(Object.create(machine), {
    getInitialSnapshot({ self }: { self: object }) {
      Object.assign(self, { id, _parent: parent });
      return { status: 'active', output: undefined, error: undefined };
    }
  });
}

/**
 * The host's time on an event or input, as `at`. It is not enumerable: an ordinary machine that spreads its input or
 * event into context finds there what was sent, and nothing of ours.
 */
export const stamp = <T extends object>(value: T, at: number): T & { at: number } =>
  Object.defineProperty({ ...value }, 'at', { value: at, enumerable: false }) as T & { at: number };
