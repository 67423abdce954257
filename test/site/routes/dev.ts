import Router from '@koa/router';
import { type Context, localPath, type Parts, type RequestState } from '../context.ts';
import type { WriteFault } from '../hooks.ts';
import type { WriteFilter, WriteKind } from '../ledger.ts';
import { accounts } from '../seed.ts';
import { write } from '../writes.ts';
import { seeOther, setSession } from './pages.ts';

const KINDS: readonly WriteKind[] = [
  'comment',
  'like',
  'unlike',
  'login',
  'logout',
  'decoy',
  'story',
  'message',
  'video'
];
const FILTERS = ['kind', 'account', 'post', 'text', 'to', 'submitId'] as const;

/** For tests, in this process or another: who is logged in, what was written, what goes wrong next. */
export function devRoutes(parts: Parts): Router<RequestState> {
  const { state, videos, ledger, hooks } = parts;
  return new Router<RequestState>({ prefix: '/_site' })
    .get('/login', async (ctx) => {
      const account = state.account(String(ctx.query.as));
      if (!account) return refuse(ctx, `as=${ctx.query.as} is none of ${accounts.map((a) => a.name).join(', ')}`);
      const answers = await write(parts, ctx, 'login', () => {
        setSession(ctx, state.logIn(account.name));
        return { account: account.name };
      });
      if (answers) seeOther(ctx, localPath(ctx.query.next));
    })
    .get('/writes', (ctx) => {
      const filter: WriteFilter = {};
      for (const key of FILTERS) {
        const value = ctx.query[key];
        if (typeof value === 'string') Object.assign(filter, { [key]: value });
      }
      ctx.body = { writes: ledger.writes(filter), counts: ledger.counts(filter) };
    })
    .get('/requests', (ctx) => {
      ctx.body = { requests: ledger.requests() };
    })
    .get('/hooks', (ctx) => {
      ctx.body = { waiting: hooks.waiting, held: hooks.heldNow };
    })
    .post('/hooks', (ctx) => {
      const fault = readFault(ctx.request.body);
      if (typeof fault === 'string') return refuse(ctx, fault);
      hooks.add(fault);
      ctx.status = 201;
      ctx.body = { waiting: hooks.waiting };
    })
    .post('/release', (ctx) => {
      ctx.body = { released: hooks.heldNow };
      hooks.release();
    })
    .post('/reset', (ctx) => {
      hooks.clear();
      state.reset();
      videos.reset();
      ledger.reset();
      ctx.status = 204;
    })
    .get('/never', (ctx) => {
      ctx.respond = false;
      ctx.res.writeHead(200, { 'content-type': 'image/png' });
      ctx.res.flushHeaders();
    });
}

function refuse(ctx: Context, error: string): void {
  ctx.status = 400;
  ctx.body = { error };
}

/** The fault, or what is wrong with it: a fault that is misspelt must not quietly do nothing. */
function readFault(body: unknown): WriteFault | string {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return 'send a JSON object';
  const checks: Record<string, (value: unknown) => boolean> = {
    kind: (value) => KINDS.includes(value as WriteKind),
    delayMs: (value) => typeof value === 'number' && value >= 0,
    hold: (value) => value === 'before' || value === 'after',
    status: (value) => Number.isInteger(value) && (value as number) >= 400 && (value as number) <= 599,
    drop: (value) => value === 'before' || value === 'after'
  };
  for (const [key, value] of Object.entries(body)) {
    const fits = checks[key];
    if (!fits) return `no fault '${key}'; there are ${Object.keys(checks).join(', ')}`;
    if (!fits(value)) return `${key} does not take ${JSON.stringify(value)}`;
  }
  return body as WriteFault;
}
