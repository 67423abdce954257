import type { TokenView } from '../../schemas/generated/contracts.ts';
import { type AddCommand, type ClientFlags, connect, withClientFlags } from './context.ts';
import { CliError, EXIT } from './exit.ts';
import { type Terminal, table } from './terminal.ts';

interface CreateFlags extends ClientFlags {
  service: string;
  allow: string[];
  account?: string[];
  expires?: string;
}

const DAY_MS = 24 * 60 * 60_000;
const UNIT_MS: Record<string, number> = { d: DAY_MS, h: DAY_MS / 24, m: DAY_MS / 24 / 60 };

export const addToken: AddCommand = (program, context, ends) => {
  const token = program.command('token').description('who may do what: create, list, rotate, revoke');

  withClientFlags(token.command('create'))
    .description('make a token; it is shown once')
    .requiredOption('--service <NAME>', 'the client it is for')
    .requiredOption('--allow <SCOPE...>', "what it may do, like 'flow.run:*' 'read:*'")
    .option('--account <ID...>', 'only these accounts, and nothing that belongs to none; default all')
    .option('--expires <WHEN>', 'after so long (30d, 12h, 15m) or at an instant; default never')
    .action(async (flags: CreateFlags) => {
      const { api, terminal } = connect(flags, context);
      const made = await api.call<MadeToken>('POST', '/v1/tokens', {
        service: flags.service,
        scopes: flags.allow,
        ...(flags.account === undefined ? {} : { accounts: flags.account }),
        ...(flags.expires === undefined ? {} : { expires_at: instantOf(flags.expires) })
      });
      show(terminal, made, '');
      ends(EXIT.done);
    });

  withClientFlags(token.command('rotate'))
    .description('another secret for the same client, shown once; the former ends, at once or after a grace')
    .argument('<ID>', 'the id of the former, as create and list show it')
    .option('--grace <TIME>', 'the former holds so long beside the new one (1h, 30m, 7d)')
    .action(async (id: string, flags: ClientFlags & { grace?: string }) => {
      const { api, terminal } = connect(flags, context);
      const grace_ms = flags.grace === undefined ? 0 : spanOf(flags.grace);
      const made = await api.call<MadeToken>('POST', `/v1/tokens/${encodeURIComponent(id)}/rotate`, { grace_ms });
      const until = grace_ms === 0 ? 'has ended' : `holds for ${flags.grace}`;
      show(terminal, made, `; the former ${until}`);
      ends(EXIT.done);
    });

  withClientFlags(token.command('list'))
    .description('all tokens, without their secrets')
    .action(async (flags: ClientFlags) => {
      const { api, terminal } = connect(flags, context);
      const { items } = await api.call<{ items: TokenView[] }>('GET', '/v1/tokens');
      if (terminal.people) for (const line of table([HEADING, ...items.map(row)])) terminal.line(line);
      else for (const item of items) terminal.json(item);
      ends(EXIT.done);
    });

  withClientFlags(token.command('revoke'))
    .description('end a token at once')
    .argument('<ID>', 'its id, as create and list show it')
    .action(async (id: string, flags: ClientFlags) => {
      const { api, terminal } = connect(flags, context);
      await api.call('DELETE', `/v1/tokens/${encodeURIComponent(id)}`);
      if (terminal.people) terminal.line(`revoked ${id}`);
      else terminal.json({ token_id: id, revoked: true });
      ends(EXIT.done);
    });
};

type MadeToken = TokenView & { token: string };

function show(terminal: Terminal, made: MadeToken, more: string): void {
  if (terminal.people) {
    terminal.line(made.token);
    const cure = `revoke it with: npx troupe token revoke ${made.token_id}`;
    terminal.note(`shown this once; for '${made.service}', ${cure}${more}`);
  } else terminal.json(made);
}

const HEADING = ['TOKEN_ID', 'SERVICE', 'STATE', 'CREATED', 'EXPIRES', 'ACCOUNTS', 'MAY'];

const row = (token: TokenView): string[] => [
  token.token_id,
  token.service,
  stateOf(token),
  token.created_at,
  token.expires_at ?? 'never',
  token.accounts?.join(' ') ?? 'all',
  token.scopes.join(' ')
];

const stateOf = ({ revoked_at, expires_at }: TokenView): string => {
  if (revoked_at !== null) return 'revoked';
  return expires_at !== null && Date.parse(expires_at) <= Date.now() ? 'expired' : 'valid';
};

/** `30d`, `12h`, `15m` from now, or an instant as it is. @throws CliError usage */
export function instantOf(text: string, now = Date.now()): string {
  const span = msOf(text);
  const at = span === undefined ? Date.parse(text) : now + span;
  if (Number.isFinite(at)) return new Date(at).toISOString();
  throw new CliError(
    `--expires '${text}' is neither 30d, 12h, 15m nor an instant like 2030-01-31T00:00:00Z`,
    EXIT.usage
  );
}

const msOf = (text: string): number | undefined => {
  const [, amount, unit] = /^(\d+)([dhm])$/.exec(text) ?? [];
  return amount && unit ? Number(amount) * (UNIT_MS[unit] as number) : undefined;
};

/** ms of `7d`, `1h`, `30m`. @throws CliError usage */
export function spanOf(text: string): number {
  const span = msOf(text);
  if (span !== undefined) return span;
  throw new CliError(`--grace '${text}' is no time; write it like 7d, 1h or 30m`, EXIT.usage);
}
