import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ProcessLedger } from '../../../actors/driver/ledger.ts';
import { packageRoot } from '../../../actors/package-root.ts';
import { program } from '../../support/manager.ts';
import { webkitMissing } from '../../support/webkit.ts';
import { temporaryFolder, troupe } from './harness.ts';

const skip = webkitMissing() ?? false;
const env = { ...(process.env as Record<string, string>), NO_COLOR: '1' };

/** `QUEUED: admitting → waiting status.changed` of each line about the command, without time, id and cause. */
const commandLines = (text: string): string[] =>
  [...text.matchAll(/\+\d+\.\d{3} s {2}command \S+ +(\S.*?) {2,}(\S+)/g)].map(
    ([, change, type]) => `${change} ${type}`
  );

describe('troupe demo', () => {
  it('comments exactly once in a real browser, shows it happening, and leaves a picture and no process', {
    skip
  }, async (t) => {
    const data = temporaryFolder(t);
    const { code, out, err } = await troupe(['demo', '--data', data], { env });
    assert.equal(code, 0, out + err);
    const own = commandLines(out);
    let from = 0;
    for (const state of ['CREATED', 'QUEUED', 'RUNNING', 'ACTION_ATTEMPTED', 'VERIFIED', 'SUCCEEDED']) {
      from = own.findIndex((line, i) => i >= from && line.includes(state));
      assert.notEqual(from, -1, `${state} in ${out}`);
    }
    const shown = commandLines(readFileSync(join(packageRoot(), 'README.md'), 'utf8'));
    assert.ok(shown.length > 5);
    assert.deepEqual(own, shown, 'what the README shows');
    assert.match(out, /site +has the comment exactly once/);
    const [, picture] = /screenshot +(\S+)/.exec(out)!;
    assert.deepEqual([...readFileSync(picture!).subarray(0, 4)], [0x89, 0x50, 0x4e, 0x47]);
    assert.deepEqual(new ProcessLedger(join(data, 'processes')).living(), []);
  });

  it('is a stream of JSON with --json, and says when nothing was driven', async (t) => {
    const argv = ['demo', '--json', '--driver', 'stub', '--data', temporaryFolder(t)];
    const { code, json } = await troupe(argv, { env });
    assert.equal(code, 0);
    const { command, comments_on_the_site: comments, events } = json.at(-1);
    assert.equal(command.state, 'SUCCEEDED');
    assert.equal(comments, 0);
    assert.equal(events, json.length - 1);
    assert.ok(json.slice(0, -1).every((event) => event.payload.driver === 'stub'));
  });

  it('stays up with --keep until Ctrl-C, and what it says to try works', async (t) => {
    const data = temporaryFolder(t);
    const argv = [...program(), 'demo', '--keep', '--driver', 'stub', '--data', data];
    const child = spawn(process.execPath, argv, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    t.after(() => child.kill('SIGKILL'));
    let text = '';
    child.stdout.resume();
    while (!text.includes('/v1/commands')) text += (await once(child.stderr, 'data'))[0];
    const [, curl] = /(curl .*)/.exec(text)!;
    const pasted = spawn('sh', ['-c', `${curl} --silent --fail`], { stdio: 'ignore' });
    assert.deepEqual(await once(pasted, 'exit'), [0, null]);
    child.kill('SIGINT');
    assert.deepEqual(await once(child, 'exit'), [0, null]);
  });
});

describe('troupe doctor', () => {
  const findings = (json: { name: string; state: string; cure?: string }[]) =>
    Object.fromEntries(json.map(({ name, ...finding }) => [name, finding]));

  it('finds what it needs, and opens a real page', { skip }, async (t) => {
    const { code, json } = await troupe(['doctor', '--data', join(temporaryFolder(t), 'data')], {
      env: { ...env, TROUPE_CONTROL: '127.0.0.1:0', TROUPE_TELEMETRY: '127.0.0.1:0' }
    });
    const found = findings(json);
    assert.equal(code, 0, JSON.stringify(json));
    for (const name of ['Node', 'sqlite3', 'Appium', 'data directory', 'a real page']) {
      assert.equal(found[name]?.state, 'ok', name);
    }
  });

  it('says what is missing with the cure, and ends with 1', { skip: process.platform !== 'linux' }, async (t) => {
    const { code, json } = await troupe(['doctor', '--quick', '--data', join(temporaryFolder(t), 'data')], {
      env: { PATH: '/nowhere', TROUPE_CONTROL: '127.0.0.1:0', TROUPE_TELEMETRY: '127.0.0.1:0' }
    });
    assert.equal(code, 1);
    const found = findings(json);
    assert.equal(found.WebKitWebDriver?.state, 'fail');
    assert.match(found.WebKitWebDriver?.cure ?? '', /apt-get install .*webkit2gtk-driver/);
    assert.equal(found['a real page'], undefined);
  });

  it('leaves no trace of itself', async (t) => {
    const folder = temporaryFolder(t);
    await troupe(['doctor', '--quick', '--data', join(folder, 'data')], { env });
    assert.deepEqual(readdirSync(folder), []);
  });
});
