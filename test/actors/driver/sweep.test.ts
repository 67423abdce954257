import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { createDrivers } from '../../../actors/driver/drivers.ts';
import { ProcessLedger } from '../../../actors/driver/ledger.ts';
import { browserMissing, eventually } from './stage.ts';

/** A manager with an open browser, in a process of its own. */
async function manager(t: TestContext): Promise<{ dataDir: string; child: ChildProcess; ledger: ProcessLedger }> {
  const dataDir = mkdtempSync(join(tmpdir(), 'troupe-killed-'));
  const ledger = new ProcessLedger(join(dataDir, 'processes'));
  const program = new URL('killed-manager.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, ['--import', 'tsx', program, dataDir], {
    stdio: ['ignore', 'pipe', 'inherit']
  });
  t.after(async () => {
    child.kill('SIGKILL');
    await ledger.sweep({ graceMs: 0 });
    rmSync(dataDir, { recursive: true, force: true });
  });
  const [said] = (await once(child.stdout!, 'data')) as [Buffer];
  assert.equal(String(said).trim(), 'ready');
  return { dataDir, child, ledger };
}

const programs = (ledger: ProcessLedger): string[] =>
  ledger
    .living()
    .map(({ command }) => /Xvfb|WebKitWebDriver|MiniBrowser|WebKit\w+Process|safaridriver|appium/.exec(command)?.[0])
    .filter((name) => name !== undefined)
    .sort();

describe('after kill -9', { skip: browserMissing }, () => {
  it('of the manager: Appium, driver and browser end by themselves, and the next start ends the rest', async (t) => {
    const { dataDir, child, ledger } = await manager(t);
    child.kill('SIGKILL');
    await eventually('only the X server is left', () => programs(ledger).join() === 'Xvfb');
    const swept = await createDrivers({ dataDir, environment: process.env }).start();
    assert.equal(swept, 1);
    assert.deepEqual(ledger.living(), []);
    assert.deepEqual(ledger.entries(), []);
  });

  it('of everything that could clean up: the next start ends the browser and all its processes', async (t) => {
    const { dataDir, child, ledger } = await manager(t);
    const cleaners = ledger.entries().filter(({ role }) => role === 'appium' || role === 'driver');
    assert.equal(cleaners.length, 2);
    for (const { pid } of cleaners) process.kill(pid, 'SIGSTOP'); // neither may notice the other's end
    child.kill('SIGKILL');
    for (const { pid } of cleaners) process.kill(pid, 'SIGKILL');
    await eventually('the cleaners have ended', () => !programs(ledger).includes('safaridriver'));
    for (const orphan of ['MiniBrowser', 'WebKitWebDriver', 'WebKitWebProcess', 'Xvfb']) {
      assert.ok(programs(ledger).includes(orphan), `${orphan} is orphaned: ${programs(ledger)}`);
    }
    const swept = await createDrivers({ dataDir, environment: process.env }).start();
    assert.ok(swept >= 2, String(swept));
    assert.deepEqual(ledger.living(), []);
    assert.deepEqual(ledger.entries(), []);
  });

  it('of the leader of the browser too: what lost its leader is found by its mark', async (t) => {
    const { dataDir, child, ledger } = await manager(t);
    const leaders = ledger.entries().filter(({ role }) => role !== 'display');
    for (const { pid } of leaders) process.kill(pid, 'SIGSTOP');
    child.kill('SIGKILL');
    for (const { pid } of leaders) process.kill(pid, 'SIGKILL');
    await eventually('the leaders have ended', () => !programs(ledger).includes('WebKitWebDriver'));
    assert.ok(programs(ledger).includes('MiniBrowser'), `${programs(ledger)}`);
    await createDrivers({ dataDir, environment: process.env }).start();
    assert.deepEqual(ledger.living(), []);
  });
});
