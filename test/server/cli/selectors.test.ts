/** The registry on the command line, against an instance that drives nothing: what is not found there is in test/e2e. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sharedInstance, troupe } from './harness.ts';

const POST = 'post=http://127.0.0.1:9/post/1';

const shared = sharedInstance();

describe('troupe selectors', () => {
  it('lists every name of every platform, and those that are asked for', async () => {
    const { code, json } = await troupe(['selectors', '--data', shared.data]);
    assert.equal(code, 0);
    assert.ok(json.length > 20);
    assert.ok(json.every(({ state }) => state === 'unknown'));
    const some = await troupe(['selectors', 'list', '--platform', 'x', '--name', 'post.body', '--data', shared.data]);
    assert.deepEqual(
      some.json.map(({ platform, name }) => [platform, name]),
      [['x', 'post.body']]
    );
    assert.equal((await troupe(['selectors', '--state', 'ok', '--data', shared.data])).json.length, 0);
    assert.equal((await troupe(['selectors', '--state', 'fine', '--data', shared.data])).code, 2);
  });

  it('is a table for a person', async () => {
    const { out } = await troupe(['selectors', '--platform', 'example', '--data', shared.data], { columns: 200 });
    assert.match(out, /^PLATFORM +NAME +STATE/);
    assert.match(out, /^example +post\.comment_submit +unknown +1 +never +never/m);
  });

  it('says when there is nothing to decide, or no such name', async () => {
    const nothing = await troupe(['selectors', 'accept', 'example', 'post.body', '--data', shared.data]);
    assert.equal(nothing.code, 1);
    assert.match(nothing.err, /SELECTOR_UNDECIDABLE: .*'@post\.body' of 'example' is unknown/);
    const unknown = await troupe(['selectors', 'reject', 'example', 'post.nothing', '--data', shared.data]);
    assert.match(unknown.err, /SELECTOR_NOT_FOUND/);
  });
});

describe('troupe sweep', () => {
  it('sends a sweep and waits for its end', async () => {
    const { code, json } = await troupe(['sweep', 'example', '--page', POST, '--data', shared.data]);
    assert.equal(code, 0);
    assert.equal(json[0].type, 'selector.sweep');
    assert.deepEqual(json[0].payload, { pages: { post: POST.slice(5) } });
    const table = await troupe(['sweep', 'example', '--page', POST, '--name', 'post.body', '--data', shared.data], {
      columns: 100
    });
    assert.match(table.out, /^NAME +STATE +BY +FOUND$/m);
  });

  it('ends with 2 for what is no sweep', async () => {
    for (const more of [[], ['--page', 'post'], ['--page', 'feed=http://x'], ['--page', POST, '--timeout', 'soon']]) {
      const { code, err } = await troupe(['sweep', 'example', ...more, '--data', shared.data]);
      assert.equal(code, 2, more.join(' '));
      assert.notEqual(err, '');
    }
    assert.equal((await troupe(['sweep', '--data', shared.data])).code, 2);
    assert.equal((await troupe(['sweep', 'nowhere', '--data', shared.data])).code, 2);
  });

  it('needs its own scope', async () => {
    const reader = await troupe(['token', 'create', '--service', 'r', '--allow', 'read:*', '--data', shared.data]);
    const token = ['--token', reader.json[0].token];
    assert.equal((await troupe(['sweep', 'example', '--page', POST, '--data', shared.data, ...token])).code, 4);
    assert.equal((await troupe(['selectors', '--data', shared.data, ...token])).code, 0);
    assert.equal(
      (await troupe(['selectors', 'accept', 'example', 'post.body', '--data', shared.data, ...token])).code,
      4
    );
  });
});
