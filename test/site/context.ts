import type { RouterContext } from '@koa/router';
import type { WriteHooks } from './hooks.ts';
import type { Ledger, RequestRow } from './ledger.ts';
import type { Account } from './seed.ts';
import type { SiteState } from './state.ts';
import type { Asked } from './variants.ts';
import type { Videos } from './videos.ts';

/** What one running site is made of. */
export interface Parts {
  state: SiteState;
  videos: Videos;
  ledger: Ledger;
  hooks: WriteHooks;
  /** Aborts when the site closes, so that no delayed answer outlives it. */
  closing: AbortSignal;
  /** The account of a browser that brings no cookie; null is nobody. */
  visitor: string | null;
  /** Accounts whose login needs a code that is sent to the person. */
  secondFactor: ReadonlySet<string>;
}

/** What a request carries once it is known. */
export interface RequestState {
  row: RequestRow;
  account: Account | undefined;
  asked: Asked;
}

export type Context = RouterContext<RequestState>;

export const SESSION_COOKIE = 'lantern_session';
/** Between the password and the code. */
export const TICKET_COOKIE = 'lantern_ticket';
/** Somebody has said that they are a person. */
export const PERSON_COOKIE = 'lantern_person';

/** Path and query as asked. */
export const here = (ctx: Pick<Context, 'url'>): string => ctx.url;

/** Where to go after logging in: a path of this site, never another host. */
export const localPath = (next: unknown): string =>
  typeof next === 'string' && /^\/(?![/\\])/.test(next) ? next : '/';

/** One value of a form or JSON body, as text. */
export function field(ctx: Context, name: string): string | undefined {
  const body = ctx.request.body as Record<string, unknown> | undefined;
  const value = body?.[name];
  return typeof value === 'string' ? value : undefined;
}

/** The connection is reset without a word. */
export function reset(ctx: Context): void {
  ctx.respond = false;
  ctx.req.socket.resetAndDestroy();
}

/**
 * The answer begins and never ends: the connection is closed after its head. Without a head a browser may send the
 * request again by itself, even a POST: Chromium made four comments of one press that way.
 */
export function cutAnswer(ctx: Context): void {
  ctx.respond = false;
  ctx.res.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-length': '1000' });
  ctx.res.write(' ', () => ctx.req.socket.destroy());
}
