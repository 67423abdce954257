import type Router from '@koa/router';
import type { ActorView } from '../../../actors/host/contract.ts';
import { ControlError, isControlError } from '../../../schemas/errors.ts';
import type { AlertDecision, AlertRaise } from '../../../schemas/generated/contracts.ts';
import { demandAccount, seenBy, withinAccounts } from '../../auth/accounts.ts';
import type { Client } from '../../auth/tokens.ts';
import { parse } from '../../contracts.ts';
import { audited } from '../audited.ts';
import { canonicalHash } from '../canonical.ts';
import type { Control } from '../deps.ts';
import { actorQuery, pageParameters } from '../listing.ts';
import { oneOf, readQuery } from '../query.ts';
import { asks, clientOf, jsonBody } from '../request.ts';
import { alertView, factsOf, pageOf } from '../views.ts';

const STATES = ['RAISED', 'ACKNOWLEDGED', 'EXPIRED'];

/** GET, POST /v1/alerts; GET, POST /v1/alerts/{id}. */
export function alertRoutes(router: Router, control: Control): void {
  const { host, tokens, limits } = control;

  router.get('/v1/alerts', asks(tokens, 'read:alerts'), async (ctx) => {
    const query = readQuery(ctx.query, { state: oneOf(STATES), ...pageParameters(limits) });
    const { items, next } = await host.journal.queryActors(
      withinAccounts(clientOf(ctx), actorQuery('alert', limits, query))
    );
    ctx.body = pageOf(
      items.map((record) => alertView(factsOf(record))),
      next
    );
  });

  router.post('/v1/alerts', asks(tokens, 'alerts:raise'), jsonBody(limits.bodyBytes), async (ctx) => {
    const client = clientOf(ctx);
    // It is about the log, and belongs to no account.
    demandAccount(client, null);
    const { alert, isNew } = await raise(control, parse.alertRaise(ctx.request.body), client);
    ctx.status = isNew ? 201 : 200;
    ctx.set('Location', `/v1/alerts/${alert.id}`);
    ctx.body = alertView(alert);
  });

  router.get('/v1/alerts/:id', asks(tokens, 'read:alerts'), async (ctx) => {
    ctx.body = alertView(await find(control, ctx.params.id as string, clientOf(ctx)));
  });

  router.post('/v1/alerts/:id', asks(tokens, 'alerts:decide'), jsonBody(limits.bodyBytes), async (ctx) => {
    const client = clientOf(ctx);
    const alert = await find(control, ctx.params.id as string, client);
    ctx.body = alertView(await acknowledge(control, alert, parse.alertDecision(ctx.request.body), client));
  });
}

/** @throws ControlError ALERT_NOT_FOUND */
async function find({ host }: Control, alertId: string, client: Client): Promise<ActorView> {
  const alert = seenBy(client, await host.read(`alert/${alertId}`));
  if (!alert) throw new ControlError('ALERT_NOT_FOUND', { alertId });
  return alert;
}

/** By what it is of, so that whoever finds it again, or beside another, raises no second one. */
async function raise(control: Control, { rule, about, cursor, why, source }: AlertRaise, client: Client) {
  const whom = about.toSorted();
  const alertId = canonicalHash({ rule, about: whom, cursor }).slice(0, 32);
  const input = { rule, about: whom, atCursor: cursor, found: why, source: source ?? null, raisedBy: client.service };
  try {
    const entry = { action: 'alert.raised', outcome: 'RAISED', detail: { rule, cursor } };
    const alert = await control.host.create(`alert/${alertId}`, input, audited(client, entry));
    return { alert, isNew: true };
  } catch (error) {
    if (!isControlError(error, 'ACTOR_EXISTS')) throw error;
    return { alert: await find(control, alertId, client), isNew: false };
  }
}

/** @throws ControlError ALERT_EXPIRED */
async function acknowledge(control: Control, alert: ActorView, { note }: AlertDecision, client: Client) {
  try {
    const event = { type: 'alert.acknowledge', by: client.service, ...(note === undefined ? {} : { note }) };
    const entry = { action: 'alert.acknowledged', outcome: 'ACKNOWLEDGED', detail: {} };
    return await control.host.send(alert.address, event, audited(client, entry));
  } catch (error) {
    if (!isControlError(error, 'EVENT_REJECTED')) throw error;
    const now = await find(control, alert.id, client);
    if (now.state !== 'ACKNOWLEDGED') throw new ControlError('ALERT_EXPIRED', { alertId: alert.id });
    return now;
  }
}
