import type { NavigateStep, Predicate, WaitForElementStep } from '../../schemas/generated/contracts.ts';
import type { Tried } from './locate.ts';
import { open } from './navigate.ts';
import { documentChanged, type Page, Patience, sleep } from './page.ts';
import type { Candidate } from './selectors.ts';
import { findTarget, standSomewhere } from './windows.ts';

/** When a predicate is looked at, ms after it was first asked; then once a second. */
const LOOKS_MS = [100, 250, 500, 1_000];
const EVERY_MS = 1_000;

export interface Count {
  count: number;
  /** The candidate that had matches. */
  selector: string | null;
  /** What the first match says. */
  text: string;
  tried: Tried[];
}

/** How one waitForElement stands. */
export interface Look extends Count {
  step: WaitForElementStep;
  holds: boolean;
}

export interface Judged {
  holds: boolean;
  /** The last look at each element, in order. */
  looks: Look[];
  waitedMs: number;
}

export type CandidatesFor = (step: WaitForElementStep) => Candidate[];

/** One look; a document that is just changing has nothing. */
export async function lookAt(page: Page, step: WaitForElementStep, candidatesFor: CandidatesFor): Promise<Look> {
  const candidates = candidatesFor(step);
  const nothing = (): Look => {
    const tried = candidates.map(({ label }) => ({ selector: label, found: 0 }));
    return { step, holds: false, count: 0, selector: null, text: '', tried };
  };
  let seen: Count;
  page.doing = step;
  try {
    if (step.target !== undefined && !(await findTarget(page, step.target))) return nothing();
    await page.enter(step.frame);
    seen = await page.ask<Count>('count', {
      candidates,
      ...(step.visible !== undefined && { visible: step.visible }),
      ...(step.attributes && { attributes: step.attributes }),
      ...(step.properties && { properties: step.properties })
    });
  } catch (error) {
    if (!documentChanged(error)) throw error;
    page.forgetFrame();
    await standSomewhere(page);
    return nothing();
  }
  return { step, ...seen, holds: compares(step, seen.count) };
}

function compares({ operator, count = 1 }: WaitForElementStep, found: number): boolean {
  // Asking for none means none: '>= 0' would hold of anything.
  switch (operator ?? (count === 0 ? '==' : '>=')) {
    case '==':
      return found === count;
    case '<=':
      return found <= count;
    default:
      return found >= count;
  }
}

/** Whether the step wants something to be there, as against wanting it gone. */
export const wantsPresence = ({ operator, count = 1 }: WaitForElementStep): boolean => count > 0 && operator !== '<=';

export interface PollOptions {
  limitMs: number;
  candidatesFor: CandidatesFor;
  /** Look before the first 100 ms too: for what an action in flight cannot bring about. */
  atOnce?: boolean;
}

/**
 * Polls until everything the predicate waits for holds in one look, or its time is up. A navigate step is done once and
 * begins a new group of looks.
 */
export async function poll(
  page: Page,
  predicate: Pick<Predicate, 'steps'>,
  { limitMs, candidatesFor, atOnce = false }: PollOptions
): Promise<Judged> {
  const patience = new Patience(limitMs);
  const looks: Look[] = [];
  for (const group of groups(predicate.steps)) {
    if (group.navigate) await open(page, group.navigate.url, group.navigate.timeout);
    const last = await pollGroup(page, group.waits, patience, { candidatesFor, atOnce });
    looks.push(...last);
    if (last.some(({ holds }) => !holds)) return { holds: false, looks, waitedMs: patience.waitedMs };
  }
  return { holds: true, looks, waitedMs: patience.waitedMs };
}

async function pollGroup(
  page: Page,
  waits: WaitForElementStep[],
  patience: Patience,
  { candidatesFor, atOnce }: Pick<PollOptions, 'candidatesFor' | 'atOnce'>
): Promise<Look[]> {
  const due = atOnce ? [0, ...LOOKS_MS] : LOOKS_MS;
  const start = performance.now();
  let last: Look[] = [];
  for (let i = 0; waits.length > 0; i += 1) {
    const next = due[i] ?? due.at(-1)! + (i - due.length + 1) * EVERY_MS;
    const waitMs = Math.min(next - (performance.now() - start), patience.leftMs);
    if (waitMs > 0) await sleep(waitMs, page.signal);
    last = [];
    for (const step of waits) {
      const look = await lookAt(page, step, candidatesFor);
      last.push(look);
      if (!look.holds) break;
    }
    if (last.length === waits.length && last.every(({ holds }) => holds)) return last;
    if (patience.over) return last;
  }
  return last;
}

interface Group {
  navigate: NavigateStep | null;
  waits: WaitForElementStep[];
}

function groups(steps: Predicate['steps']): Group[] {
  const all: Group[] = [{ navigate: null, waits: [] }];
  for (const step of steps) {
    if (step.type === 'navigate') all.push({ navigate: step, waits: [] });
    else all.at(-1)!.waits.push(step);
  }
  return all;
}

/** A sentence for a person: what was looked for, and what each alternative found. */
export function explain({ looks, waitedMs }: Judged): string {
  const missed = looks.find(({ holds }) => !holds);
  if (!missed) return `nothing was looked for in ${waitedMs} ms`;
  const { step, count, tried } = missed;
  const operator = step.operator ?? (step.count === 0 ? '==' : '>=');
  const seen = tried.map(({ selector, found }) => `${selector} (${found})`).join(', ');
  return `wanted ${operator} ${step.count ?? 1} of ${step.selectors.flat().join(' | ')}, found ${count} in ${waitedMs} ms; tried ${seen}`;
}
