// biome-ignore-all lint/suspicious/noTemplateCurlyInString: a flow's placeholders
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Flow, FlowAction } from '../../schemas/generated/contracts.ts';
import { conforms } from '../../server/contracts.ts';
import { type Answer, envelope, type Harness, openHarness, sharedHarness, uuid } from './harness.ts';

const params = {
  type: 'object',
  required: ['to', 'text'],
  additionalProperties: false,
  properties: { to: { type: 'string' }, text: { type: 'string', minLength: 1, maxLength: 30 } }
};
const send: FlowAction = {
  attempt: 'SEND',
  effect: 'write',
  steps: [
    { type: 'change', selectors: ['textarea'], value: '${params.to} ${params.text}' },
    { type: 'click', selectors: ['#send'] }
  ],
  verify: { as: 'SENT', steps: [{ type: 'waitForElement', selectors: ['#sent'] }] }
};
const message = (over: Partial<Flow> = {}): Flow => ({
  name: 'message',
  platforms: ['*'],
  params,
  actions: [{ ...send, reaches: 'message' }],
  ...over
});
/** Nothing but a person keeps its messages back, whatever time it is. */
const unlimited = { per_hour: null, per_day: null, apart_s: null, hours: null };
const setAccount = (h: Harness, body: Record<string, unknown>, id = 'ada', token = h.admin) =>
  h.api('PUT', `/v1/accounts/${id}`, { body: { platform: 'instagram', ...body }, token });

const put = (h: Harness, flow: Flow, token = h.admin, query = '') =>
  h.api('PUT', `/v1/flows/${flow.name}${query}`, { body: flow, token });
const run = (h: Harness, flow = 'message', over: Record<string, unknown> = {}, text = 'hello') =>
  h.send({ payload: { flow, params: { to: 'bo', text } }, ...over });

/** The question of a command, once it waits for the answer. */
async function asked(h: Harness, sent: Answer) {
  assert.equal(sent.status, 202, JSON.stringify(sent.body));
  const { approvalId } = await h.asked(sent.body.command_id);
  const path = `/v1/approvals/${approvalId}`;
  return {
    commandId: sent.body.command_id as string,
    path,
    view: async () => (await h.api('GET', path)).body,
    answer: (body: Record<string, unknown>, token = h.admin) => h.api('POST', path, { body, token })
  };
}
const typed = (h: Harness) =>
  h.executor.attempts.flatMap(({ action }) => action.steps.flatMap((step) => ('value' in step ? [step.value] : [])));
const code = (answer: Answer, status: number, expected: string) => {
  assert.equal(answer.status, status, JSON.stringify(answer.body));
  assert.equal(answer.body.code, expected);
};

