/** What there was at a cursor, held against what was written when that cursor was the newest. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import fc from 'fast-check';
import { assign, emit, setup } from 'xstate';
import type { ActorHost, ActorKind, ActorRecord, Batch, EventRow, Journal } from '../../../actors/host/contract.ts';
import { createEmbeddedHost } from '../../../actors/host/embedded-host.ts';
import { undoing, undone } from '../../../actors/host/past.ts';
import { phaseOf } from '../../../actors/journal/rows.ts';
import { forkOf, nodesTo } from '../../../actors/journal/spans.ts';
import { openSqliteJournal } from '../../../actors/journal/sqlite-journal.ts';
import { MemoryJournal } from '../../support/memory-journal.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

interface Context {
  session: string | null;
  n: number;
  list: { n: number; texts: string[] }[];
}
type Event = { type: 'add'; session?: string } | { type: 'hop' } | { type: 'drop' } | { type: 'end' };

/** It has steps that pass several states, say something, change context alone, and end. */
const walker = setup({ types: { context: {} as Context, events: {} as Event } }).createMachine({
  id: 'walker',
  meta: { subject: { session_id: 'session' } },
  context: { session: null, n: 0, list: [] },
  initial: 'RESTING',
  on: {
    add: {
      actions: assign(({ context, event }) => ({
        session: event.session ?? context.session,
        n: context.n + 1,
        list: [...context.list, { n: context.n, texts: ['a "quote"', `${context.n} 漢字 \ud800`] }]
      }))
    },
    drop: { actions: assign({ list: ({ context }) => context.list.slice(1).map((one) => ({ ...one, texts: [] })) }) },
    end: '.ENDED'
  },
  states: {
    RESTING: { on: { hop: 'PASSING' }, after: { 3600000: 'RESTING' } },
    PASSING: {
      entry: [assign({ n: ({ context }) => context.n + 1 }), emit({ type: 'walker.passing' })],
      always: { target: 'MOVING.on', actions: assign({ n: ({ context }) => context.n + 10 }) }
    },
    MOVING: {
      initial: 'on',
      entry: emit({ type: 'walker.moving' }),
      states: { on: { on: { hop: '#walker.RESTING' } } }
    },
    ENDED: { type: 'final', entry: emit({ type: 'walker.ended' }) }
  }
});

const kinds: ActorKind[] = [
  { kind: 'walker', machine: walker, durable: true },
  { kind: 'ghost', machine: walker, durable: false }
];
const EVENTS: Event['type'][] = ['add', 'hop', 'drop', 'end'];

/** A life of several processes: what is asked of them, and where they are killed. */
const life = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: fc.record({ to: fc.nat(5), event: fc.constantFrom(...EVENTS.slice(0, 3)) }) },
    { weight: 1, arbitrary: fc.record({ to: fc.nat(5), event: fc.constant('end' as const) }) },
    { weight: 1, arbitrary: fc.constant('restart' as const) }
  ),
  { minLength: 30, maxLength: 80, size: 'max' }
);
type Script = typeof life extends fc.Arbitrary<infer T> ? T : never;
const ADDRESSES = ['walker/1', 'walker/2', 'walker/3', 'walker/4', 'ghost/1', 'ghost/2'];

const byAddress = (records: ActorRecord[]) =>
  new Map(records.map((record) => [record.address, JSON.parse(JSON.stringify({ ...record, resumes: false }))]));

/** Lives it, and keeps what every actor was at the end of each commit. */
async function lived(script: Script, open: () => Journal) {
  const was = new Map<number, Map<string, ActorRecord>>();
  const rows: EventRow[] = [];
  let there = new Map<string, ActorRecord>();
  let journal: Journal;
  const begin = async (): Promise<ActorHost> => {
    journal = open();
    const commit = journal.commit.bind(journal);
    journal.commit = async (batch: Batch) => {
      await commit(batch);
      // A volatile actor of the process before is over with the first row of this one.
      if (batch.events.length > 0 && isFresh)
        for (const address of there.keys()) if (address.startsWith('ghost')) there.delete(address);
      if (batch.events.length > 0) isFresh = false;
      rows.push(...batch.events);
      for (const record of [...batch.actors, ...(batch.standing ?? [])]) there.set(record.address, record);
      was.set(rows.length, byAddress([...there.values()]));
    };
    let isFresh = true;
    const host = createEmbeddedHost({ journal, kinds });
    await host.start();
    return host;
  };
  let host = await begin();
  for (const act of script) {
    if (act === 'restart') {
      await host.stop();
      there = new Map(there);
      host = await begin();
      continue;
    }
    const address = ADDRESSES[act.to] as string;
    const session = `s${act.to % 2}`;
    const known = await host.read(address);
    if (!known) await host.create(address, {});
    else
      await host
        .send(address, { type: act.event, session })
        .catch((error) => assert.equal(error.code, 'EVENT_REJECTED'));
  }
  return { host, was, rows };
}

