import type Router from '@koa/router';
import { act, summary } from '../../../actors/person/hand.ts';
import { isLoss } from '../../../actors/webdriver/client.ts';
import { ControlError, isControlError } from '../../../schemas/errors.ts';
import { seenBy } from '../../auth/accounts.ts';
import type { Client } from '../../auth/tokens.ts';
import { parse } from '../../contracts.ts';
import type { Control } from '../deps.ts';
import { oneOf, readQuery } from '../query.ts';
import { asks, clientOf, jsonBody } from '../request.ts';
import { Screens } from '../screens.ts';
import { page, pagePolicy } from './person-page.ts';

/**
 * GET /v1/sessions/{id}/screen: the window of a session, as long as its browser is open; POST /v1/sessions/{id}/input:
 * moved from afar by a person who drives it; GET /v1/sessions/{id}/view: a page that does both. What a person does is in the log before it is done.
 */
export function personRoutes(router: Router, { host, tokens, browsers, limits, draining }: Control): void {
  const screens = new Screens(host, browsers, draining);
  /** The last input of each session: the next one waits for it. */
  const turns = new Map<string, Promise<unknown>>();

  /** The browser of a session that a person drives. */
  async function driven(sessionId: string, client: Client) {
    const session = seenBy(client, await host.read(`session/${sessionId}`));
    if (!session) throw new ControlError('SESSION_NOT_FOUND', { sessionId });
    const state = session.state.split('.', 1)[0] as string;
    const lease = session.context.lease as { slot: string; fencing: number } | null;
    if (state !== 'HUMAN_DRIVING' || !lease || !browsers)
      throw new ControlError('SESSION_NOT_DRIVEN', { sessionId, state });
    return { browser: browsers.get(lease), lease, browsers };
  }

  router.get('/v1/sessions/:id/screen', asks(tokens, 'session:drive'), async (ctx) => {
    const { driven: [onlyDriven] = [] } = readQuery(ctx.query, { driven: oneOf(['true', 'false']) });
    const sessionId = ctx.params.id as string;
    const session = seenBy(clientOf(ctx), await host.read(`session/${sessionId}`));
    if (!session) throw new ControlError('SESSION_NOT_FOUND', { sessionId });
    if (onlyDriven === 'true') await driven(sessionId, clientOf(ctx));
    const { png, tag, at } = await screens.of(session);
    ctx.status = 200;
    ctx.etag = tag;
    ctx.set({ 'Cache-Control': 'private, no-cache', Age: String(Math.max(0, Math.floor((Date.now() - at) / 1_000))) });
    if (ctx.get('if-none-match').includes(`"${tag}"`)) {
      ctx.status = 304;
      return;
    }
    ctx.type = 'image/png';
    ctx.body = png;
  });

  router.post('/v1/sessions/:id/input', asks(tokens, 'session:drive'), jsonBody(limits.bodyBytes), async (ctx) => {
    const input = parse.personInput(ctx.request.body);
    const sessionId = ctx.params.id as string;
    const client = clientOf(ctx);
    const by = client.service;
    await inTurn(turns, sessionId, async () => {
      const { browser, lease, browsers } = await driven(sessionId, client);
      await host.send(`session/${sessionId}`, { type: 'session.input', input: summary(input), by });
      let code: string | null = null;
      try {
        const done = await act(browser, input, draining);
        if (done === 'nowhere') {
          const reason = 'no field has the cursor; click one first';
          throw new ControlError('ELEMENT_NOT_ACTIONABLE', { step: 'input (text)', reason, waitedMs: 0 });
        }
      } catch (error) {
        code = isControlError(error) ? error.code : 'INTERNAL';
        if (isLoss(error) && code !== 'LEASE_LOST') browsers.reportLoss(lease, (error as Error).message);
        throw error;
      } finally {
        screens.forget(sessionId, browser);
        await host.send(`session/${sessionId}`, { type: 'session.input_done', code });
      }
    });
    ctx.body = { done: input.type };
  });

  // The page itself says nothing and asks for the token; a browser cannot send one along when it opens an address.
  router.get('/v1/sessions/:id/view', (ctx) => {
    ctx.set('Content-Security-Policy', pagePolicy);
    ctx.type = 'html';
    ctx.body = page;
  });
}

/** After what was asked before it of the same session, however that ended. */
async function inTurn(turns: Map<string, Promise<unknown>>, key: string, task: () => Promise<void>): Promise<void> {
  const mine = (turns.get(key) ?? Promise.resolve()).then(task, task);
  const settled = mine.catch(() => {});
  turns.set(key, settled);
  try {
    await mine;
  } finally {
    if (turns.get(key) === settled) turns.delete(key);
  }
}
