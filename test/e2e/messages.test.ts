// biome-ignore-all lint/suspicious/noTemplateCurlyInString: a flow’s placeholders
/** Flows beyond a comment, on the example site: a message that somebody is asked about, and what is read off pages. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { ApprovalView, CommandView, DmThreadView, PostView } from '../../schemas/generated/contracts.ts';
import { inState } from '../support/inspector-stage.ts';
import { actionOf, body, needsBrowser, sharedStage, VISITOR } from './stage.ts';

type PostPage = { items: PostView[] };
type ThreadPage = { items: DmThreadView[] };

describe('built-in flows in a real browser', needsBrowser(), () => {
  const stage = sharedStage();
  const target = { platform: 'example', account_id: VISITOR };
  // At any time of day, and one right after the other.
  before(async () => {
    const message = { per_hour: null, per_day: null, apart_s: null, hours: null };
    const set = { platform: 'example', limits: { message } };
    const { status } = await stage.manager.request('PUT', `/v1/accounts/${VISITOR}`, set);
    assert.equal(status, 200);
  });
  const send = (flow: string, params: Record<string, string>, rest: { idempotency_key?: string } = {}) =>
    stage.manager.send({ target, payload: { flow, params }, ...rest });
  const run = async (flow: string, params: Record<string, string>): Promise<CommandView> => {
    const { command_id } = await send(flow, params);
    const command = await stage.manager.commandEnd(command_id, { timeoutMs: 120_000 });
    assert.equal(command.state, 'SUCCEEDED', JSON.stringify(command));
    return command;
  };
  /** Records that the command has read under this name. */
  const recordsOf = ({ result }: CommandView, name: string) =>
    (result as { extracted: Record<string, Record<string, unknown>[]> }).extracted[name]!;
  const thread = (id: string) => `${stage.site.url}/messages/${id}`;
  const sent = (text: string) => stage.site.writes({ kind: 'message', text }).length;

  async function answer(commandId: string, decision: object): Promise<ApprovalView> {
    const { manager } = stage;
    let view: CommandView | undefined;
    for (const until = Date.now() + 60_000; view?.state !== 'AWAITING_APPROVAL'; await delay(50)) {
      assert.ok(Date.now() < until, `it does not ask: ${JSON.stringify(view)}`);
      view = (await manager.request<CommandView>('GET', `/v1/commands/${commandId}`)).body;
    }
    // It is told to begin by the command that waits for it, and is there a moment later.
    await inState(manager, `approval/${view.approval_id}`, 'PENDING');
    const decided = await manager.request<ApprovalView>('POST', `/v1/approvals/${view.approval_id}`, decision);
    assert.equal(decided.status, 200, JSON.stringify(decided.body));
    return decided.body;
  }

  it('send_dm waits for a person, and once allowed is sent exactly once', async () => {
    const text = 'Butter is in the bag 🧈';
    const wish = { thread_url: thread('1'), text };
    const { command_id } = await send('send_dm', wish, { idempotency_key: 'dm 1' });
    const approval = await answer(command_id, { decision: 'allow' });
    assert.equal(approval.preview.params.text, text);
    const command = await stage.manager.commandEnd(command_id, { timeoutMs: 120_000 });
    assert.equal(command.state, 'SUCCEEDED', JSON.stringify(command));
    assert.deepEqual(
      stage.site.writes({ kind: 'message', text }).map(({ account, to }) => [account, to]),
      [[VISITOR, 'bob']]
    );
    assert.equal(actionOf(command, 'DM_SEND').outcome, 'VERIFIED');
    const { body: again } = await stage.manager.request<CommandView>('POST', '/v1/commands', {
      ...body({ target, payload: { flow: 'send_dm', params: wish } }),
      idempotency_key: 'dm 1'
    });
    assert.equal(again.command_id, command_id);
    assert.equal(sent(text), 1);
  });

  it('send_dm that is denied sends nothing, and nothing was opened for it', async () => {
    const text = 'never to be read';
    const { command_id } = await send('send_dm', { thread_url: thread('2'), text });
    await answer(command_id, { decision: 'deny', note: 'not today' });
    const command = await stage.manager.commandEnd(command_id);
    assert.deepEqual([command.state, command.error?.code, command.actions], ['FAILED', 'APPROVAL_DENIED', []]);
    assert.equal(sent(text), 0);
  });

  it('send_dm that is edited sends what was allowed, and not what was asked for', async () => {
    const { command_id } = await send('send_dm', { thread_url: thread('2'), text: 'as asked' });
    await answer(command_id, { decision: 'allow', edited: { text: 'as allowed' } });
    const command = await stage.manager.commandEnd(command_id, { timeoutMs: 120_000 });
    assert.equal(command.state, 'SUCCEEDED', JSON.stringify(command));
    assert.deepEqual([sent('as asked'), sent('as allowed')], [0, 1]);
  });

  it('a flow that says it reaches nobody sends nothing where its page leads on to a thread, and asks nobody either', async () => {
    const { manager, site } = stage;
    const put = await manager.request('PUT', '/v1/flows/note_down', {
      name: 'note_down',
      platforms: ['example'],
      params: {
        type: 'object',
        required: ['url', 'text'],
        properties: { url: { type: 'string' }, text: { type: 'string' } }
      },
      actions: [
        {
          attempt: 'NOTE',
          effect: 'write',
          reaches: 'nobody',
          steps: [
            { type: 'navigate', url: '${params.url}' },
            { type: 'change', selectors: ['.composer textarea'], value: '${params.text}' },
            { type: 'click', selectors: ['.composer button'] }
          ]
        }
      ]
    });
    assert.equal(put.status, 201, JSON.stringify(put.body));
    const text = 'nobody was asked about this';
    const wish = { url: `${site.url}/out?to=/messages/1`, text };
    const { command_id } = await send('note_down', wish);
    const command = await manager.commandEnd(command_id, { timeoutMs: 120_000 });
    assert.deepEqual([command.state, command.error?.code], ['FAILED', 'REACH_EXCEEDED'], JSON.stringify(command));
    assert.match(command.error?.message ?? '', /'NOTE' .* 'nobody', and it came to http:\S+\/messages\/1,/);
    assert.equal(command.approval_id ?? null, null);
    assert.equal(actionOf(command, 'NOTE').outcome, 'VERIFICATION_FAILED', 'it is known that nothing was sent');
    assert.equal(sent(text), 0);
    assert.ok(
      site.requests().some(({ url }) => url === '/messages/1'),
      'it was led there'
    );
  });

  it('scrape_post_stats reads each post of a page as a record', async () => {
    const one = await run('scrape_post_stats', { post_url: stage.site.postUrl(1) });
    const [post, ...others] = recordsOf(one, 'posts');
    assert.deepEqual(others, []);
    const { likes, ...rest } = post!;
    assert.equal(typeof likes, 'number');
    assert.deepEqual(rest, {
      url: stage.site.postUrl(1),
      post_id: '1',
      author: 'Chiara Lindqvist',
      text: 'First light over the ridge this morning. Nobody on the path, and the whole valley still under fog.',
      comments: 3,
      views: null,
      posted: '2 h'
    });
    const feed = await run('scrape_post_stats', { post_url: stage.site.url });
    assert.equal(recordsOf(feed, 'posts').length, 8);
    const { body: page } = await stage.manager.request<PostPage>('GET', `/v1/posts?account_id=${VISITOR}`);
    assert.equal(page.items.length, 8);
    const kept = page.items.find(({ url }) => url === stage.site.postUrl(1));
    assert.deepEqual([kept?.author, kept?.stats.comments], ['Chiara Lindqvist', 3]);
  });

  it('scrape_dm_threads reads the list and opens none', async () => {
    const command = await run('scrape_dm_threads', { inbox_url: `${stage.site.url}/messages` });
    const threads = recordsOf(command, 'dm_threads');
    assert.equal(threads.length, 3);
    assert.deepEqual(
      threads.find(({ thread_id }) => thread_id === '3'),
      {
        url: thread('3'),
        thread_id: '3',
        with: 'Farid Nasser',
        last_message: 'الأولى — the first, right to left.',
        unread: null,
        updated: '22 h'
      }
    );
    assert.ok(!stage.site.requests().some(({ url }) => url === '/messages/3'));
    const { body: page } = await stage.manager.request<ThreadPage>('GET', `/v1/dm_threads?account_id=${VISITOR}`);
    assert.deepEqual(page.items.map(({ with: other }) => other).toSorted(), [
      'Bob Okafor',
      'Chiara Lindqvist',
      'Farid Nasser'
    ]);
  });

  it('login_check says that the account is logged in', async () => {
    const command = await run('login_check', { url: stage.site.url });
    assert.equal(actionOf(command, 'LOGIN_CHECK').outcome, 'VERIFIED');
  });
});