const plain = (value: unknown) => JSON.parse(JSON.stringify(value));
const inMemory = () => {
  let journal: MemoryJournal | undefined;
  return () => {
    journal = journal ? journal.crash() : new MemoryJournal();
    return journal;
  };
};
const onDisk = async (t: TestContext) => {
  const directory = await temporaryFolder(t);
  return () => openSqliteJournal({ directory, synchronous: 'OFF' });
};

describe('what an actor was', () => {
  it('is one value made from another by what is kept of the difference', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (now, then) => {
        const undo = undoing(now, then);
        assert.deepEqual(undo === undefined ? now : plain(undone(now, plain(undo))), plain(then));
      })
    );
    const now = { a: [1, { b: 2 }, 3], same: { deep: ['x'] }, gone: 1 };
    const then = { a: [1, { b: 3 }], same: now.same, more: null };
    assert.deepEqual(undoing(now, then), {
      in: { a: { in: { 1: { in: { b: { set: 3 } } } }, length: 2 }, more: { set: null } },
      gone: ['gone']
    });
  });

  it('is found by the node of its span, and under few nodes', () => {
    const span = fc.tuple(fc.nat(5_000), fc.nat(5_000), fc.nat(5_000));
    fc.assert(
      fc.property(span, (numbers) => {
        const [first, cursor, last] = numbers.sort((a, b) => a - b) as [number, number, number];
        assert.ok(nodesTo(cursor, last).includes(forkOf(first, last)), `${first} ${cursor} ${last}`);
      })
    );
    assert.ok(nodesTo(123_456_789, 10_000_000_000).length < 40);
  });

  for (const [name, makeOpen] of [
    ['in memory', async () => inMemory()],
    ['on disk', onDisk]
  ] as const) {
    it(`is what it was when that was the newest, across restarts, ${name}`, async (t) => {
      const runs = name === 'on disk' ? 6 : 12;
      await fc.assert(
        fc.asyncProperty(life, async (script) => {
          const { host, was, rows } = await lived(script, await makeOpen(t));
          await holds(host.journal, was, rows);
          await host.stop();
        }),
        { numRuns: runs }
      );
    });
  }
});

async function holds(journal: Journal, was: Map<number, Map<string, ActorRecord>>, rows: EventRow[]) {
  for (const [cursor, records] of was) {
    const found = byAddress(await journal.actorsAt(ADDRESSES, cursor));
    assert.deepEqual(found, records, `all at ${cursor}`);
    const volatile = [...records.values()].filter(({ kind }) => kind === 'ghost');
    assert.deepEqual(byAddress(await journal.volatileAt(['ghost'], cursor)), byAddress(volatile));
    await holdsList(journal, cursor, [...records.values()]);
  }
  // Within a step too, the actor is where the row says.
  for (const { cursor, actorKind, actorId, payload } of rows) {
    const [record] = await journal.actorsAt([`${actorKind}/${actorId}`], cursor);
    assert.equal(record?.state, payload.to, `at ${cursor}`);
  }
}

async function holdsList(journal: Journal, at: number, records: ActorRecord[]) {
  const durable = records.filter(({ kind }) => kind === 'walker');
  const living = records.filter(({ status }) => status === 'active');
  for (const query of [{}, { status: 'active' as const }, { session_id: 's1' }, { kind: 'walker', state: 'MOVING' }]) {
    const expected = durable.filter(
      (one) =>
        (!('status' in query) || one.status === query.status) &&
        (!('session_id' in query) || one.subject.session_id === query.session_id) &&
        (!('state' in query) || phaseOf(one.state) === query.state)
    );
    const found: ActorRecord[] = [];
    let page: string | undefined;
    do {
      const read = await journal.queryActors({ ...query, at, limit: 2, ...(page === undefined ? {} : { page }) });
      found.push(...read.items);
      page = read.next ?? undefined;
    } while (page !== undefined);
    assert.equal(found.length, expected.length, `${JSON.stringify(query)} at ${at}`);
    assert.deepEqual(byAddress(found), byAddress(expected));
    assert.deepEqual(
      found.map(({ createdAt }) => createdAt),
      expected.map(({ createdAt }) => createdAt).sort((a, b) => b - a)
    );
  }
  assert.deepEqual(
    await journal.countActors('walker', at),
    counted(durable, ({ state }) => phaseOf(state))
  );
  const versions = await journal.livingVersions(at);
  assert.equal(
    versions.reduce((sum, { count }) => sum + count, 0),
    living.length
  );
  assert.deepEqual(
    Object.fromEntries((await journal.statesAt(at)).map(({ kind, state, count }) => [`${kind} ${state}`, count])),
    counted(living, ({ kind, state }) => `${kind} ${state}`)
  );
}

function counted(records: ActorRecord[], name: (record: ActorRecord) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const record of records) counts[name(record)] = (counts[name(record)] ?? 0) + 1;
  return counts;
}
