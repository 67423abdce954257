/** Whether SQLite walks the index that is meant, asked of its own planner: what is quick on ten rows is so on a million. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { ActorQuery, EventFilter, TableName } from '../../../actors/host/contract.ts';
import { actorConditions, actorPlan, listedActors, selectByIds } from '../../../actors/journal/actor-search.ts';
import { Connection, type Param } from '../../../actors/journal/connection.ts';
import {
  eventPlan,
  selectStretchEnd as selectEventStretchEnd,
  selectEvents
} from '../../../actors/journal/event-search.ts';
import { findStatement } from '../../../actors/journal/find.ts';
import { idStatements } from '../../../actors/journal/id-search.ts';
import { migrate, migrations } from '../../../actors/journal/migrations.ts';
import { selectRows, selectStretchEnd } from '../../../actors/journal/newest-first.ts';
import { allAt, statesOfSql } from '../../../actors/journal/past.ts';
import { endedBefore } from '../../../actors/journal/retention.ts';
import { askable, listedTables, listingOf, rowPlan } from '../../../actors/journal/row-search.ts';
import { Params } from '../../../actors/journal/search.ts';
import { partsOf, sql } from '../../../actors/journal/statements.ts';
import { countStays, selectStays } from '../../../actors/journal/stay-search.ts';
import { actorOf, batchOf } from './samples.ts';

let database: Connection;
before(async () => {
  database = await Connection.open(':memory:', 'create');
  await migrate(database, 0, migrations());
});
after(() => database.close());

/** The planner's lines, without what it says of lists that a parameter holds. */
async function planOf({ sql, params = [] }: { sql: string; params?: Param[] }): Promise<string[]> {
  const lines = await database.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, params);
  return lines
    .map((line) => line.detail)
    .filter(
      (detail) =>
        !/^(LIST SUBQUERY|SCAN (json_each|row) VIRTUAL TABLE|CREATE BLOOM FILTER|COMPOUND|MERGE|LEFT|RIGHT|LEFT-MOST|USING|MATERIALIZE|REUSE LIST)/.test(
          detail
        )
    );
}

/** No row is met but along an index, and none is sorted. */
function assertWalks(lines: string[], index: string | RegExp, what: string) {
  assert.ok(lines.length > 0, what);
  for (const line of lines) {
    assert.doesNotMatch(line, /^SCAN|TEMP B-TREE/, `${what}: ${lines.join(' | ')}`);
    assert.match(line, typeof index === 'string' ? new RegExp(`USING (COVERING )?INDEX ${index} `) : index, what);
  }
}

const range = { after: 10, to: 1_000 };
const byRowid = /USING INTEGER PRIMARY KEY \(rowid>\? AND rowid<\?\)/;

describe('a search of the log', () => {
  const cases: [EventFilter, string | RegExp][] = [
    [{}, byRowid],
    [{ platform: 'x' }, byRowid],
    [{ actor_kinds: ['driver', 'session'] }, byRowid],
    [{ command_id: 'c' }, 'events_by_command'],
    [{ command_id: 'c', correlation_id: 'k', severity: ['info'] }, 'events_by_command'],
    [{ correlation_id: 'k', platform: 'x' }, 'events_by_correlation'],
    [{ session_id: 's', account_id: 'a' }, 'events_by_session'],
    [{ account_id: 'a', event_types: ['x', 'y'] }, 'events_by_account'],
    [{ actor_id: 'a', actor_kinds: ['driver'] }, 'events_by_actor'],
    [{ severity: ['error'] }, 'events_of_trouble'],
    [{ severity: ['warn', 'error'], platform: 'x' }, 'events_of_trouble'],
    [{ event_types: ['human.required'] }, 'events_by_type'],
    [{ event_types: ['a', 'b', 'c'], severity: ['info', 'error'] }, 'events_by_type']
  ];
  for (const [filter, index] of cases) {
    it(`by ${JSON.stringify(filter)} walks ${index instanceof RegExp ? 'the log from the cursor' : index}`, async () => {
      const plan = eventPlan(filter);
      assertWalks(await planOf(selectEvents(plan, range, 100)), index, 'rows');
      if (plan.walk) assertWalks(await planOf(selectEventStretchEnd(plan, range)), index, 'end of a stretch');
    });
  }
});

