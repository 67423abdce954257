import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { describe, it } from 'node:test';
import { packageRoot } from '../../actors/package-root.ts';
import { stubInstance } from '../server/cli/harness.ts';
import { program } from '../support/manager.ts';

const readme = readFileSync(join(packageRoot(), 'README.md'), 'utf8');
const { scripts } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8'));
const shellBlocks = [...readme.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block!);

describe('the README', () => {
  it('names only npm scripts that there are', () => {
    const named = [...readme.matchAll(/npm (start|test|run ([a-z]+))/g)].map(([, all, script]) => script ?? all!);
    assert.ok(named.length > 3);
    for (const script of named) assert.ok(scripts[script], `npm run ${script}`);
  });

  it('names only files that there are', () => {
    const linked = [...readme.matchAll(/\]\((?!http)([^)]+)\)/g)].map(([, path]) => path!);
    const inTable = [...readme.matchAll(/^\| `([a-z/]+\/)`/gm)].map(([, path]) => path!);
    assert.ok(linked.length > 0 && inTable.length > 4);
    for (const path of [...linked, ...inTable, 'test/site/main.ts']) {
      assert.ok(existsSync(join(packageRoot(), path)), path);
    }
  });

  it('has commands that work as they are written, one after the other', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'troupe-readme-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const instance = await stubInstance(join(folder, 'data'));
    t.after(() => instance.stop());
    // `npx troupe` is this checkout's; the ports are this instance's; nothing else is changed.
    const main = [process.execPath, ...program()];
    writeFileSync(join(folder, 'npx'), `#!/bin/sh\nshift\nexec ${main.map((word) => `'${word}'`).join(' ')} "$@"\n`);
    chmodSync(join(folder, 'npx'), 0o755);
    const blocks = shellBlocks.filter((block) => !block.startsWith('npm '));
    assert.equal(blocks.length, shellBlocks.length - 1, 'all but the demo, which has a test of its own');
    const script = blocks
      .join('\n')
      .replaceAll('http://127.0.0.1:7070', instance.endpoints.control)
      .replaceAll('curl -s ', 'curl -s --fail-with-body ');

    const shell = spawn('bash', ['-euc', script], {
      cwd: folder,
      env: {
        ...process.env,
        PATH: `${folder}${delimiter}${process.env.PATH}`,
        TROUPE_CONTROL: '127.0.0.1:0',
        TROUPE_TELEMETRY: '127.0.0.1:0'
      },
      stdio: ['ignore', 'pipe', 'pipe']
    });
    let output = '';
    for (const stream of [shell.stdout, shell.stderr]) stream.on('data', (chunk) => (output += chunk));
    const [code] = await once(shell, 'close');
    assert.equal(code, 0, output);
    assert.match(output, /"state":"QUEUED"|"state":"CREATED"/);
    assert.match(output, /"to":"SUCCEEDED"/);
    assert.match(output, /"token":"trp_/);
  });
});
