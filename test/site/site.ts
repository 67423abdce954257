/** A small social web site to be driven: see README.md beside it. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApp } from './app.ts';
import { SESSION_COOKIE } from './context.ts';
import { type Held, type WriteFault, WriteHooks } from './hooks.ts';
import { Ledger, type RequestRow, type WriteFilter, type WriteKind, type WriteRow } from './ledger.ts';
import { SiteState } from './state.ts';
import { type VideoState, Videos } from './videos.ts';

export type { Held, RequestRow, VideoState, WriteFault, WriteFilter, WriteKind, WriteRow };

export interface SiteOptions {
  /** 0, the default, takes a free one. */
  port?: number;
  /** Default 127.0.0.1. */
  host?: string;
  /** Another seed, other likes and pictures. Default 1. */
  seed?: number;
  /** The account of a browser that brings no cookie. Default null: nobody, and commenting needs a login. */
  visitor?: string | null;
  /** Accounts that log in with a code sent to them, beside their password. Default none. */
  secondFactor?: string[];
  /** From a prompt to its finished video, ms. Default 3,000. */
  renderMs?: number;
}

export interface Site {
  /** http://127.0.0.1:PORT, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** Address of a post, hard to drive in the ways asked: `postUrl(1, 'variant=moving&rest=0')`. */
  postUrl(id: number | string, query?: string): string;
  /** Address that logs the browser in and goes on to `next`, a path or an address of this site. */
  loginUrl(account: string, next?: string): string;
  /** The newest code that was sent to this account. */
  codeOf(account: string): string | undefined;
  /** Cookies with which a browser is this account. */
  sessionsOf(account: string): string[];
  /** The account is logged out in every browser. */
  expire(account: string): void;
  /** A `cookie` header of a new session. */
  cookieFor(account: string): string;
  /** Changes that were made, oldest first. */
  writes(filter?: WriteFilter): WriteRow[];
  counts(filter?: WriteFilter): Record<WriteKind, number>;
  /** Every request but those for style and script, oldest first. */
  requests(): RequestRow[];
  /** The first write that fits, now or within `timeoutMs` (default 30 s). @throws Error past it */
  waitForWrite(filter: WriteFilter, options?: { timeoutMs?: number }): Promise<WriteRow>;
  /** The first request that fits, now or within `timeoutMs` (default 30 s). @throws Error past it */
  waitForRequest(fits: (row: RequestRow) => boolean, options?: { timeoutMs?: number }): Promise<RequestRow>;
  /** One fault for the next write that fits. */
  fault(fault: WriteFault): void;
  /** The next write stands still, before it is done or before it is answered, until released; then `andThen`. */
  hold(where: 'before' | 'after', kind?: WriteKind, andThen?: Omit<WriteFault, 'kind' | 'hold'>): Held;
  /** A video is in this state from now on. @throws RangeError when there is none of this id */
  settleVideo(id: string, state: VideoState): void;
  /** A video is gone. */
  removeVideo(id: string): void;
  /** Seed again, nothing written, no faults; browsers stay logged in. */
  reset(): void;
  /** Cuts what is open and resolves when the port is free. */
  close(): Promise<void>;
}

/** @throws Error EADDRINUSE, or any other of listening */
export async function startSite(options: SiteOptions = {}): Promise<Site> {
  const { port = 0, host = '127.0.0.1', seed = 1, visitor = null, secondFactor = [], renderMs = 3_000 } = options;
  const state = new SiteState(seed);
  const videos = new Videos(renderMs);
  const ledger = new Ledger();
  const hooks = new WriteHooks();
  const closing = new AbortController();
  if (visitor !== null && !state.account(visitor)) throw new RangeError(`visitor '${visitor}' is no account`);

  const server = createServer(
    createApp({
      state,
      videos,
      ledger,
      hooks,
      closing: closing.signal,
      visitor,
      secondFactor: new Set(secondFactor)
    }).callback()
  );
  // Pages that never end are on purpose.
  server.requestTimeout = 0;
  server.listen(port, host);
  await once(server, 'listening');
  const taken = (server.address() as AddressInfo).port;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${taken}`;

  return {
    url,
    port: taken,
    postUrl: (id, query) => `${url}/post/${id}${query ? `?${query}` : ''}`,
    loginUrl: (account, next = '/') => {
      const path = next.startsWith(url) ? next.slice(url.length) || '/' : next;
      return `${url}/_site/login?${new URLSearchParams({ as: account, next: path })}`;
    },
    codeOf: (account) => state.codeOf(account),
    sessionsOf: (account) => state.sessionsOf(account),
    expire: (account) => state.expire(account),
    cookieFor(account) {
      if (!state.account(account)) throw new RangeError(`'${account}' is no account`);
      return `${SESSION_COOKIE}=${state.logIn(account)}`;
    },
    writes: (filter) => ledger.writes(filter),
    counts: (filter) => ledger.counts(filter),
    requests: () => ledger.requests(),
    waitForWrite: (filter, { timeoutMs = 30_000 } = {}) =>
      ledger.until(() => ledger.writes(filter)[0], { timeoutMs, what: `a write like ${JSON.stringify(filter)}` }),
    waitForRequest: (fits, { timeoutMs = 30_000 } = {}) =>
      ledger.until(() => ledger.requests().find(fits), { timeoutMs, what: 'that request' }),
    fault: (fault) => hooks.add(fault),
    hold(where, kind, andThen) {
      const arrived = hooks.arrival();
      hooks.add({ ...andThen, hold: where, ...(kind === undefined ? {} : { kind }) });
      return { arrived, release: () => hooks.release() };
    },
    settleVideo: (id, state) => videos.settle(id, state),
    removeVideo: (id) => videos.remove(id),
    reset() {
      hooks.clear();
      state.reset();
      videos.reset();
      ledger.reset();
    },
    async close() {
      closing.abort();
      hooks.clear();
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    }
  };
}
