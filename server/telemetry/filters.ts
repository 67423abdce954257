import type { EventFilter } from '../../actors/host/contract.ts';
import type { Severity, StreamFilters } from '../../schemas/generated/contracts.ts';
import { list, oneOf, text } from '../control/query.ts';

/** Query parameters that filter the log; lists with commas. */
export const filterParameters = {
  severity: oneOf<Severity>(['debug', 'info', 'warn', 'error']),
  event_types: list,
  session_id: text,
  account_id: text,
  platform: text,
  command_id: text,
  correlation_id: text,
  actor_kinds: list
};

const LISTS = ['severity', 'event_types', 'actor_kinds'] as const;
const TEXTS = ['session_id', 'account_id', 'platform', 'command_id', 'correlation_id'] as const;

/**
 * What fits both. An empty list is no filter. undefined: nothing can fit both, such as two different sessions.
 */
export function intersect(a: StreamFilters, b: StreamFilters): EventFilter | undefined {
  const both: EventFilter = {};
  for (const name of LISTS) {
    const [mine, yours] = [nonEmpty(a[name]), nonEmpty(b[name])];
    const common = mine && yours ? mine.filter((item) => yours.includes(item)) : (mine ?? yours);
    if (common?.length === 0) return undefined;
    if (common) both[name] = common;
  }
  for (const name of TEXTS) {
    const [mine, yours] = [a[name], b[name]];
    if (mine !== undefined && yours !== undefined && mine !== yours) return undefined;
    const value = mine ?? yours;
    if (value !== undefined) both[name] = value;
  }
  return both;
}

const nonEmpty = (items: string[] | undefined): string[] | undefined => (items?.length ? items : undefined);
