import type Router from '@koa/router';
import { auditRecord } from '../../../actors/audit/chain.ts';
import { verifyAudit } from '../../../actors/audit/verify.ts';
import type { AuditMark } from '../../../actors/host/contract.ts';
import { ControlError } from '../../../schemas/errors.ts';
import { demandAccount, withinAccounts } from '../../auth/accounts.ts';
import { asked } from '../audited.ts';
import type { Control } from '../deps.ts';
import { pageParameters, rowQuery } from '../listing.ts';
import { digest, integer, readQuery, text } from '../query.ts';
import { asks, clientOf } from '../request.ts';
import { pageOf } from '../views.ts';

/** GET /v1/audit: who asked for what and what came of it, newest first; GET /v1/audit/verify: whether it is as it was written. */
export function auditRoutes(router: Router, { host, tokens, limits }: Control): void {
  router.get('/v1/audit', asks(tokens, 'read:audit'), async (ctx) => {
    const query = readQuery(ctx.query, {
      action: text,
      outcome: text,
      service: text,
      command_id: text,
      correlation_id: text,
      account_id: text,
      ...pageParameters(limits)
    });
    const { items, next } = await host.journal.list('audit', rowQuery(limits, withinAccounts(clientOf(ctx), query)));
    ctx.body = pageOf(items.map(auditRecord), next);
  });

  router.get('/v1/audit/verify', asks(tokens, 'read:audit'), async (ctx) => {
    // It is about the records of all accounts.
    demandAccount(clientOf(ctx), null);
    const { seq, hash } = readQuery(ctx.query, { seq: integer(0, Number.MAX_SAFE_INTEGER), hash: digest });
    const found = await verifyAudit(host.journal, anchorOf(seq, hash));
    const { ok, checked, fault } = found;
    const detail = { checked, ...(fault ? { seq: fault.seq, problem: fault.problem } : {}) };
    const entry = { action: 'audit.verified', outcome: ok ? 'whole' : 'broken', subject: 'audit/main', detail };
    await host.write([], asked(clientOf(ctx), entry));
    ctx.body = found;
  });
}

/** What somebody kept: both, or neither. */
function anchorOf(seq: number | undefined, hash: string | undefined): AuditMark | undefined {
  if (seq !== undefined && hash !== undefined) return { seq, hash };
  if (seq === undefined && hash === undefined) return undefined;
  const [parameter, other] = seq === undefined ? ['seq', 'hash'] : ['hash', 'seq'];
  throw new ControlError('QUERY_INVALID', { parameter, value: '', expected: `given together with ${other}` });
}
