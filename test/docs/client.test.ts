import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { packageRoot } from '../../actors/package-root.ts';
import { openHarness } from '../server/harness.ts';

describe('docs/client.md', () => {
  it('has snippets that work, one after the other', { timeout: 300_000 }, async (t) => {
    const text = readFileSync(join(packageRoot(), 'docs/client.md'), 'utf8');
    const snippets = [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, snippet]) => snippet);
    assert.ok(snippets.length >= 5);
    const h = await openHarness(t);
    const asked = await h.send({ payload: { flow: 'asked', params: { text: 'please' } } });
    while ((await h.api('GET', '/v1/approvals?state=PENDING')).body.items.length === 0);
    const folder = mkdtempSync(join(tmpdir(), 'troupe-docs-'));
    t.after(async () => rmSync(folder, { recursive: true, force: true }));
    const where = { url: h.url, telemetryUrl: h.stream.replace('/v1/stream', ''), token: h.admin };
    const client = pathToFileURL(join(packageRoot(), 'client/index.ts')).href;
    // The address of the package and of the instance; nothing else is changed.
    const program = `const { url, telemetryUrl, token } = ${JSON.stringify(where)};\n${snippets.join('\n')}`;
    writeFileSync(join(folder, 'program.mts'), program.replace("'troupe/client'", `'${client}'`));
    const argv = ['--import', import.meta.resolve('tsx'), join(folder, 'program.mts')];
    const { stdout } = await promisify(execFile)(process.execPath, argv, { timeout: 240_000 });
    assert.match(stdout, /^SUCCEEDED 1$/m);
    assert.match(stdout, /^asked { text: 'please', times: 1 }$/m);
    assert.match(stdout, /^\d+ SUCCEEDED$/m);
    assert.match(stdout, /^too late: SUCCEEDED$/m);
    assert.equal((await h.ended(asked.body.command_id)).state, 'SUCCEEDED');
  });
});
