/**
 * `troupe test conform --follow`: a monitor. It judges each row of the stream as it comes, and raises an alert for what no
 * machine could have written. An alert is known by what it is of, so a monitor that is started anew raises none twice.
 */
import { backoffMs, pause } from '../../client/backoff.ts';
import type { AlertRaise, AlertView, MachineSummary, OwnToken } from '../../schemas/generated/contracts.ts';
import { Conformance, type ConformFinding, type FindMoves } from '../../testing/conform.ts';
import { movesFinder, type RememberedMachine } from '../../testing/conform-machines.ts';
import { LogLineError, rowOf } from '../../testing/log-lines.ts';
import type { ReplayedKind } from '../../testing/trace.ts';
import { type Api, createApi } from './api.ts';
import { findingsForPeople, summaryForPeople } from './conform-shown.ts';
import type { Connection } from './connection.ts';
import { type CliContext, type ClientFlags, connect } from './context.ts';
import { events } from './events.ts';
import { CliError, EXIT, type ExitCode } from './exit.ts';
import type { Terminal } from './terminal.ts';

export interface FollowFlags extends ClientFlags {
  cursor?: string;
  until?: string;
  filtered?: boolean;
}

const SOURCE = 'troupe test conform --follow';
/** What an alert is called for, where no invariant names it. */
const RULES: Record<Exclude<ConformFinding['type'], 'invariant'>, string> = {
  illegal: 'every move is one of the machine',
  cursor: 'cursors have no hole',
  time_backwards: 'time does not run backwards',
  clock_adjusted: 'time does not run backwards'
};
/** As the contract has them: what is longer is cut, so that no finding is too large to be told. */
const MOST = { about: 20, address: 300, why: 2_000, rule: 200 };
const TRIES = 5;
const ANSWER_MS = 30_000;
/** Beside actors that live: rows of what has ended are soon of no use, and a monitor runs for months. */
const MEMORY = { living: 20_000, ended: 1_000 };

export async function conformFollow(
  flags: FollowFlags,
  kinds: readonly ReplayedKind[],
  context: CliContext
): Promise<ExitCode> {
  if (flags.until !== undefined && flags.until !== 'caught-up')
    throw new CliError(`--until '${flags.until}' is not 'caught-up'`, EXIT.usage);
  const { connection, api, terminal } = connect(flags, context);
  const moves = await livingMoves(api, kinds);
  const { accounts } = await api.call<OwnToken>('GET', '/v1/tokens/self');
  const isPart = flags.filtered === true || accounts !== null;
  if (accounts !== null) terminal.note('the token is bound to accounts: missing cursors are no fault');
  terminal.note(moves.said());

  const judge = new Conformance({ moves: moves.find, filtered: isPart, memory: MEMORY });
  const print = terminal.people ? findingsForPeople(terminal, Number.POSITIVE_INFINITY) : terminal.json;
  const alerts = new Alerts(connection, terminal, context.signal);
  const tell = async (found: ConformFinding[]) => {
    for (const finding of found) {
      print(finding);
      await alerts.raise(finding);
    }
  };

  let isStale = false;
  const heard = events(connection, {
    ...(flags.cursor === undefined ? {} : { cursor: flags.cursor }),
    signal: context.signal,
    onSubscribed: () => terminal.people && !flags.until && terminal.note('listening; Ctrl-C ends'),
    onLost: (why) => {
      isStale = true;
      terminal.note(`the stream was lost (${why}); connecting again`);
    }
  });
  for await (const frame of heard) {
    // Who was away may have come back with other machines.
    if (isStale) await moves.refresh();
    isStale = false;
    if (frame.type === 'gap') {
      terminal.note(`events ${frame.from} to ${frame.to} are gone (${frame.reason}): what was known is forgotten`);
      await tell(judge.gap(`events ${frame.from} to ${frame.to} are gone (${frame.reason})`));
    } else if (frame.type === 'event') await tell(judge.take(rowIn(frame.event)));
    else if (flags.until) break;
  }

  const { findings, verdict } = judge.end();
  await tell(findings);
  const { conforms } = verdict;
  const source = { name: connection.control, judgedBy: moves.said() };
  if (terminal.people) summaryForPeople(terminal, source, verdict, Number.POSITIVE_INFINITY);
  else
    terminal.json({ type: 'result', log: source.name, versions: moves.versions(), alerts: alerts.counts, ...verdict });
  return conforms ? EXIT.done : EXIT.failed;
}

