/** What every journal keeps to; run against each by a test file of its own. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type {
  ActorQuery,
  ActorRecord,
  EventFilter,
  Journal,
  Put,
  RetentionLimits,
  RowQuery,
  Tables,
  Where
} from '../../../actors/host/contract.ts';
import { isControlError } from '../../../schemas/errors.ts';
import {
  actionRow,
  actorOf,
  auditRow,
  batchOf,
  eventAt,
  eventsFrom,
  nobody,
  seenRow,
  takenUp,
  withContext
} from './samples.ts';

/** A place where one journal after the other is opened, as processes are on one data directory. */
export interface Home {
  /** Not open yet. What was opened before is closed or crashed. */
  journal(): Journal;
}

export function journalContract(name: string, makeHome: (t: TestContext) => Home | Promise<Home>) {
  const opened = async (t: TestContext) => {
    const home = await makeHome(t);
    const journal = home.journal();
    await journal.open();
    t.after(() => journal.close());
    return { home, journal };
  };
  const cursors = async (journal: Journal, after: number, limit: number, filter?: EventFilter) => {
    const { rows, scannedTo } = await journal.readEvents(after, limit, filter);
    return { cursors: rows.map((row) => row.cursor), scannedTo };
  };
  const ids = async (journal: Journal, query: ActorQuery) =>
    (await journal.queryActors(query)).items.map((record) => record.id);
  const code = (expected: string) => (error: unknown) => isControlError(error) && error.code === expected;

  describe(`${name}: stays`, () => {
    const at = (address: string, state: string, enteredAt: number, account: string | null = null) =>
      actorOf(address, { state, enteredAt, subject: { ...nobody, account_id: account } });
    const idsOf = (records: ActorRecord[]) => records.map(({ id }) => id);

    it('are counted by kind and state, of actors that live', async (t) => {
      const { journal } = await opened(t);
      const actors = [at('a/1', 'X.y', 5), at('a/2', 'X.y', 3), at('a/3', 'Z', 9), at('b/1', 'Z', 1)];
      await journal.commit(batchOf({ actors: [...actors, actorOf('b/2', { state: 'Z', status: 'done' })] }));
      assert.deepEqual(await journal.livingStates(), [
        { kind: 'a', state: 'X.y', count: 2, oldest: 3 },
        { kind: 'a', state: 'Z', count: 1, oldest: 9 },
        { kind: 'b', state: 'Z', count: 1, oldest: 1 }
      ]);
      await journal.commit(batchOf({ actors: [at('a/2', 'Z', 20), at('b/1', 'Z', 1)] }));
      assert.deepEqual(await journal.livingStates(), [
        { kind: 'a', state: 'X.y', count: 1, oldest: 5 },
        { kind: 'a', state: 'Z', count: 2, oldest: 9 },
        { kind: 'b', state: 'Z', count: 1, oldest: 1 }
      ]);
    });

    it('that are too long come a page at a time, longest first, and each once', async (t) => {
      const { journal } = await opened(t);
      const actors = [1, 2, 3, 4, 5].map((n) => at(`a/${n}`, 'X', n < 4 ? 10 : n * 10, n % 2 ? 'ada' : 'bob'));
      await journal.commit(batchOf({ actors: [...actors, at('a/6', 'Y', 0), at('b/1', 'X', 0), at('a/7', 'Z', 5)] }));
      const states = [
        { kind: 'a', state: 'X', enteredBefore: 50 },
        { kind: 'a', state: 'Z', enteredBefore: 6 }
      ];
      const first = await journal.longStays({ states, limit: 2 });
      assert.deepEqual([idsOf(first.items), first.total], [['7', '1'], 5]);
      // The clock goes on meanwhile, and one more is too long.
      const later = states.map((one) => ({ ...one, enteredBefore: one.enteredBefore + 1 }));
      const second = await journal.longStays({ states: later, limit: 9, page: first.next as string });
      assert.deepEqual([idsOf(second.items), second.next, second.total], [['2', '3', '4', '5'], null, 6]);
      const adas = await journal.longStays({ states, account_id: ['ada'] });
      assert.deepEqual([idsOf(adas.items), adas.total], [['1', '3'], 2]);
      assert.deepEqual(await journal.longStays({ states: [] }), { items: [], next: null, total: 0 });
      await assert.rejects(journal.longStays({ states, account_id: 'ada', page: first.next as string }), {
        code: 'QUERY_INVALID'
      });
    });
  });

  describe(`${name}: the log`, () => {
    it('is empty at first', async (t) => {
      const home = await makeHome(t);
      const journal = home.journal();
      t.after(() => journal.close());
      assert.deepEqual(await journal.open(), { head: 0, tail: 0, boot: 1 });
      assert.deepEqual(await journal.bounds(), { tail: 0, head: 0 });
      assert.deepEqual(await journal.readEvents(0, 10), { rows: [], scannedTo: 0 });
    });

    it('gives rows back as they were written', async (t) => {
      const { journal } = await opened(t);
      const row = eventAt(1, {
        emittedAt: 1_763_675_000_123,
        severity: 'warn',
        subject: { correlation_id: 'k', command_id: 'c', session_id: 's', account_id: 'a', platform: 'x' },
        payload: {
          actor: { kind: 'command', id: 'c1' },
          from: null,
          to: 'CREATED',
          event: 'xstate.init',
          text: 'a "quote", ä 漢字 🎭, \u0000, a lone \ud800, </script>',
          number: 0.1 + 0.2,
          nested: { list: [1, null, true, { deep: [[[[]]]] }] }
        }
      });
      await journal.commit(batchOf({ events: [row] }));
      assert.deepEqual((await journal.readEvents(0, 1)).rows, [row]);
    });

    it('keeps what is nested deeper than SQLite parses JSON', async (t) => {
      const { journal } = await opened(t);
      let deep: unknown = 'bottom';
      for (let level = 0; level < 3_000; level += 1) deep = [deep];
      const row = eventAt(1);
      const event = { ...row, payload: { ...row.payload, deep } };
      await journal.commit(batchOf({ events: [event] }));
      assert.equal(JSON.stringify((await journal.readEvents(0, 1)).rows[0]), JSON.stringify(event));
    });

    it('is read in order, a page at a time', async (t) => {
      const { journal } = await opened(t);
      await journal.commit(batchOf({ events: eventsFrom(1, 7) }));
      assert.deepEqual(await cursors(journal, 0, 3), { cursors: [1, 2, 3], scannedTo: 3 });
      assert.deepEqual(await cursors(journal, 3, 3), { cursors: [4, 5, 6], scannedTo: 6 });
      assert.deepEqual(await cursors(journal, 6, 3), { cursors: [7], scannedTo: 7 });
      assert.deepEqual(await cursors(journal, 7, 3), { cursors: [], scannedTo: 7 });
      assert.deepEqual(await cursors(journal, 99, 3), { cursors: [], scannedTo: 99 });
    });

    it('refuses a batch that leaves a hole, repeats a cursor or runs backwards, and nothing of it is written', async (t) => {
      const { journal } = await opened(t);
      await journal.commit(batchOf({ events: eventsFrom(1, 3) }));
      for (const wrong of [[5], [3], [4, 6], [4, 4], [5, 4], [1, 2, 3]]) {
        const batch = batchOf({
          events: wrong.map((cursor) => eventAt(cursor)),
          actors: [actorOf('command/ghost')],
          writes: [{ into: 'consumers', row: { service: 'ghost', name: 'n', cursor: 1, updated_at: 1 } }]
        });
        await assert.rejects(journal.commit(batch), /is not the one after/, `cursors ${wrong}`);
      }
      assert.deepEqual(await journal.bounds(), { tail: 1, head: 3 });
      assert.deepEqual(await journal.loadActors(['command/ghost']), []);
      assert.deepEqual(await journal.find('consumers'), []);
      await journal.commit(batchOf({ events: eventsFrom(4, 1) }));
      assert.deepEqual(await journal.bounds(), { tail: 1, head: 4 });
    });

    it('takes batches in the order they were handed over, without waiting in between', async (t) => {
      const { journal } = await opened(t);
      await Promise.all(
        Array.from({ length: 50 }, (_, index) => journal.commit(batchOf({ events: eventsFrom(index * 2 + 1, 2) })))
      );
      assert.deepEqual(await journal.bounds(), { tail: 1, head: 100 });
    });

    it('takes a batch of thousands of rows and many megabytes', async (t) => {
      const { journal } = await opened(t);
      const large = { ...eventAt(1).payload, text: 'x'.repeat(3_000) };
      await journal.commit(
        batchOf({
          events: eventsFrom(1, 6_001, { payload: large }),
          effects: {
            declared: [
              {
                id: 'command/big#1.0',
                address: 'command/big',
                child: 'work',
                src: 'work',
                input: 'y'.repeat(8_000_000)
              }
            ],
            settled: []
          }
        })
      );
      const { rows } = await journal.readEvents(6_000, 10);
      assert.equal(rows[0]?.payload.text, large.text);
      assert.equal(((await journal.unsettled(0, 1)).rows[0]!.input as string).length, 8_000_000);
    });

    for (const [filter, expected] of [
      [{ severity: ['error', 'warn'] }, [2, 3]],
      [{ severity: ['error'] }, [3]],
      [{ severity: ['info', 'error'] }, [1, 3, 4, 5]],
      [{ event_types: ['action.verified', 'driver.changed'] }, [2, 5]],
      [{ event_types: ['nothing.such'] }, []],
      [{ event_types: [] }, []],
      [{ session_id: 's1' }, [1, 2]],
      [{ account_id: 'a2' }, [3, 4]],
      [{ account_id: ['a2', 'a1'], severity: ['info', 'error'] }, [1, 3, 4]],
      [{ account_id: [] }, []],
      [{ platform: 'x' }, [1, 3]],
      [{ command_id: 'c2', severity: ['info'] }, [4]],
      [{ correlation_id: 'k1', platform: 'x', severity: ['error', 'info'] }, [1, 3]],
      [{ actor_kinds: ['driver'] }, [5]],
      [{ actor_kinds: ['driver', 'command'], actor_id: 'c2' }, [3, 4]],
      [{ actor_id: "c2' OR 1=1 --" }, []]
    ] as [EventFilter, number[]][]) {
      it(`is filtered by ${JSON.stringify(filter)}`, async (t) => {
        const { journal } = await opened(t);
        const c1 = { ...nobody, correlation_id: 'k1', command_id: 'c1', session_id: 's1', account_id: 'a1' };
        const c2 = { ...nobody, correlation_id: 'k1', command_id: 'c2', session_id: 's2', account_id: 'a2' };
        await journal.commit(
          batchOf({
            events: [
              eventAt(1, { subject: { ...c1, platform: 'x' } }),
              eventAt(2, { subject: c1, severity: 'warn', type: 'action.verified' }),
              eventAt(3, { subject: { ...c2, platform: 'x' }, actorId: 'c2', severity: 'error' }),
              eventAt(4, { subject: c2, actorId: 'c2' }),
              eventAt(5, { actorKind: 'driver', actorId: 'd1', type: 'driver.changed' })
            ]
          })
        );
        assert.deepEqual(await cursors(journal, 0, 10, filter), { cursors: expected, scannedTo: 5 });
      });
    }

    it('is looked through to the end by a filter that matches nothing, however long it is', async (t) => {
      const { journal } = await opened(t);
      const subject = { ...nobody, session_id: 's1', platform: 'x' };
      await journal.commit(batchOf({ events: eventsFrom(1, 9_000, { subject }) }));
      await journal.commit(batchOf({ events: [eventAt(9_001, { subject: { ...subject, platform: 'rare' } })] }));
      for (const filter of [{ platform: 'rare' }, { platform: 'rare', session_id: 's1' }] as EventFilter[]) {
        const found: number[] = [];
        let after = 0;
        for (let calls = 0; after < 9_001; calls += 1) {
          assert.ok(calls < 10, 'it moves on');
          const { rows, scannedTo } = await journal.readEvents(after, 100, filter);
          assert.ok(scannedTo > after, 'it moves on');
          found.push(...rows.map((row) => row.cursor));
          after = scannedTo;
        }
        assert.deepEqual(found, [9_001]);
      }
    });

    it('goes on where it was after it is closed and opened again', async (t) => {
      const { home, journal } = await opened(t);
      await journal.commit(batchOf({ events: eventsFrom(1, 3), actors: [actorOf('command/c1')] }));
      await journal.close();
      const again = home.journal();
      t.after(() => again.close());
      assert.deepEqual(await again.open(), { head: 3, tail: 1, boot: 2 });
      await again.commit(batchOf({ events: eventsFrom(4, 1) }));
      assert.deepEqual((await again.loadActors(['command/c1'])).length, 1);
    });
  });

  describe(`${name}: actors`, () => {
    it('are given back as they were written, the newest record of each', async (t) => {
      const { journal } = await opened(t);
      const first = actorOf('session/s1', { step: 1 });
      const second = withContext(
        'session/s1',
        { envelope: { type: 'session.create' }, note: 'a lone \udc00' },
        {
          step: 2,
          status: 'done',
          state: 'CLOSED',
          subject: { ...nobody, session_id: 's1', account_id: 'a1' },
          updatedAt: 1_800_000_000_000,
          deadlineAt: 1_800_000_000_500.5,
          lastCursor: 5_000_000_000
        }
      );
      await journal.commit(batchOf({ actors: [first] }));
      await journal.commit(batchOf({ actors: [second] }));
      assert.deepEqual(await journal.loadActors(['session/none', 'session/s1', 'session/s1']), [second]);
    });

    it('are counted by the first segment of their state', async (t) => {
      const { journal } = await opened(t);
      const states = ['QUEUED', 'RUNNING.PREPARING', 'RUNNING.POLLING', 'RUNNING.a,other.b'];
      await journal.commit(
        batchOf({ actors: [...states.map((state, i) => actorOf(`command/c${i}`, { state })), actorOf('session/s')] })
      );
      assert.deepEqual(await journal.countActors('command'), { QUEUED: 1, RUNNING: 3 });
      assert.deepEqual(await journal.countActors('nothing'), {});
    });

    it('that live are counted by the version of their machine, and found by it, also when it has become another', async (t) => {
      const { journal } = await opened(t);
      const of = (address: string, machineVersion: string, part: Partial<ActorRecord> = {}) =>
        actorOf(address, { machineVersion, ...part });
      await journal.commit(
        batchOf({
          actors: [
            of('job/1', 'v1'),
            of('job/2', 'v1'),
            of('job/3', 'v2'),
            of('tally/1', 'v1'),
            of('job/4', 'v1', { status: 'done' })
          ]
        })
      );
      const living = async () =>
        (await journal.livingVersions()).map(({ kind, version, count }) => `${kind} ${version} ${count}`).toSorted();
      assert.deepEqual(await living(), ['job v1 2', 'job v2 1', 'tally v1 1']);
      await journal.commit(batchOf({ actors: [of('job/1', 'v2', { step: 2 })] }));
      assert.deepEqual(await living(), ['job v1 1', 'job v2 2', 'tally v1 1']);
      const { items } = await journal.queryActors({ kind: 'job', status: 'active', version: 'v2' });
      assert.deepEqual(items.map(({ id }) => id).toSorted(), ['1', '3']);
    });

    const sample = [
      withContext(
        'command/c1',
        { envelope: { type: 'flow.run' }, n: 1 },
        {
          createdAt: 1_000,
          subject: { ...nobody, correlation_id: 'k1', session_id: 's1', account_id: 'a1', platform: 'x' }
        }
      ),
      withContext(
        'command/c2',
        { envelope: { type: 'flow.run' }, n: 2 },
        {
          createdAt: 2_000,
          state: 'QUEUED',
          subject: { ...nobody, correlation_id: 'k1', session_id: 's1', account_id: 'a1' }
        }
      ),
      withContext(
        'command/c3',
        { envelope: { type: 'action.run' }, n: 2 },
        {
          createdAt: 2_000,
          state: 'SUCCEEDED',
          status: 'done',
          subject: { ...nobody, correlation_id: 'k2', session_id: 's2', account_id: 'a1', platform: 'x' }
        }
      ),
      actorOf('session/c2', { createdAt: 3_000, state: 'READY', subject: { ...nobody, session_id: 'c2' } })
    ];
    for (const [query, expected] of [
      [{}, ['c2', 'c3', 'c2', 'c1']],
      [{ kind: 'command' }, ['c3', 'c2', 'c1']],
      [{ kind: 'command', ids: ['c1', 'c2', 'c9'] }, ['c2', 'c1']],
      [{ ids: ['c2'] }, ['c2', 'c2']],
      [{ ids: ['c2', 'c1'], status: 'active', platform: 'x' }, ['c1']],
      [{ ids: [] }, []],
      [{ kind: 'command', state: 'RUNNING' }, ['c1']],
      [{ kind: 'command', state: ['QUEUED', 'SUCCEEDED', 'FAILED'] }, ['c3', 'c2']],
      [{ kind: 'command', state: [] }, []],
      [{ state: ['READY', 'RUNNING'] }, ['c2', 'c1']],
      [{ kind: 'command', status: 'active' }, ['c2', 'c1']],
      [{ kind: 'command', status: 'done' }, ['c3']],
      [{ status: 'active', session_id: 's1' }, ['c2', 'c1']],
      [{ account_id: 'a1', state: 'QUEUED' }, ['c2']],
      [{ correlation_id: 'k1', platform: 'x' }, ['c1']],
      [{ platform: 'x' }, ['c3', 'c1']],
      [{ kind: 'command', context: { 'envelope.type': 'flow.run' } }, ['c2', 'c1']],
      [{ kind: 'command', context: { '$.envelope.type': 'flow.run', n: 2 } }, ['c2']],
      [{ context: { n: 2 } }, ['c3', 'c2']],
      [{ context: { n: '2' } }, []],
      [{ context: { 'envelope.none.such': 'x' } }, []],
      [{ createdSince: 2_000 }, ['c2', 'c3', 'c2']],
      [{ kind: 'command', createdSince: 1_001, state: ['RUNNING', 'QUEUED'] }, ['c2']],
      [{ kind: "x' OR 1=1 --" }, []]
    ] as [ActorQuery, string[]][]) {
      it(`are found by ${JSON.stringify(query)}, newest first`, async (t) => {
        const { journal } = await opened(t);
        await journal.commit(batchOf({ actors: sample }));
        assert.deepEqual(await ids(journal, query), expected);
        // The same a row at a time.
        const oneByOne: string[] = [];
        for (let page: string | undefined; ; ) {
          const { items, next } = await journal.queryActors({ ...query, limit: 1, ...(page ? { page } : {}) });
          oneByOne.push(...items.map((record) => record.id));
          if (next === null) break;
          page = next;
        }
        assert.deepEqual(oneByOne, expected);
      });
    }

    it('keep their places in a list while they change and others come', async (t) => {
      const { journal } = await opened(t);
      const made = Array.from({ length: 6 }, (_, index) => actorOf(`command/c${index}`, { createdAt: 1_000 }));
      await journal.commit(batchOf({ actors: made }));
      const first = await journal.queryActors({ kind: 'command', limit: 3 });
      await journal.commit(
        batchOf({
          actors: [actorOf('command/c1', { createdAt: 1_000, step: 9 }), actorOf('command/c6', { createdAt: 1_001 })]
        })
      );
      const second = await journal.queryActors({ kind: 'command', limit: 3, page: first.next! });
      assert.deepEqual(
        first.items.map((record) => record.id),
        ['c5', 'c4', 'c3']
      );
      assert.deepEqual(
        second.items.map((record) => record.id),
        ['c2', 'c1', 'c0']
      );
      assert.equal(second.next, null);
    });

    it('and all else that has an id are found by how it begins, in the order of ids', async (t) => {
      const { journal } = await opened(t);
      const of = (account_id: string | null, correlation_id: string | null) => ({
        subject: { ...nobody, account_id, correlation_id }
      });
      const row = { kind: 'html', media_type: 'text/html', sha256: 'f'.repeat(64), size: 1, created_at: 5 };
      await journal.commit(
        batchOf({
          actors: [
            actorOf('command/abc2', of('abby', 'abc-run')),
            actorOf('command/abc1', of('abby', 'abc-run')),
            actorOf('session/abd', of('bob', null)),
            actorOf('command/zzz', of('abel', 'zzz'))
          ],
          events: [
            eventAt(1, { eventId: 'abcdefgh-1', ...of('abby', null) }),
            eventAt(2, { eventId: 'abcdefgh-2' }),
            eventAt(3, { eventId: 'b' })
          ],
          writes: [
            { into: 'artifacts', row: { ...row, id: 'abc-proof', command_id: 'abc1' } },
            { into: 'artifacts', row: { ...row, id: 'abc-stray', command_id: null } },
            {
              into: 'accounts',
              row: { platform: 'x', account_id: 'abc-kept', home: null, logged_in: null, created_at: 1, updated_at: 1 }
            }
          ]
        })
      );
      const found = await journal.searchIds('ab', 10);
      assert.deepEqual(
        found.actors.map(({ address }) => address),
        ['command/abc1', 'command/abc2', 'session/abd']
      );
      assert.deepEqual(found.accounts, ['abby', 'abc-kept', 'abel']);
      assert.deepEqual(found.correlations, [{ correlation_id: 'abc-run', account_id: 'abby' }]);
      assert.deepEqual(
        found.artifacts.map(({ id, account_id }) => [id, account_id]),
        [
          ['abc-proof', 'abby'],
          ['abc-stray', null]
        ]
      );
      const ids = async (beginning: string, limit = 10) =>
        (await journal.searchIds(beginning, limit)).events.map(({ event_id }) => event_id);
      assert.deepEqual(await ids('abcdefgh-2'), ['abcdefgh-2']);
      assert.deepEqual((await ids('abcdefgh')).sort(), ['abcdefgh-1', 'abcdefgh-2']);
      assert.deepEqual(await ids('abd'), []);
      assert.deepEqual(await ids('3'), ['b']);
      assert.equal((await journal.searchIds('abc', 1)).actors.length, 1);
      assert.deepEqual(await journal.searchIds("x' OR 1=1 --", 10), {
        actors: [],
        artifacts: [],
        events: [],
        correlations: [],
        accounts: []
      });
    });

    it('are at most 500 a page and 50 unasked', async (t) => {
      const { journal } = await opened(t);
      await journal.commit(
        batchOf({ actors: Array.from({ length: 600 }, (_, index) => actorOf(`command/c${index}`)) })
      );
      assert.equal((await journal.queryActors({ limit: 10_000 })).items.length, 500);
      assert.equal((await journal.queryActors({})).items.length, 50);
    });

    it('are not listed from a page token that is made up or of another list', async (t) => {
      const { journal } = await opened(t);
      await journal.commit(batchOf({ actors: [actorOf('command/c1'), actorOf('command/c2')] }));
      const { next } = await journal.queryActors({ kind: 'command', limit: 1 });
      const forged = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
      const digest = JSON.parse(Buffer.from(next!, 'base64url').toString())[2];
      for (const page of [
        '',
        'x',
        '%00',
        next!.slice(0, -3),
        `${next}A=`,
        'A'.repeat(5_000_000),
        forged(null),
        forged([1]),
        forged([1, 2, 'no']),
        forged([1, 2.5, digest]),
        forged([{}, 2, digest]),
        forged(['1) OR 1=1 --', 2, digest]),
        forged([1, 2, digest, 4])
      ]) {
        await assert.rejects(journal.queryActors({ kind: 'command', page }), code('QUERY_INVALID'), page.slice(0, 50));
      }
      await assert.rejects(journal.queryActors({ kind: 'session', page: next! }), code('QUERY_INVALID'));
      assert.deepEqual(await ids(journal, { kind: 'command', limit: 5, page: next! }), ['c1']);
    });

    it('are not asked for with a limit or a path that is none', async (t) => {
      const { journal } = await opened(t);
      for (const limit of [0, -1, 1.5, Number.NaN]) {
        await assert.rejects(journal.queryActors({ limit }), code('QUERY_INVALID'), String(limit));
      }
      for (const path of ['', '$', "a') OR 1=1 --", 'a"b', 'a..b', 'a[0]']) {
        await assert.rejects(journal.queryActors({ context: { [path]: 1 } }), code('QUERY_INVALID'), path);
      }
    });
  });

  describe(`${name}: what a restarted host takes up`, () => {
    it('is what was set, declared and sent, and not cleared, settled or consumed', async (t) => {
      const { home, journal } = await opened(t);
      const timer = (id: string, dueAt: number) => ({ address: 'command/c1', id, dueAt, event: { type: id } });
      const declared = (n: number) => ({
        id: `command/c1#${n}.0`,
        address: 'command/c1',
        child: 'work',
        src: 'work',
        input: { n }
      });
      const tell = (n: number) => ({
        id: `command/c1#${n}.1`,
        from: 'command/c1',
        to: 'session/s1',
        event: { type: 'hello', n }
      });
      await journal.commit(
        batchOf({
          timers: { set: [timer('late', 3_000.5), timer('gone', 1_000), timer('soon', 2_000)], cleared: [] },
          effects: { declared: [declared(1), declared(2)], settled: [] },
          tells: { sent: [tell(3), { ...tell(1), from: null }, tell(2)], consumed: [] }
        })
      );
      await journal.commit(
        batchOf({
          timers: {
            set: [timer('soon', 2_500)],
            cleared: [
              { address: 'command/c1', id: 'gone' },
              { address: 'x/y', id: 'late' }
            ]
          },
          effects: { declared: [declared(3)], settled: ['command/c1#1.0', 'never/was#1.0'] },
          tells: { sent: [tell(4)], consumed: ['command/c1#3.1'] }
        })
      );
      await journal.close();
      const again = home.journal();
      await again.open();
      t.after(() => again.close());
      const counts = { actors: 0, timers: 2, effects: 2, tells: 3, byKind: { command: 4, session: 3 } };
      assert.deepEqual(await again.pending(), counts);
      assert.deepEqual(await takenUp(again), {
        timers: [timer('soon', 2_500), timer('late', 3_000.5)],
        effects: [declared(2), declared(3)],
        tells: [{ ...tell(1), from: null }, tell(2), tell(4)]
      });
    });

    it('leaves out what began and ended in one batch, and keeps a timer that was cleared and set anew', async (t) => {
      const { journal } = await opened(t);
      const timer = { address: 'command/c1', id: 't', dueAt: 9, event: { type: 'tick' } };
      await journal.commit(
        batchOf({
          timers: { set: [timer], cleared: [{ address: 'command/c1', id: 't' }] },
          effects: { declared: [{ id: 'e', address: 'a/b', child: 'c', src: 's', input: null }], settled: ['e'] },
          tells: { sent: [{ id: 'm', from: null, to: 'a/b', event: { type: 'x' } }], consumed: ['m'] }
        })
      );
      assert.deepEqual(await takenUp(journal), { timers: [timer], effects: [], tells: [] });
    });

    it('is read from any place on, in order, and only for the kinds asked for', async (t) => {
      const { journal } = await opened(t);
      const timer = (address: string, id: string, dueAt: number) => ({ address, id, dueAt, event: { type: id } });
      const timers = [timer('a/1', 'x', 5), timer('a/1', 'y', 5), timer('a/2', 'a', 5), timer('a/1', 'z', 7.5)];
      const tell = (id: string, to: string) => ({ id, from: null, to, event: { type: id } });
      const tells = [tell('9', 'a/1'), tell('1', 'b/1'), tell('5', 'a/2'), tell('3', 'a/1')];
      await journal.commit(
        batchOf({ timers: { set: timers.toReversed(), cleared: [] }, tells: { sent: tells, consumed: [] } })
      );
      assert.deepEqual(await journal.timersAfter(null, 10), timers);
      assert.deepEqual(await journal.timersAfter(null, 2), timers.slice(0, 2));
      assert.deepEqual(await journal.timersAfter(timers[1]!, 10), timers.slice(2));
      assert.deepEqual(await journal.timersAfter({ dueAt: 6, address: '', id: '' }, 10), timers.slice(3));
      assert.deepEqual(await journal.timersAfter(timers[3]!, 10), []);
      const { tells: ofA } = await takenUp(journal, ['a'], 1);
      assert.deepEqual(
        ofA.map(({ id }) => id),
        ['9', '5', '3']
      );
      assert.deepEqual(await journal.outbox(['none'], 0, 10), { rows: [], next: null });
      assert.equal((await takenUp(journal, ['a', 'b'])).tells.length, 4);
    });

    it('is told to those alone whose state accepts it', async (t) => {
      const { journal } = await opened(t);
      const all = [
        actorOf('session/busy', { resumes: true }),
        actorOf('session/resting'),
        actorOf('command/busy', { resumes: true }),
        actorOf('session/over', { resumes: true, status: 'done' })
      ];
      await journal.commit(batchOf({ actors: all }));
      assert.deepEqual(await ids(journal, { kind: 'session', resumes: true }), ['busy']);
      assert.deepEqual(await ids(journal, { kind: 'session', resumes: true, status: 'done' }), []);
      assert.equal((await journal.pending()).actors, 3);
      await journal.commit(
        batchOf({ actors: [actorOf('session/busy', { step: 2 }), actorOf('session/resting', { resumes: true })] })
      );
      assert.deepEqual(await ids(journal, { kind: 'session', resumes: true }), ['resting']);
    });
  });

  describe(`${name}: tables`, () => {
    const attempt = (command_id: string, state: Tables['ledger']['state']): Tables['ledger'] => ({
      dedupe_key: 'd1',
      command_id,
      action: 'COMMENT_CREATE',
      effect_id: null,
      state,
      updated_at: 1
    });

    it("never overwrite another command's row of the ledger", async (t) => {
      const { journal } = await opened(t);
      const write = (...rows: Tables['ledger'][]) =>
        journal.commit(batchOf({ writes: rows.map((row) => ({ into: 'ledger', row })) }));
      await write(attempt('c1', 'ATTEMPTED'), attempt('c2', 'VERIFIED'));
      assert.deepEqual(await journal.find('ledger'), [attempt('c1', 'ATTEMPTED')]);
      await write(attempt('c2', 'UNKNOWN'));
      assert.deepEqual(await journal.find('ledger', { dedupe_key: 'd1' }), [attempt('c1', 'ATTEMPTED')]);
      await write(attempt('c1', 'VERIFIED'));
      assert.deepEqual(await journal.find('ledger'), [attempt('c1', 'VERIFIED')]);
    });

    it('give the row of the ledger to who attempts what came to nothing before', async (t) => {
      const { journal } = await opened(t);
      const write = (...rows: Tables['ledger'][]) =>
        journal.commit(batchOf({ writes: rows.map((row) => ({ into: 'ledger', row })) }));
      await write(attempt('c1', 'ATTEMPTED'), attempt('c1', 'VERIFICATION_FAILED'), attempt('c2', 'ATTEMPTED'));
      assert.deepEqual(await journal.find('ledger'), [attempt('c2', 'ATTEMPTED')]);
      await write(attempt('c1', 'VERIFICATION_FAILED'), attempt('c2', 'VERIFIED'), attempt('c1', 'ATTEMPTED'));
      assert.deepEqual(await journal.find('ledger'), [attempt('c2', 'VERIFIED')]);
    });

    it('replace a row of the same key and keep its place', async (t) => {
      const { journal } = await opened(t);
      const consumer = (name: string, cursor: number) => ({ service: 's', name, cursor, updated_at: cursor });
      const rows = [consumer('a', 1), consumer('b', 5_000_000_000), consumer('a', 3)];
      await journal.commit(batchOf({ writes: rows.map((row) => ({ into: 'consumers', row })) }));
      assert.deepEqual(await journal.find('consumers'), [consumer('b', 5_000_000_000), consumer('a', 3)]);
    });

    it('add what is counted to what is there', async (t) => {
      const { journal } = await opened(t);
      const stay = (bucket: number, count: number) => ({ kind: 'k', state: 'A', bucket, count });
      const put = (...rows: Tables['stays'][]) =>
        journal.commit(batchOf({ writes: rows.map((row) => ({ into: 'stays', row })) }));
      await put(stay(1, 2), stay(2, 5));
      await put(stay(1, 3));
      assert.deepEqual(await journal.find('stays'), [stay(2, 5), stay(1, 5)]);
    });

    it('give each row back as it was written', async (t) => {
      const { journal } = await opened(t);
      const rows: { [T in keyof Tables]: Tables[T] } = {
        idempotency: { service: 's', key: 'k', body_hash: 'h', command_id: 'c', created_at: 1_700_000_000_000 },
        ledger: attempt('c', 'UNKNOWN'),
        artifacts: {
          id: 'a',
          command_id: null,
          kind: 'screenshot',
          media_type: 'image/png',
          sha256: 'f',
          size: 3_000_000_000,
          created_at: 2,
          account_id: 'ann'
        },
        actions: actionRow('c', 'COMMENT_CREATE', { extracted: '{"a":1}' }),
        audit: auditRow(7, { detail: '{"a":"\\u0000"}' }),
        posts: { ...seenRow('p'), author: null, text: 'hi', stats: '{"likes":1}' },
        post_stats: { post_id: 'p', command_id: 'c', stats: '{"likes":1}', created_at: 7 },
        dm_threads: { ...seenRow('t'), partner: 'bob', last_message: null, unread: 2 },
        sora_drafts: { ...seenRow('d'), prompt: 'A boat', state: null },
        sora_usage: { command_id: 'c', platform: 'p', account_id: null, figures: '{"videos":1}', created_at: 8 },
        audit_marks: { name: 'head', seq: 5_000_000_000, hash: 'f' },
        moves: { kind: 'k', version: 'v', from_state: 'A', to_state: 'B', event: 'e', count: 3 },
        stays: { kind: 'k', state: 'A', bucket: 7, count: 3 },
        flows: { name: 'f', version: 2, body: '{"a":"\\u0000"}', created_at: 3 },
        selector_sweeps: {
          platform: 'p',
          name: 'n',
          command_id: 'c',
          swept_at: 5,
          state: 'healed',
          selector: null,
          likeness: 0.75,
          tried: '[]'
        },
        tokens: {
          id: 't',
          sha256: 'e',
          service: 's',
          scopes: '["admin"]',
          created_at: 4,
          expires_at: null,
          revoked_at: 1_800_000_000_000,
          accounts: '["ada"]'
        },
        accounts: {
          platform: 'x',
          account_id: 'ann',
          home: null,
          logged_in: '["#me"]',
          created_at: 1,
          updated_at: 2
        },
        profiles: {
          platform: 'x',
          account_id: 'ann',
          state: 'saved',
          key_id: 'k1',
          origins: '["https://x.com"]',
          cookies: 3,
          bytes: 2_000_000,
          saved_at: 1_700_000_000_000,
          proved_at: null,
          expired_at: null
        },
        profile_bodies: { platform: 'x', account_id: 'ann', key_id: 'k1', nonce: 'bm9uY2U=', ciphertext: 'Y2lwaGVy' },
        consumers: { service: 's', name: 'n', cursor: 7, updated_at: 5 },
        machines: { kind: 'k', version: 'v', label: null, definition: '{"a":"\\u0000"}', first_seen_at: 6 }
      };
      await journal.commit(batchOf({ writes: Object.entries(rows).map(([into, row]) => ({ into, row }) as never) }));
      for (const [table, row] of Object.entries(rows)) {
        assert.deepEqual(await journal.find(table as keyof Tables, row), [row], table);
      }
    });

    it('are searched by equality, null included, newest first, so many', async (t) => {
      const { journal } = await opened(t);
      const artifact = (id: string, command_id: string | null) =>
        ({ id, command_id, kind: 'screenshot', media_type: 'image/png', sha256: id, size: 1, created_at: 1 }) as const;
      const rows = [artifact('1', 'c'), artifact('2', null), artifact('3', 'c'), artifact('4', 'd')];
      await journal.commit(batchOf({ writes: rows.map((row) => ({ into: 'artifacts', row })) }));
      const found = async (where: Where<'artifacts'>, limit?: number) =>
        (await journal.find('artifacts', where, limit)).map((row) => row.id);
      assert.deepEqual(await found({}), ['4', '3', '2', '1']);
      assert.deepEqual(await found({ command_id: 'c' }), ['3', '1']);
      assert.deepEqual(await found({ command_id: 'c' }, 1), ['3']);
      assert.deepEqual(await found({ command_id: null }), ['2']);
      assert.deepEqual(await found({ command_id: 'c', sha256: '1' }), ['1']);
      assert.deepEqual(await found({ command_id: ['d', 'c'] }), ['4', '3', '1']);
      assert.deepEqual(await found({ command_id: ['c', 'd'], id: ['2', '3'] }), ['3']);
      assert.deepEqual(await found({ command_id: [] }), []);
      assert.deepEqual(await found({ id: undefined } as never, 1), ['4']);
      await assert.rejects(journal.find('artifacts', { '1=1 --': 1 } as never), code('QUERY_INVALID'));
    });
  });

  describe(`${name}: lists of rows`, () => {
    const put = (journal: Journal, ...rows: Tables['actions'][]) =>
      journal.commit(batchOf({ writes: rows.map((row) => ({ into: 'actions', row })) }));
    const names = (page: { items: Tables['actions'][] }) => page.items.map((row) => row.name);

    it('are newest first, and a row that is written again keeps its place and what it was first', async (t) => {
      const { journal } = await opened(t);
      await put(journal, actionRow('c', 'A', { created_at: 1 }), actionRow('c', 'B', { created_at: 2 }));
      await put(journal, actionRow('c', 'A', { created_at: 9, platform: 'other', outcome: 'VERIFIED', attempts: 2 }));
      const { items } = await journal.list('actions');
      assert.deepEqual(items, [
        actionRow('c', 'B', { created_at: 2 }),
        actionRow('c', 'A', { created_at: 1, outcome: 'VERIFIED', attempts: 2 })
      ]);
    });

    it('are walked without repeat or gap while rows come and change, also in the same millisecond', async (t) => {
      const { journal } = await opened(t);
      const all = Array.from({ length: 25 }, (_, i) => actionRow('c', `A${i}`, { created_at: Math.floor(i / 10) }));
      await put(journal, ...all);
      const seen: string[] = [];
      for (let page: string | null | undefined; page !== null; ) {
        const answer = await journal.list('actions', { limit: 4, ...(page === undefined ? {} : { page }) });
        seen.push(...names(answer));
        page = answer.next;
        const changed = { ...(all[seen.length % 25] as Tables['actions']), outcome: 'VERIFIED' } as const;
        await put(journal, actionRow('new', `N${seen.length}`, { created_at: 5 + seen.length }), changed);
      }
      assert.deepEqual(seen, all.map((row) => row.name).reverse());
    });

    it('are narrowed by what is equal to one or any of several, and by when they began', async (t) => {
      const { journal } = await opened(t);
      await put(
        journal,
        actionRow('c1', 'A', { account_id: 'ann', outcome: 'UNKNOWN', created_at: 1 }),
        actionRow('c2', 'A', { account_id: 'bob', created_at: 2 }),
        actionRow('c3', 'B', { account_id: 'ann', created_at: 3 }),
        actionRow('c4', 'B', { created_at: 4 })
      );
      const found = async (query: RowQuery<'actions'>) =>
        (await journal.list('actions', query)).items.map((row) => row.command_id);
      assert.deepEqual(await found({ where: { account_id: 'ann' } }), ['c3', 'c1']);
      assert.deepEqual(await found({ where: { account_id: ['bob', 'ann'] } }), ['c3', 'c2', 'c1']);
      assert.deepEqual(await found({ where: { account_id: ['ann'], name: 'A', outcome: ['UNKNOWN'] } }), ['c1']);
      assert.deepEqual(await found({ where: { name: 'B' }, createdSince: 4 }), ['c4']);
      assert.deepEqual(await found({ createdSince: 2, where: { platform: 'x' } }), ['c4', 'c3', 'c2']);
      assert.deepEqual(await found({ where: { account_id: [] } }), []);
    });

    it('refuse a column that no index walks, a page of another list, and a limit that is none', async (t) => {
      const { journal } = await opened(t);
      await put(journal, actionRow('c', 'A'), actionRow('c', 'B'));
      await assert.rejects(journal.list('actions', { where: { why: 'x' } }), code('QUERY_INVALID'));
      await assert.rejects(journal.list('actions', { limit: 0 }), code('QUERY_INVALID'));
      const { next } = await journal.list('actions', { limit: 1 });
      assert.ok(next);
      await assert.rejects(journal.list('actions', { page: next, where: { name: 'A' } }), code('QUERY_INVALID'));
      await assert.rejects(journal.list('actions', { page: 'nope' }), code('QUERY_INVALID'));
    });
  });

  describe(`${name}: the audit log`, () => {
    const put = (journal: Journal, ...rows: Tables['audit'][]) =>
      journal.commit(batchOf({ writes: rows.map((row) => ({ into: 'audit', row })) }));
    const seqs = (rows: { seq: number }[]) => rows.map(({ seq }) => seq);

    it('is read in order, and written over by nobody', async (t) => {
      const { journal } = await opened(t);
      await put(journal, auditRow(1), auditRow(2), auditRow(3));
      assert.deepEqual(seqs(await journal.readAudit(0, 2)), [1, 2]);
      assert.deepEqual(seqs(await journal.readAudit(2, 2)), [3]);
      await assert.rejects(put(journal, auditRow(2, { outcome: 'other' })));
      assert.deepEqual(await journal.readAudit(1, 1), [auditRow(2)]);
    });

    it('goes from its beginning on, a slice at a time, and where it was cut is kept', async (t) => {
      const { journal } = await opened(t);
      await put(journal, ...[1, 2, 3, 4, 5].map((seq) => auditRow(seq)));
      assert.deepEqual(await journal.auditBefore(auditRow(4).created_at), { seq: 3, hash: 'hash 3' });
      assert.equal(await journal.auditBefore(0), null);
      const first = await journal.prune({ auditThrough: 3 }, 2);
      assert.deepEqual([first.audit, first.more], [2, true]);
      const second = await journal.prune({ auditThrough: 3 }, 2);
      assert.deepEqual([second.audit, second.more], [1, false]);
      assert.deepEqual(seqs(await journal.readAudit(0, 9)), [4, 5]);
      assert.deepEqual(await journal.find('audit_marks'), [{ name: 'checkpoint', seq: 3, hash: 'hash 3' }]);
    });
  });

  describe(`${name}: what goes`, () => {
    const T = 1_700_000_000_000;
    /** All slices of it. */
    const pruneAll = async (journal: Journal, limits: RetentionLimits, slice = 2) => {
      const sum = { events: 0, actors: [] as string[], keys: 0, files: [] as string[], tokens: 0, slices: 0 };
      for (let more = true; more; sum.slices++) {
        const pruned = await journal.prune(limits, slice);
        assert.ok(pruned.events <= slice && pruned.actors.length <= slice, 'no more than a slice');
        sum.events += pruned.events;
        sum.actors.push(...pruned.actors);
        sum.keys += pruned.keys;
        sum.files.push(...pruned.files);
        sum.tokens += pruned.tokens;
        more = pruned.more;
      }
      return sum;
    };

    it('is the tail of the log by count, a slice at a time', async (t) => {
      const { journal } = await opened(t);
      await journal.commit(batchOf({ events: eventsFrom(1, 10) }));
      assert.deepEqual(await journal.prune({ keep: 4 }, 4), {
        events: 4,
        actors: [],
        keys: 0,
        files: [],
        tokens: 0,
        audit: 0,
        more: true
      });
      assert.deepEqual(await journal.bounds(), { tail: 5, head: 10 });
      assert.equal((await pruneAll(journal, { keep: 4 })).events, 2);
      assert.deepEqual(await journal.bounds(), { tail: 7, head: 10 });
      assert.equal((await pruneAll(journal, { keep: 4 })).events, 0);
      assert.deepEqual(await cursors(journal, 0, 3), { cursors: [7, 8, 9], scannedTo: 9 });
      await journal.commit(batchOf({ events: eventsFrom(11, 1) }));
      assert.deepEqual(await journal.bounds(), { tail: 7, head: 11 });
    });

    it('is the tail of the log by age, whichever limit takes more', async (t) => {
      const { journal } = await opened(t);
      await journal.commit(batchOf({ events: eventsFrom(1, 10) }));
      assert.equal((await pruneAll(journal, { before: T + 1 })).events, 0);
      assert.equal((await pruneAll(journal, { before: T + 4, keep: 9 })).events, 3);
      assert.equal((await pruneAll(journal, { before: T + 5, keep: 2 })).events, 5);
      assert.deepEqual(await journal.bounds(), { tail: 9, head: 10 });
    });

    it('is never the newest row, so that no cursor comes again, also after a restart', async (t) => {
      const { home, journal } = await opened(t);
      assert.equal((await pruneAll(journal, { before: T * 2, keep: 0 })).events, 0);
      await journal.commit(batchOf({ events: eventsFrom(1, 5) }));
      assert.equal((await pruneAll(journal, { before: T * 2, keep: 0 })).events, 4);
      assert.deepEqual(await journal.bounds(), { tail: 5, head: 5 });
      await journal.close();
      const again = home.journal();
      const { head } = await again.open();
      t.after(() => again.close());
      assert.equal(head, 5);
      await assert.rejects(again.commit(batchOf({ events: eventsFrom(1, 1) })));
      await again.commit(batchOf({ events: eventsFrom(6, 1) }));
    });

    it('is what lies before an old event, whatever a moved clock has written on it', async (t) => {
      const { journal } = await opened(t);
      const times = [T + 9e9, T + 9e9, T + 1, T + 2, T + 50, T + 60];
      await journal.commit(batchOf({ events: times.map((emittedAt, i) => eventAt(i + 1, { emittedAt })) }));
      assert.equal((await pruneAll(journal, { before: T + 40 })).events, 4);
    });

    it('is who has ended long ago, with the keys and artifacts of commands; who lives stays', async (t) => {
      const { journal } = await opened(t);
      const ended = (address: string, updatedAt: number) => actorOf(address, { status: 'done', updatedAt });
      const artifact = (id: string, command_id: string | null, sha256: string, created_at = T): Put => ({
        into: 'artifacts',
        row: { id, command_id, kind: 'screenshot', media_type: 'image/png', sha256, size: 1, created_at }
      });
      const key = (command_id: string): Put => ({
        into: 'idempotency',
        row: { service: 's', key: `k-${command_id}`, body_hash: 'h', command_id, created_at: T }
      });
      const attempt: Put = {
        into: 'ledger',
        row: { dedupe_key: 'd', command_id: 'old', action: 'A', effect_id: null, state: 'VERIFIED', updated_at: 1 }
      };
      await journal.commit(
        batchOf({
          actors: [
            actorOf('command/living', { updatedAt: T }),
            ended('command/old', T + 1),
            ended('session/old', T + 2),
            { ...ended('command/broken', T + 3), status: 'error' },
            ended('command/new', T + 10)
          ],
          writes: [
            ...['old', 'new', 'living'].map(key),
            artifact('1', 'old', 'aa'),
            artifact('2', 'old', 'shared'),
            artifact('3', 'new', 'shared'),
            artifact('4', null, 'bb'),
            artifact('5', null, 'cc', T + 10),
            artifact('6', 'session/old', 'dd'),
            attempt
          ]
        })
      );
      const { slices, ...gone } = await pruneAll(journal, { before: T + 5 });
      gone.files.sort();
      assert.deepEqual(gone, {
        events: 0,
        actors: ['command/old', 'session/old', 'command/broken'],
        keys: 1,
        files: ['aa', 'bb'],
        tokens: 0
      });
      assert.ok(slices > 1);
      assert.deepEqual(await ids(journal, {}), ['new', 'living']);
      assert.equal((await journal.loadActors(['command/old'])).length, 0);
      assert.deepEqual(
        (await journal.find('idempotency')).map((row) => row.command_id),
        ['living', 'new']
      );
      assert.deepEqual(
        (await journal.find('artifacts')).map((row) => row.id),
        ['6', '5', '3']
      );
      assert.equal((await journal.find('ledger')).length, 1, 'why nothing is done twice is never forgotten');
      assert.deepEqual((await pruneAll(journal, { keep: 0 })).actors, [], 'a count is of events alone');
    });

    it('is a token that has been over for long', async (t) => {
      const { journal } = await opened(t);
      const token = (id: string, expires_at: number | null, revoked_at: number | null): Put => ({
        into: 'tokens',
        row: { id, sha256: id, service: 's', scopes: '[]', created_at: 1, expires_at, revoked_at, accounts: null }
      });
      await journal.commit(
        batchOf({
          writes: [token('good', null, null), token('late', 5, null), token('revoked', null, 4), token('soon', 9, null)]
        })
      );
      assert.equal((await pruneAll(journal, { before: 8 })).tokens, 2);
      assert.deepEqual(
        (await journal.find('tokens')).map((row) => row.id),
        ['soon', 'good']
      );
    });

    it('leaves commits their turn: a slice and a commit never share a transaction', async (t) => {
      const { journal } = await opened(t);
      await journal.commit(batchOf({ events: eventsFrom(1, 50) }));
      const commits = Array.from({ length: 20 }, (_, i) => journal.commit(batchOf({ events: eventsFrom(51 + i, 1) })));
      const prunes = Array.from({ length: 10 }, () => journal.prune({ keep: 10 }, 5));
      await Promise.all([...commits, ...prunes]);
      assert.deepEqual(await journal.bounds(), { tail: 51, head: 70 });
      assert.ok((await journal.vacuum(1_000_000)).freeBytes >= 0);
      assert.equal((await journal.readEvents(0, 100)).rows.length, 20);
    });
  });

  describe(`${name}: its life`, () => {
    it('is closed twice without harm, and takes nothing after', async (t) => {
      const { journal } = await opened(t);
      const last = journal.commit(batchOf({ events: eventsFrom(1, 1) }));
      await Promise.all([journal.close(), journal.close()]);
      await last;
      await journal.close();
      await assert.rejects(journal.commit(batchOf({ events: eventsFrom(2, 1) })), code('JOURNAL_UNAVAILABLE'));
      await assert.rejects(journal.readEvents(0, 1), code('JOURNAL_UNAVAILABLE'));
      assert.equal((await journal.probe()).ok, false);
    });

    it('takes nothing before it is open', async (t) => {
      const home = await makeHome(t);
      const journal = home.journal();
      await assert.rejects(journal.commit(batchOf({})), code('JOURNAL_UNAVAILABLE'));
      await journal.close();
    });

    it('says that a write would work', async (t) => {
      const { journal } = await opened(t);
      assert.deepEqual(await Promise.all([journal.probe(), journal.probe()]), [
        { ok: true, why: null },
        { ok: true, why: null }
      ]);
    });

    it('takes a batch of nothing', async (t) => {
      const { journal } = await opened(t);
      await journal.commit(batchOf({}));
      assert.deepEqual(await journal.bounds(), { tail: 0, head: 0 });
    });
  });
}
