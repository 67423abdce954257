/**
 * Who was refused is in the audit log, and no flood of refusals fills the disk with it: of one client or address and of
 * all together a minute has so many records, and what comes beyond is one more that says how many there were.
 */
import type { Middleware } from 'koa';
import type { Logger } from 'pino';
import type { ActorHost, AuditEntry } from '../../actors/host/contract.ts';
import { ControlError } from '../../schemas/errors.ts';
import type { Client } from '../auth/tokens.ts';

const MINUTE_MS = 60_000;
/** Records a minute. */
const OF_ONE = 10;
const OF_ALL = 60;

export interface RefusalLog {
  /** Resolves when it is written, or counted. Never rejects: an answer does not depend on it. */
  note(from: string, entry: AuditEntry): Promise<void>;
  /** Writes what was counted. */
  flush(): Promise<void>;
}

export function createRefusalLog(
  host: Pick<ActorHost, 'write'>,
  logger: Pick<Logger, 'warn'>,
  { minuteMs = MINUTE_MS } = {}
): RefusalLog {
  let written = 0;
  let beyond = 0;
  const byOne = new Map<string, number>();
  let minute: NodeJS.Timeout | undefined;

  async function write(entry: AuditEntry): Promise<void> {
    try {
      await host.write([], entry);
    } catch (error) {
      logger.warn({ err: error, action: entry.action }, 'a refusal is not in the audit log');
    }
  }

  async function flush(): Promise<void> {
    clearTimeout(minute);
    minute = undefined;
    const count = beyond;
    written = 0;
    beyond = 0;
    byOne.clear();
    if (count === 0) return;
    await write({ action: 'access.refused', outcome: 'refused', subject: 'request/many', detail: { more: count } });
  }

  return {
    flush,
    async note(from, entry) {
      minute ??= setTimeout(() => void flush(), minuteMs).unref();
      const ofOne = byOne.get(from) ?? 0;
      if (ofOne >= OF_ONE || written >= OF_ALL) {
        beyond++;
        return;
      }
      byOne.set(from, ofOne + 1);
      written++;
      await write(entry);
    }
  };
}

/** What somebody wanted. */
export interface Wanted {
  by: 'http' | 'websocket';
  method: string;
  path: string;
  /** The peer's address. */
  from: string;
  /** As far as it is known. */
  client?: Pick<Client, 'service' | 'tokenId'> | undefined;
}

/** Somebody was refused, if that is what this failure says: without a good token, scope or account, or by a name or page of another. */
export async function noteRefusal(log: RefusalLog, thrown: unknown, wanted: Wanted): Promise<void> {
  if (!(thrown instanceof ControlError && REFUSALS.includes(thrown.status))) return;
  const { by, method, path, from, client } = wanted;
  const { needs, account, host, origin } = thrown.details as Record<string, string | null | undefined>;
  const told = Object.entries({ needs, account, host, origin }).filter(([, value]) => value !== undefined);
  await log.note(client?.tokenId ?? from, {
    action: 'access.refused',
    outcome: 'refused',
    subject: `request/${by}`,
    service: client?.service ?? null,
    token_id: client?.tokenId ?? null,
    detail: { code: thrown.code, method, path: path.slice(0, 200), from, ...Object.fromEntries(told) }
  });
}

/** Statuses of the failures that refuse who asks, not what they sent. */
const REFUSALS = [401, 403, 421];

/** Inside of what answers failures, outside of all that refuses. */
export const auditRefusals =
  (log: RefusalLog): Middleware =>
  async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      const { method, path, ip: from } = ctx;
      await noteRefusal(log, error, { by: 'http', method, path, from, client: ctx.state.client as Client | undefined });
      throw error;
    }
  };