describe('a message does not go out without an answer', () => {
  const shared = sharedHarness();
  const clicks = (effect: 'read' | 'write'): FlowAction[] => [
    { attempt: 'LOOK', effect, steps: [{ type: 'click', selectors: ['#send'] }] }
  ];

  const of = (flow: Flow, token?: string) => async (h: Harness) => {
    await put(h, flow, token);
    return run(h, flow.name);
  };

  const tries: [string, (h: Harness) => Promise<Answer>][] = [
    ['from a flow that says what it is', of(message())],
    ['from a flow that asks for no approval', of(message({ name: 'm1', approval: 'none' }))],
    ['from a flow that does not say whom it reaches', of(message({ name: 'm2', actions: [send] }))],
    ['from one that calls itself a read', of(message({ name: 'm3', actions: clicks('read') }))],
    [
      'from one put by a client that may write flows',
      async (h) => of(message({ name: 'm4', actions: clicks('write') }), await h.token(['flows:write']))(h)
    ],
    [
      'from a recording of a click',
      async (h) => {
        const body = { title: 'R', steps: [{ type: 'click', selectors: [['#send']], offsetX: 1, offsetY: 1 }] };
        await h.api('PUT', '/v1/flows/m5', { body });
        return h.send({ payload: { flow: 'm5', params: {} } });
      }
    ],
    [
      'from a flow that an admin said reaches nobody, on an address of messages',
      async (h) => {
        const actions: FlowAction[] = [
          {
            attempt: 'OPEN',
            effect: 'read',
            steps: [{ type: 'navigate', url: '${params.to}' }]
          },
          { ...send, reaches: 'nobody' }
        ];
        await put(h, message({ name: 'm6', actions }));
        return h.send({ payload: { flow: 'm6', params: { to: 'https://www.instagram.com/direct/t/7', text: 'x' } } });
      }
    ],
    ['in a hurry', (h) => run(h, 'message', { priority: 1 })],
    [
      'asked for by an admin',
      (h) =>
        h.api('POST', '/v1/commands', {
          body: envelope({
            requester: { service: 'admin', instance_id: '1' },
            payload: { flow: 'message', params: { to: 'bo', text: 'x' } }
          })
        })
    ],
    [
      'in the session of an account that the command does not name',
      async (h) => {
        const session = await h.api('POST', '/v1/sessions', { body: { account_id: 'grace', platform: 'instagram' } });
        return run(h, 'message', { target: { platform: 'instagram', session_id: session.body.session_id } });
      }
    ]
  ];
  for (const [how, attempt] of tries) {
    it(how, async () => {
      const { h } = shared;
      const before = h.executor.attempts.filter(({ action }) =>
        action.steps.some(({ type }) => type === 'click')
      ).length;
      const { view, answer, commandId } = await asked(h, await attempt(h));
      const shown = await view();
      assert.deepEqual(conforms('troupe:approval#/$defs/ApprovalView', shown), []);
      assert.ok(Object.values(shown.preview.reaches).includes('message'), JSON.stringify(shown.preview));
      const after = h.executor.attempts.filter(({ action }) =>
        action.steps.some(({ type }) => type === 'click')
      ).length;
      assert.equal(after, before);
      assert.equal((await answer({ decision: 'deny', note: 'no' })).status, 200);
      assert.equal((await h.ended(commandId)).error?.code, 'APPROVAL_DENIED');
    });
  }

  it('shows the account whose session it is', async () => {
    const { h } = shared;
    const session = await h.api('POST', '/v1/sessions', { body: { account_id: 'henry', platform: 'instagram' } });
    const { view } = await asked(
      h,
      await run(h, 'message', { target: { platform: 'instagram', session_id: session.body.session_id } })
    );
    assert.equal((await view()).preview.account_id, 'henry');
  });

  it('takes no less from a client that is no admin', async () => {
    const { h } = shared;
    const token = await h.token(['flows:write']);
    const quiet = message({ name: 'quiet', actions: [{ ...send, reaches: 'nobody' }] });
    code(await put(h, quiet, token), 403, 'REACH_FORBIDDEN');
    code(await put(h, message({ name: 'quiet', actions: [send] }), token, '?reaches=nobody'), 403, 'REACH_FORBIDDEN');
    assert.equal((await put(h, quiet)).status, 201);
    assert.equal((await put(h, quiet, token)).status, 200, 'what is there already may be put again');
    const moved = {
      ...quiet,
      actions: [{ ...quiet.actions[0]!, steps: [{ type: 'click' as const, selectors: ['#x'] }] }]
    };
    code(await put(h, moved, token), 403, 'REACH_FORBIDDEN');
    assert.equal((await h.ended((await run(h, 'quiet')).body.command_id)).state, 'SUCCEEDED');
  });

  it('attempts nothing in a dry run, and asks nobody', async () => {
    const { h } = shared;
    await put(h, message({ name: 'dry', actions: clicks('read') }));
    const before = h.executor.attempts.length;
    const { state, approval_id } = await h.ended((await run(h, 'dry', { dry_run: true })).body.command_id);
    assert.deepEqual([state, approval_id, h.executor.attempts.length], ['SUCCEEDED', null, before]);
  });

  it('cannot be told so past the approval', async () => {
    const { h } = shared;
    const { commandId, view } = await asked(h, await run(h));
    const { action_hash, approval_id } = await view();
    const event = { type: 'approval.resolved', approvalId: approval_id, actionHash: action_hash, state: 'ALLOWED' };
    for (const [address, body] of [
      [`command/${commandId}`, event],
      [`approval/${approval_id}`, { type: 'approval.decide', decision: 'allow', by: 'me' }]
    ] as const) {
      const answer = await h.api('POST', `/v1/actors/${address}/events`, { body });
      assert.ok(answer.status >= 400, `${address} took ${JSON.stringify(body)}`);
    }
    assert.equal((await view()).state, 'PENDING');
  });
});

