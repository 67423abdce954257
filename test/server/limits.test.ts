// biome-ignore-all lint/suspicious/noTemplateCurlyInString: a flow's placeholders
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Flow, Reach } from '../../schemas/generated/contracts.ts';
import { conforms } from '../../server/contracts.ts';
import { type Answer, type Harness, openHarness, sharedHarness } from './harness.ts';

const none = { per_hour: null, per_day: null, apart_s: null, hours: null };
const flow = (name: string, reaches: Reach): Flow => ({
  name,
  platforms: ['*'],
  params: { type: 'object', required: ['text'], additionalProperties: false, properties: { text: { type: 'string' } } },
  actions: [
    {
      attempt: 'SAY',
      effect: 'write',
      reaches,
      steps: [{ type: 'click', selectors: ['text/${params.text}'] }],
      verify: { as: 'SAID', steps: [{ type: 'waitForElement', selectors: ['#said'] }] }
    }
  ]
});
const set = (h: Harness, body: Record<string, unknown>, id = 'ada', token = h.admin) =>
  h.api('PUT', `/v1/accounts/${id}`, { body: { platform: 'instagram', ...body }, token });
const get = async (h: Harness, id = 'ada') => (await h.api('GET', `/v1/accounts/${id}?platform=instagram`)).body;
const send = (h: Harness, name: string, text: string, over: Record<string, unknown> = {}) =>
  h.send({ payload: { flow: name, params: { text } }, ...over });
const inState = (h: Harness, { body }: Answer, state: string) =>
  h.host.waitFor(`command/${body.command_id}`, (actor) => actor.state === state || actor.status !== 'active', {
    timeoutMs: 60_000
  });
const code = (answer: Answer, status: number, expected: string) => {
  assert.equal(answer.status, status, JSON.stringify(answer.body));
  assert.equal(answer.body.code, expected);
};
async function stage(t: { after(end: () => Promise<void>): void }) {
  const h = await openHarness(t);
  for (const kind of ['message', 'comment', 'like'] as const) {
    await h.api('PUT', `/v1/flows/${kind}`, { body: flow(kind, kind) });
  }
  return h;
}

describe('an account', () => {
  const shared = sharedHarness();

  it('shows the limits that hold for it, what they counted and when the next may go out', async () => {
    const { h } = shared;
    const { status, body } = await set(h, { time_zone: 'Europe/Berlin', limits: { comment: { per_day: 5 } } }, 'view');
    assert.equal(status, 200, JSON.stringify(body));
    assert.deepEqual(conforms('troupe:account#/$defs/AccountView', body), []);
    assert.deepEqual(body.limits.message, {
      per_hour: 10,
      per_day: 30,
      apart_s: 60,
      hours: { from: '09:00', to: '21:00' }
    });
    assert.deepEqual(body.limits.comment, { ...none, per_day: 5 });
    assert.deepEqual(Object.keys(body.used).sort(), ['comment', 'message']);
    assert.deepEqual(
      [body.time_zone, body.approval, body.test_account, body.cool_down],
      ['Europe/Berlin', 'messages', false, null]
    );
    const again = await set(h, { limits: { comment: null } }, 'view');
    assert.deepEqual(again.body.limits.comment, none);
    assert.equal(again.body.time_zone, 'Europe/Berlin', 'what is left out stays');
    const { items } = (await h.api('GET', '/v1/accounts')).body;
    for (const item of items) assert.deepEqual(conforms('troupe:account#/$defs/AccountView', item), []);
  });

  it('refuses what cannot be a limit, with the place', async () => {
    const { h } = shared;
    for (const [body, path] of [
      [{ time_zone: 'Middle/Earth' }, '/time_zone'],
      [{ time_zone: '+02:00' }, '/time_zone'],
      [{ limits: { message: { per_hour: 0 } } }, '/limits/message/per_hour'],
      [{ limits: { message: { hours: { from: '25:00', to: '09:00' } } } }, '/limits/message/hours/from'],
      [{ limits: { message: { hours: { from: '09:00', to: '09:00' } } } }, '/limits/message/hours'],
      [{ limits: { wave: {} } }, '/limits/wave'],
      [{ approval: 'never' }, '/approval']
    ] as const) {
      const answer = await set(h, body);
      code(answer, 400, 'VALIDATION_FAILED');
      assert.ok(
        answer.body.errors.some((error: { path: string }) => error.path === path),
        `${path}: ${JSON.stringify(answer.body.errors)}`
      );
    }
  });

  it('is made one for tests by an admin alone', async () => {
    const { h } = shared;
    const token = await h.token(['accounts:write']);
    for (const test_account of [true, false]) code(await set(h, { test_account }, 'tester', token), 403, 'FORBIDDEN');
    assert.equal((await set(h, { time_zone: 'UTC' }, 'tester', token)).status, 200);
    assert.equal((await set(h, { test_account: true }, 'tester')).body.test_account, true);
  });
});

