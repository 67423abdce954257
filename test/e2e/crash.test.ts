import assert from 'node:assert/strict';
import { randomInt, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { CommandView, EventEnvelope } from '../../schemas/generated/contracts.ts';
import { report } from '../crash/figures.ts';
import { Random } from '../simulation/random.ts';
import { type Site, startSite } from '../site/site.ts';
import { type Manager, runTroupe, startManager } from '../support/manager.ts';
import { noneLeft, processesOf } from '../support/processes.ts';
import { assertChained, assertWhole, bootOf, describeRows, readLog } from './log.ts';
import { actionOf, body, comment, commentsOf, needsBrowser, stillWorks, strangersTo, VISITOR } from './stage.ts';

/** `npm run test:crash` makes more of them. */
const KILLS = Number(process.env.KILLS ?? 8);

describe('a manager whose process ends in the middle', needsBrowser(), () => {
  const data = mkdtempSync(join(tmpdir(), 'troupe-test-'));
  const undo: (() => unknown)[] = [];
  let site: Site;
  let manager: Manager;
  const start = async () => {
    manager = await startManager({ after: (fn) => undo.push(fn) }, { data, driver: 'safari' });
  };
  before(async () => {
    site = await startSite({ visitor: VISITOR });
    await start();
  });
  after(async () => {
    for (const end of undo.reverse()) await end();
    await site?.close();
    rmSync(data, { recursive: true, force: true });
  });

  it('keeps a second process away from its data while it lives, saying who has it', async () => {
    const args = ['start', '--data', data, '--control', '127.0.0.1:0', '--telemetry', '127.0.0.1:0'];
    const { code, stderr, stdout } = await runTroupe(args);
    assert.equal(code, 1, stdout + stderr);
    assert.ok(stderr.includes(`in use by process ${manager.pid}, started 20`), stderr);
    await stillWorks({ site, manager }, 'undisturbed by the second');
  });

  it(`by kill -9, ${KILLS} times at a random moment, comments at most once and ends what it began`, async (t) => {
    const seed = process.env.CRASH_SEED ? Number(process.env.CRASH_SEED) : randomInt(2 ** 32);
    t.diagnostic(`seed ${seed}; CRASH_SEED=${seed} kills at the same moments`);
    const random = new Random(seed);
    await stillWorks({ site, manager }, 'the first browser');
    const flowMs = { cold: await undisturbed('fresh'), warm: await undisturbed('fresh') };
    t.diagnostic(`undisturbed, from POST to its end: ${flowMs.cold} ms, in an open browser ${flowMs.warm} ms`);

    const rounds: Round[] = [];
    for (let i = 1; i <= KILLS; i += 1) {
      // By turns a new account, for which one browser is given up and another opened, and the same account again.
      const how = i % 2 === 1 ? 'cold' : 'warm';
      const round = await killed(`account-${Math.ceil(i / 2)}`, `kill ${i}`, random.next() * flowMs[how]);
      rounds.push(round);
      t.diagnostic(
        `${String(i).padStart(2)}: killed after ${round.killedMs} ms (${how}) in ${round.stateAtKill}, ` +
          `${round.end.state}${round.end.error ? ` ${round.end.error.code}` : ''}, ${round.comments} comments, ` +
          `up again in ${round.startMs} ms, ended ${round.endMs} ms later`
      );
    }
    // What a killed browser had sent may have arrived since: the site's word is the last.
    for (const { text, end } of rounds) assertTruth(end, commentsOf(site, text));
    const log = await readLog(manager);
    assertWhole(log);
    assertChained(log);
    summarise(t, rounds, log);
  });

  it('by SIGTERM, ends with 0 and no process left, and the next one finishes what it was at', async (t) => {
    const text = 'told to end';
    const held = site.hold('after', 'comment');
    const { command_id } = await manager.send(comment(site, { text }));
    await held.arrived;
    const begin = performance.now();
    await manager.stop();
    t.diagnostic(`SIGTERM in the middle of an attempt: ended in ${since(begin)} ms`);
    assert.deepEqual(processesOf(data), []);
    held.release();
    await start();
    const end = await manager.commandEnd(command_id);
    assert.equal(end.state, 'SUCCEEDED', JSON.stringify(end));
    assert.equal(actionOf(end, 'COMMENT_CREATE').attempts, 1);
    assert.equal(commentsOf(site, text), 1);
    const log = await readLog(manager);
    assertWhole(log);
    assertChained(log);
    await manager.stop();
    await noneLeft(data);
  });

  interface Round {
    text: string;
    /** Processes that outlived their manager, until the next one came. */
    orphans: number;
    /** The state its command was in, and the action it was at. */
    stateAtKill: string;
    end: CommandView;
    comments: number;
    /** After the POST was sent; then, until the next process was up; then, until the command had ended. */
    killedMs: number;
    startMs: number;
    endMs: number;
  }

  const wishOf = (account: string, text: string) =>
    body(
      comment(site, {
        text,
        command_id: randomUUID(),
        idempotency_key: text,
        target: { platform: 'example', account_id: account }
      })
    );

  async function undisturbed(account: string): Promise<number> {
    const begin = performance.now();
    const wish = wishOf(account, `undisturbed ${begin}`);
    const answer = await manager.request('POST', '/v1/commands', wish);
    assert.equal(answer.status, 202, JSON.stringify(answer.body));
    const end = await manager.commandEnd(wish.command_id!);
    assert.equal(end.state, 'SUCCEEDED', JSON.stringify(end));
    return since(begin);
  }

  async function killed(account: string, text: string, afterMs: number): Promise<Round> {
    const wish = wishOf(account, text);
    const post = () => manager.request('POST', '/v1/commands', wish);
    const answered = post().then(
      ({ status }) => status,
      () => null
    );
    await delay(afterMs);
    await manager.kill();
    const status = await answered;
    assert.ok(status === 202 || status === null, `POST was answered ${status}`);
    const orphans = processesOf(data).length;

    const startBegan = performance.now();
    await start();
    const startMs = since(startBegan);
    const found = await manager.request('GET', `/v1/commands/${wish.command_id}`);
    if (found.status === 404) {
      assert.equal(status, null, 'a command that was accepted is not there');
      assert.equal((await post()).status, 202);
    }
    const end = await manager.commandEnd(wish.command_id!, { timeoutMs: 240_000 });
    assert.deepEqual(strangersTo(manager), [], 'left by the process that was killed');
    const own = await readLog(manager, `command_id=${wish.command_id}`);
    assert.ok(['SUCCEEDED', 'FAILED'].includes(end.state), `${JSON.stringify(end)}${describeRows(own)}`);
    const comments = commentsOf(site, text);
    assertTruth(end, comments, own);
    const stateAtKill = found.status === 404 ? 'nothing durable yet' : await lastBefore(own);
    return {
      text,
      orphans,
      stateAtKill,
      end,
      comments,
      killedMs: Math.round(afterMs),
      startMs,
      endMs: since(startBegan) - startMs
    };
  }

  /** How far a command was when the process before this one ended. */
  async function lastBefore(own: EventEnvelope[]): Promise<string> {
    const boot = Number(await bootOf(manager));
    const before = own.filter(({ cursor, payload }) => payload.actor.kind === 'command' && Number(cursor) < boot);
    const { to } = before.at(-1)!.payload;
    const action = before.findLast(({ payload }) => payload.action)?.payload.action;
    return to.includes('ACTION_ATTEMPTED') ? `${to} ${action}` : to;
  }
});

const since = (begin: number) => Math.round(performance.now() - begin);

function summarise(
  t: TestContext,
  rounds: { end: CommandView; stateAtKill: string; orphans: number }[],
  log: EventEnvelope[]
) {
  const count = (names: string[]) =>
    [...new Set(names)].map((name) => `${names.filter((one) => one === name).length} ${name}`).join(', ');
  t.diagnostic(`${rounds.length} kills; ended: ${count(rounds.map(({ end }) => end.error?.code ?? end.state))}`);
  t.diagnostic(`killed in: ${count(rounds.map(({ stateAtKill }) => stateAtKill))}`);
  const orphans = rounds.map((round) => round.orphans);
  t.diagnostic(
    `processes that outlived it: ${Math.min(...orphans)} to ${Math.max(...orphans)}, and none the next start`
  );
  t.diagnostic(`${log.length} events without hole or repeat`);
  report(t, { runs: rounds.length, kills: { 'at random with a real browser': rounds.length } });
}

/** What a command says of its comment is so at the site. */
function assertTruth(end: CommandView, comments: number, own: EventEnvelope[] = []) {
  const context = `${comments} comments, and ${JSON.stringify(end)}${describeRows(own)}`;
  assert.ok(comments <= 1, context);
  if (end.state === 'SUCCEEDED') assert.equal(comments, 1, context);
  const outcome = end.actions.find(({ name }) => name === 'COMMENT_CREATE')?.outcome ?? null;
  if (outcome === 'VERIFIED') assert.equal(comments, 1, context);
  if (outcome === 'VERIFICATION_FAILED' || outcome === null) assert.equal(comments, 0, context);
  if (outcome === 'UNKNOWN') assert.equal(end.error?.code, 'OUTCOME_UNKNOWN', context);
}
