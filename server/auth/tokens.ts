/**
 * Bearer tokens. Only a token's SHA-256 is stored, so a copied database lets nobody in; what was looked up is kept in
 * memory for a while, so that a request costs no disk read.
 */
import { createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { chmod, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ActorHost, AskedBy, AuditEntry, Tables } from '../../actors/host/contract.ts';
import { ControlError } from '../../schemas/errors.ts';
import { reachesBeyondAccounts } from './accounts.ts';
import { isScope } from './scopes.ts';
import { TokenEnds } from './token-ends.ts';

/** Whom a request comes from. */
export interface Client {
  tokenId: string;
  service: string;
  scopes: readonly string[];
  /** It reads and acts on these alone; null: on any. See `accounts.ts`. */
  accounts: readonly string[] | null;
  /** ms since 1970; null: never. */
  expiresAt: number | null;
}

export interface TokenInfo extends Client {
  /** ms since 1970 */
  createdAt: number;
  revokedAt: number | null;
}

export interface TokenWish {
  service: string;
  scopes: string[];
  /** Default: any. */
  accounts?: readonly string[] | null;
  /** ms since 1970; default never. */
  expiresAt?: number | null;
}

export interface Tokens {
  /**
   * The secret is in the answer and nowhere else.
   * @param by whom the audit log names @param how it came to be; default `token.created`
   * @throws ControlError VALIDATION_FAILED for a service, scope or account that is none
   */
  create(wish: TokenWish, by?: AskedBy, how?: string): Promise<TokenInfo & { token: string }>;
  /**
   * Another secret for the same client, with an id of its own; the former one holds for `graceMs` more. One that was to
   * expire lives as long again as the former was made for. undefined: there is none with this id.
   * @throws ControlError TOKEN_ENDED for one that is revoked or expired
   */
  rotate(
    tokenId: string,
    wish: { graceMs: number },
    by?: AskedBy
  ): Promise<(TokenInfo & { token: string }) | undefined>;
  /** Newest first, ended ones too. */
  list(): Promise<TokenInfo[]>;
  /** false: there is none with this id. Holds at once in this process. */
  revoke(tokenId: string, by?: AskedBy): Promise<boolean>;
  /** `run` is called, once, when the token is revoked or its time is over. @returns how to stop listening */
  onEnd(client: Client, run: () => void): () => void;
  /**
   * @param from whose refusals are counted, see `refusals.ts`; absent where nobody asks anew
   * @throws ControlError UNAUTHENTICATED saying whether it is missing, unknown, expired or revoked
   */
  authenticate(bearer: string | undefined, from?: string): Promise<Client>;
  /**
   * `<dataDir>/admin.token`, made when it is missing, expired or unknown to this database. One that was revoked stays revoked; one
   * that is rotated from here on is replaced in its file.
   */
  mintAdmin(dataDir: string): Promise<{ path: string; token: string; minted: boolean }>;
}

type Row = Tables['tokens'];

interface Looked {
  row: Row | null;
  /** ms since 1970 */
  readAt: number;
}

const CACHED = 1_000;
const FRESH_MS = 30_000;
/** Of a service and of an account. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._:@-]{0,127}$/;

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

export function createTokens(host: ActorHost, { now = Date.now }: { now?: () => number } = {}): Tokens {
  /** SHA-256 → row. Oldest first, bounded. */
  const rows = new Map<string, Looked>();
  /** Those that are not known, apart: however many are guessed, they drive out no good one. */
  const strangers = new Map<string, Looked>();
  const ends = new TokenEnds(now);
  /** What `mintAdmin` found or made. */
  let admin: { path: string; token: string } | undefined;

  function remember(hash: string, row: Row | null) {
    rows.delete(hash);
    strangers.delete(hash);
    const cache = row ? rows : strangers;
    cache.set(hash, { row, readAt: now() });
    if (cache.size > CACHED) cache.delete(cache.keys().next().value as string);
  }

  const looked = (hash: string) => rows.get(hash) ?? strangers.get(hash);

  async function lookUp(hash: string): Promise<Row | null> {
    const known = looked(hash);
    if (known && now() - known.readAt < FRESH_MS) return known.row;
    const [row = null] = await host.journal.find('tokens', { sha256: hash }, 1);
    const meanwhile = looked(hash);
    if (meanwhile && meanwhile !== known) return meanwhile.row; // made or revoked while this was being read
    remember(hash, row);
    return row;
  }

  async function authenticate(bearer: string | undefined): Promise<Client> {
    if (!bearer) throw new ControlError('UNAUTHENTICATED', { reason: 'no token' });
    const hash = sha256(bearer);
    const row = await lookUp(hash);
    if (!row || !timingSafeEqual(Buffer.from(row.sha256, 'hex'), Buffer.from(hash, 'hex'))) {
      throw new ControlError('UNAUTHENTICATED', { reason: 'the token is not known here' });
    }
    if (row.revoked_at !== null) throw new ControlError('UNAUTHENTICATED', { reason: 'the token was revoked' });
    if (row.expires_at !== null && row.expires_at <= now()) {
      const at = new Date(row.expires_at).toISOString();
      throw new ControlError('UNAUTHENTICATED', { reason: `the token expired at ${at}` });
    }
    return clientOf(row);
  }

  const create: Tokens['create'] = async (wish, by = {}, how = 'token.created') => {
    refuseMisfits(wish);
    const { token, row } = newToken(wish, now());
    await host.write([{ into: 'tokens', row }], tokenEntry(how, row, by));
    remember(row.sha256, row);
    return { ...infoOf(row), token };
  };

  return {
    create,
    authenticate,
    onEnd: (client, run) => ends.watch(client, run),

    async rotate(tokenId, { graceMs }, by = {}) {
      const [row] = await host.journal.find('tokens', { id: tokenId }, 1);
      if (!row) return undefined;
      const at = now();
      if (row.revoked_at !== null || (row.expires_at !== null && row.expires_at <= at)) {
        throw new ControlError('TOKEN_ENDED', { tokenId, how: row.revoked_at === null ? 'expired' : 'revoked' });
      }
      const lifetime = row.expires_at === null ? null : row.expires_at - row.created_at;
      const next = newToken({ ...clientOf(row), expiresAt: lifetime === null ? null : at + lifetime }, at);
      const former: Row = { ...row, expires_at: Math.min(row.expires_at ?? Number.POSITIVE_INFINITY, at + graceMs) };
      // The former one ends last: killed in between, both hold, and who reads the admin's file is never without one.
      await host.write(
        [{ into: 'tokens', row: next.row }],
        tokenEntry('token.rotated', next.row, by, { former: tokenId })
      );
      remember(next.row.sha256, next.row);
      if (admin && sha256(admin.token) === row.sha256) {
        await replaceFile(admin.path, next.token);
        admin.token = next.token;
      }
      await host.write([{ into: 'tokens', row: former }]);
      remember(former.sha256, former);
      ends.changed(clientOf(former));
      return { ...infoOf(next.row), token: next.token };
    },

    list: async () => (await host.journal.find('tokens', {}, 10_000)).map(infoOf),

    async revoke(tokenId, by = {}) {
      const [row] = await host.journal.find('tokens', { id: tokenId }, 1);
      if (!row) return false;
      const revoked = { ...row, revoked_at: row.revoked_at ?? now() };
      await host.write([{ into: 'tokens', row: revoked }], tokenEntry('token.revoked', revoked, by));
      remember(revoked.sha256, revoked);
      ends.ended(tokenId);
      return true;
    },

    async mintAdmin(dataDir) {
      const path = join(dataDir, 'admin.token');
      const kept = await readIfThere(path);
      const row = kept ? await lookUp(sha256(kept)) : null;
      if (kept && row && (row.expires_at === null || row.expires_at > now())) {
        await chmod(path, 0o600);
        admin = { path, token: kept };
        return { path, token: kept, minted: false };
      }
      const { token } = await create({ service: 'admin', scopes: ['admin'] });
      await replaceFile(path, token);
      admin = { path, token };
      return { path, token, minted: true };
    }
  };
}

