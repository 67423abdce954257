import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Trace } from '../../../schemas/generated/contracts.ts';
import { userProject } from '../../support/user-project.ts';
import { sharedInstance, troupe } from './harness.ts';

const TIMEOUT = { timeout: 300_000 };
const COMMENT = ['comment_on_post', '--platform', 'example', '--param', 'post_url=http://127.0.0.1:9/post/1'];
const tsx = fileURLToPath(import.meta.resolve('tsx'));
const shared = sharedInstance();
const exported = (...argv: string[]) => troupe(['test', 'export', ...argv, '--data', shared.data]);

/** A command that has ended, by its address. */
async function command(): Promise<string> {
  const { json, err } = await troupe(['run', ...COMMENT, '--data', shared.data, '--param', 'text=hello', '--wait']);
  assert.ok(json[0], err);
  return `command/${json[0].command_id}`;
}

const runTest = (folder: string, file: string) =>
  promisify(execFile)(process.execPath, ['--import', tsx, '--test', file], {
    cwd: folder,
    env: { ...process.env, NODE_TEST_CONTEXT: undefined }
  }).then(
    ({ stdout }) => ({ code: 0, stdout }),
    ({ code, stdout }: { code: number; stdout: string }) => ({ code, stdout })
  );

describe('troupe test export', () => {
  it('prints the life of an actor of an instance that runs, whole', TIMEOUT, async () => {
    const address = await command();
    const { code, out, err } = await exported(address);
    assert.equal(code, 0, err);
    const trace = JSON.parse(out) as Trace;
    assert.deepEqual(
      [trace.format, trace.kind, trace.ended, trace.gaps],
      ['troupe.trace/1', 'command', true, undefined]
    );
    assert.equal(trace.steps.at(-1)?.expect.state, 'SUCCEEDED');
    assert.ok(trace.steps.some(({ by }) => by === 'effect'));
    assert.ok(trace.steps.some(({ by, from }) => by === 'actor' && from?.startsWith('session/')));
    const driver = await exported('supervisor/main');
    assert.equal(driver.code, 0, driver.err);
  });

  it('writes a test that passes, and fails where the life is another', TIMEOUT, async (t) => {
    const folder = await userProject(t, {});
    const address = await command();
    const file = join(folder, 'life.test.ts');
    const { code, err } = await exported(address, '--format', 'test', '-o', file);
    assert.equal(code, 0, err);
    assert.match(readFileSync(file, 'utf8'), /import \{ builtInMachines, replay \} from 'troupe\/testing';/);
    const passed = await runTest(folder, 'life.test.ts');
    assert.equal(passed.code, 0, passed.stdout);
    assert.match(passed.stdout, /lives as it did: \d+ steps, to SUCCEEDED/);

    const path = join(folder, 'life.trace.json');
    const trace = JSON.parse(readFileSync(path, 'utf8')) as Trace;
    const at = trace.steps.findIndex(({ expect }) => expect.effects?.length);
    (trace.steps[at] as Trace['steps'][number]).expect.effects = [];
    writeFileSync(path, JSON.stringify(trace));
    const failed = await runTest(folder, 'life.test.ts');
    assert.equal(failed.code, 1);
    assert.match(failed.stdout, new RegExp(`step: ${at}\\b`));

    const again = await exported(address, '--format', 'test', '-o', file);
    assert.deepEqual([again.code, /is there already/.test(again.err)], [1, true]);
  });

  it('refuses what is no address, no actor, no format and no name of a test', TIMEOUT, async () => {
    assert.match((await exported('command')).err, /'command' is no address: KIND\/ID/);
    assert.deepEqual([(await exported('command')).code, (await exported('command/none')).code], [2, 1]);
    assert.match((await exported('command/none')).err, /there is no 'command\/none' in /);
    assert.match((await exported('command/none', '--format', 'xml')).err, /--format 'xml' is none of json, test/);
    assert.match(
      (await exported('command/none', '--format', 'test', '-o', 'a.json')).err,
      /needs --output NAME\.test\.ts; 'a\.json' is none/
    );
  });
});
