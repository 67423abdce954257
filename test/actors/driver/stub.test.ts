import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { stubDrivers } from '../../../actors/driver/drivers.ts';
import { createEmbeddedHost } from '../../../actors/host/embedded-host.ts';
import { openSqliteJournal } from '../../../actors/journal/sqlite-journal.ts';
import { SUPERVISOR } from '../../../machines/protocol.ts';
import { sessionMachine } from '../../../machines/session.ts';

it('the stub goes through the same states, with no process', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'troupe-stub-'));
  const journal = openSqliteJournal({ directory });
  const host = createEmbeddedHost({
    journal,
    kinds: [...stubDrivers().kinds, { kind: 'session', machine: sessionMachine, durable: true }],
    roots: ({ boot }) => [{ address: SUPERVISOR, input: { slots: 1, epoch: boot } }]
  });
  t.after(async () => {
    await host.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  await host.start();
  const session = { sessionId: 'a', accountId: null, platform: 'example', browser: 'safari', device: 'desktop' };
  await host.create('session/a', { ...session, idleLimitMs: 600_000, parkLimitMs: 86_400_000 });
  assert.ok(await host.waitFor('session/a', ({ state }) => state === 'READY', { timeoutMs: 30_000 }));
  await host.send('session/a', { type: 'session.close' });
  assert.ok(await host.waitFor('driver/slot-1', ({ state }) => state === 'READY.idle', { timeoutMs: 30_000 }));
  const { rows } = await journal.readEvents(0, 100, { actor_kinds: ['driver'] });
  assert.deepEqual(
    rows.filter(({ payload }) => payload.from !== payload.to).map(({ payload }) => payload.to),
    [
      'COLD',
      'PREFLIGHT',
      'BOOTING',
      'READY.idle',
      'OPENING',
      'CONFIGURING',
      'READY.busy',
      'READY.closing',
      'READY.idle'
    ]
  );
});
