/** The recipes of one process: two sockets, the lane behind them, and the way of their traces into the log. */
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Desktop } from '../../actors/desktop/contract.ts';
import { Macros } from '../../actors/desktop/macros.ts';
import type { ActorHost } from '../../actors/host/contract.ts';
import { isControlError } from '../../schemas/errors.ts';
import type { ReadinessCheck } from '../control/readiness.ts';
import type { RefusalLog } from '../control/refused.ts';
import { type DatagramServer, serveDatagrams } from './datagram.ts';
import { type LoadPeerUid, loadPeerUid } from './peer.ts';
import { prepareFolder, type RecipePaths } from './place.ts';
import { RecipeService, type RunFlows } from './service.ts';
import { type StreamLimits, type StreamServer, serveStream } from './stream.ts';
import { JournalFeed } from './trace-feed.ts';
import type { LoadDatagrams } from './unix-dgram.ts';

export interface RecipesOptions {
  host: Pick<ActorHost, 'create'>;
  paths: RecipePaths;
  dataDir: string;
  desktop: Desktop;
  runFlow: RunFlows;
  logger: Logger;
  /** Where it is written down that somebody else's process was turned away. */
  refused: Pick<RefusalLog, 'note'>;
  limits?: Partial<StreamLimits>;
  loadDatagrams?: LoadDatagrams;
  loadPeerUid?: LoadPeerUid;
}

export interface Recipes {
  /** What it listens on: null where it does not. */
  readonly stream: string | null;
  readonly datagram: string | null;
  check: ReadinessCheck;
  /** No new requests; those that run end, within the time, and the log hears of all. */
  close(withinMs: number): Promise<void>;
}

/** For what the log has not heard of yet, at the end. */
const FLUSH_MS = 500;
/** Users whose first attempt is a line of the process's log. */
const MOST_STRANGERS = 100;

/**
 * A socket that cannot be had is a warning and a word in /ready, and no reason not to start: browsers do not need it.
 * Never rejects for one of ours.
 */
export async function startRecipes({
  host,
  paths,
  dataDir,
  desktop,
  runFlow,
  logger,
  refused,
  limits,
  loadDatagrams,
  loadPeerUid: loadPeers = loadPeerUid
}: RecipesOptions): Promise<Recipes> {
  const feed = new JournalFeed({ host });
  const service = new RecipeService({ desktop, macros: new Macros(join(dataDir, 'macros')), runFlow, feed });
  const missing: string[] = [];
  const tryTo = async <T>(serve: () => Promise<T>): Promise<T | null> => {
    try {
      return await serve();
    } catch (error) {
      if (!isControlError(error)) throw error;
      logger.warn({ failure: error.message, code: error.code }, 'recipes');
      missing.push(error.message);
      return null;
    }
  };
  const strangers = new Set<number | null>();
  let turnedAway = 0;
  const onStranger = (uid: number | null, why: string) => {
    turnedAway++;
    // Each user once: who connects again and again does not fill the log.
    if (strangers.size < MOST_STRANGERS && !strangers.has(uid)) logger.warn({ uid, failure: why }, 'recipes');
    strangers.add(uid);
    const from = `uid ${uid ?? 'unknown'}`;
    const detail = { code: 'not_permitted', from, reason: why };
    void refused.note(from, { action: 'access.refused', outcome: 'refused', subject: 'request/recipes', detail });
  };
  let stream: StreamServer | null = null;
  let datagram: DatagramServer | null = null;
  const placed = await tryTo(async () => {
    prepareFolder(paths);
    return true;
  });
  if (placed) {
    const { uidOf, why } = await loadPeers();
    if (why) missing.push(`who connects is not asked for, and the modes of folder and socket decide: ${why}`);
    stream = await tryTo(() => serveStream(paths.stream, service, { limits, uidOf, onStranger }));
    // Whoever has the stream has the datagrams: two servers would each have half of a client's policy.
    if (stream) datagram = await tryTo(() => serveDatagrams(paths.datagram, service, loadDatagrams));
  }
  let closing: Promise<void> | undefined;
  const close = async (withinMs: number) => {
    await Promise.race([service.close(), new Promise((resolve) => setTimeout(resolve, withinMs).unref())]);
    datagram?.close();
    await stream?.close();
    await desktop.close();
    await feed.flush(FLUSH_MS);
  };
  return {
    stream: stream ? paths.stream : null,
    datagram: datagram ? paths.datagram : null,
    check: {
      name: 'recipes',
      async check() {
        const { waiting, lost, failure } = feed.status;
        const where = [stream && paths.stream, datagram && paths.datagram].filter(Boolean).join(' and ');
        const log = `${waiting} traces wait for the log, ${lost} were lost${failure ? `: ${failure}` : ''}`;
        const parts = [where ? `on ${where}` : 'not served', ...missing, `desktop: ${desktop.about}`, log];
        if (turnedAway > 0) parts.push(`${turnedAway} connections of other users were turned away`);
        return { ok: true, why: parts.join('; ') };
      }
    },
    close(withinMs) {
      closing ??= close(withinMs);
      return closing;
    }
  };
}
