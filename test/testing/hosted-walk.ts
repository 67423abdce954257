/** A path, walked once more by the real host: its journal in memory, its clock the test's, its outside work the path's own. */
import assert from 'node:assert/strict';
import { type AnyStateMachine, createMachine, fromPromise } from 'xstate';
import type { ActorRecord, MachineEvent } from '../../actors/host/contract.ts';
import { createEmbeddedHost } from '../../actors/host/embedded-host.ts';
import { invokedBy } from '../../actors/kernel/fitness.ts';
import { ControlError, isControlError } from '../../schemas/errors.ts';
import type { Trace, TraceStep } from '../../schemas/generated/contracts.ts';
import type { TestedKind } from '../../testing/kinds.ts';
import { settled } from '../examples/settled.ts';
import { MemoryJournal } from '../support/memory-journal.ts';
import { StepClock } from '../support/step-clock.ts';

/** What an effect of the path waits for. */
interface Waiting {
  child: string;
  resolve(output: unknown): void;
  reject(error: unknown): void;
}

/** @returns the states it was in: after it was made, and after each step */
export async function walkHosted({ kind, machine }: TestedKind, path: Trace): Promise<string[]> {
  const waiting: Waiting[] = [];
  const clock = new StepClock(path.start.at);
  // Whom nobody hears, the host says so; all that they would say is in the path.
  const expected = [path.start.expect, ...path.steps.map(({ expect }) => expect)];
  const told = [...new Set(expected.flatMap((one) => one?.tells ?? []).map(({ to }) => to))].filter(
    (to) => !to.startsWith(`${kind}/`) && !to.startsWith(`${kind}_`)
  );
  const others = [...new Set(told.map((to) => to.slice(0, to.indexOf('/'))))];
  const host = createEmbeddedHost({
    journal: new MemoryJournal(),
    // A child machine is a promise here: all that the path has of it is its end.
    kinds: [
      { kind, machine: withHands(machine, waiting), durable: true },
      ...others.map((one) => ({ kind: one, machine: anybody, durable: true }))
    ],
    clock: clock.of(() => true)
  });
  await host.start();
  for (const address of told) await host.create(address, {});
  const address = `${kind}/one`;
  const still = async () => {
    do await settled();
    while (host.status.backlog > 0);
    await settled();
  };
  const state = async () => ((await host.journal.loadActors([address])) as [ActorRecord])[0].state;
  try {
    await host.create(address, path.start.input ?? {});
    await still();
    const states = [await state()];
    for (const step of path.steps) {
      await bring(step);
      await still();
      states.push(await state());
    }
    return states;
  } finally {
    const stopped = host.stop({ graceMs: 0 });
    clock.move(60_000);
    await stopped;
  }

  async function bring({ by, event, after_ms, expect }: TraceStep): Promise<void> {
    if (by === 'timer') return clock.move(after_ms);
    // The host has delivered it by itself.
    if (by === 'self') return;
    if (by === 'effect' || by === 'child') return end(event as MachineEvent);
    try {
      await host.send(address, event as MachineEvent);
      assert.ok(!expect.rejected, `${event.type} is taken`);
    } catch (error) {
      if (!isControlError(error, 'EVENT_REJECTED') || !expect.rejected) throw error;
    }
  }

  function end({ type, actorId, output, error }: MachineEvent) {
    // Of one that was begun anew the newest.
    const at = waiting.findLastIndex(({ child }) => child === actorId);
    assert.ok(at >= 0, `nobody waits for ${type}`);
    const [asked] = waiting.splice(at, 1) as [Waiting];
    if (type.startsWith('xstate.done.')) asked.resolve(output);
    else asked.reject(Object.assign(Object.create(ControlError.prototype), error));
  }
}

/** Hears everything, and says nothing. */
const anybody = createMachine({ on: { '*': {} } });

function withHands(machine: AnyStateMachine, waiting: Waiting[]): AnyStateMachine {
  const hand = fromPromise(
    ({ self, signal }) =>
      new Promise((resolve, reject) => {
        const asked: Waiting = { child: self.id, resolve, reject };
        waiting.push(asked);
        signal.addEventListener('abort', () => {
          if (waiting.includes(asked)) waiting.splice(waiting.indexOf(asked), 1);
          reject(signal.reason);
        });
      })
  );
  const actors = Object.fromEntries(invokedBy(machine).map((src) => [src, hand]));
  return machine.provide({ actors } as never) as AnyStateMachine;
}
