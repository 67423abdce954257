/** `troupe account list, show, set`: how accounts are set, and what their limits have counted. */
import type { AccountView, ActionLimits } from '../../schemas/generated/contracts.ts';
import type { Api } from './api.ts';
import { type AddCommand, type ClientFlags, connect, withClientFlags } from './context.ts';
import { CliError, EXIT } from './exit.ts';
import { printable, type Terminal, table } from './terminal.ts';

interface AccountFlags extends ClientFlags {
  platform?: string;
}

interface SetFlags extends AccountFlags {
  platform: string;
  timeZone?: string;
  approval?: string;
  testAccount?: string;
  home?: string;
  limit: string[];
}

const FIELDS: (keyof ActionLimits)[] = ['per_hour', 'per_day', 'apart_s', 'hours'];

export const addAccount: AddCommand = (program, context, ends) => {
  const account = program
    .command('account')
    .description('accounts, their limits and what these counted: list, show, set');
  const pathOf = (id: string, platform: string | undefined) =>
    `/v1/accounts/${encodeURIComponent(id)}${platform === undefined ? '' : `?platform=${encodeURIComponent(platform)}`}`;

  withClientFlags(account.command('list'))
    .description('all accounts that are known')
    .option('--platform <NAME>', 'of one platform')
    .action(async (flags: AccountFlags) => {
      const { api, terminal } = connect(flags, context);
      const items = await everyAccount(api, flags.platform);
      if (!terminal.people) for (const item of items) terminal.json(item);
      else if (items.length === 0) terminal.note('no accounts');
      else for (const line of table([HEADING, ...items.map(row)])) terminal.line(line);
      ends(EXIT.done);
    });

  withClientFlags(account.command('show'))
    .description('one account: its limits, what is used, when the next may go out')
    .argument('<ID>', 'its name')
    .option('--platform <NAME>', 'needed where the name is known on several')
    .action(async (id: string, flags: AccountFlags) => {
      const { api, terminal } = connect(flags, context);
      show(await api.call<AccountView>('GET', pathOf(id, flags.platform)), terminal);
      ends(EXIT.done);
    });

  const collect = (value: string, all: string[]) => [...all, value];
  withClientFlags(account.command('set'))
    .description('set an account; what is not named stays')
    .argument('<ID>', 'its name')
    .requiredOption('--platform <NAME>', 'where it is')
    .option('--time-zone <ZONE>', 'whose clock its hours are read from, like Europe/Berlin')
    .option('--approval <WHAT>', 'messages: only these wait for a person; required: likes and comments too')
    .option('--test-account <YES|NO>', 'yes: it reaches nobody real, and its messages wait for nobody; an admin’s word')
    .option('--home <URL>', 'the page on which it is seen to be logged in')
    .option(
      '--limit <KIND.FIELD=VALUE>',
      'message.per_hour=10, comment.apart_s=30, message.hours=09:00-21:00; none for no limit; KIND=default',
      collect,
      []
    )
    .action(async (id: string, flags: SetFlags) => {
      const { api, terminal } = connect(flags, context);
      const limits = await limitsOf(api, pathOf(id, flags.platform), flags.limit);
      const body = {
        platform: flags.platform,
        ...(flags.timeZone === undefined ? {} : { time_zone: flags.timeZone }),
        ...(flags.approval === undefined ? {} : { approval: flags.approval }),
        ...(flags.testAccount === undefined ? {} : { test_account: yesOrNo(flags.testAccount) }),
        ...(flags.home === undefined ? {} : { home: flags.home }),
        ...(limits === undefined ? {} : { limits })
      };
      show(await api.call<AccountView>('PUT', `/v1/accounts/${encodeURIComponent(id)}`, body), terminal);
      ends(EXIT.done);
    });
};

