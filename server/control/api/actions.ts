import type Router from '@koa/router';
import type { Tables } from '../../../actors/host/contract.ts';
import type { ActionOutcome, ActionView } from '../../../schemas/generated/contracts.ts';
import { withinAccounts } from '../../auth/accounts.ts';
import type { Control } from '../deps.ts';
import { pageParameters, rowQuery } from '../listing.ts';
import { oneOf, readQuery, text } from '../query.ts';
import { asks, clientOf } from '../request.ts';
import { instantOf, pageOf } from '../views.ts';

const OUTCOMES: ActionOutcome[] = ['PENDING', 'VERIFIED', 'VERIFICATION_FAILED', 'UNKNOWN', 'NONE'];

/** GET /v1/actions: what became of each action of each command, newest first. */
export function actionRoutes(router: Router, { host, tokens, limits }: Control): void {
  router.get('/v1/actions', asks(tokens, 'read:actions'), async (ctx) => {
    const query = readQuery(ctx.query, {
      command_id: text,
      correlation_id: text,
      account_id: text,
      platform: text,
      name: text,
      outcome: oneOf(OUTCOMES),
      ...pageParameters(limits)
    });
    const { items, next } = await host.journal.list('actions', rowQuery(limits, withinAccounts(clientOf(ctx), query)));
    ctx.body = pageOf(items.map(actionView), next);
  });
}

const actionView = ({ already_done, proofs, artifacts, extracted, ...row }: Tables['actions']): ActionView => ({
  ...row,
  effect: row.effect as ActionView['effect'],
  already_done: already_done === 1,
  proofs: JSON.parse(proofs) as ActionView['proofs'],
  artifacts: JSON.parse(artifacts) as string[],
  extracted: extracted === null ? null : (JSON.parse(extracted) as Record<string, unknown>),
  created_at: instantOf(row.created_at),
  updated_at: instantOf(row.updated_at),
  links: { command: `/v1/commands/${row.command_id}` }
});
