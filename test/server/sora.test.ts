/** The sora commands at the API, and the lists they feed. What they do in a browser: test/e2e/sora.test.ts. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ActionResult, SoraDraftView, SoraUsageView } from '../../schemas/generated/contracts.ts';
import { conforms } from '../../server/contracts.ts';
import { envelope, type Harness, sharedHarness } from './harness.ts';

const URL = 'https://sora.example/';

describe('sora commands', () => {
  const shared = sharedHarness({ shipped: true });
  const send = (type: string, payload: object, rest: object = {}) =>
    shared.h.send({ type, payload, target: { platform: 'sora', account_id: 'ada' }, ...rest });
  const look = async (h: Harness, account_id: string, extracted: NonNullable<ActionResult['extracted']>) => {
    h.executor.verify = async () => ({ outcome: 'VERIFIED', why: null, extracted, proofs: [], artifacts: [] });
    const target = { platform: 'sora', account_id };
    const sent = await h.send({ type: 'sora.usage', target, payload: { url: URL } });
    assert.equal((await h.ended(sent.body.command_id)).state, 'SUCCEEDED');
    return sent.body.command_id as string;
  };
  const listed = async <T>(path: string, token?: string): Promise<T[]> => {
    const { status, body } = await shared.h.api('GET', path, token === undefined ? {} : { token });
    assert.equal(status, 200, JSON.stringify(body));
    return body.items;
  };

  it('take their params as the payload, and show them as they were sent', async () => {
    const { h } = shared;
    const sent = await send('sora.generate', { prompt: 'a boat', url: URL });
    assert.equal(sent.status, 202, JSON.stringify(sent.body));
    const command = await h.ended(sent.body.command_id);
    assert.equal(command.state, 'SUCCEEDED', JSON.stringify(command));
    assert.deepEqual([command.type, command.payload], ['sora.generate', { prompt: 'a boat', url: URL }]);
    assert.deepEqual(
      command.actions.map(({ name }) => name),
      ['SORA_OPEN', 'SORA_PROMPT_SUBMIT', 'SORA_DRAFT_CHECK', 'SORA_VIDEO_DOWNLOAD']
    );
    const opened = h.executor.attempts.find(({ action }) => action.attempt === 'SORA_OPEN');
    assert.deepEqual(opened?.action.steps, [{ type: 'navigate', url: URL }]);
  });

  it('go to the page that the platform is known by when they name none', async () => {
    const sent = await send('sora.usage', {});
    const command = await shared.h.ended(sent.body.command_id);
    assert.deepEqual(command.payload, { url: 'https://sora.chatgpt.com/' });
  });

  it('are refused, naming the field, when something is missing, wrong or unknown', async () => {
    for (const [type, payload, path] of [
      ['sora.generate', {}, '/payload/prompt'],
      ['sora.generate', { prompt: '   ' }, '/payload/prompt'],
      ['sora.generate', { prompt: 'x'.repeat(2_001) }, '/payload/prompt'],
      ['sora.generate', { prompt: 'a', url: 'javascript:alert(1)' }, '/payload/url'],
      ['sora.generate', { prompt: 'a', params: {} }, '/payload/params'],
      ['sora.poll', { url: URL }, '/payload/draft_url'],
      ['sora.download', { draft_url: 7 }, '/payload/draft_url'],
      ['sora.usage', { draft_url: URL }, '/payload/draft_url'],
      ['sora.usage', { url: 'x' }, '/payload/url']
    ] as const) {
      const { status, body } = await send(type, payload);
      const paths = body.errors?.map((one: { path: string }) => one.path);
      assert.deepEqual(
        [status, body.code, paths?.includes(path)],
        [400, 'VALIDATION_FAILED', true],
        `${type} ${paths}`
      );
    }
    const elsewhere = await send('sora.usage', { url: URL }, { target: { platform: 'x' } });
    assert.equal(elsewhere.body.code, 'PLATFORM_NOT_SUPPORTED');
  });

  it('are each of a scope of their own, and so is reading what they saw', async () => {
    const { h } = shared;
    const token = await h.token(['sora:poll'], 'poller');
    const requester = { service: 'poller', instance_id: '1' };
    const as = (type: string, payload: object) =>
      h.api('POST', '/v1/commands', {
        token,
        body: envelope({ type, payload, target: { platform: 'sora' }, requester })
      });
    assert.equal((await as('sora.poll', { draft_url: `${URL}d/1` })).status, 202);
    const refused = await as('sora.generate', { prompt: 'a', url: URL });
    assert.deepEqual([refused.status, refused.body.code], [403, 'FORBIDDEN']);
    assert.match(refused.body.detail, /sora:generate/);
    for (const path of ['/v1/sora/drafts', '/v1/sora/usage']) {
      assert.equal((await h.api('GET', path, { token })).status, 403);
      assert.equal((await h.api('GET', path, { token: await h.token(['read:sora']) })).status, 200);
    }
  });

  it('are the same command again under the same key, and another body is a conflict', async () => {
    const key = { idempotency_key: 'one boat' };
    const first = await send('sora.generate', { prompt: 'one', url: URL }, key);
    const again = await send('sora.generate', { prompt: 'one', url: URL }, key);
    assert.equal(again.body.command_id, first.body.command_id);
    assert.equal((await send('sora.generate', { prompt: 'two', url: URL }, key)).body.code, 'IDEMPOTENCY_CONFLICT');
  });

  it('feed the list of drafts, each once however often it is seen, and of cost one item a look', async () => {
    const { h } = shared;
    const drafts = (state: string) => [
      { url: `${URL}d/1`, prompt: 'a boat', state },
      { url: null, prompt: 'has no address', state }
    ];
    const usage = (credits_used: number) => [{ credits_used, credits_left: 100 - credits_used, note: 'no number' }];
    const first = await look(h, 'bo', { drafts: drafts('Rendering'), sora_usage: usage(10) });
    const second = await look(h, 'bo', { drafts: drafts('Ready'), sora_usage: usage(20) });
    const seen = await listed<SoraDraftView>('/v1/sora/drafts?account_id=bo&platform=sora');
    for (const one of seen) assert.deepEqual(conforms('troupe:record#/$defs/SoraDraftView', one), []);
    assert.deepEqual(
      seen.map(({ prompt, state, command_id }) => [prompt, state, command_id]),
      [['a boat', 'Ready', second]]
    );
    const costs = await listed<SoraUsageView>('/v1/sora/usage?account_id=bo');
    for (const one of costs) assert.deepEqual(conforms('troupe:record#/$defs/SoraUsageView', one), []);
    assert.deepEqual(
      costs.map(({ command_id, credits_used, credits_left, videos, figures }) => [
        command_id,
        credits_used,
        credits_left,
        videos,
        Object.keys(figures)
      ]),
      [
        [second, 20, 80, null, ['credits_used', 'credits_left']],
        [first, 10, 90, null, ['credits_used', 'credits_left']]
      ]
    );
    const page = await h.api('GET', '/v1/sora/usage?account_id=bo&limit=1');
    assert.equal(page.body.items.length, 1);
    const rest = await h.api('GET', `/v1/sora/usage?account_id=bo&limit=1&page=${page.body.next_page}`);
    assert.equal(rest.body.items[0].command_id, first);
    const bound = await h.token(['read:sora'], 'bound', ['cy']);
    assert.deepEqual(await listed('/v1/sora/drafts', bound), []);
    assert.equal((await h.api('GET', '/v1/sora/drafts?since=1')).body.code, 'QUERY_INVALID');
  });
});

describe('a flow that polls', () => {
  const shared = sharedHarness();
  const look = { type: 'navigate', url: URL };
  const verify = { as: 'READY', steps: [{ type: 'waitForElement', selectors: ['video'] }] };
  const flow = (action: object, rest: object = {}) => ({
    name: 'waits',
    platforms: ['*'],
    actions: [{ attempt: 'CHECK', effect: 'read', steps: [look], verify, poll: {}, ...action }],
    ...rest
  });
  const put = (body: object) => shared.h.api('PUT', '/v1/flows/waits', { body });

  it('is refused where it would act, has nothing to wait for, or may stand on no page', async () => {
    const click = { type: 'click', selectors: ['a'] };
    for (const [body, path, why] of [
      [flow({ effect: 'write' }), '/actions/0/poll', /attempted once/],
      [flow({ verify: undefined }), '/actions/0/poll', /nothing to wait for/],
      [flow({ steps: [click] }), '/actions/0/poll', /navigate/],
      [flow({ poll: { everyMs: 1 } }), '/actions/0/poll/everyMs', /100/],
      [flow({ poll: { until: 1 } }), '/actions/0/poll/until', /unknown|not/],
      [flow({}, { result: { file: 'video_path' } }), '/result/file', /no action reads 'video_path'/],
      [flow({}, { result: { session_id: 'x' } }), '/result', /./]
    ] as const) {
      const answer = await put(body);
      assert.equal(answer.status, 400, JSON.stringify(answer.body));
      const found = answer.body.errors.find((one: { path: string }) => one.path.startsWith(path));
      assert.match(found?.message ?? '', why, JSON.stringify(answer.body.errors));
    }
    assert.equal((await put(flow({}))).status, 201);
  });

  it('shows POLLING, what it looks at and when next, until it holds', async () => {
    const { h } = shared;
    await put(flow({ poll: { everyMs: 100, maxEveryMs: 100 } }));
    const looks: boolean[] = [];
    h.executor.verify = async () => {
      looks.push(true);
      const isThere = looks.length > 3;
      return isThere
        ? { outcome: 'VERIFIED', why: null, proofs: [], artifacts: [] }
        : ({ outcome: 'VERIFICATION_FAILED', why: 'later', pending: true, proofs: [], artifacts: [] } as never);
    };
    const { body } = await h.send({ target: { platform: 'x' }, payload: { flow: 'waits' } });
    const rested = await h.host.waitFor(
      `command/${body.command_id}`,
      ({ state }) => state === 'RUNNING.POLLING.resting' || state === 'SUCCEEDED',
      { timeoutMs: 60_000 }
    );
    assert.ok(rested);
    const command = await h.ended(body.command_id);
    assert.deepEqual([command.state, command.actions[0]?.attempts, looks.length], ['SUCCEEDED', 4, 4]);
    const { body: events } = await h.api('GET', `/v1/events?command_id=${body.command_id}&limit=500`);
    const rests = events.items.filter(
      ({ payload }: { payload: { to?: string } }) => payload.to === 'RUNNING.POLLING.resting'
    );
    assert.deepEqual(
      rests.map(({ payload }: { payload: { action: string; looks: number } }) => [payload.action, payload.looks]),
      [
        ['CHECK', 1],
        ['CHECK', 2],
        ['CHECK', 3]
      ]
    );
  });
});
