/** `troupe sessions`, `commands`, `approvals` and `flows`: what there is, newest first. */

import type { Command } from 'commander';
import type { ApprovalView, CommandView, FlowSummary, SessionView } from '../../schemas/generated/contracts.ts';
import { type AddCommand, type ClientFlags, connect, withClientFlags } from './context.ts';
import { CliError, EXIT } from './exit.ts';
import { printable, table } from './terminal.ts';

export interface Column<T> {
  heading: string;
  cell(item: T): string | null | undefined;
}

export interface Listing<T> {
  name: string;
  description: string;
  columns: Column<T>[];
  /** Beside --account, --platform and --limit: flag → what the API calls it. */
  filters: { flag: string; query: string; help: string }[];
}

/** The server's most for one page. */
const PAGE = 500;

const short = (id: string | null | undefined) => id?.slice(0, 8);
const clock = (at: string | null | undefined) => at?.slice(0, 19).replace('T', ' ');

const state = { flag: '--state <STATE>', query: 'state', help: 'in this state, like RUNNING or PENDING' };
const account = { flag: '--account <ID>', query: 'account_id', help: 'of one account' };
const platform = { flag: '--platform <NAME>', query: 'platform', help: 'of one platform' };
const since = { flag: '--since <TIME>', query: 'since', help: 'created then or later, like 2026-01-31T09:00:00Z' };
const session = { flag: '--session <ID>', query: 'session_id', help: 'of one session' };

const sessions: Listing<SessionView> = {
  name: 'sessions',
  description: 'the browsers that were opened, newest first',
  filters: [state, account, platform, since],
  columns: [
    { heading: 'SESSION', cell: (s) => short(s.session_id) },
    { heading: 'STATE', cell: (s) => s.state },
    { heading: 'PLATFORM', cell: (s) => s.platform },
    { heading: 'ACCOUNT', cell: (s) => s.account_id },
    { heading: 'QUEUE', cell: (s) => String(s.queue.length) },
    { heading: 'CREATED', cell: (s) => clock(s.created_at) },
    { heading: 'WHY', cell: (s) => s.why }
  ]
};

const commands: Listing<CommandView> = {
  name: 'commands',
  description: 'the commands that were sent, newest first',
  filters: [
    state,
    { flag: '--type <TYPE>', query: 'type', help: 'of one type, like flow.run' },
    session,
    { flag: '--correlation <ID>', query: 'correlation_id', help: 'of one correlation id' },
    account,
    platform,
    since
  ],
  columns: [
    { heading: 'COMMAND', cell: (c) => short(c.command_id) },
    { heading: 'STATE', cell: (c) => c.state },
    { heading: 'WHAT', cell: (c) => (typeof c.payload.flow === 'string' ? c.payload.flow : c.type) },
    { heading: 'PLATFORM', cell: (c) => c.target.platform },
    { heading: 'ACCOUNT', cell: (c) => c.target.account_id },
    { heading: 'CREATED', cell: (c) => clock(c.created_at) },
    { heading: 'WHY', cell: (c) => c.error?.code ?? c.why }
  ]
};

const approvals: Listing<ApprovalView> = {
  name: 'approvals',
  description: 'what a person is or was asked to let out, newest first; --state PENDING is what waits',
  filters: [state, { flag: '--command <ID>', query: 'command_id', help: 'of one command' }, session, account, platform],
  columns: [
    { heading: 'APPROVAL', cell: (a) => short(a.approval_id) },
    { heading: 'STATE', cell: (a) => a.state },
    { heading: 'FLOW', cell: (a) => a.preview.flow },
    { heading: 'ACCOUNT', cell: (a) => a.preview.account_id },
    { heading: 'BY', cell: (a) => a.decided_by },
    { heading: 'EXPIRES', cell: (a) => clock(a.expires_at) },
    { heading: 'PARAMS', cell: (a) => JSON.stringify(a.preview.params) }
  ]
};

const flows: Listing<FlowSummary> = {
  name: 'flows',
  description: 'the flows that can be run',
  filters: [platform],
  columns: [
    { heading: 'FLOW', cell: (f) => f.name },
    { heading: 'VERSION', cell: (f) => String(f.version) },
    { heading: 'EFFECT', cell: (f) => (f.writes ? 'write' : 'read') },
    { heading: 'PLATFORMS', cell: (f) => f.platforms.join(',') },
    { heading: 'TITLE', cell: (f) => f.title }
  ]
};

/** The command that lists them, for whoever hangs others under it. */
export const addListing =
  <T>({ name, description, filters, columns }: Listing<T>) =>
  (...[program, context, ends]: Parameters<AddCommand>): Command => {
    const paged = name !== 'flows';
    const command = withClientFlags(program.command(name)).description(description);
    for (const { flag, help } of filters) command.option(flag, help);
    if (paged) command.option('--limit <N>', 'at most so many', '50');
    command.action(async (flags: ClientFlags & Record<string, string | undefined>) => {
      const { api, terminal } = connect(flags, context);
      const limit = paged ? limitOf(flags.limit) : Number.POSITIVE_INFINITY;
      const query = new URLSearchParams(paged ? { limit: String(Math.min(limit, PAGE)) } : {});
      for (const { flag, query: parameter } of filters) {
        const value = flags[flag.slice(2).split(' ')[0] as string];
        if (value !== undefined) query.set(parameter, value);
      }
      const found: T[] = [];
      for (let page: string | null = ''; page !== null && found.length < limit; ) {
        if (page !== '') query.set('page', page);
        const answer: { items: T[]; next_page: string | null } = await api.call('GET', `/v1/${name}?${query}`);
        found.push(...answer.items.slice(0, limit - found.length));
        page = answer.next_page;
      }
      if (!terminal.people) for (const item of found) terminal.json(item);
      else if (found.length === 0) terminal.note(`no ${name}`);
      else {
        const rows = found.map((item) => columns.map(({ cell }) => printable(cell(item) ?? '-')));
        for (const line of table([columns.map(({ heading }) => heading), ...rows])) {
          terminal.line(line.length > terminal.columns ? `${line.slice(0, terminal.columns - 1)}…` : line);
        }
      }
      ends(EXIT.done);
    });
    return command;
  };

const adds =
  <T>(listing: Listing<T>): AddCommand =>
  (...given) => {
    addListing(listing)(...given);
  };

function limitOf(text: string | undefined): number {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit > 0) return limit;
  throw new CliError(`--limit '${text}' is not a number of items`, EXIT.usage);
}

export const addLists: AddCommand[] = [adds(sessions), adds(commands), adds(approvals), adds(flows)];