describe('at a limit a command', () => {
  it('waits in a state of its own, says why on the stream and in its view, and goes on by itself', async (t) => {
    const h = await stage(t);
    await set(h, { limits: { comment: { apart_s: 3 } } });
    await h.ended((await send(h, 'comment', 'one')).body.command_id);
    // On a machine so slow that the time has passed by then, one more has to wait.
    let limited: { payload: Record<string, string>; severity: string } | undefined;
    for (let i = 0; !limited && i < 50; i += 1) {
      const next = await send(h, 'comment', `another ${i}`);
      assert.equal((await h.ended(next.body.command_id)).state, 'SUCCEEDED');
      limited = await rateLimited(h, next);
    }
    const { payload, severity } = limited ?? assert.fail('none had to wait');
    assert.equal(severity, 'warn');
    assert.equal(payload.limit, 'apart_s');
    assert.ok(Date.parse(payload.retry_at as string) > 0);
    assert.match(payload.why as string, /^'ada' sends one of kind comment every 3 s; it goes on at /);
  });

  it('counts exactly, however many come at once', async (t) => {
    const h = await stage(t);
    await set(h, { limits: { comment: { per_hour: 3 } } });
    const sent = await Promise.all(Array.from({ length: 8 }, (_, i) => send(h, 'comment', `text ${i}`)));
    const states = await Promise.all(
      sent.map(async ({ body }) => {
        const end = await h.host.waitFor(
          `command/${body.command_id}`,
          ({ state, status }) => state === 'QUEUED.limited' || status !== 'active',
          { timeoutMs: 60_000 }
        );
        return end?.state;
      })
    );
    assert.deepEqual(states.toSorted(), [...Array(5).fill('QUEUED.limited'), ...Array(3).fill('SUCCEEDED')]);
    assert.equal(h.executor.attempts.length, 3);
    const { used } = await get(h);
    assert.deepEqual([used.comment.last_hour, used.comment.waiting, used.comment.limit], [3, 5, 'per_hour']);
    const view = (await h.api('GET', `/v1/commands/${sent[states.indexOf('QUEUED.limited')]!.body.command_id}`)).body;
    assert.equal(view.state, 'QUEUED');
    assert.match(view.why, /'ada' sends at most 3 of kind comment an hour/);
    // Set anew, those that wait go on at once.
    await set(h, { limits: { comment: null } });
    for (const { body } of sent) assert.equal((await h.ended(body.command_id)).state, 'SUCCEEDED');
    assert.equal(h.executor.attempts.length, 8);
  });

  it('can be cancelled, and ends at its deadline', async (t) => {
    const h = await stage(t);
    await set(h, { limits: { comment: { per_day: 1 } } });
    await h.ended((await send(h, 'comment', 'one')).body.command_id);
    const cancelled = await send(h, 'comment', 'two');
    await inState(h, cancelled, 'QUEUED.limited');
    assert.equal((await h.api('POST', `/v1/commands/${cancelled.body.command_id}/cancel`, { body: {} })).status, 202);
    assert.equal((await h.ended(cancelled.body.command_id)).state, 'CANCELLED');
    const late = await send(h, 'comment', 'three', { deadline_at: new Date(Date.now() + 3_000).toISOString() });
    assert.equal((await h.ended(late.body.command_id)).error?.code, 'DEADLINE_EXCEEDED');
    // The account is told after the command has ended.
    const until = Date.now() + 60_000;
    let waiting = 1;
    while (waiting > 0 && Date.now() < until) waiting = (await get(h)).used.comment.waiting;
    assert.equal(waiting, 0, 'its turn is free again');
    assert.equal(h.executor.attempts.length, 1);
  });

  it('holds no browser, and keeps nobody else of its account from one', async (t) => {
    const h = await stage(t);
    await set(h, { limits: { comment: { per_day: 1 } } });
    await h.ended((await send(h, 'comment', 'one')).body.command_id);
    const waiting = await send(h, 'comment', 'two');
    await inState(h, waiting, 'QUEUED.limited');
    assert.equal((await h.ended((await send(h, 'like', 'three')).body.command_id)).state, 'SUCCEEDED');
    const { session_id } = (await h.api('GET', `/v1/commands/${waiting.body.command_id}`)).body;
    const free = await h.host.waitFor(`session/${session_id}`, ({ context }) => context.current === null, {
      timeoutMs: 60_000
    });
    assert.deepEqual(free?.context.queue, []);
    assert.equal((await h.api('GET', `/v1/commands/${waiting.body.command_id}`)).body.state, 'QUEUED');
  });
});

describe('what has to be asked', () => {
  it('is every message of an account that is not for tests, also when it stops being one in between', async (t) => {
    const h = await stage(t);
    await set(h, { test_account: true, limits: { message: { ...none, per_day: 1 } } });
    const sure = await h.ended((await send(h, 'message', 'one')).body.command_id);
    assert.deepEqual([sure.state, sure.approval_id], ['SUCCEEDED', null]);
    // The next one waits for its turn, as a test account's; then it is none any more.
    const second = await send(h, 'message', 'two');
    await inState(h, second, 'QUEUED.limited');
    await set(h, { test_account: false, limits: { message: none } });
    const { approvalId } = await h.asked(second.body.command_id);
    assert.equal(h.executor.attempts.length, 1);
    const approval = `/v1/approvals/${approvalId}`;
    assert.equal((await h.api('POST', approval, { body: { decision: 'allow' } })).status, 200);
    assert.equal((await h.ended(second.body.command_id)).state, 'SUCCEEDED');
    assert.equal(h.executor.attempts.length, 2);
  });

  it('is every comment and like too, when the account says so', async (t) => {
    const h = await stage(t);
    await set(h, { approval: 'required' });
    for (const name of ['comment', 'like']) {
      const asked = await inState(h, await send(h, name, name), 'AWAITING_APPROVAL.asking');
      assert.equal(asked?.state, 'AWAITING_APPROVAL.asking', name);
    }
    await set(h, { approval: 'messages' });
    assert.equal((await h.ended((await send(h, 'like', 'more')).body.command_id)).state, 'SUCCEEDED');
    assert.equal(h.executor.attempts.length, 1);
  });
});

async function rateLimited(h: Harness, { body }: Answer) {
  const { items } = (await h.api('GET', `/v1/events?cursor=0&limit=500&command_id=${body.command_id}`)).body;
  return items.find((event: { type: string }) => event.type === 'rate.limited');
}
