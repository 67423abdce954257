/** The audit log on a real database, and what is found when somebody else writes into that. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setup } from 'xstate';
import { auditRecord, hashOf } from '../../../actors/audit/chain.ts';
import { PRUNED, verifyAudit } from '../../../actors/audit/verify.ts';
import type { ActorHost, AuditMark, Tables } from '../../../actors/host/contract.ts';
import { createEmbeddedHost } from '../../../actors/host/embedded-host.ts';
import { Connection } from '../../../actors/journal/connection.ts';
import { openSqliteJournal } from '../../../actors/journal/sqlite-journal.ts';
import { canonical } from '../../../machines/action-hash.ts';
import { hostActions } from '../../../machines/protocol.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** Leaves a record with every step; throws at `break`. */
const clerk = setup({
  types: { context: {} as { account: string | null }, events: {} as { type: 'stamp' } | { type: 'break' } },
  actions: hostActions
}).createMachine({
  id: 'clerk',
  meta: { subject: { account_id: 'account' } },
  context: ({ input }) => ({ account: (input as { account?: string }).account ?? null }),
  on: {
    stamp: {
      actions: { type: 'record', params: { into: 'audit', row: { action: 'paper.stamped', outcome: 'done' } } }
    },
    break: { target: '.BROKEN' }
  },
  initial: 'OPEN',
  states: {
    OPEN: {},
    BROKEN: {
      entry: {
        type: 'tell',
        params: () => {
          throw new Error('it fell');
        }
      }
    }
  }
});

const kinds = [{ kind: 'clerk', machine: clerk, durable: true }];

async function begun(directory: string): Promise<ActorHost> {
  const journal = openSqliteJournal({ directory, synchronous: 'OFF' });
  const host = createEmbeddedHost({ journal, kinds });
  await host.start();
  return host;
}

/** So many records, by two runs of a host. */
async function written(t: TestContext, count = 8) {
  const directory = await temporaryFolder(t);
  const first = await begun(directory);
  await first.create('clerk/a', { account: 'ann' });
  for (let i = 0; i < count / 2; i++) await first.send('clerk/a', { type: 'stamp' });
  await first.stop();
  const host = await begun(directory);
  for (let i = count / 2; i < count; i++) await host.write([], { action: 'light.switched', outcome: 'done' });
  await host.stop();
  return directory;
}

const triggersOff = 'DROP TRIGGER audit_is_not_changed; DROP TRIGGER audit_is_not_removed;';

/** What is found after these statements ran on the database of a host that is down. */
async function tampered(directory: string, sql: string, anchor?: AuditMark) {
  const database = await Connection.open(join(directory, 'journal.db'), 'read-write');
  await database.exec(triggersOff + sql);
  await database.close();
  return verified(directory, anchor);
}

async function verified(directory: string, anchor?: AuditMark) {
  const journal = openSqliteJournal({ directory, synchronous: 'OFF' });
  await journal.open();
  try {
    return await verifyAudit(journal, anchor);
  } finally {
    await journal.close();
  }
}

const rowsOf = async (directory: string): Promise<Tables['audit'][]> => {
  const database = await Connection.open(join(directory, 'journal.db'), 'read-only');
  const rows = await database.all<Tables['audit']>('SELECT * FROM audit ORDER BY seq');
  await database.close();
  return rows;
};
const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;

