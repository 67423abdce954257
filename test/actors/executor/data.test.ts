// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders of flows look like that
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ArtifactStore } from '../../../actors/executor/artifacts.ts';
import type { ActionRun } from '../../../actors/executor/contract.ts';
import { canonicalUrl, dedupeKey } from '../../../actors/executor/dedupe-key.ts';
import { loadFlows, loadRegistry } from '../../../actors/executor/registry.ts';
import { candidatesOf, parse } from '../../../actors/executor/selectors.ts';
import { createStubExecutor } from '../../../actors/executor/stub.ts';
import { failsWith } from './failures.ts';

const aRun = (more: Partial<ActionRun> = {}, text = 'hello'): ActionRun => ({
  commandId: 'c1',
  lease: { slot: 's', fencing: 1 },
  platform: 'example',
  accountId: 'alice',
  allowScript: false,
  params: {},
  before: [{ attempt: 'OPEN', effect: 'read', steps: [{ type: 'navigate', url: 'http://127.0.0.1/post/1' }] }],
  intent: 'key-1',
  action: { attempt: 'COMMENT', effect: 'write', steps: [{ type: 'change', selectors: ['@i'], value: text }] },
  ...more
});

describe('the shipped selectors and flows', () => {
  const registry = loadRegistry();
  const flows = loadFlows();

  it('are there for the five platforms and our own site, and claim no date nobody saw', () => {
    assert.deepEqual(registry.platforms, ['example', 'instagram', 'sora', 'threads', 'tiktok', 'x']);
    for (const platform of registry.platforms) assert.equal(registry.get(platform)?.last_seen_working, null, platform);
  });

  it('say on every platform what a page that asks for slowness looks like, and that nobody saw it', () => {
    for (const platform of registry.platforms) {
      const entry = registry.entry(platform, 'site.rate_limited');
      if (platform !== 'example') assert.match(entry.description ?? '', /not seen to work by us/, platform);
    }
  });

  it('fit together: every name a flow uses is known on every platform it runs on', () => {
    for (const flow of flows) {
      for (const platform of flow.platforms) {
        for (const name of new Set(JSON.stringify(flow).match(/@[a-z][a-z0-9_.]*/g))) {
          const scope = { params: { text: 'x', prompt: 'x' }, account: { id: 'alice' } };
          assert.ok(candidatesOf([name], { registry, platform, scope }).length > 0, `${flow.name} ${platform} ${name}`);
        }
      }
    }
    assert.ok(flows.some(({ name }) => name === 'comment_on_post'));
  });

  it('are refused with their file and place when they do not fit their schema', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'troupe-selectors-'));
    t.after(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, 'bad.json'), '{"platform": "p", "last_seen_working": "yesterday", "selectors": {}}');
    assert.throws(
      () => loadRegistry(folder),
      failsWith('CONFIG_INVALID', ({ value, reason }) => {
        assert.match(String(value), /bad\.json$/);
        assert.match(String(reason), /last_seen_working/);
      })
    );
  });
});

describe('selectors', () => {
  it('say by their beginning what they are', () => {
    assert.deepEqual(parse('div > p'), { kind: 'css', value: 'div > p' });
    assert.deepEqual(parse('xpath///p'), { kind: 'xpath', value: '//p' });
    assert.deepEqual(parse('text/a/b'), { kind: 'text', value: 'a/b' });
    assert.deepEqual(parse('pierce/#x'), { kind: 'pierce', value: '#x' });
    assert.deepEqual(parse('aria/Save [now][role="button"]'), { kind: 'aria', name: 'Save [now]', role: 'button' });
    assert.deepEqual(parse('aria/a\\[role="x"\\]'), { kind: 'aria', name: 'a[role="x"]' });
    assert.deepEqual(parse("aria/[role='link']"), { kind: 'aria', name: '', role: 'link' });
    for (const bad of ['', ' ', 'xpath/', 'text/ ', 'pierce/', 'aria/']) {
      assert.throws(() => parse(bad), failsWith('SELECTOR_INVALID'), bad);
    }
  });

  it('of the registry may be about the command: this text, by this account', () => {
    const registry = { lookup: () => ['xpath///li[.=${params.text}]', '[by=${account.id}]', ['#a', '#b']] };
    const made = candidatesOf(['@own', ['#host', '@own']], {
      registry,
      platform: 'p',
      scope: { params: { text: `it's` }, account: { id: 'al"ice' } }
    });
    assert.deepEqual(
      made.map(({ label }) => label),
      [
        `xpath///li[.="it's"]`,
        '[by="al\\"ice"]',
        '#a >>> #b',
        `#host >>> xpath///li[.="it's"]`,
        '#host >>> [by="al\\"ice"]',
        '#host >>> #a >>> #b'
      ]
    );
    assert.throws(
      () => candidatesOf(['@own'], { registry, platform: 'p', scope: { params: {}, account: { id: null } } }),
      failsWith('VALIDATION_FAILED')
    );
  });
});