describe('an answer', () => {
  it('with an edit sends that and nothing else, and both stay to be read', async (t) => {
    const h = await openHarness(t);
    await setAccount(h, { limits: { message: unlimited } });
    await put(h, message());
    const first = await asked(h, await run(h));
    const bad = await first.answer({ decision: 'allow', edited: { text: '', more: 1 } });
    code(bad, 400, 'VALIDATION_FAILED');
    assert.deepEqual(bad.body.errors.map(({ path }: { path: string }) => path).sort(), [
      '/edited/more',
      '/edited/text'
    ]);
    code(await first.answer({ decision: 'deny', edited: { text: 'x' } }), 400, 'VALIDATION_FAILED');
    code(await first.answer({ decision: 'allow', edited: {} }), 400, 'VALIDATION_FAILED');
    assert.equal((await first.view()).state, 'PENDING');

    const token = await h.token(['approve:message'], 'boss');
    const said = await first.answer({ decision: 'allow', edited: { text: 'hello there' } }, token);
    assert.equal(said.status, 200, JSON.stringify(said.body));
    assert.deepEqual(conforms('troupe:approval#/$defs/ApprovalView', said.body), []);
    const { state, preview, edited, action_hash, decided_by } = said.body;
    assert.deepEqual([state, decided_by, edited.by], ['ALLOWED', 'boss', 'boss']);
    assert.deepEqual([preview.params.text, edited.preview.params.text], ['hello', 'hello there']);
    assert.deepEqual(edited.params, { text: 'hello there' });
    assert.notEqual(edited.action_hash, action_hash);

    const ended = await h.ended(first.commandId);
    assert.equal(ended.state, 'SUCCEEDED');
    assert.equal((ended.payload.params as { text: string }).text, 'hello there');
    assert.deepEqual(typed(h), ['bo hello there']);

    assert.equal((await first.answer({ decision: 'allow', edited: { text: 'hello there' } })).status, 200);
    for (const other of [{ decision: 'allow' }, { decision: 'deny' }, { decision: 'allow', edited: { text: 'no' } }]) {
      code(await first.answer(other), 409, 'APPROVAL_DECIDED');
    }
  });

  it('with an edit that changes nothing is a plain yes', async (t) => {
    const h = await openHarness(t);
    await setAccount(h, { limits: { message: unlimited } });
    await put(h, message());
    const one = await asked(h, await run(h));
    assert.equal((await one.answer({ decision: 'allow', edited: { text: 'hello' } })).body.edited, null);
    assert.equal((await one.answer({ decision: 'allow' })).status, 200);
    assert.equal((await h.ended(one.commandId)).state, 'SUCCEEDED');
  });

  it('is the first of many, and what goes out is what that one said', async (t) => {
    const h = await openHarness(t);
    await setAccount(h, { limits: { message: unlimited } });
    await put(h, message());
    const one = await asked(h, await run(h));
    const answers = ['a', 'b', 'c', 'a', 'b', 'c'];
    const got = await Promise.all(answers.map((text) => one.answer({ decision: 'allow', edited: { text } })));
    const won = (await one.view()).edited.params.text;
    for (const [i, { status }] of got.entries()) assert.equal(status, answers[i] === won ? 200 : 409);
    await h.ended(one.commandId);
    assert.deepEqual(typed(h), [`bo ${won}`]);
  });

  it('is of one of several that wait, and of no other', async (t) => {
    const h = await openHarness(t);
    await setAccount(h, { limits: { message: unlimited } });
    await put(h, message());
    const all = [];
    for (const text of ['one', 'two', 'three']) all.push(await asked(h, await run(h, 'message', {}, text)));
    assert.equal((await h.api('GET', '/v1/approvals?state=pending')).body.items.length, 3);
    await all[1]!.answer({ decision: 'allow' });
    await h.ended(all[1]!.commandId);
    assert.deepEqual(typed(h), ['bo two']);
    assert.equal((await h.api('GET', '/v1/approvals?state=pending')).body.items.length, 2);
  });

  it('to the flow as it was stays with it, whatever is put meanwhile', async (t) => {
    const h = await openHarness(t);
    await setAccount(h, { limits: { message: unlimited } });
    await put(h, message());
    const one = await asked(h, await run(h));
    const changed = {
      ...send,
      reaches: 'message' as const,
      steps: [{ type: 'change' as const, selectors: ['b'], value: 'evil' }]
    };
    assert.equal((await put(h, message({ actions: [changed] }))).body.version, 2);
    await one.answer({ decision: 'allow' });
    await h.ended(one.commandId);
    assert.deepEqual(typed(h), ['bo hello']);
  });

  it('is asked for once, however often the command is sent', async (t) => {
    const h = await openHarness(t);
    await setAccount(h, { limits: { message: unlimited } });
    await put(h, message());
    const again = () => run(h, 'message', { idempotency_key: 'k' });
    const one = await asked(h, await again());
    assert.equal((await again()).body.command_id, one.commandId);
    assert.equal((await h.api('GET', '/v1/approvals')).body.items.length, 1);
    await one.answer({ decision: 'allow' });
    await h.ended(one.commandId);
    await again();
    // A wish of its own asks anew, though it is the same to the letter.
    await asked(h, await run(h, 'message', { idempotency_key: 'k2' }));
    assert.deepEqual(typed(h), ['bo hello']);
  });

  it('is not waited for when the command is cancelled, and an answer after that lets nothing out', async (t) => {
    const h = await openHarness(t);
    await setAccount(h, { limits: { message: unlimited } });
    await put(h, message());
    const one = await asked(h, await run(h));
    await h.api('POST', `/v1/commands/${one.commandId}/cancel`, { body: { reason: 'no' } });
    await h.host.waitFor(one.path.replace('/v1/approvals', 'approval'), ({ status }) => status !== 'active', {
      timeoutMs: 60_000
    });
    assert.equal((await one.view()).state, 'WITHDRAWN');
    code(await one.answer({ decision: 'allow' }), 409, 'APPROVAL_DECIDED');
    assert.equal((await h.ended(one.commandId)).state, 'CANCELLED');

    const raced = await asked(h, await run(h, 'message', { idempotency_key: uuid() }, 'raced'));
    const [cancelled] = await Promise.all([
      h.api('POST', `/v1/commands/${raced.commandId}/cancel`, { body: {} }),
      raced.answer({ decision: 'allow' })
    ]);
    const ended = await h.ended(raced.commandId);
    if (cancelled.status === 202 && ended.state === 'CANCELLED') assert.deepEqual(typed(h), []);
  });

  it('that never comes lets nothing out', async (t) => {
    const h = await openHarness(t, { limits: { approvalMs: 1 } });
    await put(h, message());
    const { body } = await run(h);
    const ended = await h.ended(body.command_id);
    assert.equal(ended.error?.code, 'APPROVAL_EXPIRED');
    assert.deepEqual(typed(h), []);
  });
});
