import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, afterEach, describe, it } from 'node:test';
import type { ClickStep, CommandView, NavigateStep, Problem, TokenView } from '../../schemas/generated/contracts.ts';
import { startSite } from '../site/site.ts';
import { assertChained, assertWhole, describeRows, readLog } from './log.ts';
import {
  actionOf,
  body,
  type CommentWish,
  comment,
  commentsOf,
  needsBrowser,
  putFlow,
  sharedStage,
  stillWorks
} from './stage.ts';

/** What an accepted command makes at once. */
const BEGUN_BY_A_COMMAND = ['command', 'session', 'approval'];

describe('bad input', needsBrowser(), () => {
  const stage = sharedStage();
  let rounds = 0;
  /** How long the last good command took, ms: what is slow here and now. */
  let goodMs = 0;
  async function goodAsEver() {
    rounds += 1;
    const begin = performance.now();
    await stillWorks(stage, `good as ever ${rounds}`);
    goodMs = performance.now() - begin;
  }
  /** Passes after a command has got as far as a good one does from end to end, however slow the machine. */
  const deadline = () => new Date(Date.now() + 2_000 + 3 * goodMs).toISOString();

  describe('at the door', () => {
    // Nothing of it comes as far as the browser: each is answered by a manager that has just refused the one before.
    after(goodAsEver);

    /** Refused with this problem, and nothing was created of it. */
    async function refused(sent: unknown, status: number, code: string, headers?: Record<string, string>) {
      const { manager } = stage;
      const before = await readLog(manager);
      const answer = await manager.request<Problem>('POST', '/v1/commands', sent, headers);
      assert.equal(answer.status, status, JSON.stringify(answer.body));
      assert.match(answer.headers.get('content-type')!, /^application\/problem\+json/);
      assert.equal(answer.body.code, code);
      assert.equal(answer.body.status, status);
      // What the command before has found is told to the registry after its end, so that may be new by now too.
      const created = (await readLog(manager))
        .slice(before.length)
        .filter(({ payload: { actor, from } }) => from === null && BEGUN_BY_A_COMMAND.includes(actor.kind));
      assert.equal(created.length, 0, describeRows(created));
      return answer.body;
    }
    const good = (text: string, rest: Omit<CommentWish, 'text'> = {}) => body(comment(stage.site, { text, ...rest }));
    const paths = ({ errors = [] }: Problem) => errors.map(({ path }) => path);

    it('malformed JSON is JSON_MALFORMED', async () => {
      await refused('{"version": "1.0",', 400, 'JSON_MALFORMED');
      await refused('', 400, 'JSON_MALFORMED');
      await refused(new Uint8Array([0xff, 0xfe, 0x7b]), 400, 'JSON_MALFORMED');
    });

    it('unknown fields are named, wherever they are', async () => {
      const problem = await refused({ ...good('unknown'), colour: 'red' }, 400, 'VALIDATION_FAILED');
      assert.deepEqual(paths(problem), ['/colour']);
      const wish = good('unknown');
      const deeper = { ...wish, target: { ...wish.target, colour: 'red' } };
      assert.deepEqual(paths(await refused(deeper, 400, 'VALIDATION_FAILED')), ['/target/colour']);
    });

    it('another version is VERSION_UNSUPPORTED, quoted', async () => {
      const problem = await refused({ ...good('version'), version: '2.0' }, 400, 'VERSION_UNSUPPORTED');
      assert.match(problem.detail, /"2\.0"/);
    });

    it('wrong types are named, every one', async () => {
      const wish = { ...good('types'), priority: 'high', deadline_at: 'tomorrow', dry_run: 1 };
      const problem = await refused(wish, 400, 'VALIDATION_FAILED');
      assert.deepEqual(paths(problem).sort(), ['/deadline_at', '/dry_run', '/priority']);
      await refused([good('types')], 400, 'VALIDATION_FAILED');
    });

    it('two megabytes are BODY_TOO_LARGE', async () => {
      const problem = await refused(good('x'.repeat(2 * 1024 * 1024)), 413, 'BODY_TOO_LARGE');
      assert.equal(problem.details?.limitBytes, 1024 * 1024);
    });

    it('an unknown flow, type or platform says which are known', async () => {
      const flow = await refused(good('flow', { flow: 'comment_on_pots' }), 400, 'FLOW_UNKNOWN');
      assert.match(flow.detail, /comment_on_pots.*comment_on_post/);
      const type = await refused({ ...good('type'), type: 'flow.walk' }, 400, 'COMMAND_TYPE_UNKNOWN');
      assert.match(type.detail, /flow\.walk.*flow\.run/);
      const platform = await refused(good('platform', { target: { platform: 'myspace' } }), 400, 'PLATFORM_UNKNOWN');
      assert.match(platform.detail, /myspace.*instagram/);
    });

    it('params that are missing, empty or no address are named', async () => {
      const wish = good('params');
      const withParams = (params: unknown) => ({ ...wish, payload: { ...wish.payload, params } });
      const missing = await refused(withParams({ text: 'no address' }), 400, 'VALIDATION_FAILED');
      assert.deepEqual(paths(missing), ['/payload/params/post_url']);
      const wrong = withParams({ post_url: 'file:///etc/passwd', text: ' ' });
      assert.deepEqual(paths(await refused(wrong, 400, 'VALIDATION_FAILED')).sort(), [
        '/payload/params/post_url',
        '/payload/params/text'
      ]);
      await refused({ ...wish, payload: { flow: 'comment_on_post' } }, 400, 'VALIDATION_FAILED');
    });

    it('a deadline that has passed is DEADLINE_PAST', async () => {
      const deadline_at = new Date(Date.now() - 1).toISOString();
      await refused(good('late', { deadline_at }), 400, 'DEADLINE_PAST');
    });

    it('a session that is not there is SESSION_NOT_FOUND', async () => {
      const target = { platform: 'example', session_id: randomUUID() };
      await refused(good('nowhere', { target }), 404, 'SESSION_NOT_FOUND');
    });

    it('JavaScript of a flow is SCRIPT_FORBIDDEN without the scope, and runs with it', async () => {
      const { site, manager } = stage;
      const flow = await putFlow(stage, 'with_script', (actions) => {
        actions[0]!.reaches = 'nobody';
        actions[0]!.steps.push({ type: 'waitForExpression', expression: 'document.title.length > 0' });
      });
      const { body: made } = await manager.request<TokenView>('POST', '/v1/tokens', {
        service: 'no-script',
        scopes: ['flow.run:*', 'read:*']
      });
      const wish = {
        ...good('scripted', { flow, idempotency_key: 'scripted' }),
        requester: { service: 'no-script', instance_id: 'test' }
      };
      await refused(wish, 403, 'SCRIPT_FORBIDDEN', { authorization: `Bearer ${made.token}` });
      assert.equal(commentsOf(site, 'scripted'), 0);
      const { command_id } = await manager.send(comment(site, { text: 'scripted', flow }));
      assert.equal((await manager.commandEnd(command_id)).state, 'SUCCEEDED');
      assert.equal(commentsOf(site, 'scripted'), 1);
    });
  });

  describe('in the page', () => {
    afterEach(goodAsEver);

    /** Sent, taken, and ended FAILED with this code; GET shows it with the details. */
    async function fails(wish: CommentWish, code: string, comments = 0) {
      const { site, manager } = stage;
      const { command_id } = await manager.send(comment(site, wish));
      const command = await manager.commandEnd(command_id);
      assert.equal(command.state, 'FAILED', JSON.stringify(command));
      assert.equal(command.error?.code, code, JSON.stringify(command));
      assert.ok(command.why);
      assert.equal(commentsOf(site, wish.text), comments);
      const log = await readLog(manager, `command_id=${command_id}`);
      assertChained(log);
      return { command, log, details: command.error.details as Record<string, unknown> };
    }
    const succeeds = async (wish: CommentWish) => {
      const { site, manager } = stage;
      const { command_id } = await manager.send(comment(site, wish));
      const command = await manager.commandEnd(command_id);
      assert.equal(command.state, 'SUCCEEDED', JSON.stringify(command));
      assert.equal(commentsOf(site, wish.text), 1);
      return command;
    };
    /** COMMENT_CREATE was begun and nothing of it reached the site. */
    const nothingDone = (command: CommandView) =>
      assert.equal(actionOf(command, 'COMMENT_CREATE').outcome, 'VERIFICATION_FAILED');
    /** Clicks what these find instead of the button. */
    const clicking = (name: string, selectors: ClickStep['selectors']) =>
      putFlow(stage, name, (actions) => {
        Object.assign(actions[1]!.steps[1]!, { selectors, timeout: 500 });
      });
    /** Looks for a second whether it is there, where nothing will be: the rest of the ten shows no more. */
    const doubting = (name: string) =>
      putFlow(stage, name, (actions) => {
        for (const { verify } of actions) verify!.timeoutMs = 1_000;
      });
    const loading = (name: string, timeout: number) =>
      putFlow(stage, name, (actions) => {
        (actions[0]!.steps[0] as NavigateStep).timeout = timeout;
      });

    it('a selector that matches nothing is SELECTOR_MISSING with what was tried, and an event', async () => {
      const selectors = ['#no-such-button', 'aria/Nowhere[role="button"]', 'xpath///button[.="Nowhere"]'];
      const flow = await clicking('click_nothing', selectors);
      const { command, details, log } = await fails({ text: 'missing', flow }, 'SELECTOR_MISSING');
      assert.deepEqual(
        (details.tried as { selector: string; found: number }[]).map(({ selector, found }) => [selector, found]),
        selectors.map((selector) => [selector, 0])
      );
      assert.match(String(details.step), /^COMMENT_CREATE step 2/);
      nothingDone(command);
      const missing = log.filter(({ type }) => type === 'selector.missing');
      assert.equal(missing.length, 1, describeRows(log));
      assert.equal(missing[0]!.severity, 'error');
      assert.equal((missing[0]!.payload.error as { code: string }).code, 'SELECTOR_MISSING');
      const pictures = await stage.manager.request<{ items: { kind: string }[] }>(
        'GET',
        `/v1/artifacts?command_id=${command.command_id}`
      );
      assert.ok(pictures.body.items.some(({ kind }) => kind === 'screenshot'));
    });

    it('one that matches two elements is SELECTOR_AMBIGUOUS with how many', async () => {
      const flow = await clicking('click_either', ['[data-testid="comment-submit"]']);
      const url = stage.site.postUrl(1, 'variant=twins');
      const { command, details } = await fails({ text: 'ambiguous', flow, url }, 'SELECTOR_AMBIGUOUS');
      assert.equal((details.tried as { found: number }[])[0]!.found, 2);
      nothingDone(command);
    });

    it('one that is no selector, or a name the registry has not, is said before anything is done', async () => {
      const invalid = await clicking('click_gibberish', ['##']);
      await fails({ text: 'invalid', flow: invalid }, 'SELECTOR_INVALID');
      const unknown = await clicking('click_unnamed', ['@post.no_such_name']);
      const { command } = await fails({ text: 'unnamed', flow: unknown }, 'SELECTOR_UNKNOWN');
      assert.equal(actionOf(command, 'COMMENT_CREATE').attempts, 0);
    });

    it('a site whose port is closed is NAVIGATION_FAILED', async () => {
      const gone = await startSite();
      const url = gone.postUrl(1);
      await gone.close();
      const { details } = await fails({ text: 'dead', url }, 'NAVIGATION_FAILED');
      assert.equal(details.url, url);
    });

    for (const variant of ['never-answer', 'never-body', 'never-image']) {
      it(`a page that never loads (${variant}) is NAVIGATION_TIMEOUT`, async () => {
        const flow = await loading(`open_${variant}`, 700);
        const url = stage.site.postUrl(1, `variant=${variant}`);
        const { details } = await fails({ text: variant, flow, url }, 'NAVIGATION_TIMEOUT');
        assert.equal(details.url, url);
      });
    }

    it('a page that answers 500 is not the page, and one that resets the connection is NAVIGATION_FAILED', async () => {
      const { site } = stage;
      const flow = await doubting('open_broken');
      const broken = await fails(
        { text: 'fail-500', flow, url: site.postUrl(1, 'variant=fail-500') },
        'VERIFICATION_FAILED'
      );
      assert.equal(broken.details.action, 'POST_OPEN');
      await fails({ text: 'fail-reset', flow, url: site.postUrl(1, 'variant=fail-reset') }, 'NAVIGATION_FAILED');
    });

    it('a deadline that passes while a page is opened is DEADLINE_EXCEEDED', async () => {
      const flow = await loading('open_for_long', 120_000);
      const url = stage.site.postUrl(1, 'variant=never-answer');
      const deadline_at = deadline();
      const { command } = await fails({ text: 'late page', flow, url, deadline_at }, 'DEADLINE_EXCEEDED');
      assert.ok(command.started_at);
      assert.ok(command.completed_at! >= deadline_at);
    });

    it('a deadline that passes while it waits ends it without touching the page', async () => {
      const { site, manager } = stage;
      const held = site.hold('before', 'comment');
      const running = await manager.send(comment(site, { text: 'in the way' }));
      await held.arrived;
      const deadline_at = new Date(Date.now() + 5_000).toISOString();
      const { command } = await fails({ text: 'late in line', deadline_at }, 'DEADLINE_EXCEEDED');
      assert.equal(command.started_at, null);
      assert.deepEqual(command.actions, []);
      held.release();
      assert.equal((await manager.commandEnd(running.command_id)).state, 'SUCCEEDED');
    });

    it('a deadline that passes during the attempt ends it with what came of the attempt', async () => {
      const { site, manager } = stage;
      const flow = await putFlow(stage, 'waits_after_comment', (actions) => {
        actions[1]!.steps.push({ type: 'waitForElement', selectors: ['#never'], timeout: 120_000 });
      });
      const { command_id } = await manager.send(
        comment(site, { text: 'late but made', flow, deadline_at: deadline() })
      );
      const command = await manager.commandEnd(command_id);
      assert.equal(command.state, 'FAILED', JSON.stringify(command));
      assert.equal(command.error?.code, 'DEADLINE_EXCEEDED');
      const { attempts, outcome } = actionOf(command, 'COMMENT_CREATE');
      assert.deepEqual([attempts, outcome], [1, 'VERIFIED']);
      assert.equal(commentsOf(site, 'late but made'), 1);
    });

    it('an alert is reported with its text, whether the page opens it or the click', async () => {
      const { site, manager } = stage;
      const told: string[] = [];
      for (const variant of ['alert', 'alert-submit']) {
        const url = site.postUrl(1, `variant=${variant}`);
        const { command_id } = await manager.send(comment(site, { text: variant, url }));
        const command = await manager.commandEnd(command_id);
        told.push(JSON.stringify([command.error, command.actions]));
        // A page's own alert is in the way of what is done there, or comes when only looking is left.
        if (command.state === 'FAILED') assert.equal(command.error?.code, 'ALERT_OPEN', told.at(-1));
        assert.equal(commentsOf(site, variant), command.state === 'SUCCEEDED' ? 1 : 0);
      }
      assert.match(told[0]!, /Welcome back to Lantern/);
      assert.match(told[1]!, /alert: You are about to post a comment/);
      assert.equal(commentsOf(site, 'alert-submit'), 1);
    });

    it('an alert that opens while the proof is looked for is dismissed, and told beside the proof', async () => {
      const flow = await putFlow(stage, 'alert_in_between', (actions) => {
        // The script stands still in the alert: what is looked for comes only once it is dismissed.
        const expression = "setTimeout(() => { alert('A word in between.'); document.body.id = 'at-last'; }, 50)";
        actions[0]!.reaches = 'nobody';
        actions[0]!.steps.push({ type: 'waitForExpression', expression });
        actions[0]!.verify!.steps = [{ type: 'waitForElement', selectors: ['#at-last'] }];
      });
      const command = await succeeds({ text: 'in between', flow });
      const { proofs } = actionOf(command, 'POST_OPEN');
      assert.ok(
        proofs.some(({ value }) => value === 'alert: A word in between.'),
        JSON.stringify(proofs)
      );
    });

    it('a comment the site answers with 500 is VERIFICATION_FAILED, also where the page showed it early', async () => {
      const flow = await doubting('comment_refused');
      for (const variant of ['write-500', 'optimistic,write-500']) {
        const url = stage.site.postUrl(1, `variant=${variant}`);
        const { command } = await fails({ text: `refused ${variant}`, flow, url }, 'VERIFICATION_FAILED');
        nothingDone(command);
      }
    });

    it('an answer that is lost after the site made the comment is one comment, found there', async () => {
      stage.site.fault({ kind: 'comment', drop: 'after' });
      const command = await succeeds({ text: 'answer lost' });
      const { attempts, outcome } = actionOf(command, 'COMMENT_CREATE');
      assert.deepEqual([attempts, outcome], [1, 'VERIFIED']);
    });

    it('a connection that is lost before the site made the comment is none, and said so', async () => {
      stage.site.fault({ kind: 'comment', drop: 'before' });
      const flow = await doubting('comment_lost');
      const { command } = await fails({ text: 'request lost', flow }, 'VERIFICATION_FAILED');
      nothingDone(command);
    });

    it('leaves a log without hole or repeat', async () => {
      const log = await readLog(stage.manager);
      assertWhole(log);
      assertChained(log);
    });
  });
});