describe('a dedupe key', () => {
  it('is one for all the ways to write the same, and another for another', () => {
    const key = dedupeKey(aRun());
    assert.match(key, /^[0-9a-f]{64}$/);
    const open = (url: string) =>
      aRun({ before: [{ attempt: 'OPEN', effect: 'read', steps: [{ type: 'navigate', url }] }] });
    assert.equal(dedupeKey(open('http://127.0.0.1:80/post/1/?utm_source=x#comments')), key);
    assert.equal(dedupeKey(aRun({}, '  hello ')), key);
    assert.equal(dedupeKey(aRun({ commandId: 'c2' })), key);
    const others = [
      aRun({}, 'hello!'),
      aRun({ accountId: 'bob' }),
      aRun({ platform: 'x' }),
      aRun({ intent: 'key-2' }),
      open('http://127.0.0.1/post/2'),
      aRun({ action: { ...aRun().action, attempt: 'OTHER' } })
    ];
    assert.equal(new Set([key, ...others.map(dedupeKey)]).size, others.length + 1);
  });

  it('knows one address by its many spellings', () => {
    assert.equal(canonicalUrl('HTTPS://Example.com:443/a/?b=2&a=1&fbclid=z#x'), 'https://example.com/a?a=1&b=2');
    assert.equal(canonicalUrl('https://example.com/'), 'https://example.com/');
    assert.equal(canonicalUrl(' not an address '), 'not an address');
  });
});

describe('artifacts', () => {
  it('are kept once under their SHA-256, whole or not at all', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'troupe-artifacts-'));
    t.after(() => rm(folder, { recursive: true }));
    const store = new ArtifactStore(folder);
    const bytes = Buffer.from('bytes');
    const [one, two] = await Promise.all([
      store.store(bytes, 'screenshot', 'image/png'),
      store.store(bytes, 'screenshot', 'image/png')
    ]);
    assert.equal(one.sha256, two.sha256);
    assert.notEqual(one.id, two.id);
    assert.deepEqual(await readdir(join(folder, 'artifacts', one.sha256.slice(0, 2))), [one.sha256]);
    const { handle, size } = await store.open(one.sha256);
    assert.equal((await handle.readFile()).toString(), 'bytes');
    await handle.close();
    assert.equal(size, 5);
  });

  it('are not found under a name that is no hash', async () => {
    const store = new ArtifactStore(tmpdir());
    for (const name of ['../../etc/passwd', 'a'.repeat(64)]) {
      await assert.rejects(store.open(name), failsWith('ARTIFACT_NOT_FOUND'));
    }
  });
});

describe('the stub executor', () => {
  it('answers every action and honours an abort', async () => {
    const stub = createStubExecutor();
    const { signal } = new AbortController();
    assert.equal((await stub.prepare(aRun(), signal)).dedupeKey, dedupeKey(aRun()));
    assert.equal((await stub.attempt(aRun(), { id: 'x', resumed: false }, signal)).witness, 'NONE');
    assert.equal((await stub.verify(aRun(), signal)).outcome, 'VERIFIED');
    assert.equal((await stub.reconcile(aRun(), signal)).outcome, 'VERIFIED');
    const abort = new AbortController();
    const slow = createStubExecutor({ delayMs: 60_000 }).verify(aRun(), abort.signal);
    abort.abort();
    await assert.rejects(slow, failsWith('CANCELLED'));
  });
});