/** Of a token the audit log has all but the token. */
const tokenEntry = (action: string, row: Row, by: AskedBy, more: Record<string, unknown> = {}): AuditEntry => ({
  action,
  outcome: 'done',
  subject: `token/${row.id}`,
  ...by,
  detail: {
    service: row.service,
    scopes: JSON.parse(row.scopes) as string[],
    accounts: row.accounts === null ? null : (JSON.parse(row.accounts) as string[]),
    expires_at: row.expires_at,
    ...more
  }
});

/** @throws ControlError VALIDATION_FAILED with all that is wrong */
function refuseMisfits({ service, scopes, accounts = null }: TokenWish): void {
  const errors = [
    ...(NAME.test(service) ? [] : [{ path: '/service', message: 'must be a name' }]),
    ...(scopes.length > 0 ? [] : [{ path: '/scopes', message: 'must name at least one scope' }]),
    ...(accounts?.length === 0 ? [{ path: '/accounts', message: 'must name at least one account' }] : []),
    ...(accounts ?? []).flatMap((account, at) =>
      NAME.test(account) ? [] : [{ path: `/accounts/${at}`, message: 'must be the name of an account' }]
    ),
    ...scopes.flatMap((scope, at) => {
      if (!isScope(scope)) return [{ path: `/scopes/${at}`, message: `'${scope}' is not a scope` }];
      if (accounts === null || !reachesBeyondAccounts(scope)) return [];
      return [
        { path: `/scopes/${at}`, message: `'${scope}' reaches beyond accounts; a token bound to some cannot have it` }
      ];
    })
  ];
  if (errors.length > 0) throw new ControlError('VALIDATION_FAILED', { what: 'the token', errors });
}

type NewToken = {
  service: string;
  scopes: readonly string[];
  accounts?: readonly string[] | null;
  expiresAt?: number | null;
};

function newToken({ service, scopes, accounts = null, expiresAt = null }: NewToken, at: number) {
  const token = `trp_${randomBytes(32).toString('base64url')}`;
  const row: Row = {
    id: randomUUID(),
    sha256: sha256(token),
    service,
    scopes: JSON.stringify(scopes),
    created_at: at,
    expires_at: expiresAt,
    revoked_at: null,
    accounts: accounts === null ? null : JSON.stringify(accounts)
  };
  return { token, row };
}

/** Renamed into place: a crash leaves the whole token or none, and it is never readable by others. */
async function replaceFile(path: string, token: string): Promise<void> {
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, `${token}\n`, { mode: 0o600 });
  await rename(draft, path);
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

const clientOf = (row: Row): Client => ({
  tokenId: row.id,
  service: row.service,
  scopes: JSON.parse(row.scopes) as string[],
  accounts: row.accounts === null ? null : (JSON.parse(row.accounts) as string[]),
  expiresAt: row.expires_at
});

const infoOf = (row: Row): TokenInfo => ({
  ...clientOf(row),
  createdAt: row.created_at,
  revokedAt: row.revoked_at
});

/** The token of `Authorization: Bearer …`. */
export const bearerOf = (header: string | undefined): string | undefined =>
  /^bearer +([A-Za-z0-9._~+/=-]+) *$/i.exec(header ?? '')?.[1];
