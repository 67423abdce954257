/** Whatever is written, SQLite and memory answer alike: simulations that run on the one hold for the other. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import type {
  ActorQuery,
  ActorRecord,
  Batch,
  EventFilter,
  EventRow,
  Journal,
  Subject
} from '../../../actors/host/contract.ts';
import { openSqliteJournal } from '../../../actors/journal/sqlite-journal.ts';
import { MemoryJournal } from '../../support/memory-journal.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { batchOf, eventAt, takenUp, withContext } from './samples.ts';

const few = (...names: string[]) => fc.constantFrom(...names);
const orNull = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });
const json = fc.jsonValue({ maxDepth: 2 });

const subject: fc.Arbitrary<Subject> = fc.record({
  correlation_id: orNull(few('k1', 'k2')),
  command_id: orNull(few('c1', 'c2')),
  session_id: orNull(few('s1', 's2')),
  account_id: orNull(few('a1', 'a2')),
  platform: orNull(few('x', 'threads'))
});

const event: fc.Arbitrary<Partial<EventRow>> = fc.record({
  severity: fc.constantFrom('debug', 'info', 'warn', 'error'),
  type: few('status.changed', 'action.verified', 'driver.changed'),
  actorKind: few('command', 'driver'),
  actorId: few('1', '2', '3'),
  subject,
  payload: json.map((extra) => ({ actor: { kind: 'command', id: '1' }, from: null, to: 'X', event: 'x', extra }))
});

const actor: fc.Arbitrary<ActorRecord> = fc
  .tuple(
    few('command/1', 'command/2', 'command/3', 'session/1', 'session/2'),
    fc.record({
      step: fc.nat(),
      status: fc.constantFrom('active', 'done', 'error'),
      state: few('QUEUED', 'RUNNING.PREPARING', 'RUNNING.a,other.b', 'FAILED'),
      subject,
      createdAt: fc.integer({ min: 0, max: 3 }),
      updatedAt: fc.nat(),
      enteredAt: fc.integer({ min: 0, max: 3 }),
      deadlineAt: orNull(fc.integer({ min: 0, max: 9 }).map((ms) => ms / 2)),
      lastCursor: fc.nat(),
      resumes: fc.boolean()
    }),
    fc.record({ envelope: fc.record({ type: few('flow.run', 'action.run') }), n: fc.nat(2), extra: json })
  )
  .map(([address, part, context]) => withContext(address, context, part as Partial<ActorRecord>));

const address = few('a/1', 'a/2');
const id = few('1', '2', '3', '4');
const batch = fc
  .record({
    events: fc.array(event, { maxLength: 4, size: 'max' }),
    actors: fc.uniqueArray(actor, { maxLength: 4, size: 'max', selector: (record) => record.address }),
    timers: fc.record({
      set: fc.array(fc.record({ address, id, dueAt: fc.nat(5), event: json.map((value) => ({ type: 't', value })) }), {
        maxLength: 3
      }),
      cleared: fc.array(fc.record({ address, id }), { maxLength: 2 })
    }),
    effects: fc.record({
      declared: fc.array(fc.record({ id, address, child: id, src: id, input: json }), { maxLength: 2 }),
      settled: fc.array(id, { maxLength: 2 })
    }),
    tells: fc.record({
      sent: fc.array(
        fc.record({ id, from: orNull(address), to: address, event: json.map((value) => ({ type: 't', value })) }),
        { maxLength: 2 }
      ),
      consumed: fc.array(id, { maxLength: 2 })
    }),
    ledger: fc.array(
      fc.record({
        dedupe_key: id,
        command_id: few('c1', 'c2'),
        action: fc.string({ unit: 'binary' }),
        effect_id: orNull(id),
        state: fc.constantFrom('ATTEMPTED' as const, 'VERIFIED' as const),
        updated_at: fc.nat()
      }),
      { maxLength: 3 }
    )
  })
  .map(({ ledger, ...rest }) => ({ ...rest, writes: ledger.map((row) => ({ into: 'ledger' as const, row })) }));

/** Up to two conditions of those there are: more would match next to nothing. */
const upToTwo = <T extends object>(...conditions: fc.Arbitrary<T>[]): fc.Arbitrary<T> =>
  fc.array(fc.oneof(...conditions), { maxLength: 2, size: 'max' }).map((parts) => Object.assign({}, ...parts));

