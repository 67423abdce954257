import type { Registry } from '../../actors/executor/registry.ts';
import { ControlError } from '../../schemas/errors.ts';
import type { CommandEnvelope, FlowAction, SelectorSweepPayload } from '../../schemas/generated/contracts.ts';
import type { Misfit } from '../contracts.ts';
import type { PinnedFlow } from './flow-registry.ts';

/**
 * What a sweep does, as a flow: one read a page, which goes there and looks. So it is queued, cancelled, resumed after a
 * crash and told like any other command. A name is looked for on the first page that lists it.
 * @throws ControlError VALIDATION_FAILED, PLATFORM_UNKNOWN
 */
export function sweepFlow({ target, payload }: CommandEnvelope, selectors: Registry): PinnedFlow {
  const { platform = target.platform, names, pages: addresses } = payload as SelectorSweepPayload;
  const registry = selectors.get(target.platform);
  if (!registry) throw new ControlError('PLATFORM_UNKNOWN', { platform: target.platform, known: selectors.platforms });
  const listed = registry.pages ?? [];
  const errors: Misfit[] = [];
  if (platform !== target.platform) errors.push({ path: '/payload/platform', message: `must be '${target.platform}'` });
  for (const [i, name] of (names ?? []).entries()) {
    if (!listed.some((page) => page.names.includes(name))) {
      errors.push({ path: `/payload/names/${i}`, message: `'${name}' is on no page of '${target.platform}'` });
    }
  }
  for (const page of Object.keys(addresses ?? {})) {
    if (listed.some((one) => one.page === page)) continue;
    const known = listed.map((one) => one.page).join(', ') || 'none';
    errors.push({ path: `/payload/pages/${page}`, message: `is no page of '${target.platform}'; there are: ${known}` });
  }
  const actions = errors.length > 0 ? [] : actionsOf(listed, names, addresses);
  if (errors.length === 0 && actions.length === 0) {
    const message = 'is missing; the data of the platform has no address of a page with these names';
    errors.push({ path: '/payload/pages', message });
  }
  if (errors.length > 0) throw new ControlError('VALIDATION_FAILED', { what: 'the payload', errors });
  return { name: 'selector.sweep', version: 1, platforms: [target.platform], actions };
}

type Pages = NonNullable<ReturnType<Registry['get']>>['pages'];

function actionsOf(
  pages: NonNullable<Pages>,
  names: string[] | undefined,
  addresses: Record<string, string> | undefined
): FlowAction[] {
  const taken = new Set<string>();
  const actions: FlowAction[] = [];
  for (const { page, url: known, names: listed, timeoutMs } of pages) {
    const url = addresses ? addresses[page] : known;
    if (url === undefined) continue;
    const wanted = listed.filter((name) => !taken.has(name) && (names === undefined || names.includes(name)));
    for (const name of wanted) taken.add(name);
    // An address is no template.
    const step = { type: 'navigate' as const, url: url.replaceAll('${', '$${') };
    if (wanted.length === 0) continue;
    const sweep = { names: wanted, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
    actions.push({ attempt: `SWEEP_${page}`, effect: 'read', steps: [step], sweep });
  }
  return actions;
}