describe('a search of the actors', () => {
  const places = { after: { createdAt: 2_000, seq: 9 }, to: { createdAt: 1_000, seq: 0 } };
  const cases: [ActorQuery, string][] = [
    [{}, 'actors_by_age'],
    [{ createdSince: 5, state: 'RUNNING' }, 'actors_by_age'],
    [{ kind: 'command' }, 'actors_by_kind'],
    [{ kind: 'command', status: 'active' }, 'actors_alive'],
    [{ kind: 'command', status: 'active', version: 'v' }, 'actors_alive_by_version'],
    [{ kind: 'command', version: 'v' }, 'actors_by_kind'],
    [{ kind: 'session', resumes: true }, 'actors_resuming'],
    [{ status: 'active', account_id: 'a' }, 'actors_alive_by_account'],
    [{ status: 'active', account_id: 'a', platform: 'x' }, 'actors_alive_by_account'],
    [{ status: 'active', session_id: 's', kind: 'command' }, 'actors_alive_by_session'],
    [{ kind: 'command', status: 'done' }, 'actors_by_kind'],
    [{ kind: 'command', state: 'QUEUED' }, 'actors_by_phase'],
    [{ kind: 'command', state: ['QUEUED', 'RUNNING', 'CREATED'], createdSince: 5 }, 'actors_by_phase'],
    [{ kind: 'command', session_id: 's', state: 'QUEUED' }, 'actors_by_session'],
    [{ kind: 'session', account_id: 'a' }, 'actors_by_account'],
    [{ correlation_id: 'k', kind: 'command' }, 'actors_by_correlation'],
    [{ platform: 'x' }, 'actors_by_platform'],
    [{ kind: 'command', context: { 'envelope.type': 'flow.run' } }, 'actors_by_envelope_type'],
    [{ kind: 'command', context: { '$.envelope.type': 'flow.run', n: 1 } }, 'actors_by_envelope_type'],
    [{ kind: 'command', context: { n: 1 } }, 'actors_by_kind']
  ];
  for (const [query, index] of cases) {
    it(`by ${JSON.stringify(query)} walks ${index}`, async () => {
      const plan = actorPlan(query);
      assertWalks(await planOf(selectRows(listedActors, plan, places, 51)), index, 'rows');
      const end = await planOf(selectStretchEnd(listedActors, plan, places));
      assertWalks(end, index, 'end of a stretch');
      assert.ok(
        end.every((line) => line.includes('COVERING')),
        'no row is read to find the end of a stretch'
      );
    });
  }

  for (const query of [{ ids: ['a', 'b'] }, { kind: 'command', ids: ['a', 'b'], status: 'active' }] as ActorQuery[]) {
    it(`by ${JSON.stringify(query)} reads no more rows than ids`, async () => {
      const plan = { walk: undefined, branches: [[]], rest: actorConditions(query) };
      const [first, ...others] = await planOf(selectByIds(query, plan, places, 51));
      assert.match(first!, /^SEARCH actors USING INDEX (actors_by_id|actors_by_address) /);
      assert.deepEqual(others, ['USE TEMP B-TREE FOR ORDER BY']);
    });
  }

  it('by address, and a count by state, read an index', async () => {
    assertWalks(await planOf({ sql: sql.loadActors, params: ['[]'] }), 'actors_by_address', 'loadActors');
    assertWalks(await planOf({ sql: sql.countActors, params: ['command'] }), 'actors_by_phase', 'countActors');
    assert.deepEqual(await planOf({ sql: sql.livingVersions }), [
      'SCAN actors USING COVERING INDEX actors_alive_by_version'
    ]);
  });
});

describe('a search for long stays', () => {
  it('meets those that are too long along the index of stays', async () => {
    const states = [{ kind: 'command', state: 'QUEUED', enteredBefore: 5 }];
    for (const select of [selectStays({ states }, 51), countStays({ states })]) {
      const lines = await planOf(select);
      const walks = lines.filter((line) => line.includes('actors_alive_by_stay'));
      assert.match(
        walks.join(),
        /INDEX actors_alive_by_stay \(kind=\? AND state=\? AND (.* AND )?entered_at<\?\)/,
        lines.join(' | ')
      );
      assert.ok(!lines.some((line) => /^SCAN actors/.test(line)), lines.join(' | '));
    }
    assert.deepEqual(await planOf({ sql: sql.livingStates }), [
      'SCAN actors USING COVERING INDEX actors_alive_by_stay'
    ]);
  });
});

