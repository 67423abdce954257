import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { ProcessLedger } from '../../../actors/driver/ledger.ts';
import { endGroup, signalGroup, spawnGroup } from '../../../actors/driver/process-group.ts';
import { groupMembers, identify, isSame } from '../../../actors/process/identity.ts';
import { isControlError } from '../../../schemas/errors.ts';

const where = { slot: 'slot-1', stage: 'test' };
const WAITS = 'setInterval(() => {}, 60000);';
const DEAF = `process.on('SIGTERM', () => {}); console.log('deaf'); ${WAITS}`;

function ledgerIn(t: TestContext): ProcessLedger {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-ledger-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return new ProcessLedger(join(folder, 'processes'));
}

async function group(t: TestContext, script = WAITS) {
  const leader = await spawnGroup(where, process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] });
  t.after(() => signalGroup(leader.pid, 'SIGKILL'));
  return leader;
}

describe('a process group', () => {
  it('dies with all its members', async (t) => {
    const parent = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(WAITS)}]); console.log('up'); ${WAITS}`;
    const leader = await group(t, parent);
    await once(leader.child.stdout!, 'data');
    assert.equal(groupMembers(leader.pid).length, 2);
    assert.deepEqual(await endGroup(leader.pid), []);
    assert.deepEqual(groupMembers(leader.pid), []);
  });

  it('is killed when it does not take SIGTERM', async (t) => {
    const leader = await group(t, DEAF);
    await once(leader.child.stdout!, 'data');
    assert.deepEqual(await endGroup(leader.pid, { graceMs: 100 }), []);
    assert.equal((await leader.ended).signal, 'SIGKILL');
  });

  it('is ended when it is stopped, too', async (t) => {
    const leader = await group(t);
    process.kill(leader.pid, 'SIGSTOP');
    assert.deepEqual(await endGroup(leader.pid), []);
  });

  it('is never number 0 or 1, which mean everybody', () => {
    for (const wrong of [0, 1, -5, Number.NaN]) assert.throws(() => signalGroup(wrong, 'SIGTERM'), RangeError);
  });

  it('says which program could not be run', async () => {
    await assert.rejects(spawnGroup(where, '/no/such/program', [], {}), (error) => {
      assert.ok(isControlError(error, 'DRIVER_NOT_STARTED'));
      assert.match(error.message, /no\/such\/program/);
      return true;
    });
  });
});

describe('the process ledger', () => {
  it('ends what it names, and forgets it', async (t) => {
    const ledger = ledgerIn(t);
    const leader = await group(t);
    ledger.record(leader.pid, 'slot-1', 'browser');
    const { killed, left } = await ledger.sweep();
    assert.deepEqual([killed.map(({ pid }) => pid), left], [[leader.pid], []]);
    assert.deepEqual(ledger.entries(), []);
  });

  it('spares a process that only has the pid of one it names', async (t) => {
    const ledger = ledgerIn(t);
    const leader = await group(t);
    const entry = ledger.record(leader.pid, 'slot-1', 'browser')!;
    const other = { ...entry, startedAt: 'another boot/1' };
    writeFileSync(join(ledger.folder, `${leader.pid}.json`), JSON.stringify(other));
    assert.deepEqual((await ledger.sweep()).killed, []);
    ledger.sweepNow();
    assert.ok(isSame(entry), 'still there');
    assert.deepEqual(ledger.entries(), [], 'and its entry is not kept');
  });

  it('takes no harm from a file that is no entry', async (t) => {
    const ledger = ledgerIn(t);
    writeFileSync(join(ledger.folder, '1.json'), '{"pid":1,"startedAt":"x","group":1}');
    writeFileSync(join(ledger.folder, '2.json'), '{"pid":');
    assert.deepEqual(ledger.entries(), []);
    assert.deepEqual((await ledger.sweep()).killed, []);
    assert.equal(readdirSync(ledger.folder).length, 2);
  });

  it('sweeps one slot, or some roles of it, and leaves the others', async (t) => {
    const ledger = ledgerIn(t);
    const [appium, browser, other] = [await group(t), await group(t), await group(t)];
    ledger.record(appium.pid, 'slot-1', 'appium');
    ledger.record(browser.pid, 'slot-1', 'browser');
    ledger.record(other.pid, 'slot-2', 'browser');
    await ledger.sweep({ slot: 'slot-1', roles: ['driver', 'browser'] });
    assert.deepEqual(
      ledger
        .entries()
        .map(({ pid }) => pid)
        .sort(),
      [appium.pid, other.pid].sort()
    );
  });

  it('knows a process that has ended from one that lives', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    const { pid } = child;
    const identity = identify(pid!)!;
    assert.equal(identity.command.split(' ')[0], process.execPath);
    await once(child, 'exit');
    assert.equal(identify(pid!), undefined);
    assert.equal(isSame(identity), false);
  });
});
