import type Router from '@koa/router';
import { ControlError, isControlError } from '../../../schemas/errors.ts';
import { demandAccount, seenBy, withinAccounts } from '../../auth/accounts.ts';
import type { Client } from '../../auth/tokens.ts';
import { parse } from '../../contracts.ts';
import { admit } from '../admission.ts';
import { audited } from '../audited.ts';
import { assertSame, sessionInput } from '../choose-session.ts';
import type { Control } from '../deps.ts';
import { actorQuery, listParameters } from '../listing.ts';
import { demandPast, readAt } from '../past.ts';
import { cursor, readQuery } from '../query.ts';
import { asks, clientOf, jsonBody } from '../request.ts';
import type { OpenSession } from '../session-directory.ts';
import { factsOf, pageOf, sessionView } from '../views.ts';

const STATES = [
  'CREATED',
  'QUEUED',
  'STARTING',
  'READY',
  'BUSY',
  'PARKED',
  'PAUSED_BY_HUMAN',
  'HUMAN_DRIVING',
  'HUMAN_REQUIRED',
  'LOST',
  'CLOSING',
  'CLOSED',
  'FAILED'
];

/** POST, GET /v1/sessions; GET, DELETE /v1/sessions/{id}; POST /v1/sessions/{id}/pause, resume, takeover, handback. */
export function sessionRoutes(router: Router, control: Control): void {
  const { host, tokens, limits } = control;

  router.post('/v1/sessions', asks(tokens, 'session:create'), jsonBody(limits.bodyBytes), async (ctx) => {
    const { session, isNew } = await openSession(control, ctx.request.body, clientOf(ctx));
    ctx.status = isNew ? 201 : 200;
    ctx.set('Location', `/v1/sessions/${session.session_id}`);
    ctx.body = session;
  });

  router.get('/v1/sessions', asks(tokens, 'read:sessions'), async (ctx) => {
    const query = readQuery(ctx.query, listParameters(limits, STATES));
    await demandPast(control, query.at);
    const { items, next } = await host.journal.queryActors(
      withinAccounts(clientOf(ctx), actorQuery('session', limits, query))
    );
    ctx.body = pageOf(
      items.map((record) => sessionView(factsOf(record))),
      next
    );
  });

  router.get('/v1/sessions/:id', asks(tokens, 'read:sessions'), async (ctx) => {
    const { at } = readQuery(ctx.query, { at: cursor });
    ctx.body = sessionView(await find(control, ctx.params.id as string, clientOf(ctx), at));
  });

  // Closing what is closed, or closes already, is done.
  router.delete('/v1/sessions/:id', asks(tokens, 'session:close'), async (ctx) => {
    const id = ctx.params.id as string;
    let session = await find(control, id, clientOf(ctx));
    const said = audited(clientOf(ctx), { action: 'session.close', outcome: 'accepted' });
    if (session.status === 'active') {
      session = await host.send(`session/${id}`, { type: 'session.close' }, said).catch(async (error) => {
        if (!isControlError(error, 'EVENT_REJECTED')) throw error;
        return find(control, id, clientOf(ctx));
      });
    }
    ctx.status = session.status === 'active' ? 202 : 200;
    ctx.body = sessionView(session);
  });

  for (const verb of HOLDS) {
    router.post(`/v1/sessions/:id/${verb}`, asks(tokens, `session:${verb}`), async (ctx) => {
      const id = ctx.params.id as string;
      await find(control, id, clientOf(ctx));
      const by = verb === 'takeover' ? { by: clientOf(ctx).service } : {};
      const event = { type: `session.${verb}`, ...by };
      const entry = { action: event.type, outcome: 'accepted' };
      ctx.body = sessionView(await host.send(`session/${id}`, event, audited(clientOf(ctx), entry)));
      ctx.status = 202;
    });
  }
}

/** A person holds the session between commands, which wait; what runs is finished first. */
const HOLDS = ['pause', 'resume', 'takeover', 'handback'];

async function find(control: Control, sessionId: string, client: Client, at?: number) {
  const session = seenBy(client, await readAt(control, `session/${sessionId}`, at));
  if (!session) throw new ControlError('SESSION_NOT_FOUND', { sessionId });
  return session;
}

/** A new one, or the open one of its account: one account is never driven in two browsers. */
async function openSession(control: Control, body: unknown, client: Client) {
  const { host, sessions, platforms } = control;
  const wish = parse.sessionCreate(body);
  demandAccount(client, wish.account_id);
  if (!platforms.includes(wish.platform)) {
    throw new ControlError('PLATFORM_UNKNOWN', { platform: wish.platform, known: platforms });
  }
  const promise = (open?: OpenSession) => {
    const promised = open && sessions.promised(open.sessionId);
    if (open && !promised) return { open };
    const input = promised ?? sessionInput(wish, control);
    if (!open) admit(control, input.device);
    return { input, release: sessions.promise(input) };
  };
  const chosen =
    wish.account_id === undefined ? promise() : await sessions.ofAccount(wish.account_id, wish.platform, promise);
  if (chosen.open) return { session: sessionView(await find(control, chosen.open.sessionId, client)), isNew: false };

  const { input, release } = chosen;
  try {
    const session = sessionView(
      await host.create(
        `session/${input.sessionId}`,
        input,
        audited(client, { action: 'session.create', outcome: 'accepted' })
      )
    );
    return { session, isNew: true };
  } catch (error) {
    release();
    if (!isControlError(error, 'ACTOR_EXISTS')) throw error;
    const session = sessionView(await find(control, input.sessionId, client));
    assertSame(input.sessionId, { accountId: session.account_id, platform: session.platform }, wish);
    return { session, isNew: false };
  }
}