describe('a list of rows', () => {
  const places = { after: { createdAt: 2_000, seq: 9 }, to: { createdAt: 1_000, seq: 0 } };
  for (const table of listedTables) {
    it(`of ${table} walks an index, whatever filters come together`, async () => {
      const columns = askable(table);
      const listed = listingOf(table);
      for (let chosen = 0; chosen < 2 ** columns.length; chosen++) {
        const wanted = columns.filter((_, at) => chosen & (1 << at));
        for (const values of ['one', ['one', 'other']]) {
          const where = Object.fromEntries(wanted.map((column) => [column, values]));
          const plan = rowPlan(table, { where });
          const index = plan.walk!.index;
          const bound = plan.walk!.columns;
          const isBound = wanted.some((column) => !listed.tested?.includes(column));
          assert.equal(bound.length > 0, isBound, 'what is asked for binds the walk');
          const what = `${table} by ${wanted}`;
          assertWalks(await planOf(selectRows(listed, plan, places, 51)), index, what);
          const end = await planOf(selectStretchEnd(listed, plan, places));
          assertWalks(end, index, what);
          assert.ok(
            end.every((line) => line.includes('COVERING')),
            `${what}: no row is read to find the end of a stretch`
          );
        }
      }
    });
  }

  it('of audit records walks an index of the outcomes that are rare, and by age for those of nearly every record', () => {
    const indexOf = (...outcome: string[]) => rowPlan('audit', { where: { outcome } }).walk?.index;
    assert.equal(indexOf('refused'), 'audit_of_rare_outcome');
    assert.equal(indexOf('refused', 'FAILED'), 'audit_of_rare_outcome');
    assert.equal(indexOf('accepted'), 'audit_by_age');
    assert.equal(indexOf('refused', 'SUCCEEDED'), 'audit_by_age');
  });

  it('is not asked for by a column that no index walks', () => {
    assert.throws(() => rowPlan('actions', { where: { why: 'x' } }), { code: 'QUERY_INVALID' });
  });
});

describe('a search of a table', () => {
  const cases: [TableName, Record<string, Param>, string | RegExp][] = [
    ['idempotency', { service: 's', key: 'k' }, 'sqlite_autoindex_idempotency_1'],
    ['idempotency', { command_id: 'c' }, 'idempotency_by_command'],
    ['ledger', { dedupe_key: 'd' }, 'sqlite_autoindex_ledger_1'],
    ['ledger', { command_id: 'c' }, 'ledger_by_command'],
    ['ledger', { effect_id: 'e' }, 'ledger_by_effect'],
    ['ledger', { state: 'UNKNOWN' }, 'ledger_by_state'],
    ['ledger', { action: 'A' }, 'ledger_by_action'],
    ['artifacts', { id: 'a' }, 'sqlite_autoindex_artifacts_1'],
    ['artifacts', { sha256: 'f' }, 'artifacts_by_sha256'],
    ['flows', { name: 'f' }, 'flows_by_name'],
    ['flows', { name: 'f', version: 1 }, 'sqlite_autoindex_flows_1'],
    ['tokens', { id: 't' }, 'sqlite_autoindex_tokens_1'],
    ['tokens', { sha256: 'f' }, 'tokens_by_sha256'],
    ['tokens', { service: 's' }, 'tokens_by_service'],
    ['selector_sweeps', { platform: 'p', name: 'n' }, 'selector_sweeps_by_name'],
    ['selector_sweeps', { platform: 'p', name: 'n', command_id: 'c' }, 'sqlite_autoindex_selector_sweeps_1'],
    ['selector_sweeps', { command_id: 'c' }, 'selector_sweeps_by_command'],
    ['accounts', { platform: 'x', account_id: 'a' }, 'sqlite_autoindex_accounts_1'],
    ['accounts', { account_id: 'a' }, 'accounts_by_id'],
    ['profiles', { platform: 'x', account_id: 'a' }, 'sqlite_autoindex_profiles_1'],
    ['profiles', { account_id: 'a' }, 'profiles_by_account'],
    ['profile_bodies', { platform: 'x', account_id: 'a' }, 'sqlite_autoindex_profile_bodies_1'],
    ['consumers', { service: 's', name: 'n' }, 'sqlite_autoindex_consumers_1'],
    ['machines', { kind: 'k', version: 'v' }, 'sqlite_autoindex_machines_1']
  ];
  for (const [table, where, index] of cases) {
    it(`${table} by ${Object.keys(where).join(' and ')} walks ${index}`, async () => {
      assertWalks(await planOf(findStatement(table, where as never)), index, table);
    });
  }

  it('without a condition reads from the newest row, unsorted', async () => {
    assert.deepEqual(await planOf(findStatement('ledger', {})), ['SCAN ledger']);
  });
});

