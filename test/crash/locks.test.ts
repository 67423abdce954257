import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import sqlite3 from 'sqlite3';
import { Arena, seedOf } from './arena.ts';
import { Troupe } from './process.ts';

describe('a data directory', () => {
  it('that a living process has is refused to the next, and a dead one leaves it', async (t) => {
    const arena = await Arena.open(t, seedOf(t));
    await arena.troupe.started();
    const second = new Troupe(t, { data: arena.troupe.data });
    const pid = arena.troupe.life.child.pid;
    const said = await second.refused('DATA_DIR_IN_USE', [
      new RegExp(`in use by process ${pid}, started 20`),
      /stop it/
    ]);
    t.diagnostic(said.trim());
    await arena.goesOn();
    await arena.troupe.kill();
    arena.kills.add('with the lock in its hand');

    const lock = join(arena.troupe.data, 'troupe.lock');
    assert.ok(existsSync(lock), 'a killed process leaves its lock');
    const left: Record<string, string | null> = {
      'of the one that was killed': null,
      // This process lives, and has not taken it: the number was given again after a reboot.
      'of a number that another process has now': JSON.stringify({
        pid: process.pid,
        start: '1',
        since: 'x',
        nonce: 'y'
      }),
      'cut short': '{"pid":',
      empty: '',
      'of nobody': JSON.stringify({ pid: -1 })
    };
    for (const [how, content] of Object.entries(left)) {
      if (content !== null) writeFileSync(lock, content);
      await arena.troupe.started();
      await arena.troupe.kill();
      arena.kills.add('with the lock in its hand');
      t.diagnostic(`a lock ${how}: taken over`);
    }
    await arena.troupe.started();
    const locks = readdirSync(arena.troupe.data).filter((name) => name.startsWith('troupe.lock'));
    assert.deepEqual(locks, ['troupe.lock'], 'nothing is left of taking over');
    await arena.judge(t, 'a lock of a living process: refused; of a dead one, of another, cut or empty: taken over');
  });

  it('whose database another program holds locked says so, keeps its promises, and goes on', async (t) => {
    const arena = await Arena.open(t, seedOf(t));
    await arena.troupe.started();
    await arena.goesOn();
    const other = new sqlite3.Database(join(arena.troupe.data, 'journal.db'), sqlite3.OPEN_READWRITE);
    const run = (sql: string) =>
      new Promise<void>((resolve, reject) => other.exec(sql, (error) => (error ? reject(error) : resolve())));
    t.after(() => new Promise((resolve) => other.close(resolve)));
    await run('PRAGMA busy_timeout = 60000; BEGIN IMMEDIATE');
    const ready = await arena.askUntil('GET', '/ready', (status) => status === 503);
    const { checks } = ready.body as { checks: { name: string; state: string; why: string }[] };
    const database = checks.find(({ name }) => name === 'database')!;
    assert.equal(database.state, 'down', JSON.stringify(checks));
    assert.match(database.why, /locked|no answer/);
    assert.equal((await arena.ask('GET', '/v1/events?limit=10')).status, 200);

    await arena.troupe.kill();
    arena.kills.add('while its database is locked');
    const said = await arena.troupe.refused('DATA_DIR_UNWRITABLE', [
      /journal\.db/,
      /locked/,
      /another process holds it/
    ]);
    t.diagnostic(said.trim());
    await run('ROLLBACK');
    await arena.troupe.started();
    await arena.goesOn();
    await arena.judge(
      t,
      'a database that another program holds locked: /ready 503, the start is refused, then goes on'
    );
  });
});
