import { selectorAddress } from '../../machines/protocol.ts';
import { type SelectorContext, unseen } from '../../machines/selector-context.ts';
import type { FlowAction, Step } from '../../schemas/generated/contracts.ts';
import type { Journal } from '../host/contract.ts';
import type { LiveSelector } from './contract.ts';
import { namesIn } from './inspect.ts';

export type { SelectorContext };
/** An entry of the registry as its actor keeps it, and where it is. */
export { selectorAddress, unseen };

/**
 * What the registry knows of the names an action uses, as it is on disk: what is decided about a name is durable before
 * anybody hears of it.
 */
export async function liveSelectors(
  journal: Pick<Journal, 'loadActors'>,
  platform: string,
  actions: FlowAction[]
): Promise<Map<string, LiveSelector>> {
  const names = [...new Set(actions.flatMap(namesOf))];
  if (names.length === 0) return new Map();
  const records = await journal.loadActors(names.map((name) => selectorAddress(platform, name)));
  return new Map(
    records.map(({ snapshot }) => {
      const context = snapshot.context as unknown as SelectorContext;
      const { name, fingerprint, promoted, rejected, lastSeenAt } = context;
      const isBroken = ['ambiguous', 'healed', 'missing'].includes(String(snapshot.value));
      return [
        name,
        { fingerprint, promoted: promoted.map(({ selector }) => selector), rejected, isBroken, lastSeenAt }
      ];
    })
  );
}

function namesOf({ steps, dedupe, verify, extract, sweep }: FlowAction): string[] {
  const all: Step[] = [...steps, ...(dedupe?.steps ?? []), ...(verify?.steps ?? [])];
  const selectors = [
    ...all.flatMap((step) => ('selectors' in step && step.selectors ? step.selectors : [])),
    ...Object.values(extract ?? {}).flatMap((rule) => rule.selectors)
  ];
  // A name in a chain is looked up as any other: what was promoted counts there too.
  return [...namesIn(selectors.flat()), ...(sweep?.names ?? [])];
}