async function everyAccount(api: Api, platform: string | undefined): Promise<AccountView[]> {
  const found: AccountView[] = [];
  const query = new URLSearchParams({ limit: '500', ...(platform === undefined ? {} : { platform }) });
  for (;;) {
    const page = await api.call<{ items: AccountView[]; next_page: string | null }>('GET', `/v1/accounts?${query}`);
    found.push(...page.items);
    if (page.next_page === null) return found;
    query.set('page', page.next_page);
  }
}

function yesOrNo(text: string): boolean {
  if (text === 'yes' || text === 'no') return text === 'yes';
  throw new CliError(`--test-account '${text}' is neither yes nor no`, EXIT.usage);
}

/** A kind is sent whole: one field of it is changed in what holds now. */
async function limitsOf(api: Api, path: string, given: string[]) {
  if (given.length === 0) return undefined;
  const limits: Record<string, Partial<ActionLimits> | null> = {};
  let known: AccountView | undefined;
  for (const one of given) {
    const [, kind, field, value] = /^([a-z]+)(?:\.([a-z_]+))?=(.+)$/.exec(one) ?? [];
    if (kind === undefined || value === undefined || (field === undefined && value !== 'default')) {
      throw new CliError(`--limit '${one}' is not KIND.FIELD=VALUE, nor KIND=default`, EXIT.usage);
    }
    if (field === undefined) {
      limits[kind] = null;
      continue;
    }
    if (!(FIELDS as string[]).includes(field)) {
      throw new CliError(`--limit '${one}': there are ${FIELDS.join(', ')}`, EXIT.usage);
    }
    known ??= await api.call<AccountView>('GET', path).catch(() => undefined);
    limits[kind] = { ...known?.limits[kind], ...limits[kind], [field]: fieldOf(one, field, value) };
  }
  return limits;
}

function fieldOf(one: string, field: string, value: string): unknown {
  if (value === 'none') return null;
  if (field === 'hours') {
    const [, from, to] = /^(\d\d:\d\d)-(\d\d:\d\d)$/.exec(value) ?? [];
    if (from === undefined) throw new CliError(`--limit '${one}': hours are like 09:00-21:00`, EXIT.usage);
    return { from, to };
  }
  if (!/^\d{1,6}$/.test(value)) throw new CliError(`--limit '${one}': '${value}' is no number`, EXIT.usage);
  return Number(value);
}

const HEADING = ['ACCOUNT', 'PLATFORM', 'LOGIN', 'ASKS FOR', 'TIME ZONE', 'MESSAGES', 'NEXT'];

const row = (view: AccountView): string[] => {
  const { message } = view.used;
  return [
    view.account_id,
    view.platform,
    view.profile.state,
    view.test_account ? 'nothing: for tests' : view.approval === 'required' ? 'everything' : 'messages',
    view.time_zone,
    message ? `${message.last_day} today` : 'no limit',
    view.cool_down ? `cools down until ${view.cool_down.until}` : (message?.next_at ?? '-')
  ].map(printable);
};

function show(view: AccountView, terminal: Terminal): void {
  if (!terminal.people) {
    terminal.json(view);
    return;
  }
  for (const line of table([HEADING, row(view)])) terminal.line(line);
  const lines = Object.entries(view.limits)
    .filter(([kind]) => view.used[kind])
    .map(([kind, limits]) => {
      const used = view.used[kind]!;
      const { per_hour, per_day, apart_s, hours } = limits;
      const next = used.limit === null ? 'now' : `${used.next_at} (${used.limit})`;
      return [
        kind,
        `${used.last_hour} of ${per_hour ?? 'any'}`,
        `${used.last_day} of ${per_day ?? 'any'}`,
        apart_s === null ? '-' : `${apart_s} s`,
        hours ? `${hours.from}-${hours.to}` : '-',
        String(used.waiting),
        next
      ];
    });
  if (lines.length === 0) return;
  terminal.line('');
  const heading = ['KIND', 'THIS HOUR', 'THIS DAY', 'APART', 'HOURS', 'WAITING', 'NEXT'];
  for (const line of table([heading, ...lines])) terminal.line(line);
}
