import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMachine } from 'xstate';
import type { ActorKind } from '../../../actors/host/contract.ts';
import { createEmbeddedHost } from '../../../actors/host/embedded-host.ts';
import { MemoryJournal } from '../../support/memory-journal.ts';

const machine = createMachine({
  id: 'lamp',
  initial: 'off',
  states: { off: { on: { toggle: 'on' } }, on: { after: { 1: 'out' } }, out: { type: 'final' } }
});
const lamp: ActorKind = { kind: 'lamp', machine, durable: true };

describe('a process started without a kind it once had', () => {
  it('leaves what waits for it in the journal, says so, and the next one that has it takes it up', async (t) => {
    let journal = new MemoryJournal();
    const start = async (kinds: ActorKind[]) => {
      const troubles: string[] = [];
      const host = createEmbeddedHost({
        journal,
        kinds,
        onTrouble: ({ code }, what) => troubles.push(`${code} ${what}`)
      });
      await host.start();
      t.after(() => host.stop());
      return { host, troubles };
    };
    const first = await start([lamp]);
    await first.host.create('lamp/l1', {});
    await first.host.stop();

    journal = journal.crash();
    await journal.open();
    const tell = { id: 'other/o1#1.0', from: 'other/o1', to: 'lamp/l1', event: { type: 'toggle' } };
    await journal.commit({
      events: [],
      actors: [],
      timers: { set: [], cleared: [] },
      effects: { declared: [], settled: [] },
      tells: { sent: [tell], consumed: [] },
      writes: []
    });
    journal = journal.crash();
    const without = await start([]);
    assert.deepEqual(without.troubles, [
      "MACHINE_NOT_FOUND 1 timers, effects and messages wait until 'lamp' is registered again"
    ]);
    await without.host.stop();

    journal = journal.crash();
    const again = await start([lamp]);
    const end = await again.host.waitFor('lamp/l1', ({ state }) => state === 'out', { timeoutMs: 60_000 });
    assert.equal(end?.state, 'out');
    assert.deepEqual(again.troubles, []);
  });
});
