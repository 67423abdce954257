import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { stubDrivers } from '../../../actors/driver/drivers.ts';
import { createEmbeddedHost } from '../../../actors/host/embedded-host.ts';
import { openSqliteJournal } from '../../../actors/journal/sqlite-journal.ts';
import { SUPERVISOR } from '../../../machines/protocol.ts';
import { sessionMachine } from '../../../machines/session.ts';
import { isIdle, slotPath } from './stage.ts';

/** Sessions on one slot, driven by nobody. */
async function open(t: TestContext) {
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
  const session = { accountId: null, platform: 'example', browser: 'safari', device: 'desktop' };
  const limits = { idleLimitMs: 600_000, parkLimitMs: 86_400_000 };
  const comesTo = async (id: string, state: string) =>
    assert.ok(
      await host.waitFor(`session/${id}`, (view) => view.state === state, { timeoutMs: 60_000 }),
      `session ${id} is ${(await host.read(`session/${id}`))?.state}, not ${state}`
    );
  const create = (id: string) => host.create(`session/${id}`, { sessionId: id, ...session, ...limits });
  return { host, journal, create, comesTo };
}

it('two sessions share one browser: who has nothing to do is parked, and comes back when it has', async (t) => {
  const { host, create, comesTo } = await open(t);
  await create('a');
  await comesTo('a', 'READY');
  await create('b');
  await comesTo('b', 'READY');
  await comesTo('a', 'PARKED.resting');
  await host.send('session/a', { type: 'session.takeover' });
  await comesTo('a', 'HUMAN_DRIVING.looking');
  await comesTo('b', 'PARKED.resting');
});

it('the stub goes through the same states, with no process', async (t) => {
  const { host, journal, create, comesTo } = await open(t);
  await create('a');
  await comesTo('a', 'READY');
  await host.send('session/a', { type: 'session.close' });
  assert.ok(await host.waitFor('driver/slot-1', isIdle, { timeoutMs: 60_000 }));
  const { rows } = await journal.readEvents(0, 100, { actor_kinds: ['driver'] });
  assert.deepEqual(slotPath(rows), [
    'COLD',
    'PREFLIGHT',
    'BOOTING',
    'READY.idle',
    'OPENING',
    'CONFIGURING',
    'READY.busy',
    'READY.closing',
    'READY.idle'
  ]);
});
