/** The real program over one real WebKit, the site, and faults that strike in the middle of a comment. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Fault } from '../../actors/safaridriver/faults.ts';
import type { ActionResult, CommandView, EventEnvelope } from '../../schemas/generated/contracts.ts';
import { regionOf } from '../actors/driver/stage.ts';
import { describeRows, readLog } from '../e2e/log.ts';
import { type CommentWish, comment, commentsOf, putFlow, strangersTo, VISITOR } from '../e2e/stage.ts';
import { type Site, startSite } from '../site/site.ts';
import { type Manager, startManager } from '../support/manager.ts';
import { noneLeft } from '../support/processes.ts';
import { tell } from './table.ts';
import { findVictims, type Victim } from './victims.ts';

/** Everything of a slot with a browser open. Of WebKitWebProcess there may be one in reserve. */
const ONE_OF_EACH: Victim[] = ['Xvfb', 'Appium', 'safaridriver', 'WebKitWebDriver', 'MiniBrowser'];
/** A slow machine is not a broken one. */
const PATIENCE_MS = 120_000;

export interface FaultStage {
  readonly site: Site;
  readonly manager: Manager;
  /** The next request to our driver executable that matches meets it. */
  plant(fault: Omit<Fault, 'id'>): void;
  /** Rows of the slot since a cursor. */
  rowsSince(cursor: number): Promise<EventEnvelope[]>;
  /** States of the slot since a cursor, in order. */
  pathSince(cursor: number): Promise<string[]>;
  /** Resolves when there is such a row of the slot. */
  untilRow(cursor: number, holds: (row: EventEnvelope) => boolean): Promise<void>;
  head(): Promise<number>;
  /** Resolves when one of each process is there, none besides, and the slot has a browser that is well. */
  isWell(): Promise<void>;
}

/** @param limits of `--driver-limits`: short, so that a test need not wait as long as the contract */
export function faultStage(limits: Record<string, unknown>): FaultStage {
  const data = mkdtempSync(join(tmpdir(), 'troupe-test-'));
  const control = join(data, 'fault.json');
  const undo: (() => unknown)[] = [];
  let site: Site;
  let manager: Manager;
  let planted = 0;
  before(async () => {
    site = await startSite({ visitor: VISITOR });
    manager = await startManager(
      { after: (fn) => undo.push(fn) },
      {
        data,
        driver: 'safari',
        args: ['--driver-limits', JSON.stringify(limits)],
        env: { TROUPE_SAFARIDRIVER_CONTROL: control }
      }
    );
    await putFlow({ site, manager }, 'comment_soon', (actions) => {
      actions[1]!.verify!.timeoutMs = 2_000;
    });
  });
  after(async () => {
    for (const end of undo.reverse()) await end();
    await site?.close();
    rmSync(data, { recursive: true, force: true });
    await noneLeft(data);
  });
  const rowsSince: FaultStage['rowsSince'] = async (cursor) =>
    (await readLog(manager, 'actor_kinds=driver')).filter((row) => Number(row.cursor) > cursor);
  return {
    get site() {
      return site;
    },
    get manager() {
      return manager;
    },
    plant(fault) {
      planted += 1;
      writeFileSync(control, JSON.stringify({ id: `fault-${planted}`, ...fault }));
    },
    rowsSince,
    pathSince: async (cursor) =>
      (await rowsSince(cursor))
        .map(({ payload }) => regionOf(payload.to, 'slot'))
        .filter((state, i, all) => state !== all[i - 1]),
    async untilRow(cursor, holds) {
      for (const until = Date.now() + PATIENCE_MS; !(await rowsSince(cursor)).some(holds); await delay(200)) {
        assert.ok(Date.now() < until, `no such row: ${describeRows(await rowsSince(cursor))}`);
      }
    },
    head: async () => Number((await manager.request<{ head: string }>('GET', '/v1/events?limit=1')).body.head),
    async isWell() {
      for (const until = Date.now() + PATIENCE_MS; ; await delay(100)) {
        const counts = ONE_OF_EACH.map((victim) => `${findVictims(data, victim).length} ${victim}`);
        const state = (await readLog(manager, 'actor_kinds=driver')).at(-1)!.payload.to;
        const strangers = strangersTo(manager).map(({ command }) => command);
        const isWell =
          counts.every((count) => count.startsWith('1 ')) &&
          strangers.length === 0 &&
          regionOf(state, 'slot') === 'READY.busy' &&
          regionOf(state, 'health') === 'healthy';
        if (isWell) return;
        assert.ok(Date.now() < until, `the slot is not well: ${state}; ${counts}; strangers: ${strangers}`);
      }
    }
  };
}

export interface FaultRow {
  /** In the words of the contract. */
  fault: string;
  /** Where its comment is when it strikes: made and not answered, asked for and not made, or not yet begun. */
  during: 'made' | 'asked' | 'before';
  strike(stage: FaultStage): unknown;
  /** Some reason in the log or in the command's error says so. */
  symptom: RegExp;
  /** States of the slot that it has to go through, in this order; others may lie between. null: it never leaves READY. */
  path: readonly string[] | null;
  /** States that it may not go through. */
  never?: readonly string[];
  bound: string;
  /** Default: SUCCEEDED, once, VERIFIED. */
  ends?: {
    state: 'SUCCEEDED' | 'FAILED';
    code?: string;
    outcome: ActionResult['outcome'];
    attempts: number;
    comments: number;
  };
  wish?(stage: FaultStage): Partial<CommentWish>;
}

