import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import type {
  CommandAccepted,
  CommandView,
  EventEnvelope,
  Problem,
  ServerFrame
} from '../../schemas/generated/contracts.ts';
import type { FrameStream } from '../support/frame-stream.ts';
import { assertChained, assertWhole, describeRows, ENDS, readLog, runningInterval } from './log.ts';
import {
  actionOf,
  body,
  cancel,
  comment,
  commentsOf,
  needsBrowser,
  putFlow,
  sharedStage,
  stillWorks
} from './stage.ts';

const eventOf = (frame: ServerFrame): EventEnvelope | undefined => (frame.type === 'event' ? frame.event : undefined);

/** Reads on until the command comes to a state of this path. */
async function untilState(stream: FrameStream, commandId: string, isIt: (to: string) => boolean) {
  const frames = await stream.until((frame) => {
    const payload = eventOf(frame)?.payload;
    return payload?.actor.id === commandId && isIt(payload.to);
  });
  return frames.flatMap((frame) => eventOf(frame) ?? []);
}

describe('a troupe with one real browser', needsBrowser(), () => {
  const stage = sharedStage();

  describe('takes a command that is sent again, which', () => {
    it('with its key is one comment, while it runs and when it has ended', async () => {
      const { site, manager } = stage;
      const text = 'sent three times';
      const wish = body(comment(site, { text, idempotency_key: 'thrice' }));
      const post = () => manager.request<CommandAccepted>('POST', '/v1/commands', wish);
      const held = site.hold('before', 'comment');
      const first = await post();
      assert.equal(first.status, 202);
      assert.equal(first.headers.get('idempotent-replayed'), null);
      await held.arrived;
      const second = await post();
      assert.equal(second.status, 202);
      held.release();
      const command = await manager.commandEnd(first.body.command_id);
      assert.equal(command.state, 'SUCCEEDED', JSON.stringify(command));
      const third = await post();
      assert.equal(third.status, 200);
      for (const again of [second, third]) {
        assert.equal(again.headers.get('idempotent-replayed'), 'true');
        assert.equal(again.body.command_id, first.body.command_id);
      }
      assert.equal(commentsOf(site, text), 1);
      assert.equal(actionOf(command, 'COMMENT_CREATE').attempts, 1);
    });

    it('with its key ten times at once is one comment', async () => {
      const { site, manager } = stage;
      const text = 'ten at once';
      const wish = body(comment(site, { text, idempotency_key: 'ten' }));
      const answers = await Promise.all(
        Array.from({ length: 10 }, () => manager.request<CommandAccepted>('POST', '/v1/commands', wish))
      );
      assert.deepEqual(
        answers.map(({ status }) => status),
        Array.from({ length: 10 }, () => 202)
      );
      const ids = new Set(answers.map((answer) => answer.body.command_id));
      assert.equal(ids.size, 1);
      const replayed = answers.filter(({ headers }) => headers.get('idempotent-replayed') === 'true');
      assert.equal(replayed.length, 9);
      const [id] = ids;
      assert.equal((await manager.commandEnd(id!)).state, 'SUCCEEDED');
      assert.equal(commentsOf(site, text), 1);
    });

    it('without a key is another command, which finds the comment there and says so instead of making a second', async () => {
      const { site, manager } = stage;
      const text = 'wished for twice';
      const commands: CommandView[] = [];
      for (let i = 0; i < 2; i += 1) {
        const answer = await manager.request<CommandAccepted>('POST', '/v1/commands', body(comment(site, { text })));
        assert.equal(answer.headers.get('idempotent-replayed'), null);
        commands.push(await manager.commandEnd(answer.body.command_id));
      }
      const [first, second] = commands as [CommandView, CommandView];
      assert.notEqual(second.command_id, first.command_id);
      assert.equal(second.state, 'SUCCEEDED', JSON.stringify(second));
      assert.equal(commentsOf(site, text), 1);
      assert.equal(actionOf(first, 'COMMENT_CREATE').already_done, undefined);
      const found = actionOf(second, 'COMMENT_CREATE');
      assert.deepEqual([found.already_done, found.attempts, found.outcome], [true, 0, 'VERIFIED']);
      assert.ok(found.proofs.some(({ kind, value }) => kind === 'matched_text' && value?.includes(text)));
      const told = await readLog(manager, `command_id=${second.command_id}&event_types=action.verified`);
      assert.equal(told.at(-1)?.payload.already_done, true, describeRows(told));
      const attempts = await readLog(manager, `command_id=${second.command_id}&event_types=action.attempted`);
      assert.deepEqual(
        attempts.map(({ payload }) => payload.action),
        ['POST_OPEN']
      );
    });

    it('is a second comment only where the flow means it: without dedupe, and with another key', async () => {
      const { site, manager } = stage;
      const flow = await putFlow(stage, 'comment_again', (actions) => {
        delete actions[1]!.dedupe;
      });
      const text = 'bread, bread';
      const send = async (idempotency_key: string) => {
        const wish = body(comment(site, { text, flow, idempotency_key }));
        const answer = await manager.request<CommandAccepted>('POST', '/v1/commands', wish);
        return manager.commandEnd(answer.body.command_id);
      };
      assert.equal((await send('bread 1')).state, 'SUCCEEDED');
      assert.equal((await send('bread 1')).state, 'SUCCEEDED');
      assert.equal(commentsOf(site, text), 1);
      const second = await send('bread 2');
      assert.equal(second.state, 'SUCCEEDED', JSON.stringify(second));
      assert.equal(actionOf(second, 'COMMENT_CREATE').attempts, 1);
      assert.equal(commentsOf(site, text), 2);
    });
  });

  describe('feeds a stream whose connection breaks in the middle of a flow, which', () => {
    it('is resumed by cursor again and again, and has every event once and in order, as the log has it', async (t) => {
      const { site, manager } = stage;
      const text = 'cut and resumed';
      const heard: EventEnvelope[] = [];
      const from = (await readLog(manager)).length;
      let cursor = String(from);
      let drops = 0;
      let commandId: string | undefined;
      const held = site.hold('after', 'comment');
      for (let ended = false; !ended; drops += 1) {
        const stream = await manager.subscribe({ cursor });
        commandId ??= (await manager.send(comment(site, { text }))).command_id;
        // The comment is made and not answered: whatever comes now comes to a connection that is not the first.
        if (drops === 2) void held.arrived.then(held.release);
        for (let i = 0; i < 4 && !ended; i += 1) {
          const event = eventOf((await stream.until((frame) => frame.type === 'event')).at(-1)!)!;
          heard.push(event);
          cursor = event.cursor;
          const { actor, to } = event.payload;
          ended = actor.id === commandId && ENDS.includes(to);
        }
        await stream.drop();
      }
      t.diagnostic(`${heard.length} events over ${drops} connections`);
      assert.ok(drops > 3, 'the flow was never interrupted');
      const log = await readLog(manager);
      assertWhole(log);
      assert.deepEqual(heard, log.slice(from, from + heard.length));
      assert.equal(heard.at(-1)?.payload.to, 'SUCCEEDED');
      assert.equal(commentsOf(site, text), 1);
    });
  });

  describe('runs the commands of one session', () => {
    it('one after the other, the most urgent first, then as they came', async () => {
      const { site, manager } = stage;
      const held = site.hold('before', 'comment');
      const send = (text: string, priority: number) => manager.send(comment(site, { text, priority }));
      const first = await send('first', 3);
      await held.arrived;
      const second = await send('second', 3);
      const urgent = await send('urgent', 1);
      const third = await send('third', 3);
      const all = [first, second, urgent, third];
      assert.equal(new Set(all.map(({ session_id }) => session_id)).size, 1);
      // Told of their place in the line, which the session tells them in its own time.
      const waiting = await manager.subscribe({ cursor: '0', filters: { command_id: third.command_id } });
      await waiting.until((frame) => eventOf(frame)?.payload.queue_position === 3);
      const { body: view } = await manager.request<CommandView>('GET', `/v1/commands/${third.command_id}`);
      assert.deepEqual([view.state, view.queue_position], ['QUEUED', 3]);
      assert.match(view.why!, /another command runs in its session/);
      held.release();

      for (const { command_id } of all) assert.equal((await manager.commandEnd(command_id)).state, 'SUCCEEDED');
      const texts = ['first', 'urgent', 'second', 'third'];
      assert.deepEqual(
        site
          .writes({ kind: 'comment' })
          .slice(-4)
          .map((write) => write.text),
        texts
      );
      const log = await readLog(manager);
      const intervals = [first, urgent, second, third].map(({ command_id }) => runningInterval(log, command_id)!);
      for (const [i, [begin]] of intervals.entries()) {
        if (i > 0) assert.ok(begin > intervals[i - 1]![1], `${texts[i]} overlaps: ${JSON.stringify(intervals)}`);
      }
      assertWhole(log);
      assertChained(log);
    });
  });

  describe('ends a command that is cancelled', () => {
    /** It is over for good: cancelled again it is 409, its log has no more, and others go on. */
    async function staysCancelled(commandId: string, code = 'CANCELLED') {
      const { manager } = stage;
      const again = await manager.request<Problem>('POST', `/v1/commands/${commandId}/cancel`);
      assert.equal(again.status, 409);
      assert.equal(again.body.code, 'COMMAND_ENDED');
      assert.equal(again.body.details?.state, 'CANCELLED');
      await stillWorks(stage, `after ${commandId}`);
      const { body: view } = await manager.request<CommandView>('GET', `/v1/commands/${commandId}`);
      assert.equal(view.state, 'CANCELLED');
      assert.equal(view.error?.code, code);
      const log = await readLog(manager, `command_id=${commandId}`);
      assertChained(log);
      const own = log.filter(({ payload }) => payload.actor.kind === 'command').map(({ payload }) => payload.to);
      assert.equal(own.at(-1), 'CANCELLED');
      assert.ok(!own.includes('SUCCEEDED'));
      return view;
    }

    it('while it is queued ends at once and never touched the page', async () => {
      const { site, manager } = stage;
      const held = site.hold('before', 'comment');
      const running = await manager.send(comment(site, { text: 'runs on' }));
      await held.arrived;
      const queued = await manager.send(comment(site, { text: 'never' }));
      const answer = await cancel(stage, queued);
      assert.equal(answer.state, 'CANCELLED');
      held.release();
      assert.equal((await manager.commandEnd(running.command_id)).state, 'SUCCEEDED');
      const view = await staysCancelled(queued.command_id);
      assert.deepEqual(view.actions, []);
      assert.equal(view.started_at, null);
      assert.equal(commentsOf(site, 'never'), 0);
    });

    it('between two actions attempts no more of them', async () => {
      const { site, manager } = stage;
      // Looks for a minute for what is not there, between opening the post and commenting on it.
      const flow = await putFlow(stage, 'waits_before_comment', (actions) => {
        actions[1]!.dedupe!.steps.unshift({ type: 'waitForElement', selectors: ['#never'], timeout: 60_000 });
      });
      const sent = await manager.send(comment(site, { text: 'between', flow }));
      const stream = await manager.subscribe({ cursor: '0', filters: { command_id: sent.command_id } });
      await untilState(stream, sent.command_id, (to) => to.startsWith('RUNNING.VERIFIED'));
      await untilState(stream, sent.command_id, (to) => to === 'RUNNING.PREPARING.looking');
      assert.equal((await cancel(stage, sent)).state, 'CANCELLED');
      const view = await staysCancelled(sent.command_id);
      assert.equal(actionOf(view, 'POST_OPEN').outcome, 'VERIFIED');
      const { attempts, outcome } = actionOf(view, 'COMMENT_CREATE');
      assert.deepEqual([attempts, outcome], [0, null]);
      assert.equal(commentsOf(site, 'between'), 0);
    });

    it('while a page is being opened lets go of it', async () => {
      const { site, manager } = stage;
      const url = site.postUrl(2, 'variant=never-answer');
      const sent = await manager.send(comment(site, { text: 'opening', url }));
      await site.waitForRequest((row) => row.url.includes('never-answer'));
      await cancel(stage, sent);
      assert.equal((await manager.commandEnd(sent.command_id)).state, 'CANCELLED');
      const view = await staysCancelled(sent.command_id);
      assert.deepEqual(
        view.actions.map(({ name }) => name),
        ['POST_OPEN']
      );
      assert.equal(commentsOf(site, 'opening'), 0);
    });

    it('in the middle of a write, before anything of it was sent, says that nothing was done', async () => {
      const { site, manager } = stage;
      const flow = await putFlow(stage, 'waits_before_click', (actions) => {
        actions[1]!.steps.splice(1, 0, { type: 'waitForElement', selectors: ['#never'], timeout: 60_000 });
        actions[1]!.verify!.timeoutMs = 1_000;
      });
      const sent = await manager.send(comment(site, { text: 'typed', flow }));
      const stream = await manager.subscribe({ cursor: '0', filters: { command_id: sent.command_id } });
      await stream.until((frame) => eventOf(frame)?.payload.action === 'COMMENT_CREATE');
      await cancel(stage, sent);
      const ended = await manager.commandEnd(sent.command_id);
      assert.equal(ended.state, 'CANCELLED');
      const view = await staysCancelled(sent.command_id);
      const { attempts, outcome } = actionOf(view, 'COMMENT_CREATE');
      assert.deepEqual([attempts, outcome], [1, 'VERIFICATION_FAILED']);
      assert.equal(commentsOf(site, 'typed'), 0);
    });

    it('when the site has the comment and has not answered, says that it is there', async () => {
      const { site, manager } = stage;
      const held = site.hold('after', 'comment');
      const sent = await manager.send(comment(site, { text: 'made' }));
      await held.arrived;
      await cancel(stage, sent);
      assert.equal((await manager.commandEnd(sent.command_id)).state, 'CANCELLED');
      held.release();
      const view = await staysCancelled(sent.command_id);
      const { attempts, outcome } = actionOf(view, 'COMMENT_CREATE');
      assert.deepEqual([attempts, outcome], [1, 'VERIFIED']);
      assert.equal(commentsOf(site, 'made'), 1);
    });

    it('when the site may yet make the comment, says that nobody knows, and a person is asked to look', async () => {
      const { site, manager } = stage;
      const flow = await putFlow(stage, 'looks_for_a_second', (actions) => {
        actions[1]!.verify!.timeoutMs = 1_000;
        // The attempt is not over when it is cancelled, however fast the machine: it waits for this.
        actions[1]!.steps.push({ type: 'waitForElement', selectors: ['#never'], timeout: 120_000 });
      });
      const held = site.hold('before', 'comment');
      const sent = await manager.send(comment(site, { text: 'in the air', flow }));
      await held.arrived;
      await cancel(stage, sent);
      const ended = await manager.commandEnd(sent.command_id);
      assert.equal(ended.state, 'CANCELLED');
      assert.equal(commentsOf(site, 'in the air'), 0);
      const { attempts, outcome } = actionOf(ended, 'COMMENT_CREATE');
      assert.deepEqual([attempts, outcome], [1, 'UNKNOWN']);
      // The request the cancelled command sent is still on its way, and arrives.
      held.release();
      await site.waitForWrite({ kind: 'comment', text: 'in the air' });
      const asked = await readLog(manager, `command_id=${sent.command_id}&event_types=human.required`);
      assert.equal(asked.length, 1);
      await staysCancelled(sent.command_id, 'OUTCOME_UNKNOWN');
      assert.equal(commentsOf(site, 'in the air'), 1);
    });

    it('after it has ended is 409 and changes nothing', async () => {
      const done = await stillWorks(stage, `done ${randomUUID()}`);
      const answer = await stage.manager.request<Problem>('POST', `/v1/commands/${done.command_id}/cancel`);
      assert.equal(answer.status, 409);
      assert.equal(answer.body.code, 'COMMAND_ENDED');
      assert.equal(answer.body.details?.state, 'SUCCEEDED');
      const { body: view } = await stage.manager.request<CommandView>('GET', `/v1/commands/${done.command_id}`);
      assert.deepEqual(view, done);
    });
  });
});
