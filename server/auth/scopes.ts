import { ControlError } from '../../schemas/errors.ts';

/**
 * What a token may do: `admin` (everything), `script` (flows with JavaScript of their own), `flows:write`, `accounts:write`, and
 * `flow.run:NAME`, `read:THING`, `approve:FLOW`, `session:VERB`, `actor:KIND` (make and move), `selectors:sweep|decide`,
 * `alerts:raise|decide`,
 * `sora:generate|poll|download|usage`, with
 * `*` for any.
 */
const GRAMMAR =
  /^(admin|script|flows:write|accounts:write|(flow\.run|read|approve|session|actor|selectors|alerts|sora):(\*|[A-Za-z0-9][A-Za-z0-9._@-]*))$/;

export const isScope = (text: string): boolean => text.length <= 160 && GRAMMAR.test(text);

/** `read:*` allows `read:events`; `admin` allows everything. */
export function allows(scopes: readonly string[], needed: string): boolean {
  const family = `${needed.slice(0, needed.indexOf(':'))}:*`;
  return scopes.some((scope) => scope === 'admin' || scope === needed || (needed.includes(':') && scope === family));
}

/** @throws ControlError FORBIDDEN naming the scope that is missing */
export function demand(scopes: readonly string[], needed: string): void {
  if (!allows(scopes, needed)) throw new ControlError('FORBIDDEN', { needs: needed });
}
