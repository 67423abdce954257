/** Posts and threads that flows have seen, from what an action extracted to who may read it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ActionResult, DmThreadView, PostStats, PostView } from '../../schemas/generated/contracts.ts';
import { conforms } from '../../server/contracts.ts';
import { type Harness, sharedHarness } from './harness.ts';

describe('what flows see', () => {
  const shared = sharedHarness();
  /** A command whose page has this to read. */
  const look = async (h: Harness, account_id: string, extracted: NonNullable<ActionResult['extracted']>) => {
    h.executor.verify = async () => ({ outcome: 'VERIFIED', why: null, extracted, proofs: [], artifacts: [] });
    const requester = { service: 'admin', instance_id: 'one' };
    const target = { account_id, platform: 'x' };
    const { body } = await h.send({ target, requester, payload: { flow: 'look' } });
    assert.equal((await h.ended(body.command_id)).state, 'SUCCEEDED');
    return body.command_id as string;
  };
  const listed = async <T>(h: Harness, path: string, token?: string): Promise<T[]> => {
    const { status, body } = await h.api('GET', path, token === undefined ? {} : { token });
    assert.equal(status, 200, JSON.stringify(body));
    return body.items;
  };

  it('is a post with the figures of the last look, and those of every look behind it', async () => {
    const { h } = shared;
    const page = { url: 'https://x.example/1', author: 'bob', text: 'Hello', posted: '2 h' };
    await look(h, 'ann', { posts: [{ ...page, likes: 3, views: 10 }] });
    const second = await look(h, 'ann', { posts: [{ ...page, likes: 5, views: 25 }], other: 'is not of it' });
    const [post, ...others] = await listed<PostView>(h, '/v1/posts?account_id=ann&platform=x');
    assert.deepEqual(others, []);
    assert.deepEqual(conforms('troupe:record#/$defs/PostView', post), []);
    assert.deepEqual(
      [post?.url, post?.author, post?.text, post?.stats, post?.command_id],
      [page.url, 'bob', 'Hello', { likes: 5, views: 25 }, second]
    );
    assert.ok(post && post.first_seen_at <= post.last_seen_at);
    const history = await listed<PostStats>(h, `/v1/posts/${post.post_id}/stats`);
    for (const one of history) assert.deepEqual(conforms('troupe:record#/$defs/PostStats', one), []);
    assert.deepEqual(
      history.map(({ stats }) => stats),
      [
        { likes: 5, views: 25 },
        { likes: 3, views: 10 }
      ]
    );
    assert.equal((await h.api('GET', '/v1/posts/nope/stats')).body.code, 'POST_NOT_FOUND');
  });

  it('is as many posts as the page lists, each with what stands beside it', async () => {
    const { h } = shared;
    await look(h, 'cat', {
      posts: [
        { url: 'https://x.example/a', likes: 1, comments: null },
        { url: 'https://x.example/b', likes: 2, comments: 8 },
        // Without an address nobody knows which it is.
        { url: null, likes: 3, comments: 9 },
        'no record'
      ]
    });
    const posts = await listed<PostView>(h, '/v1/posts?account_id=cat');
    assert.deepEqual(posts.map(({ url, stats }) => [url, stats]).toSorted(), [
      ['https://x.example/a', { likes: 1 }],
      ['https://x.example/b', { likes: 2, comments: 8 }]
    ]);
  });

  it('is threads of messages, each once however often it is seen', async () => {
    const { h } = shared;
    const page = (last: string) => ({
      dm_threads: [
        { url: 'https://x.example/t/1', with: 'bob', last_message: last, unread: 2 },
        { url: 'https://x.example/t/2', with: 'eve', last_message: 'Bye', unread: 0 }
      ]
    });
    await look(h, 'dan', page('Hi'));
    await look(h, 'dan', page('Hi again'));
    const threads = await listed<DmThreadView>(h, '/v1/dm_threads?account_id=dan');
    for (const one of threads) assert.deepEqual(conforms('troupe:record#/$defs/DmThreadView', one), []);
    assert.deepEqual(threads.map((one) => [one.with, one.last_message, one.unread]).toSorted(), [
      ['bob', 'Hi again', 2],
      ['eve', 'Bye', 0]
    ]);
  });

  it('is shown to a client that is bound to accounts of those alone', async () => {
    const { h } = shared;
    await look(h, 'ours', { posts: [{ url: 'https://x.example/o' }], dm_threads: [{ url: 'https://x.example/t/o' }] });
    await look(h, 'theirs', {
      posts: [{ url: 'https://x.example/t' }],
      dm_threads: [{ url: 'https://x.example/t/t' }]
    });
    const token = await h.token(['read:*'], 'reporter', ['ours']);
    for (const path of ['/v1/posts', '/v1/dm_threads']) {
      const found = await listed<{ account_id: string }>(h, path, token);
      assert.deepEqual(
        found.map(({ account_id }) => account_id),
        ['ours'],
        path
      );
      assert.equal((await h.api('GET', `${path}?account_id=theirs`, { token })).body.code, 'ACCOUNT_FORBIDDEN');
    }
    const [theirs] = await listed<PostView>(h, '/v1/posts?account_id=theirs');
    const asked = await h.api('GET', `/v1/posts/${theirs?.post_id}/stats`, { token });
    assert.equal(asked.body.code, 'POST_NOT_FOUND');
  });

  it('is narrowed by when it was seen first, and by nothing that is not known', async () => {
    const { h } = shared;
    assert.deepEqual(await listed(h, '/v1/posts?since=2999-01-01T00:00:00Z'), []);
    for (const path of ['/v1/posts', '/v1/dm_threads', '/v1/posts/x/stats']) {
      assert.equal((await h.api('GET', `${path}?colour=red`)).body.code, 'QUERY_INVALID', path);
    }
  });
});
