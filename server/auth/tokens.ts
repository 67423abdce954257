/**
 * Bearer tokens. Only a token's SHA-256 is stored, so a copied database lets nobody in; what was looked up is kept in
 * memory for a while, so that a request costs no disk read.
 */
import { createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { chmod, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ActorHost, Tables } from '../../actors/host/contract.ts';
import { ControlError } from '../../schemas/errors.ts';
import { isScope } from './scopes.ts';

/** Whom a request comes from. */
export interface Client {
  tokenId: string;
  service: string;
  scopes: readonly string[];
}

export interface TokenInfo extends Client {
  /** ms since 1970 */
  createdAt: number;
  expiresAt: number | null;
  revokedAt: number | null;
}

export interface Tokens {
  /**
   * The secret is in the answer and nowhere else.
   * @throws ControlError VALIDATION_FAILED for a service or scope that is none
   */
  create(wish: {
    service: string;
    scopes: string[];
    expiresAt?: number | null;
  }): Promise<TokenInfo & { token: string }>;
  /** Newest first, ended ones too. */
  list(): Promise<TokenInfo[]>;
  /** false: there is none with this id. Holds at once in this process. */
  revoke(tokenId: string): Promise<boolean>;
  /** @throws ControlError UNAUTHENTICATED saying whether it is missing, unknown, expired or revoked */
  authenticate(bearer: string | undefined): Promise<Client>;
  /**
   * `<dataDir>/admin.token`, made when it is missing or unknown to this database. One that was revoked stays revoked.
   */
  mintAdmin(dataDir: string): Promise<{ path: string; token: string; minted: boolean }>;
}

type Row = Tables['tokens'];

const CACHED = 1_000;
const FRESH_MS = 30_000;
const SERVICE = /^[A-Za-z0-9][A-Za-z0-9._:@-]{0,127}$/;

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

export function createTokens(host: ActorHost, { now = Date.now }: { now?: () => number } = {}): Tokens {
  /** SHA-256 → row, or null for one that is not known. Oldest first, bounded. */
  const cache = new Map<string, { row: Row | null; readAt: number }>();

  function remember(hash: string, row: Row | null) {
    cache.delete(hash);
    cache.set(hash, { row, readAt: now() });
    if (cache.size > CACHED) cache.delete(cache.keys().next().value as string);
  }

  async function lookUp(hash: string): Promise<Row | null> {
    const known = cache.get(hash);
    if (known && now() - known.readAt < FRESH_MS) return known.row;
    const [row = null] = await host.journal.find('tokens', { sha256: hash }, 1);
    const meanwhile = cache.get(hash);
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

  const create: Tokens['create'] = async ({ service, scopes, expiresAt = null }) => {
    const errors = [
      ...(SERVICE.test(service) ? [] : [{ path: '/service', message: 'must be a name' }]),
      ...(scopes.length > 0 ? [] : [{ path: '/scopes', message: 'must name at least one scope' }]),
      ...scopes.flatMap((scope, at) =>
        isScope(scope) ? [] : [{ path: `/scopes/${at}`, message: `'${scope}' is not a scope` }]
      )
    ];
    if (errors.length > 0) throw new ControlError('VALIDATION_FAILED', { what: 'the token', errors });
    const token = `trp_${randomBytes(32).toString('base64url')}`;
    const row: Row = {
      id: randomUUID(),
      sha256: sha256(token),
      service,
      scopes: JSON.stringify(scopes),
      created_at: now(),
      expires_at: expiresAt,
      revoked_at: null
    };
    await host.write([{ into: 'tokens', row }]);
    remember(row.sha256, row);
    return { ...infoOf(row), token };
  };

  return {
    create,
    authenticate,
    list: async () => (await host.journal.find('tokens', {}, 10_000)).map(infoOf),

    async revoke(tokenId) {
      const [row] = await host.journal.find('tokens', { id: tokenId }, 1);
      if (!row) return false;
      const revoked = { ...row, revoked_at: row.revoked_at ?? now() };
      await host.write([{ into: 'tokens', row: revoked }]);
      remember(revoked.sha256, revoked);
      return true;
    },

    async mintAdmin(dataDir) {
      const path = join(dataDir, 'admin.token');
      const kept = await readIfThere(path);
      if (kept && (await lookUp(sha256(kept)))) {
        await chmod(path, 0o600);
        return { path, token: kept, minted: false };
      }
      const { token } = await create({ service: 'admin', scopes: ['admin'] });
      // Renamed into place: a crash leaves the whole token or none, and it is never readable by others.
      const draft = `${path}.${process.pid}`;
      await writeFile(draft, `${token}\n`, { mode: 0o600 });
      await rename(draft, path);
      return { path, token, minted: true };
    }
  };
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
  scopes: JSON.parse(row.scopes) as string[]
});

const infoOf = (row: Row): TokenInfo => ({
  ...clientOf(row),
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  revokedAt: row.revoked_at
});

/** The token of `Authorization: Bearer …`. */
export const bearerOf = (header: string | undefined): string | undefined =>
  /^bearer +([A-Za-z0-9._~+/=-]+) *$/i.exec(header ?? '')?.[1];
