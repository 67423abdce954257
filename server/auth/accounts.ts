/**
 * Tokens bound to accounts. What belongs to another account, or to none, is for such a client not there: lists leave it
 * out, a single read answers as for an id that never was. What it names itself is refused by name.
 */
import type { Subject } from '../../actors/host/contract.ts';
import { ControlError } from '../../schemas/errors.ts';
import type { Client } from './tokens.ts';

type Bound = Pick<Client, 'accounts'>;

interface OfAccounts {
  account_id?: string | readonly string[];
}

export const maySee = ({ accounts }: Bound, accountId: string | null): boolean =>
  accounts === null || (accountId !== null && accounts.includes(accountId));

/** The actor, unless it is about an account that is not the client's: then there is none. */
export const seenBy = <T extends { subject: Subject }>(client: Bound, actor: T | undefined): T | undefined =>
  actor && maySee(client, actor.subject.account_id) ? actor : undefined;

/** @throws ControlError ACCOUNT_FORBIDDEN for another account, and for none where one has to be named */
export function demandAccount(client: Bound, accountId: string | null | undefined): void {
  if (maySee(client, accountId ?? null)) return;
  throw new ControlError('ACCOUNT_FORBIDDEN', { account: accountId ?? null, accounts: [...(client.accounts ?? [])] });
}

/**
 * A query of actors, or a filter of events, within the client's accounts.
 * @throws ControlError ACCOUNT_FORBIDDEN when it asks for another
 */
export function withinAccounts<T extends object>(client: Bound, query: T & OfAccounts): T & OfAccounts {
  if (client.accounts === null) return query;
  const asked = query.account_id;
  for (const account of typeof asked === 'string' ? [asked] : (asked ?? [])) demandAccount(client, account);
  return asked === undefined ? { ...query, account_id: client.accounts } : query;
}

/** What reaches beyond any account: a bound token cannot have it. */
const BEYOND = [
  ...['admin', 'flows:write', 'selectors:*', 'selectors:decide', 'actor:supervisor', 'actor:driver'],
  ...['alerts:*', 'alerts:raise', 'alerts:decide']
];

export const reachesBeyondAccounts = (scope: string): boolean => BEYOND.includes(scope);
