import type Router from '@koa/router';
import type { ActorView } from '../../../actors/host/contract.ts';
import { ControlError, isControlError } from '../../../schemas/errors.ts';
import type { CommandEnvelope } from '../../../schemas/generated/contracts.ts';
import { seenBy, withinAccounts } from '../../auth/accounts.ts';
import { demand } from '../../auth/scopes.ts';
import type { Client } from '../../auth/tokens.ts';
import { parse } from '../../contracts.ts';
import { commandAcceptor } from '../accept-command.ts';
import { audited } from '../audited.ts';
import { commandType } from '../command-types.ts';
import type { Control } from '../deps.ts';
import { actorQuery, listParameters } from '../listing.ts';
import { demandPast, readAt } from '../past.ts';
import { cursor, integer, readQuery, text } from '../query.ts';
import { withPlaces } from '../queue-place.ts';
import { asks, type Ctx, clientOf, jsonBody } from '../request.ts';
import { commandAccepted, commandView, factsOf, pageOf } from '../views.ts';

const STATES = ['CREATED', 'QUEUED', 'AWAITING_APPROVAL', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED'];

/** POST, GET /v1/commands; GET /v1/commands/{id}?wait; POST /v1/commands/{id}/cancel. */
export function commandRoutes(router: Router, control: Control): void {
  const { host, tokens, limits } = control;
  const accept = commandAcceptor(control);

  router.post('/v1/commands', asks(tokens), jsonBody(limits.bodyBytes), async (ctx) => {
    const { command, replayed } = await accept(ctx.request.body, clientOf(ctx));
    if (replayed) ctx.set('Idempotent-Replayed', 'true');
    ctx.status = replayed && command.status !== 'active' ? 200 : 202;
    ctx.set('Location', `/v1/commands/${command.id}`);
    ctx.body = commandAccepted(command);
  });

  router.get('/v1/commands', asks(tokens, 'read:commands'), async (ctx) => {
    const { type, ...query } = readQuery(ctx.query, {
      ...listParameters(limits, STATES),
      type: text,
      session_id: text,
      correlation_id: text
    });
    await demandPast(control, query.at);
    const { items, next } = await host.journal.queryActors({
      ...withinAccounts(clientOf(ctx), actorQuery('command', limits, query)),
      ...(type === undefined ? {} : { context: { 'envelope.type': type } })
    });
    const commands = items.map((record) => commandView(factsOf(record)));
    ctx.body = pageOf(await withPlaces((address) => readAt(control, address, query.at), commands), next);
  });

  router.get('/v1/commands/:id', asks(tokens, 'read:commands'), async (ctx) => {
    const { wait = 0, at } = readQuery(ctx.query, { wait: integer(0, limits.waitSeconds), at: cursor });
    const id = ctx.params.id as string;
    let command = await find(control, id, clientOf(ctx), at);
    // What was does not change: there is nothing to wait for.
    if (wait > 0 && at === undefined && command.status === 'active') {
      const ended = await host.waitFor(`command/${id}`, ({ status }) => status !== 'active', {
        timeoutMs: wait * 1000,
        signal: untilGone(ctx, control.draining)
      });
      command = ended ?? (await find(control, id, clientOf(ctx)));
    }
    [ctx.body] = await withPlaces((address) => readAt(control, address, at), [commandView(command)]);
  });

  router.post('/v1/commands/:id/cancel', asks(tokens), jsonBody(limits.bodyBytes, { optional: true }), async (ctx) => {
    const { reason } = parse.commandCancel(ctx.request.body ?? {});
    const id = ctx.params.id as string;
    const client = clientOf(ctx);
    const command = await find(control, id, client);
    demand(client.scopes, scopeOf(command));
    ctx.body = commandView(await cancel(control, command, reason, client));
    ctx.status = 202;
  });
}

async function find(control: Control, commandId: string, client: Client, at?: number) {
  const command = seenBy(client, await readAt(control, `command/${commandId}`, at));
  if (!command) throw new ControlError('COMMAND_NOT_FOUND', { commandId });
  return command;
}

/** Who may send a command may cancel it. */
export function scopeOf(command: ActorView): string {
  const { envelope } = command.context as { envelope: CommandEnvelope };
  return commandType(envelope.type)?.scope(envelope) ?? 'admin';
}

/** A cancel that comes again while the first is at work is as good as the first. */
async function cancel(control: Control, command: ActorView, reason: string | undefined, client: Client) {
  const ended = (state: string) => new ControlError('COMMAND_ENDED', { commandId: command.id, state });
  if (command.status !== 'active') throw ended(commandView(command).state);
  try {
    const event = { type: 'command.cancel', ...(reason === undefined ? {} : { reason }) };
    const entry = { action: 'command.cancel', outcome: 'accepted' };
    return await control.host.send(`command/${command.id}`, event, audited(client, entry));
  } catch (error) {
    if (!isControlError(error, 'EVENT_REJECTED')) throw error;
    const now = await find(control, command.id, client);
    if (now.status !== 'active') throw ended(commandView(now).state);
    return now;
  }
}

/** Aborts when the client has gone away before its answer, and when the process is told to stop. */
function untilGone(ctx: Ctx, draining: AbortSignal): AbortSignal {
  const gone = new AbortController();
  const abort = () => gone.abort();
  if (draining.aborted) abort();
  draining.addEventListener('abort', abort);
  // Also after the answer: what lives as long as the process must not remember every request.
  ctx.res.once('close', () => {
    draining.removeEventListener('abort', abort);
    abort();
  });
  return gone.signal;
}
