import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { readEndpoints } from '../../../server/endpoints.ts';
import { program } from '../../support/manager.ts';
import { temporaryFolder } from './harness.ts';

const STUB = ['--driver', 'stub', '--control', '127.0.0.1:0', '--telemetry', '127.0.0.1:0'];

/** The program as a process of its own, ended with the test. */
function startTroupe(t: TestContext, argv: string[], cwd: string): { child: ChildProcess; output: () => string } {
  const child = spawn(process.execPath, [...program(), ...argv], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (text += chunk));
  return { child, output: () => text };
}

async function ended(child: ChildProcess): Promise<number | string> {
  if (child.exitCode !== null) return child.exitCode;
  const [code, signal] = await once(child, 'exit');
  return code ?? signal;
}

/** The banner is the last thing a start does. */
async function started(t: TestContext, cwd: string, more: string[] = []) {
  const running = startTroupe(t, ['start', ...STUB, ...more], cwd);
  while (!running.output().includes('Ctrl-C ends it')) {
    await Promise.race([once(running.child.stdout!, 'data'), ended(running.child)]);
    assert.equal(running.child.exitCode, null, running.output());
  }
  return running;
}

describe('troupe start', () => {
  it('says where it is, to its owner alone, and takes that back when it is told to end', async (t) => {
    const folder = temporaryFolder(t);
    const data = join(folder, 'data');
    const { child, output } = await started(t, folder);
    const endpoints = readEndpoints(data);
    assert.equal(endpoints?.pid, child.pid);
    assert.equal((await fetch(`${endpoints?.control}/health`)).status, 200);
    for (const file of ['endpoints.json', 'admin.token']) assert.equal(statSync(join(data, file)).mode & 0o777, 0o600);
    assert.ok(output().includes(endpoints!.control) && output().includes(endpoints!.telemetry));

    child.kill('SIGTERM');
    assert.equal(await ended(child), 0);
    assert.equal(existsSync(join(data, 'endpoints.json')), false);
    assert.equal(existsSync(join(data, 'troupe.lock')), false);
  });

  it('prints commands to try that work when they are pasted', async (t) => {
    const folder = temporaryFolder(t);
    const { output } = await started(t, folder);
    const [curl] = /curl .*/.exec(output())!;
    const pasted = spawn('sh', ['-c', `${curl} --silent --fail`], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'inherit']
    });
    let body = '';
    pasted.stdout.on('data', (chunk) => (body += chunk));
    assert.equal(await ended(pasted), 0);
    assert.ok(JSON.parse(body).items.length > 0);
    const [, tail] = /npx troupe (tail .*)/.exec(output())!;
    const listening = startTroupe(t, [...tail!.split(' '), '--until', 'caught-up'], folder);
    assert.equal(await ended(listening.child), 0);
    assert.match(listening.output(), /supervisor\.changed/);
  });

  it('refuses a second process on its data directory, and says who holds it', async (t) => {
    const folder = temporaryFolder(t);
    const first = await started(t, folder);
    const second = startTroupe(t, ['start', ...STUB], folder);
    assert.equal(await ended(second.child), 1);
    assert.match(second.output(), new RegExp(`DATA_DIR_IN_USE: .*process ${first.child.pid}`));
    assert.equal((await fetch(`${readEndpoints(join(folder, 'data'))?.control}/health`)).status, 200);
  });

  it('keeps its admin token and its log when it was killed and is started again', async (t) => {
    const folder = temporaryFolder(t);
    const data = join(folder, 'data');
    const first = await started(t, folder);
    const token = readFileSync(join(data, 'admin.token'), 'utf8');
    first.child.kill('SIGKILL');
    await ended(first.child);
    assert.equal(readEndpoints(data), undefined, 'what the dead one left says nothing');

    await started(t, folder);
    assert.equal(readFileSync(join(data, 'admin.token'), 'utf8'), token);
    const answer = await fetch(`${readEndpoints(data)?.control}/v1/events?cursor=0`, {
      headers: { authorization: `Bearer ${token.trim()}` }
    });
    const { items } = (await answer.json()) as { items: { cursor: string }[] };
    assert.deepEqual(
      items.map(({ cursor }) => cursor),
      items.map((_, i) => String(i + 1))
    );
  });

  it('takes Ctrl-C that npm passes on once more as one', async (t) => {
    const { child } = await started(t, temporaryFolder(t));
    child.kill('SIGINT');
    child.kill('SIGINT');
    assert.equal(await ended(child), 0);
  });

  it('refuses a port that is taken, and leaves nothing behind', async (t) => {
    const folder = temporaryFolder(t);
    await started(t, folder);
    const { control } = readEndpoints(join(folder, 'data'))!;
    const second = startTroupe(t, ['start', ...STUB, '--data', 'other', '--control', new URL(control).host], folder);
    assert.equal(await ended(second.child), 1);
    assert.match(second.output(), /PORT_IN_USE/);
    assert.equal(existsSync(join(folder, 'other/troupe.lock')), false);
  });
});

describe('a command in a pipe', () => {
  it('ends without complaint when its reader has enough', async (t) => {
    const folder = temporaryFolder(t);
    await started(t, folder);
    const { child, output } = startTroupe(t, ['tail', '--cursor', '0'], folder);
    await once(child.stdout!, 'data');
    child.stdout?.destroy();
    // More to write than it has read so far.
    const { control } = readEndpoints(join(folder, 'data'))!;
    const token = readFileSync(join(folder, 'data/admin.token'), 'utf8').trim();
    while (child.exitCode === null) {
      await fetch(`${control}/v1/sessions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ platform: 'example' })
      });
    }
    assert.equal(child.exitCode, 0);
    assert.ok(!output().includes('EPIPE'));
  });
});
