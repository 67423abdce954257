import { setTimeout as sleep } from 'node:timers/promises';
import { type Context, cutAnswer, field, type Parts } from './context.ts';
import type { WriteFault } from './hooks.ts';
import type { WriteKind, WriteRow } from './ledger.ts';

/** What a write did, for its row. */
export type Done = Partial<Pick<WriteRow, 'account' | 'post' | 'text' | 'to' | 'changed'>>;

/**
 * Every write of the site goes through here: what goes wrong with it, goes wrong; then `act` does it and it is in the
 * ledger, in the same turn. Returns whether there is still an answer to give.
 */
export async function write(parts: Parts, ctx: Context, kind: WriteKind, act: () => Done): Promise<boolean> {
  const { ledger, hooks, closing } = parts;
  const fault: WriteFault = { ...faultOf(ctx), ...hooks.take(kind) };

  if (fault.delayMs) await sleep(fault.delayMs, undefined, { signal: closing });
  if (fault.hold === 'before') await hooks.standStill();
  if (fault.status !== undefined) {
    ctx.status = fault.status;
    ctx.body = { error: 'The server had a problem. Nothing was done.' };
    return false;
  }
  if (fault.drop === 'before') {
    cutAnswer(ctx);
    return false;
  }

  const done = act();
  ledger.recordWrite({
    kind,
    account: ctx.state.account?.name ?? null,
    post: null,
    text: null,
    to: null,
    submitId: field(ctx, 'submit_id') ?? null,
    requestId: ctx.state.row.id,
    changed: true,
    ...done
  });

  if (fault.hold === 'after') await hooks.standStill();
  if (fault.drop === 'after') {
    cutAnswer(ctx);
    return false;
  }
  return true;
}

/** What the page's variant says about its writes. */
function faultOf(ctx: Context): WriteFault {
  const { names, numbers } = ctx.state.asked;
  return {
    ...(names.has('slow') || names.has('double') ? { delayMs: numbers.delay! } : {}),
    ...(names.has('write-500') ? { status: 500 } : {}),
    ...(names.has('write-drop') ? { drop: 'after' as const } : {})
  };
}