const actorQuery: fc.Arbitrary<ActorQuery> = fc
  .tuple(
    upToTwo<ActorQuery>(
      fc.record({ kind: few('command', 'command', 'session', 'none') }),
      fc.record({ kind: fc.constant('command'), ids: fc.subarray(['1', '2', '3']) }),
      fc.record({ ids: fc.subarray(['1', '2', '3']) }),
      fc.record({ state: few('QUEUED', 'RUNNING') }),
      fc.record({ state: fc.subarray(['QUEUED', 'RUNNING', 'FAILED']) }),
      fc.record({ status: fc.constantFrom('active', 'done') }),
      fc.record({ session_id: few('s1', 's2') }),
      fc.record({ account_id: few('a1', 'a2') }),
      fc.record({ correlation_id: few('k1', 'k2') }),
      fc.record({ platform: few('x', 'threads') }),
      fc.record({ resumes: fc.constant(true as const) }),
      fc.record({ context: fc.record({ 'envelope.type': few('flow.run', 'action.run') }) }),
      fc.record({ context: fc.record({ '$.n': fc.nat(2) }) }),
      fc.record({ createdSince: fc.nat(3) })
    ),
    fc.integer({ min: 1, max: 3 })
  )
  .map(([query, limit]) => ({ ...query, limit }));

const eventFilter: fc.Arbitrary<EventFilter> = upToTwo<EventFilter>(
  fc.record({ severity: fc.subarray(['debug', 'info', 'warn', 'error']) }),
  fc.record({ severity: fc.subarray(['warn', 'error']) }),
  fc.record({ event_types: fc.subarray(['status.changed', 'action.verified', 'none']) }),
  fc.record({ session_id: few('s1', 's2') }),
  fc.record({ account_id: few('a1', 'a2') }),
  fc.record({ platform: few('x', 'threads') }),
  fc.record({ command_id: few('c1', 'c2') }),
  fc.record({ correlation_id: few('k1', 'k2') }),
  fc.record({ actor_kinds: fc.subarray(['command', 'driver']) }),
  fc.record({ actor_id: few('1', '2') })
);

/** Everything there is to be asked, as one value. */
async function answers(journal: Journal, actorQueries: ActorQuery[], filters: EventFilter[]) {
  const pages: unknown[] = [];
  for (const query of actorQueries) {
    let page: string | null = null;
    do {
      const found: Awaited<ReturnType<Journal['queryActors']>> = await journal.queryActors({
        ...query,
        ...(page ? { page } : {})
      });
      pages.push(found);
      page = found.next;
      assert.ok(pages.length < 100, 'a list ends');
    } while (page !== null);
  }
  const logs: unknown[] = [];
  for (const filter of filters) {
    for (const [after, limit] of [
      [0, 100],
      [0, 1],
      [2, 2]
    ] as const)
      logs.push(await journal.readEvents(after, limit, filter));
  }
  return {
    pages,
    logs,
    bounds: await journal.bounds(),
    pending: await journal.pending(),
    takenUp: await takenUp(journal),
    counts: [await journal.countActors('command'), await journal.countActors('session')],
    ledger: [await journal.find('ledger'), await journal.find('ledger', { command_id: 'c1', effect_id: null }, 2)]
  };
}

it('SQLite and memory give the same answers, whatever was written', async (t) => {
  const directory = await temporaryFolder(t);
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(batch, { minLength: 3, maxLength: 6 }),
      fc.array(actorQuery, { minLength: 8, maxLength: 8 }),
      fc.array(eventFilter, { minLength: 8, maxLength: 8 }),
      async (batches, actorQueries, filters) => {
        runs += 1;
        const journals: Journal[] = [
          openSqliteJournal({ path: `${directory}/${runs}.db`, synchronous: 'OFF' }),
          new MemoryJournal()
        ];
        for (const journal of journals) await journal.open();
        let head = 0;
        for (const { events, ...rest } of batches) {
          const rows = events.map((part, index) => eventAt(head + 1 + index, part));
          head += rows.length;
          for (const journal of journals) await journal.commit(batchOf({ ...rest, events: rows } as Partial<Batch>));
        }
        const [sqlite, memory] = await Promise.all(journals.map((journal) => answers(journal, actorQueries, filters)));
        for (const journal of journals) await journal.close();
        assert.deepEqual(sqlite, memory);
      }
    ),
    { numRuns: 60 }
  );
});
