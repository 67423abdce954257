import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { ManagerNotStarted, runTroupe, startManager } from './manager.ts';
import { killAllOf, noneLeft, processesOf } from './processes.ts';

const folder = (t: TestContext) => {
  const path = mkdtempSync(join(tmpdir(), 'troupe-test-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
};

describe('the program, as tests start it', () => {
  it('comes up, answers, streams a command to its end, and goes with nothing left', async (t) => {
    const manager = await startManager(t);
    assert.equal((await manager.request('GET', '/health')).status, 200);
    assert.equal((await manager.request('GET', '/v1/flows', undefined, { authorization: '' })).status, 401);
    const stream = await manager.subscribe({ cursor: '0' });
    const { command_id } = await manager.send({
      target: { platform: 'example', account_id: 'alice' },
      payload: { flow: 'comment_on_post', params: { post_url: 'http://127.0.0.1:9/post/1', text: 'hello' } }
    });
    const view = await manager.commandEnd(command_id);
    assert.equal(view.state, 'SUCCEEDED', JSON.stringify(view));
    const frames = await stream.until(
      (frame) =>
        frame.type === 'event' && frame.event.command_id === command_id && frame.event.payload.to === 'SUCCEEDED'
    );
    assert.equal(frames[0]!.type, 'subscribed');
    const found = processesOf(manager.data).map(({ pid }) => pid);
    assert.ok(found.includes(manager.pid));
    await manager.stop();
    assert.equal((await stream.closed).code, 1001);
    assert.equal(existsSync(join(manager.data, 'endpoints.json')), false);
    await noneLeft(manager.data);
  });

  it('is started again on the data of one that was killed', async (t) => {
    const data = folder(t);
    const first = await startManager(t, { data });
    assert.deepEqual(await first.kill(), { code: null, signal: 'SIGKILL' });
    const second = await startManager(t, { data });
    assert.notEqual(second.pid, first.pid);
    assert.equal(second.token, first.token);
    await second.stop();
  });

  it('says how it ended when it did not come up', async (t) => {
    await assert.rejects(startManager(t, { args: ['--no-such-option'] }), (error) => {
      assert.ok(error instanceof ManagerNotStarted);
      assert.equal(error.ended!.code, 2);
      assert.match(error.output, /no-such-option/);
      return true;
    });
  });

  it('runs to its end as a command', async () => {
    const { code, stdout } = await runTroupe(['--version']);
    assert.equal(code, 0);
    assert.match(stdout, /^\d+\.\d+\.\d+/);
  });
});

describe('processes of a data directory', () => {
  it('are found by command line and by inherited environment, not by a path that begins alike', async (t) => {
    const data = folder(t);
    const sleep = 'setInterval(() => {}, 1000)';
    const marks: [string[], Record<string, string>][] = [
      [[`--data=${data}`], {}],
      [[], { LEDGER: `${data}/processes` }],
      [[`${data}-other`], {}]
    ];
    const children = marks.map(([args, env]) =>
      spawn(process.execPath, ['-e', sleep, ...args.map((arg) => `x${arg}`)], { env: { ...process.env, ...env } })
    );
    t.after(() => {
      for (const child of children) child.kill('SIGKILL');
    });
    await Promise.all(children.map((child) => once(child, 'spawn')));
    const pids = () => processesOf(data).map(({ pid }) => pid);
    assert.deepEqual(pids().toSorted(), [children[0]!.pid, children[1]!.pid].toSorted());
    await assert.rejects(noneLeft(data, { timeoutMs: 0 }), /2 processes .* are left/);
    await killAllOf(data);
    assert.deepEqual(pids(), []);
    assert.equal(children[2]!.exitCode, null);
    await assert.rejects(killAllOf(tmpdir()), /not a test's own/);
  });
});