describe('the audit log', () => {
  it('is a chain that goes on over a restart, and anybody can compute its hashes from what is shown', async (t) => {
    const directory = await written(t);
    const records = (await rowsOf(directory)).map(auditRecord);
    assert.deepEqual(
      records.map(({ seq }) => seq),
      [1, 2, 3, 4, 5, 6, 7, 8]
    );
    let before = '0'.repeat(64);
    for (const { hash, ...content } of records) {
      assert.equal(content.prev_hash, before);
      assert.equal(createHash('sha256').update(canonical(content)).digest('hex'), hash);
      before = hash;
    }
    const { ok, checked, head } = await verified(directory);
    assert.deepEqual({ ok, checked, head }, { ok: true, checked: 8, head: { seq: 8, hash: before } });
  });

  it('has of a step what the step does not say from the actor, and a row of the event log for each record', async (t) => {
    const directory = await temporaryFolder(t);
    const host = await begun(directory);
    await host.create('clerk/a', { account: 'ann' });
    await host.send('clerk/a', { type: 'stamp' });
    await host.write([], { action: 'light.switched', outcome: 'done', service: 'janitor' });
    const [noted, stamped] = (await host.journal.list('audit')).items;
    assert.deepEqual([stamped?.subject, stamped?.account_id, stamped?.service], ['clerk/a', 'ann', null]);
    assert.deepEqual([noted?.subject, noted?.account_id, noted?.service], ['audit/main', null, 'janitor']);
    const { rows } = await host.journal.readEvents(0, 100, { event_types: ['audit.recorded'] });
    assert.deepEqual(
      rows.map(({ actorKind, payload }) => [actorKind, payload.from, payload.to, payload.record]),
      [stamped, noted].map((row) => [
        row?.subject.split('/')[0],
        'OPEN',
        'OPEN',
        { seq: row?.seq, hash: row?.hash, action: row?.action, outcome: row?.outcome }
      ])
    );
    await host.stop();
  });

  it('says of an actor whose machine threw that it did', async (t) => {
    const directory = await temporaryFolder(t);
    const host = await begun(directory);
    await host.create('clerk/a', {});
    await host.send('clerk/a', { type: 'break' });
    const [record] = (await host.journal.list('audit')).items;
    assert.deepEqual([record?.action, record?.outcome, record?.subject], ['actor.failed', 'FAILED', 'clerk/a']);
    await host.stop();
  });

  it('has nothing of what was not committed, and all of what was, in one chain', async (t) => {
    const directory = await temporaryFolder(t);
    const journal = openSqliteJournal({ directory, synchronous: 'OFF' });
    let refuses = false;
    const commit = journal.commit.bind(journal);
    journal.commit = (batch) => (refuses ? Promise.reject(new Error('the disk is full')) : commit(batch));
    const host = createEmbeddedHost({ journal, kinds });
    await host.start();
    await host.create('clerk/a', {});
    await host.send('clerk/a', { type: 'stamp' });
    refuses = true;
    await assert.rejects(host.send('clerk/a', { type: 'stamp' }));
    refuses = false;
    await Promise.all([1, 2, 3].map(() => host.send('clerk/a', { type: 'stamp' })));
    const found = await verifyAudit(host.journal);
    assert.deepEqual([found.ok, found.checked], [true, 4]);
    await host.stop();
  });

  it('lets nobody change or remove a record, whoever has the database open', async (t) => {
    const directory = await written(t);
    const database = await Connection.open(join(directory, 'journal.db'), 'read-write');
    t.after(() => database.close());
    for (const sql of ["UPDATE audit SET service = 'other' WHERE seq = 2", 'DELETE FROM audit WHERE seq = 2']) {
      await assert.rejects(database.exec(sql), /only added to/);
    }
  });
});