export const LADDER = [
  'RECOVERING.probe',
  'RECOVERING.deleteSession',
  'RECOVERING.killDriverGroup',
  'RECOVERING.killBrowser'
];
/** Once it has found a browser gone Appium stays, and the slot goes on from where Appium is up. */
export const KEEPS_APPIUM = [...LADDER, 'RECOVERING.sweep', 'READY.idle', 'OPENING', 'CONFIGURING', 'READY.busy'];
export const ENDS_APPIUM = [
  ...LADDER,
  'RECOVERING.killAppiumGroup',
  'RECOVERING.sweep',
  'COLD',
  'BOOTING',
  'OPENING',
  'CONFIGURING',
  'READY.busy'
];
export const ONCE = { state: 'SUCCEEDED', outcome: 'VERIFIED', attempts: 1, comments: 1 } as const;
/** Nobody can say whether the write was done: a person is asked, and it is not tried again. */
export const UNKNOWN = {
  state: 'FAILED',
  code: 'OUTCOME_UNKNOWN',
  outcome: 'UNKNOWN',
  attempts: 1,
  comments: 0
} as const;

/**
 * A comment, the fault in the middle of it, and everything that has to be true afterwards. It leaves a slot that has
 * just worked, so that what the next one sees is of its own fault.
 */
export async function suffers(t: TestContext, stage: FaultStage, row: FaultRow): Promise<CommandView> {
  const { site, manager } = stage;
  const ends: NonNullable<FaultRow['ends']> = row.ends ?? ONCE;
  const from = await stage.head();

  const text = `during: ${row.fault}`;
  const held = row.during === 'before' ? undefined : site.hold(row.during === 'made' ? 'after' : 'before', 'comment');
  const began = performance.now();
  if (!held) await row.strike(stage);
  const wish = comment(site, { text, flow: 'comment_soon', ...row.wish?.(stage) });
  const { command_id } = await manager.send(wish);
  await held?.arrived;
  const struck = held ? performance.now() : began;
  if (held) await row.strike(stage);
  const command = await manager.commandEnd(command_id, { timeoutMs: PATIENCE_MS });
  const own = await readLog(manager, `command_id=${command_id}`);
  const said = String((wish.payload.params as { text: string }).text);
  const comments = commentsOf(site, said);
  held?.release();
  await stage.isWell();
  const ms = Math.round(performance.now() - struck);

  const story = `${JSON.stringify(command)}${describeRows(own)}`;
  const write = command.actions.find(({ name }) => name === 'COMMENT_CREATE');
  assert.deepEqual(
    {
      state: command.state,
      ...(command.error ? { code: command.error.code } : {}),
      outcome: write?.outcome ?? null,
      attempts: write?.attempts ?? 0,
      comments
    },
    ends,
    story
  );
  const asked = own.filter(({ type }) => type === 'human.required').length;
  assert.equal(asked, ends.outcome === 'UNKNOWN' ? 1 : 0, `people asked: ${story}`);

  const rows = await stage.rowsSince(from);
  const path = await stage.pathSince(from);
  if (row.path === null)
    assert.deepEqual(
      path.filter((state) => !state.startsWith('READY.')),
      [],
      describeRows(rows)
    );
  else assertGoesThrough(path, row.path);
  for (const state of row.never ?? []) assert.ok(!path.includes(state), `${state}: ${path}`);
  const reasons = [
    ...[...rows, ...own].map(({ payload }) => String(payload.why ?? '')),
    ...own.map(({ payload }) => JSON.stringify(payload.error ?? payload.proofs ?? '')),
    JSON.stringify(command)
  ];
  // For the table the longest, which tells most.
  const seen = reasons.flatMap((reason) => row.symptom.exec(reason)?.[0] ?? []).sort((a, b) => b.length - a.length)[0];
  assert.ok(seen, `${row.symptom} was not seen: ${[...new Set(reasons)].join('\n')}`);

  // What had been sent may arrive yet: the site's word after another comment is the last.
  const { command_id: last } = await manager.send(comment(site, { text: `after: ${row.fault}` }));
  assert.equal((await manager.commandEnd(last)).state, 'SUCCEEDED');
  assert.ok(commentsOf(site, said) <= 1, 'written twice');
  tell(t, {
    fault: row.fault,
    symptom: seen,
    path: row.path === null ? 'stays READY' : path.map((state) => state.replace('RECOVERING.', '')).join(' › '),
    bound: row.bound,
    ms,
    effects: commentsOf(site, said),
    end: command.error?.code ?? `${command.state} ${write?.outcome ?? ''}`.trim()
  });
  return command;
}

/** Each of `wanted` in this order, others between. */
export function assertGoesThrough(path: readonly string[], wanted: readonly string[]): void {
  let at = -1;
  for (const state of wanted) {
    at = path.indexOf(state, at + 1);
    assert.ok(at >= 0, `it does not go through ${state} in the order ${wanted.join(', ')}: ${path.join(', ')}`);
  }
}
