/**
 * Removes what is old, in the background: at the start and every hour, a slice and a rest in turn, so that a commit waits
 * for no more than one short slice and half of the disk's time is always others'. What is removed, and what is not, is in
 * `docs/decisions/retention.md`; a reader of the log that is behind its tail hears `gap`.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { PRUNED } from '../actors/audit/verify.ts';
import type { ArtifactStore } from '../actors/executor/artifacts.ts';
import type { ActorHost } from '../actors/host/contract.ts';
import { describe } from '../schemas/errors.ts';
import type { ReadinessCheck } from './control/readiness.ts';

export interface RetentionOptions {
  host: ActorHost;
  store: Pick<ArtifactStore, 'discard' | 'files'>;
  /** Of age. */
  days: number;
  /** Kept at most. */
  events: number;
  /** Of age, for the audit log. */
  auditDays: number;
  logger: Logger;
  /** Default an hour. */
  everyMs?: number;
  /** ms since 1970 */
  now?: () => number;
}

/** What one run removed. */
export interface Removed {
  events: number;
  actors: number;
  keys: number;
  tokens: number;
  /** Records of the audit log. */
  audit: number;
  files: number;
  /** By which the database got smaller. */
  bytes: number;
}

export interface Retention {
  check: ReadinessCheck;
  /** Now; the one that runs, if one does. Never rejects: what went wrong is logged and in `check`. */
  run(): Promise<Removed>;
  /** Resolves when the files that a crash left were looked for. */
  swept: Promise<void>;
  stop(): Promise<void>;
}

const DAY_MS = 86_400_000;
/** How long a commit may have to wait for a slice, about. */
const SLICE_MS = 20;
const SLICE_ROWS = { first: 500, least: 50, most: 5_000 };
const VACUUM_BYTES = { first: 1024 * 1024, least: 64 * 1024, most: 16 * 1024 * 1024 };
/** A database gets smaller when more than a quarter of it is free and that is worth it; less is used again soon. */
const WORTH_BYTES = 8 * 1024 * 1024;

export function startRetention(options: RetentionOptions): Retention {
  const { host, store, days, events, auditDays, logger, everyMs = 3_600_000, now = Date.now } = options;
  const ending = new AbortController();
  let running: Promise<Removed> | undefined;
  let last: { at: number; removed: Removed; failure: string | null } | undefined;

  async function work(removed: Removed): Promise<void> {
    const through = await auditThrough(host, now() - auditDays * DAY_MS);
    const limits = {
      before: now() - days * DAY_MS,
      keep: events,
      ...(through === null ? {} : { auditThrough: through })
    };
    await inSlices(SLICE_ROWS, ending.signal, async (slice) => {
      const pruned = await host.prune(limits, slice);
      removed.events += pruned.events;
      removed.actors += pruned.actors.length;
      removed.keys += pruned.keys;
      removed.tokens += pruned.tokens;
      removed.audit += pruned.audit;
      removed.files += await store.discard(pruned.files);
      return pruned.more;
    });
    const { bytes, freeBytes } = await host.journal.vacuum(0);
    if (freeBytes < Math.max(WORTH_BYTES, bytes / 4)) return;
    await inSlices(VACUUM_BYTES, ending.signal, async (slice) => {
      const after = await host.journal.vacuum(slice);
      removed.bytes = bytes - after.bytes;
      return after.freeBytes > 0;
    });
  }

  async function runOnce(): Promise<Removed> {
    const removed: Removed = { events: 0, actors: 0, keys: 0, tokens: 0, audit: 0, files: 0, bytes: 0 };
    let failure: string | null = null;
    const from = performance.now();
    try {
      await work(removed);
    } catch (error) {
      if (!ending.signal.aborted) {
        failure = describe(error);
        logger.warn({ err: error }, 'what is old could not be removed; tried again in an hour');
      }
    }
    last = { at: now(), removed, failure };
    const tookMs = Math.round(performance.now() - from);
    if (Object.values(removed).some((count) => count > 0)) logger.info({ ...removed, tookMs }, 'removed what is old');
    return removed;
  }

  const run = () => {
    running ??= runOnce().finally(() => {
      running = undefined;
    });
    return running;
  };

  async function sweep() {
    await run();
    try {
      await sweepFiles(options, ending.signal);
    } catch (error) {
      if (!ending.signal.aborted) logger.warn({ err: error }, 'files of artifacts could not be looked through');
    }
  }
  const swept = sweep();

  async function loop() {
    await swept;
    for (;;) {
      await pause(everyMs, undefined, { signal: ending.signal, ref: false });
      await run();
    }
  }
  const looping = loop().catch(() => {});

  return {
    run,
    swept,
    check: {
      name: 'retention',
      async check() {
        const limits = `keeps ${days} days and at most ${events} events, and ${auditDays} days of the audit log`;
        if (!last) return { ok: true, why: `${limits}; it runs for the first time` };
        const at = new Date(last.at).toISOString();
        // Whoever is served is served; a database that cannot be written is another check's word.
        if (last.failure !== null) return { ok: true, why: `${limits}; at ${at} it failed: ${last.failure}` };
        const { removed: r } = last;
        const what = `${r.events} events, ${r.actors} ended actors, ${r.keys} keys, ${r.files} files, ${r.bytes} bytes`;
        return { ok: true, why: `${limits}; at ${at} it removed ${what}` };
      }
    },
    async stop() {
      ending.abort();
      await running;
      await looping;
    }
  };
}

/**
 * Up to which record the audit log goes. It says so itself before it does: then what is missing at its beginning was
 * removed by this and nobody else.
 */
async function auditThrough(host: ActorHost, before: number): Promise<number | null> {
  const mark = await host.journal.auditBefore(before);
  if (!mark) return null;
  const detail = { through: mark.seq, hash: mark.hash };
  await host.write([], { action: PRUNED, outcome: 'done', subject: 'audit/main', detail });
  return mark.seq;
}

/** Until `work` says that there is no more, or the signal aborts: each slice as large as takes `SLICE_MS`, and as long a rest. */
async function inSlices(
  size: { first: number; least: number; most: number },
  signal: AbortSignal,
  work: (slice: number) => Promise<boolean>
): Promise<void> {
  let slice = size.first;
  for (let more = true; more; ) {
    const from = performance.now();
    more = await work(slice);
    const tookMs = performance.now() - from;
    if (!more) return;
    if (tookMs > 2 * SLICE_MS) slice = Math.max(size.least, Math.floor(slice / 2));
    else if (tookMs < SLICE_MS / 2) slice = Math.min(size.most, slice * 2);
    await pause(tookMs, undefined, { signal });
  }
}

/** Once after a start: files whose removal a crash prevented, or whose row was never written. */
async function sweepFiles({ host, store, logger }: RetentionOptions, signal: AbortSignal): Promise<void> {
  let gone = 0;
  for await (const files of store.files()) {
    const unnamed: string[] = [];
    for (const sha256 of files) {
      const [row] = await host.journal.find('artifacts', { sha256 }, 1);
      if (!row) unnamed.push(sha256);
    }
    gone += await store.discard(unnamed);
    await pause(10, undefined, { signal });
  }
  if (gone > 0) logger.info({ files: gone }, 'removed files that no artifact names');
}