describe('verifying the audit log', () => {
  const finds = async (t: TestContext, sql: string, expected: [seq: number, problem: string]) => {
    const { ok, fault } = await tampered(await written(t), sql);
    assert.equal(ok, false);
    assert.deepEqual([fault?.seq, fault?.problem], expected, fault?.detail);
  };

  it('finds a record that was changed, whichever of its fields', async (t) => {
    for (const change of [
      "service = 'other'",
      "outcome = 'other'",
      `detail = '{"a":1}'`,
      "detail = 'no JSON'",
      'created_at = created_at + 1',
      "account_id = 'bob'",
      `prev_hash = '${'f'.repeat(64)}'`,
      `hash = '${'f'.repeat(64)}'`
    ]) {
      await finds(t, `UPDATE audit SET ${change} WHERE seq = 3`, [3, 'changed']);
    }
  });

  it('finds one that was changed and hashed anew, also the last, and with all after it', async (t) => {
    for (const first of [3, 8]) {
      for (const through of [first, 8]) {
        const directory = await written(t);
        let sql = '';
        let before: string | undefined;
        for (const row of (await rowsOf(directory)).filter(({ seq }) => seq >= first && seq <= through)) {
          const changed = {
            ...row,
            outcome: row.seq === first ? 'other' : row.outcome,
            prev_hash: before ?? row.prev_hash
          };
          before = hashOf(changed);
          sql += `UPDATE audit SET outcome = '${changed.outcome}', prev_hash = '${changed.prev_hash}', hash = '${before}' WHERE seq = ${row.seq};`;
        }
        // As far as it goes without the event log.
        if (through === 8) sql += `UPDATE audit_marks SET hash = '${before}' WHERE name = 'head';`;
        const { fault } = await tampered(directory, sql);
        assert.deepEqual([fault?.seq, fault?.problem], [first, 'changed'], `${first} to ${through}: ${fault?.detail}`);
      }
    }
  });

  it('finds one that is missing, whether in the middle, at the beginning or at the end', async (t) => {
    await finds(t, 'DELETE FROM audit WHERE seq = 4', [4, 'missing']);
    await finds(t, 'DELETE FROM audit WHERE seq IN (4, 6)', [4, 'missing']);
    await finds(t, 'DELETE FROM audit WHERE seq <= 2', [1, 'missing']);
    await finds(t, 'DELETE FROM audit WHERE seq >= 7', [7, 'cut']);
    await finds(t, 'DELETE FROM audit', [1, 'cut']);
  });

  it('finds a tail that was cut off together with the mark of the newest', async (t) => {
    const directory = await written(t);
    const [row] = (await rowsOf(directory)).slice(5);
    const mark = `UPDATE audit_marks SET seq = 6, hash = ${quoted(row!.hash)} WHERE name = 'head';`;
    const { fault, head } = await tampered(directory, `DELETE FROM audit WHERE seq > 6; ${mark}`);
    // All that is in the database agrees but the event log, whose rows of it go beyond.
    assert.deepEqual([fault?.seq, fault?.problem], [7, 'cut'], fault?.detail);
    assert.equal(head.seq, 6);
  });

  it('finds what was cut off everywhere in the database by what somebody kept', async (t) => {
    const directory = await written(t);
    const rows = await rowsOf(directory);
    const kept = { seq: 8, hash: rows[7]!.hash };
    assert.equal((await verified(directory, kept)).ok, true);
    const everywhere = `DELETE FROM audit WHERE seq > 6; DELETE FROM events WHERE type = 'audit.recorded';
      UPDATE audit_marks SET seq = 6, hash = '${rows[5]!.hash}' WHERE name = 'head';`;
    assert.equal((await tampered(directory, everywhere)).ok, true, 'of itself it cannot know');
    const { fault } = await verified(directory, kept);
    assert.deepEqual([fault?.seq, fault?.problem], [7, 'cut']);
    const other = await verified(directory, { seq: 5, hash: 'e'.repeat(64) });
    assert.deepEqual([other.fault?.seq, other.fault?.problem], [5, 'anchor']);
  });

  it('finds two that changed places', async (t) => {
    const swap =
      'UPDATE audit SET seq = -1 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = 5; UPDATE audit SET seq = 5 WHERE seq = -1;';
    await finds(t, swap, [3, 'changed']);
  });

  it('finds one that was put in between, at the beginning and at the end', async (t) => {
    const columns = 'created_at, action, outcome, service, token_id, subject, detail, prev_hash, hash';
    const copy = (seq: number, of: number) =>
      `INSERT INTO audit (seq, ${columns}) SELECT ${seq}, ${columns} FROM audit WHERE seq = ${of};`;
    const shift = [8, 7, 6, 5].map((seq) => `UPDATE audit SET seq = ${seq + 1} WHERE seq = ${seq};`).join('');
    await finds(t, shift + copy(5, 4), [5, 'changed']);
    await finds(t, copy(9, 8), [9, 'inserted']);
    await finds(t, copy(0, 1), [0, 'inserted']);
    // Without the event log it is seen by what comes after it.
    const quiet = "DELETE FROM events WHERE type = 'audit.recorded';";
    const directory = await written(t);
    const rows = await rowsOf(directory);
    const forged = { ...rows[3]!, seq: 5, prev_hash: rows[3]!.hash };
    const put = `${copy(5, 4)} UPDATE audit SET prev_hash = '${forged.prev_hash}', hash = '${hashOf(forged)}', account_id = ${forged.account_id === null ? 'NULL' : quoted(forged.account_id)} WHERE seq = 5;`;
    const { fault } = await tampered(directory, quiet + shift + put);
    assert.deepEqual([fault?.seq, fault?.problem], [5, 'inserted'], fault?.detail);
  });

  it('finds a mark that is gone', async (t) => {
    await finds(t, 'DELETE FROM audit_marks', [1, 'inserted']);
  });

  it('passes what retention removed, which it said before, and nothing else that is gone', async (t) => {
    const directory = await written(t);
    const host = await begun(directory);
    const rows = await rowsOf(directory);
    const through = { seq: 5, hash: rows[4]!.hash };
    await host.write([], { action: PRUNED, outcome: 'done', detail: { through: 5, hash: through.hash } });
    for (let more = true; more; ) ({ more } = await host.prune({ auditThrough: 5 }, 2));
    await host.stop();
    const { ok, checked, checkpoint } = await verified(directory);
    assert.deepEqual({ ok, checked, checkpoint }, { ok: true, checked: 4, checkpoint: through });
    const kept = await verified(directory, { seq: 2, hash: rows[1]!.hash });
    assert.deepEqual([kept.fault?.seq, kept.fault?.problem], [2, 'anchor']);
    const more = `UPDATE audit_marks SET seq = 6, hash = '${rows[5]!.hash}' WHERE name = 'checkpoint'; DELETE FROM audit WHERE seq = 6;`;
    const { fault } = await tampered(directory, more);
    assert.deepEqual([fault?.seq, fault?.problem], [6, 'removed'], fault?.detail);
  });

  it('goes on while records come', async (t) => {
    const directory = await written(t);
    const host = await begun(directory);
    let isOver = false;
    const writing = (async () => {
      while (!isOver) await host.write([], { action: 'light.switched', outcome: 'done' });
    })();
    for (let i = 0; i < 5; i++) assert.equal((await verifyAudit(host.journal)).fault, null);
    isOver = true;
    await writing;
    await host.stop();
  });
});