describe('a restart', () => {
  it('counts along indexes and reads the nearest timers, effects and the outbox in order', async () => {
    assertWalks(
      (await planOf({ sql: sql.living })).map((line) => line.replace(/^SCAN/, 'COUNT')),
      'actors_alive|actors_alive',
      'living'
    );
    assertWalks(
      await planOf({ sql: sql.timersAfter, params: [0, 'a/b', 't', 10] }),
      'timers_by_due',
      'timers in their order'
    );
    assertWalks(await planOf({ sql: sql.unsettled, params: [0, 10] }), /PRIMARY KEY \(rowid>\?\)/, 'effects');
    assertWalks(await planOf({ sql: sql.outbox, params: [0, '[]', 10] }), /PRIMARY KEY \(rowid>\?\)/, 'the outbox');
  });
});

describe('retention', () => {
  it('finds what has ended by its age', async () => {
    assertWalks(await planOf({ sql: endedBefore, params: [1, 10] }), 'actors_ended', 'ended actors');
    assertWalks(await planOf({ sql: sql.auditBefore, params: [1] }), 'audit_by_age', 'old audit records');
    assertWalks(await planOf({ sql: sql.readAudit, params: [1, 10] }), /PRIMARY KEY \(rowid>\?\)/, 'audit in order');
  });
});

describe('what there was', () => {
  const living =
    /SEARCH (former USING INDEX former_by_node \(node=\? AND until>\?|actors USING (COVERING )?INDEX actors_)/;
  it('is met by the nodes of its moment and by what lives, with no look at the rest of the past', async () => {
    const params = new Params();
    const all = allAt(params, { at: 5, head: 1_000_000, columns: 'kind, state', kind: 'command', ended: false });
    const lines = await planOf({ sql: all, params: params.list });
    const met = lines.filter((line) => !/^(SCAN standing|UNION ALL)/.test(line));
    assert.equal(met.length, 2, lines.join(' | '));
    for (const line of met) assert.match(line, living);
  });

  it('of one actor is met from its cursor on', async () => {
    const lines = await planOf({ sql: statesOfSql, params: ['[]', 5] });
    const former = lines.filter((line) => /former|whole/.test(line));
    assert.equal(former.length, 2, lines.join(' | '));
    for (const line of former) assert.match(line, /former_by_address \(address=\? AND until>\?/);
  });
});

describe('a commit', () => {
  it('finds what it changes by key', async () => {
    const batch = batchOf({
      actors: [actorOf('command/c')],
      timers: { set: [], cleared: [{ address: 'a/b', id: 't' }] },
      effects: { declared: [], settled: ['e'] },
      tells: { sent: [], consumed: ['t'] }
    });
    const changing = partsOf(batch).filter((part) => !part.sql.startsWith('INSERT'));
    assert.equal(changing.length, 5);
    for (const part of changing) {
      const lines = await planOf({ sql: part.sql, params: ['[]'] });
      assertWalks(
        lines,
        /^SEARCH \w+ USING (COVERING )?(INDEX (sqlite_autoindex_\w+|actors_by_address)|PRIMARY KEY) \(/,
        part.sql
      );
    }
  });
});

describe('a search by the beginning of an id', () => {
  const index: Record<keyof typeof idStatements, RegExp> = {
    actors: /INDEX actors_by_id /,
    artifacts: /artifacts USING INDEX sqlite_autoindex_artifacts_1 \(id>|actors USING INDEX actors_by_address /,
    events: /INDEX events_by_id_head \(<expr>>\? AND <expr><\?\)/,
    atCursor: /INTEGER PRIMARY KEY \(rowid=\?\)/,
    correlations: /INDEX actors_by_correlation \(correlation_id>/,
    accounts: /INDEX actors_by_account \(account_id>/,
    keptAccounts: /INDEX accounts_by_id \(account_id>/
  };
  for (const [name, sql] of Object.entries(idStatements)) {
    it(`among ${name} walks an index from where it begins`, async () => {
      const params = name === 'atCursor' ? [1] : ['a', 'b', 5];
      const lines = (await planOf({ sql, params })).filter(
        (line) => !/^(SCAN found|SETUP|RECURSIVE|CO-ROUTINE|(CORRELATED )?SCALAR)/.test(line)
      );
      const met = lines.filter((line) => !/^SCAN \(?subquery|^USE TEMP B-TREE FOR DISTINCT/.test(line));
      assert.ok(met.length > 0, lines.join(' | '));
      for (const line of met) assert.match(line, index[name as keyof typeof idStatements], lines.join(' | '));
    });
  }
});