function rowIn(event: unknown) {
  try {
    return rowOf(event, null);
  } catch (error) {
    if (!(error instanceof LogLineError)) throw error;
    throw new CliError(`the stream sent what ${error.message.replace(/^it /, '')}`, EXIT.failed, error);
  }
}

/** Rows of a stream do not say their version: that of the deployment judges them, as long as there is one. */
async function livingMoves(api: Api, kinds: readonly ReplayedKind[]) {
  let find: FindMoves;
  let told = true;
  const several = new Set<string>();
  const refresh = async () => {
    let remembered: RememberedMachine[] = [];
    several.clear();
    try {
      const { items } = await api.call<{ items: MachineSummary[] }>('GET', '/v1/machines');
      for (const { kind, versions } of items) if (versions.length > 1) several.add(kind);
      remembered = await Promise.all(
        items.map(async ({ kind }) => {
          const { version, definition } = await api.call<MachineSummary>('GET', `/v1/machines/${kind}`);
          if (!definition) throw new CliError(`GET /v1/machines/${kind} gives no definition`, EXIT.failed);
          return { kind, version, definition };
        })
      );
      told = true;
    } catch (error) {
      if (!(error instanceof CliError) || error.exitCode !== EXIT.denied) throw error;
      told = false;
    }
    const one = movesFinder(kinds, { remembered, assume: true });
    find = (kind, version) =>
      several.has(kind)
        ? 'actors of several versions live, and the stream does not say which is which'
        : one(kind, version);
  };
  await refresh();
  return {
    refresh,
    find: (kind: string, version: string | null) => find(kind, version),
    versions: () => (told ? 'of the deployment' : 'assumed'),
    said: () =>
      told
        ? 'judged by the machines that the deployment has now'
        : 'judged by the machines of this release: the token may not read those of the deployment (read:machines)'
  };
}

class Alerts {
  readonly counts = { told: 0, untold: 0 };
  readonly #connection: Connection;
  readonly #terminal: Terminal;
  readonly #signal: AbortSignal;
  #isDenied = false;

  constructor(connection: Connection, terminal: Terminal, signal: AbortSignal) {
    this.#connection = connection;
    this.#terminal = terminal;
    this.#signal = signal;
  }

  /** What is about an alert is printed and raises none: it would be about that one again, without end. */
  async raise(finding: ConformFinding): Promise<void> {
    const { violates, about, cursor } = finding;
    if (!violates || about.length === 0 || about.some((address) => address.startsWith('alert/'))) return;
    if (this.#isDenied) {
      this.counts.untold += 1;
      return;
    }
    try {
      const { alert_id } = await this.#post(alertOf(finding));
      this.counts.told += 1;
      if (this.#terminal.people) this.#terminal.line(`         alert ${alert_id}`);
      else this.#terminal.json({ type: 'alert', alert_id, cursor });
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      this.counts.untold += 1;
      this.#isDenied = error.exitCode === EXIT.denied;
      const more = this.#isDenied
        ? '; findings are printed all the same'
        : `; --cursor ${(cursor ?? 1) - 1} finds it again`;
      this.#terminal.note(`no alert could be raised: ${error.message}${more}`);
    }
  }

  /** One that does not answer is asked again, for a while: it may be starting anew. */
  async #post(alert: AlertRaise): Promise<AlertView> {
    for (let tries = 1; ; tries++) {
      try {
        // Not ended by Ctrl-C: what was found is told before this ends.
        return await createApi(this.#connection, AbortSignal.timeout(ANSWER_MS)).call('POST', '/v1/alerts', alert);
      } catch (error) {
        const isLate = (error as Error).name === 'TimeoutError';
        const isPassing = isLate || (error instanceof CliError && error.exitCode === EXIT.unreachable);
        const failure = isLate ? new CliError(`no answer in ${ANSWER_MS} ms`, EXIT.unreachable, error) : error;
        if (!isPassing || tries >= TRIES || this.#signal.aborted) throw failure;
        await pause(backoffMs(tries), this.#signal).catch(() => {});
      }
    }
  }
}

const alertOf = ({ type, invariant, about, cursor, why }: ConformFinding): AlertRaise => ({
  rule: (type === 'invariant' ? (invariant ?? type) : RULES[type]).slice(0, MOST.rule),
  about: [...new Set(about.map((address) => address.slice(0, MOST.address)))].slice(0, MOST.about) as [
    string,
    ...string[]
  ],
  cursor: String(cursor ?? 0),
  why: why.slice(0, MOST.why),
  source: SOURCE
});
