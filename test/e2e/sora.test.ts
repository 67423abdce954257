/** A video from its prompt to its file, on the example site's generator, with what can come between. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type {
  CommandView,
  EventEnvelope,
  Flow,
  SoraDraftView,
  SoraUsageView
} from '../../schemas/generated/contracts.ts';
import { videoFile } from '../site/assets.ts';
import { type Site, startSite } from '../site/site.ts';
import { type Manager, startManager } from '../support/manager.ts';
import { actionOf, needsBrowser, stillWorks, VISITOR } from './stage.ts';

/** Videos are ready when the test says so. */
const NEVER_MS = 3_600_000;
const FILE = videoFile();

describe('videos in a real browser', needsBrowser(), () => {
  const data = mkdtempSync(join(tmpdir(), 'troupe-test-'));
  const undo: (() => unknown)[] = [];
  const target = { platform: 'example', account_id: VISITOR };
  let site: Site;
  let manager: Manager;
  const start = async () => {
    manager = await startManager({ after: (fn) => undo.push(fn) }, { data, driver: 'safari' });
  };
  before(async () => {
    site = await startSite({ visitor: VISITOR, renderMs: NEVER_MS });
    await start();
    for (const name of ['sora_generate', 'sora_poll']) await quicken(name);
  });
  after(async () => {
    for (const end of undo.reverse()) await end();
    await site?.close();
    rmSync(data, { recursive: true, force: true });
  });

  /** The shipped flow at another pace. */
  async function quicken(name: string) {
    const { version: _, ...flow } = (await manager.request<Flow>('GET', `/v1/flows/${name}`)).body;
    for (const { poll } of flow.actions) if (poll) Object.assign(poll, { everyMs: 300, maxEveryMs: 1_000 });
    const { status, body } = await manager.request('PUT', `/v1/flows/${name}`, flow);
    assert.equal(status, 200, JSON.stringify(body));
  }
  const send = (type: string, payload: Record<string, unknown>) => manager.send({ type, target, payload });
  const view = async (id: string) => (await manager.request<CommandView>('GET', `/v1/commands/${id}`)).body;
  const ended = (id: string) => manager.commandEnd(id, { timeoutMs: 120_000 });
  const draft = (id: string) => `${site.url}/videos/${id}`;
  const made = (text: string) => site.counts({ kind: 'video', text }).video;

  async function until(id: string, holds: (command: CommandView) => boolean): Promise<CommandView> {
    for (const limit = Date.now() + 120_000; ; await delay(50)) {
      const command = await view(id);
      if (holds(command)) return command;
      assert.ok(command.completed_at === null && Date.now() < limit, JSON.stringify(command));
    }
  }
  const polling = (id: string, looks: number) =>
    until(
      id,
      ({ phase, actions }) =>
        phase === 'POLLING' && (actions.find(({ name }) => name === 'SORA_DRAFT_CHECK')?.attempts ?? 0) >= looks
    );
  const eventsOf = async (id: string): Promise<EventEnvelope[]> => {
    const path = `/v1/events?command_id=${id}&limit=500`;
    return (await manager.request<{ items: EventEnvelope[] }>('GET', path)).body.items;
  };

  function assertKept({ result }: CommandView) {
    const { video_path, file_size, duration_ms } = result as unknown as {
      video_path: string;
      file_size: number;
      duration_ms: number;
    };
    assert.deepEqual([file_size, duration_ms], [FILE.byteLength, 1_200]);
    assert.deepEqual(readFileSync(join(data, video_path)), FILE);
  }

  it('sora.generate waits for it without the browser, through a kill -9, and keeps the file; the prompt went out once', async () => {
    const prompt = 'A paper boat 🛶 on a river of ink';
    const { command_id } = await send('sora.generate', { prompt, url: `${site.url}/videos` });
    const waiting = await polling(command_id, 1);
    assert.match(
      waiting.why ?? '',
      /SORA_DRAFT_CHECK: 'SORA_VIDEO_READY' does not hold yet; it is looked at again at 20/
    );
    assert.deepEqual(waiting.payload, { prompt, url: `${site.url}/videos` });
    // There is one browser: somebody else has it now.
    await stillWorks({ site, manager }, 'between two looks');
    await polling(command_id, 2);
    await manager.kill();
    await start();
    await polling(command_id, 3);
    site.settleVideo('v1', 'ready');
    const command = await ended(command_id);
    assert.equal(command.state, 'SUCCEEDED', JSON.stringify(command));
    assertKept(command);
    assert.equal(command.result?.draft_url, draft('v1'));
    assert.equal(made(prompt), 1);

    const submit = actionOf(command, 'SORA_PROMPT_SUBMIT');
    assert.deepEqual([submit.attempts, submit.outcome], [1, 'VERIFIED']);
    const file = actionOf(command, 'SORA_VIDEO_DOWNLOAD').proofs.find(({ kind }) => kind === 'file');
    assert.equal(file?.sha256, createHash('sha256').update(FILE).digest('hex'));
    const events = (await eventsOf(command_id)).map(({ type, payload }) => {
      const { action, verify_as } = payload as { action?: string; verify_as?: string };
      return `${type} ${verify_as ?? action ?? ''}`.trim();
    });
    const told = [
      'action.attempted SORA_PROMPT_SUBMIT',
      'action.verified SORA_PROMPT_ACCEPTED',
      'action.attempted SORA_DRAFT_CHECK',
      'status.changed SORA_DRAFT_CHECK',
      'action.attempted SORA_DRAFT_CHECK',
      'action.verified SORA_VIDEO_READY',
      'sora.video.ready SORA_DRAFT_CHECK',
      'action.attempted SORA_VIDEO_DOWNLOAD',
      'action.verified SORA_VIDEO_DOWNLOADED',
      'sora.video.downloaded SORA_VIDEO_DOWNLOAD'
    ];
    let at = -1;
    for (const event of told) {
      at = events.indexOf(event, at + 1);
      assert.ok(at >= 0, `${event} is not next in ${events.join('\n')}`);
    }
  });

  it('sora.generate of a prompt that is among the drafts makes no second video', async () => {
    const prompt = 'A paper boat 🛶 on a river of ink';
    const { command_id } = await send('sora.generate', { prompt, url: `${site.url}/videos` });
    const command = await ended(command_id);
    assert.equal(command.state, 'SUCCEEDED', JSON.stringify(command));
    assert.equal(actionOf(command, 'SORA_PROMPT_SUBMIT').already_done, true);
    assertKept(command);
    assert.equal(made(prompt), 1);
  });

  it('sora.generate fails at once when the site gives the video up, with its picture', async () => {
    const { command_id } = await send('sora.generate', { prompt: 'a forbidden thing', url: `${site.url}/videos` });
    await polling(command_id, 1);
    site.settleVideo('v2', 'failed');
    const command = await ended(command_id);
    assert.deepEqual([command.state, command.error?.code], ['FAILED', 'VERIFICATION_FAILED']);
    assert.match(command.error?.message ?? '', /the page shows 'SORA_VIDEO_FAILED'/);
    assert.ok(actionOf(command, 'SORA_DRAFT_CHECK').proofs.some(({ kind }) => kind === 'screenshot'));
    assert.equal(made('a forbidden thing'), 1);
  });

  it('sora.usage reads what they have cost and which there are; sora.poll and sora.download take one of these', async () => {
    const usage = await ended((await send('sora.usage', { url: `${site.url}/videos` })).command_id);
    assert.equal(usage.state, 'SUCCEEDED', JSON.stringify(usage));
    const read = await manager.request<{ items: SoraUsageView[] }>('GET', `/v1/sora/usage?account_id=${VISITOR}`);
    assert.deepEqual(
      read.body.items.map(({ figures, command_id }) => [figures, command_id]),
      [[{ credits_used: 20, credits_left: 80, videos: 2 }, usage.command_id]]
    );
    const { body } = await manager.request<{ items: SoraDraftView[] }>('GET', `/v1/sora/drafts?account_id=${VISITOR}`);
    assert.deepEqual(body.items.map(({ url, state }) => [url, state]).toSorted(), [
      [draft('v1'), 'Ready'],
      [draft('v2'), 'Failed']
    ]);
    const draft_url = draft('v1');
    const polled = await ended((await send('sora.poll', { draft_url })).command_id);
    assert.equal(polled.state, 'SUCCEEDED', JSON.stringify(polled));
    const kept = await ended((await send('sora.download', { draft_url })).command_id);
    assert.equal(kept.state, 'SUCCEEDED', JSON.stringify(kept));
    assertKept(kept);
  });

  it('sora.poll says that a video has failed, or is gone', async () => {
    const failed = await ended((await send('sora.poll', { draft_url: draft('v2') })).command_id);
    assert.match(failed.error?.message ?? '', /'SORA_VIDEO_FAILED': "This prompt breaks the rules/);
    const gone = await ended((await send('sora.poll', { draft_url: draft('v9') })).command_id);
    assert.match(gone.error?.message ?? '', /the page shows 'SORA_DRAFT_GONE'/);
  });

  it('sora.generate that is cancelled while it waits ends at once, and looks no more', async () => {
    const { command_id } = await send('sora.generate', { prompt: 'never to be seen', url: `${site.url}/videos` });
    await polling(command_id, 1);
    const { body: cancelled } = await manager.request<CommandView>('POST', `/v1/commands/${command_id}/cancel`);
    assert.equal(cancelled.state, 'CANCELLED');
    assert.equal(actionOf(cancelled, 'SORA_PROMPT_SUBMIT').outcome, 'VERIFIED');
    await stillWorks({ site, manager }, 'after the cancel');
  });

  it('sora.generate in a dry run submits nothing and waits for nothing', async () => {
    const prompt = 'only to try';
    const payload = { prompt, url: `${site.url}/videos` };
    const { command_id } = await manager.send({ type: 'sora.generate', target, payload, dry_run: true });
    const command = await ended(command_id);
    assert.equal(command.state, 'SUCCEEDED', JSON.stringify(command));
    assert.deepEqual(
      command.actions.map(({ name, attempts }) => [name, attempts]),
      [
        ['SORA_OPEN', 1],
        ['SORA_PROMPT_SUBMIT', 0]
      ]
    );
    assert.equal(made(prompt), 0);
  });
});
