/**
 * How names of the registry stand on the page, and which element is nearest to one that nothing finds. Looks, and acts
 * on nothing; what may be done with an answer is decided by the command machine.
 */
import type { Finding } from '../../machines/selector-context.ts';
import type { Fingerprint, Frame, Selectors, Step } from '../../schemas/generated/contracts.ts';
import type { ActionRun, LiveSelector } from './contract.ts';
import { documentChanged, type Page, Patience, sleep, windowGone } from './page.ts';
import { hasPlaceholder } from './placeholders.ts';
import type { SelectorEntries, SelectorLookup } from './registry.ts';
import { type Candidate, candidatesOf } from './selectors.ts';

/** An element that was found again is told to the registry this often, ms: it keeps the day. */
const NEWS_MS = 24 * 3_600_000;
/** How long a sweep waits for the names of a page to be there, ms. */
export const SWEEP_MS = 5_000;

export interface Want {
  name: string;
  candidates: Candidate[];
  known: Fingerprint | null;
  many: boolean;
  rejected: string[];
  /** Where the registry says that it is; [] is the page itself. */
  frame: Frame;
}

/** The platform's candidates, and after them those that were accepted since. */
export const withPromoted = (registry: SelectorLookup, live: ActionRun['selectors']): SelectorLookup => ({
  lookup: (platform, name) => [...registry.lookup(platform, name), ...(live?.get(name)?.promoted ?? [])]
});

/** Names of the registry that a step looks up by themselves: `@post.body`, and not as a part of a chain. */
export const namesIn = (selectors: Selectors): string[] =>
  selectors.flatMap((one) => (typeof one === 'string' && one.startsWith('@') ? [one.slice(1)] : []));

/** Names in steps on the page as it is now: up to the first that leads to another. */
export function namesAhead(steps: Step[]): string[] {
  const away = steps.findIndex(({ type }) => type === 'navigate' || type === 'close');
  const here = away < 0 ? steps : steps.slice(0, away);
  const top = here.filter((step) => !('frame' in step && step.frame?.length) && !('target' in step && step.target));
  return unique(top.flatMap((step) => (isWait(step) || !('selectors' in step) ? [] : namesIn(step.selectors ?? []))));
}

const isWait = (step: Step): boolean => step.type === 'waitForElement';
const unique = <T>(list: T[]): T[] => [...new Set(list)];

/**
 * What there is to look for. A name that is about a command's params (the comment with this text) is another element each
 * time: it has no fingerprint, and is not looked for here.
 */
export function wantsOf(
  names: string[],
  { platform, accountId, params, selectors }: ActionRun,
  registry: SelectorEntries
) {
  const lookup = withPromoted(registry, selectors);
  return unique(names).flatMap((name): Want[] => {
    const entry = registry.entry(platform, name);
    const listed = lookup.lookup(platform, name);
    if (listed.flat().some(hasPlaceholder)) return [];
    const live = selectors?.get(name);
    const candidates = candidatesOf([`@${name}`], {
      registry: lookup,
      platform,
      scope: { params, account: { id: accountId } }
    });
    return [
      {
        name,
        candidates,
        known: live?.fingerprint ?? entry.fingerprint ?? null,
        many: entry.many ?? false,
        rejected: live?.rejected ?? [],
        frame: entry.frame ?? []
      }
    ];
  });
}

/** Looks until all are found well, or as long as `isWorthWaiting` says of what is not. */
export async function inspect(
  page: Page,
  wants: Want[],
  limitMs: number,
  isWorthWaiting: (finding: Finding) => boolean = () => true
): Promise<Finding[]> {
  const patience = new Patience(limitMs);
  for (;;) {
    const findings = wants.length === 0 ? [] : await look(page, wants);
    const isOver = findings?.every((finding) => finding.state === 'ok' || !isWorthWaiting(finding)) || patience.over;
    if (isOver && findings) return findings;
    if (isOver) return [];
    await sleep(Math.min(250, patience.leftMs), page.signal);
  }
}

/** One look at every frame that something is in. Null: the page changed under it. */
async function look(page: Page, wants: Want[]): Promise<Finding[] | null> {
  const byFrame = new Map<string, Want[]>();
  for (const want of wants) byFrame.set(want.frame.join(), [...(byFrame.get(want.frame.join()) ?? []), want]);
  const findings = new Map<string, Finding>();
  for (const group of byFrame.values()) {
    try {
      await page.enter(group[0]!.frame);
      for (const finding of await page.ask<Finding[]>('inspect', { wants: group })) findings.set(finding.name, finding);
    } catch (error) {
      if (!documentChanged(error)) throw error;
      page.forgetFrame();
      if (group[0]!.frame.length === 0 || windowGone(error)) return null;
      for (const want of group) findings.set(want.name, frameless(want));
    }
  }
  return wants.map(({ name }) => findings.get(name)!);
}

const frameless = ({ name, candidates, frame }: Want): Finding => ({
  name,
  state: 'missing',
  tried: candidates.map(({ label }) => ({ selector: label, found: 0 })),
  selector: null,
  fingerprint: null,
  healed: null,
  why: `its frame, ${frame.join(' › ')}, is not there`
});

/** What the registry does not know, or knew long ago. */
export const isNews = (live: LiveSelector | undefined, { state }: Finding, now: number): boolean =>
  state !== 'ok' || isOld(live, now);

/** Finding it well would be news. */
export const isOld = (live: LiveSelector | undefined, now: number): boolean =>
  !live?.fingerprint ||
  live.isBroken ||
  live.lastSeenAt === null ||
  now - live.lastSeenAt > NEWS_MS ||
  live.lastSeenAt > now;
