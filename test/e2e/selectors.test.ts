/** A layout changes: a sweep finds what broke before a write meets it, reads get by, writes wait, and a person or three sweeps decide. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { CommandView, SelectorDetail, SelectorView } from '../../schemas/generated/contracts.ts';
import { startManager } from '../support/manager.ts';
import { assertChained, assertWhole, readLog } from './log.ts';
import { cancel, comment, commentsOf, needsBrowser, sharedStage, VISITOR } from './stage.ts';

/** @throws AssertionError when it does not come to hold within 30 s */
async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 120_000; !(await holds()); await delay(50)) {
    assert.ok(Date.now() < deadline, `it did not come to hold: ${holds}`);
  }
}

const target = { platform: 'example', account_id: VISITOR };

describe('the selector registry, with a real browser', needsBrowser(), () => {
  const stage = sharedStage();

  async function sweep(query: string, more: { names?: string[]; dry_run?: boolean } = {}): Promise<CommandView> {
    const { manager, site } = stage;
    const { names, dry_run = false } = more;
    const payload = { pages: { post: site.postUrl(1, query) }, ...(names ? { names } : {}) };
    const { command_id } = await manager.send({ type: 'selector.sweep', target, payload, dry_run });
    const command = await manager.commandEnd(command_id);
    assert.equal(command.state, 'SUCCEEDED', JSON.stringify(command));
    // The registry's actors hear of it from the command: a moment after.
    for (const { name } of dry_run ? [] : sweptBy(command)) {
      await until(async () => (await entry(name)).history.some((row) => row.command_id === command_id));
    }
    return command;
  }

  async function entry(name: string): Promise<SelectorDetail> {
    const { status, body } = await stage.manager.request<SelectorDetail>(
      'GET',
      `/v1/selector_registry/example/${name}`
    );
    assert.equal(status, 200, JSON.stringify(body));
    return body;
  }
  const viewOf = async (name: string): Promise<SelectorView> => (await entry(name)).selector;

  const decide = (name: string, decision: string, selector: string | undefined) =>
    stage.manager.request<SelectorView & { code?: string }>('POST', `/v1/selector_registry/example/${name}`, {
      decision,
      ...(selector === undefined ? {} : { selector })
    });

  /** Resolves once the command waits for a decision. */
  async function untilAsked(commandId: string): Promise<CommandView> {
    const stream = await stage.manager.subscribe({ cursor: '0', filters: { command_id: commandId } });
    await stream.until((frame) => frame.type === 'event' && frame.event.type === 'human.required');
    stream.close();
    const { body } = await stage.manager.request<CommandView>('GET', `/v1/commands/${commandId}`);
    assert.equal(body.state, 'AWAITING_APPROVAL', JSON.stringify(body));
    return body;
  }
  const sweptBy = ({ result }: CommandView) => result?.selectors ?? [];
  const statesOf = (command: CommandView) =>
    Object.fromEntries(sweptBy(command).map(({ name, state }) => [name, state]));

  it('says unknown of what nobody has looked at', async () => {
    const { manager } = stage;
    const { body } = await manager.request<{ items: SelectorView[]; next_page: string | null }>(
      'GET',
      '/v1/selector_registry?platform=example&limit=3'
    );
    assert.equal(body.items.length, 3);
    assert.ok(body.next_page);
    assert.ok(body.items.every(({ state, swept_at, why }) => state === 'unknown' && swept_at === null && why));
    assert.equal((await decide('post.body', 'accept', undefined)).status, 409);
    assert.equal((await manager.request('GET', '/v1/selector_registry/example/post.nothing')).status, 404);
  });

  it('learns from a sweep what its names look like, and counts', async () => {
    const command = await sweep('');
    assert.deepEqual((command.result as { counts: unknown }).counts, { ok: 7, ambiguous: 0, healed: 0, missing: 0 });
    const { selector, history } = await entry('post.comment_submit');
    assert.equal(selector.state, 'ok');
    assert.equal(selector.fingerprint?.name, 'post');
    assert.equal(selector.selector, '[data-testid="comment-submit"]');
    assert.ok(selector.swept_at && selector.last_seen_at);
    assert.deepEqual(
      history.map(({ state, command_id }) => [state, command_id]),
      [['ok', command.command_id]]
    );
    // What the post says is somebody's words.
    assert.equal((await viewOf('post.body')).fingerprint?.name, '');
  });

  it('writes nothing in a dry run', async () => {
    const command = await sweep('variant=renamed', { dry_run: true });
    assert.equal(statesOf(command)['post.comment_submit'], 'healed');
    assert.equal((await viewOf('post.comment_submit')).state, 'ok');
  });

  it('finds in a sweep what a new layout broke, and says so on the stream', async () => {
    const { manager, site } = stage;
    const before = site.writes().length;
    const command = await sweep('variant=renamed');
    const healed = ['post.body', 'post.comment_input', 'post.comment_submit'];
    assert.deepEqual(
      Object.entries(statesOf(command))
        .filter(([, state]) => state === 'healed')
        .map(([name]) => name),
      healed
    );
    for (const name of healed) {
      const all = await readLog(manager, 'actor_kinds=selector&event_types=selector.missing');
      const events = all.filter(({ payload }) => payload.actor.id === `example:${name}`);
      const { payload, severity } = events.at(-1)!;
      assert.equal(severity, 'warn');
      assert.equal(payload.to, 'healed');
      assert.ok((payload.tried as unknown[]).length > 0);
    }
    const { body } = await manager.request<{ items: SelectorView[] }>(
      'GET',
      '/v1/selector_registry?platform=example&state=healed'
    );
    assert.deepEqual(body.items.map(({ name }) => name).sort(), healed);
    assert.equal(site.writes().length, before, 'a sweep acts on nothing');
  });

  it('accepts by itself what three sweeps in a row find the same and surely, and nothing else', async () => {
    const names = ['post.comment_input', 'post.comment_submit'];
    await sweep('variant=renamed', { names });
    assert.equal((await viewOf('post.comment_input')).healed?.clean_sweeps, 2);
    await sweep('variant=renamed', { names });
    const input = await viewOf('post.comment_input');
    assert.equal(input.state, 'ok');
    assert.equal(input.version, 2);
    assert.deepEqual(
      input.promoted.map(({ selector, by, version }) => [selector, by, version]),
      [['[data-testid="composer-text"]', 'sweeps', 2]]
    );
    assert.ok(input.promoted[0]!.since.startsWith(new Date().toISOString().slice(0, 4)));
    await sweep('variant=renamed', { names });
    const submit = await viewOf('post.comment_submit');
    assert.equal(submit.state, 'healed', 'another name is for a person to accept');
    assert.equal(submit.healed?.clean_sweeps, 4);
    assert.equal((await viewOf('post.comment_input')).state, 'ok');
  });

  it('lets the reads of a write go on with what is healed, and the write wait for a person', async () => {
    const { manager, site } = stage;
    const text = 'once a person said yes';
    const { command_id } = await manager.send(comment(site, { text, url: site.postUrl(1, 'variant=renamed') }));
    const waiting = await untilAsked(command_id);
    assert.match(waiting.why ?? '', /@post\.comment_submit .*composer-send/);
    assert.deepEqual(
      waiting.actions.map(({ name, outcome, attempts }) => [name, outcome, attempts]),
      [
        ['POST_OPEN', 'VERIFIED', 1],
        ['COMMENT_CREATE', null, 0]
      ]
    );
    assert.equal(commentsOf(site, text), 0);
    // The browser is free meanwhile.
    const other = await manager.send(comment(site, { text: 'meanwhile', url: site.postUrl(2) }));
    assert.equal((await manager.commandEnd(other.command_id)).state, 'SUCCEEDED');
    await sweep('variant=renamed', { names: ['post.comment_submit'] });
    const submit = await viewOf('post.comment_submit');
    const wrong = await decide('post.comment_submit', 'accept', '#something-else');
    assert.equal(wrong.status, 409);
    assert.equal(wrong.body.code, 'SELECTOR_UNDECIDABLE');
    const accepted = await decide('post.comment_submit', 'accept', submit.healed?.selector);
    assert.equal(accepted.status, 200, JSON.stringify(accepted.body));
    assert.equal(accepted.body.promoted.at(-1)?.by, 'person');
    assert.equal((await decide('post.comment_submit', 'accept', submit.healed?.selector)).status, 200, 'said again');
    const command = await manager.commandEnd(command_id);
    assert.equal(command.state, 'SUCCEEDED', JSON.stringify(command));
    assert.equal(commentsOf(site, text), 1);
    const types = (await readLog(manager, `command_id=${command_id}`)).map(({ type }) => type);
    assert.ok(types.includes('human.required') && types.includes('human.resolved'));
  });

  it('takes a decision back, and a rejected element is not healed again: the write fails and nothing is written', async () => {
    const { manager, site } = stage;
    const [promoted] = (await viewOf('post.comment_submit')).promoted;
    assert.equal((await decide('post.comment_submit', 'reject', promoted!.selector)).status, 200);
    await sweep('variant=renamed');
    const submit = await viewOf('post.comment_submit');
    assert.equal(submit.state, 'missing');
    assert.match(submit.why ?? '', /rejected/);
    const text = 'never to be written';
    const { command_id } = await manager.send(comment(site, { text, url: site.postUrl(1, 'variant=renamed') }));
    const command = await manager.commandEnd(command_id);
    assert.equal(command.state, 'FAILED');
    assert.equal(command.error?.code, 'SELECTOR_MISSING');
    assert.equal(commentsOf(site, text), 0);
  });

  it('fails a write whose likeness a person rejects', async () => {
    const { manager, site } = stage;
    await sweep('');
    const text = 'a person says no';
    await sweep('variant=renamed', { names: ['post.body'] });
    const flow = {
      name: 'press_the_post',
      platforms: ['example'],
      actions: [
        { attempt: 'OPEN', effect: 'read', steps: [{ type: 'navigate', url: site.postUrl(1, 'variant=renamed') }] },
        { attempt: 'PRESS', effect: 'write', reaches: 'nobody', steps: [{ type: 'click', selectors: ['@post.body'] }] }
      ]
    };
    assert.equal((await manager.request('PUT', '/v1/flows/press_the_post', flow)).status, 201);
    const { command_id } = await manager.send({ target, payload: { flow: 'press_the_post', params: {} } });
    await untilAsked(command_id);
    await until(async () => (await viewOf('post.body')).waiting.includes(command_id));
    assert.equal((await decide('post.body', 'reject', undefined)).status, 200);
    const command = await manager.commandEnd(command_id);
    assert.equal(command.state, 'FAILED');
    assert.equal(command.error?.code, 'SELECTOR_QUARANTINED');
    assert.equal(commentsOf(site, text), 0);
  });

  it('never presses what merely stands and looks like what was there', async () => {
    const { manager, site } = stage;
    const text = 'not on Delete';
    const { command_id } = await manager.send(comment(site, { text, url: site.postUrl(3, 'variant=lookalike') }));
    const command = await manager.commandEnd(command_id);
    assert.equal(command.state, 'FAILED');
    assert.equal(command.error?.code, 'SELECTOR_MISSING');
    assert.deepEqual([site.counts({ kind: 'decoy' }).decoy, commentsOf(site, text)], [0, 0]);
    await until(async () => (await viewOf('post.comment_submit')).state === 'missing');
    const swept = await sweep('variant=lookalike');
    assert.equal(statesOf(swept)['post.comment_submit'], 'missing');
  });

  it('chooses none of two that are as near', async () => {
    const swept = await sweep('variant=twins');
    assert.equal(statesOf(swept)['post.comment_submit'], 'ambiguous');
    assert.equal((await viewOf('post.comment_submit')).state, 'ambiguous');
  });

  it('is cancelled in the middle, and what it had not reached stays as it was', async () => {
    const { manager, site } = stage;
    const payload = { pages: { post: site.postUrl(4, 'variant=never-answer') } };
    const sent = await manager.send({ type: 'selector.sweep', target, payload });
    await site.waitForRequest(({ url }) => url.includes('/post/4') && url.includes('never-answer'));
    await cancel(stage, sent);
    assert.equal((await manager.commandEnd(sent.command_id)).state, 'CANCELLED');
    assert.equal((await viewOf('post.comment_submit')).state, 'ambiguous');
  });

  it('refuses a sweep that could not be made, with every place that is wrong', async () => {
    const { manager } = stage;
    const body = (payload: object) => ({
      version: '1.0',
      requester: { service: 'admin', instance_id: 'test' },
      type: 'selector.sweep',
      target,
      payload
    });
    const wrong = await manager.request<{ errors: { path: string }[] }>(
      'POST',
      '/v1/commands',
      body({ platform: 'x', names: ['post.nothing'], pages: { feed: 'http://127.0.0.1/' } })
    );
    assert.equal(wrong.status, 400);
    assert.deepEqual(wrong.body.errors.map(({ path }) => path).sort(), [
      '/payload/names/0',
      '/payload/pages/feed',
      '/payload/platform'
    ]);
    const nowhere = await manager.request<{ errors: { path: string }[] }>('POST', '/v1/commands', body({}));
    assert.equal(nowhere.status, 400);
    assert.deepEqual(nowhere.body.errors[0]?.path, '/payload/pages');
  });

  it('has moved only by its actors: the log is whole', async () => {
    const events = await readLog(stage.manager);
    assertWhole(events);
    assertChained(events);
  });
});

describe('a sweep whose process is killed', needsBrowser(), () => {
  const stage = sharedStage();

  it('goes on where it was, and counts once', async (t) => {
    const { site, manager } = stage;
    const payload = { pages: { post: site.postUrl(1, 'variant=slow&delay=2000') } };
    const { command_id } = await manager.send({ type: 'selector.sweep', target, payload });
    await site.waitForRequest(({ url }) => url.includes('/post/1'));
    await manager.kill();
    const again = await startManager(t, { driver: 'safari', data: manager.data });
    const command = await again.commandEnd(command_id);
    assert.equal(command.state, 'SUCCEEDED', JSON.stringify(command));
    const path = '/v1/selector_registry/example/post.comment_submit';
    await until(async () => (await again.request<SelectorDetail>('GET', path)).body.history.length > 0);
    const { body } = await again.request<SelectorDetail>('GET', '/v1/selector_registry/example/post.comment_submit');
    assert.deepEqual(body.selector.counts, { ok: 1, ambiguous: 0, healed: 0, missing: 0 });
    assert.equal(body.history.length, 1);
  });
});
