import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { type Site, startSite } from '../site/site.ts';
import { type Manager, startManager } from '../support/manager.ts';
import { noneLeft, processesOf } from '../support/processes.ts';
import { bootOf } from './log.ts';
import { comment, needsBrowser, stillWorks, strangersTo, VISITOR } from './stage.ts';

/** Run in the manager before its own code: a fault of ours, when a test wants one. */
const FAULT = `data:text/javascript,${encodeURIComponent("process.on('SIGUSR2', () => { throw new Error('a bug'); })")}`;

describe('nothing is left running', needsBrowser(), () => {
  const data = mkdtempSync(join(tmpdir(), 'troupe-test-'));
  let undo: (() => unknown)[] = [];
  let site: Site;
  let manager: Manager;
  let rounds = 0;
  const start = async () => {
    const env = { NODE_OPTIONS: `--import=${FAULT}` };
    manager = await startManager({ after: (fn) => undo.push(fn) }, { data, driver: 'safari', env });
  };
  /** With a browser that has just done something. */
  async function works() {
    rounds += 1;
    await stillWorks({ site, manager }, `round ${rounds}`);
    assert.deepEqual(strangersTo(manager), []);
    return processesOf(data);
  }
  /** An X server, Appium, the driver executable, WebKitWebDriver and a browser of several processes. */
  const roles = [/Xvfb/, /appium/, /safaridriver/, /WebKitWebDriver/, /MiniBrowser/, /WebKitWebProcess/];

  before(async () => {
    site = await startSite({ visitor: VISITOR });
  });
  beforeEach(start);
  afterEach(async () => {
    for (const end of undo.reverse()) await end();
    undo = [];
  });
  after(async () => {
    await site?.close();
    rmSync(data, { recursive: true, force: true });
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`after ${signal} with a browser open, which ends with 0`, async () => {
      const running = await works();
      for (const role of roles)
        assert.ok(
          running.some(({ command }) => role.test(command)),
          String(role)
        );
      assert.deepEqual(await manager.kill(signal), { code: 0, signal: null });
      assert.deepEqual(processesOf(data), []);
    });
  }

  it('after SIGTERM while a browser is being opened', async () => {
    const stream = await manager.subscribe({ cursor: await bootOf(manager), filters: { actor_kinds: ['driver'] } });
    await manager.send(comment(site, { text: 'too late' }));
    await stream.until((frame) => frame.type === 'event' && frame.event.payload.to.includes('slot.OPENING'));
    await manager.stop();
    assert.deepEqual(processesOf(data), []);
  });

  it('after an error that nobody caught, which ends with 1 and says so', async () => {
    await works();
    assert.deepEqual(await manager.kill('SIGUSR2'), { code: 1, signal: null });
    assert.match(manager.output(), /fault of ours: Error: a bug/);
    await noneLeft(data);
    await start();
    await works();
  });

  it('of a process that crashed without a word, once there is another', async (t) => {
    const left = await works();
    assert.deepEqual(await manager.kill('SIGSEGV'), { code: null, signal: 'SIGSEGV' });
    const orphans = processesOf(data);
    t.diagnostic(`${orphans.length} of ${left.length} processes outlived it`);
    assert.ok(orphans.length > 0, 'there was nothing to clean up');
    await start();
    await works();
    await manager.stop();
    await noneLeft(data);
  });
});
