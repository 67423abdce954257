/**
 * What stands in the way on a page. The site's own limit on how often things are done is SITE_RATE_LIMITED: the account
 * cools down. The rest is what only a person gets past: a login wall, a captcha, a second factor. Nothing here solves any of them. When an
 * action fails on a page that shows one, the failure is HUMAN_REQUIRED instead, with the page's picture: what the
 * action missed is not missing, it is behind that.
 *
 * Looked for only after a failure. A page may well show a "log in" beside what everybody may read.
 */
import type { Lease } from '../../machines/protocol.ts';
import { ControlError, isControlError } from '../../schemas/errors.ts';
import type { ActionRun, StepExecutor, Verified } from '../executor/contract.ts';
import type { Browsers } from '../executor/executor.ts';
import { documentChanged, Page } from '../executor/page.ts';
import type { SelectorLookup } from '../executor/registry.ts';
import { candidatesOf } from '../executor/selectors.ts';

/** Names of the registry that platforms may have, and what each means to a person. */
export const obstacles = {
  'human.captcha': 'the site asks for a captcha',
  'human.two_factor': 'the site asks for a second factor',
  'human.challenge': 'the site wants the account to be confirmed',
  'login.wall': 'the site asks to log in'
} as const;

/** What asks for slowness, by its name in the registry: nobody gets past it, and nobody has to. */
const SLOWER = { name: 'site.rate_limited', meaning: 'the site limits how often this account may do things' } as const;

/** Failures that may only mean that something stands in the way. */
const BEHIND = [
  'SELECTOR_MISSING',
  'SELECTOR_AMBIGUOUS',
  'ELEMENT_NOT_ACTIONABLE',
  'CLICK_NOT_DELIVERED',
  'TEXT_NOT_TAKEN',
  'STEP_TIMEOUT',
  'VERIFICATION_FAILED'
] as const;

export interface Watched {
  pool: Browsers;
  registry: SelectorLookup;
}

/** The same executor, that knows an obstacle when it fails at one. */
export function withObstacles(executor: StepExecutor, { pool, registry }: Watched): StepExecutor {
  /** What stands in the way on the page now; null: nothing that is known. */
  async function inTheWay(run: ActionRun, signal: AbortSignal): Promise<Obstacle | null> {
    const page = new Page(pool.get(run.lease as Lease), signal, `${run.commandId}-${run.action.attempt}-obstacle`);
    const scope = { params: run.params, account: { id: run.accountId } };
    const known = Object.entries(obstacles).map(([name, reason]) => ({
      name,
      reason,
      code: 'HUMAN_REQUIRED' as const
    }));
    const slower = { name: SLOWER.name, reason: SLOWER.meaning, code: 'SITE_RATE_LIMITED' as const };
    for (const { name, ...obstacle } of [slower, ...known]) {
      try {
        const candidates = candidatesOf([`@${name}`], { registry, platform: run.platform, scope });
        await page.enter();
        const { count } = await page.ask<{ count: number }>('count', { candidates, visible: true });
        if (count > 0) return obstacle;
      } catch (error) {
        if (documentChanged(error)) page.forgetFrame();
        else if (!isControlError(error)) throw error;
        // Not known on this platform, or not for us to say now: the failure itself is what is reported.
      }
    }
    return null;
  }

  async function explained<T>(run: ActionRun, signal: AbortSignal, task: () => Promise<T>): Promise<T> {
    try {
      return await task();
    } catch (error) {
      if (!isControlError(error) || !(BEHIND as readonly string[]).includes(error.code)) throw error;
      const obstacle = await inTheWay(run, signal);
      if (obstacle === null) throw error;
      const { artifacts, sent } = error.details as { artifacts?: unknown; sent?: boolean };
      throw stopped(obstacle, { artifacts, sent }, error);
    }
  }

  /** A look that does not find what it should, on a page that asks for a person, has not been a look at the page. */
  async function judged(
    run: ActionRun,
    signal: AbortSignal,
    task: (run: ActionRun) => Promise<Verified>
  ): Promise<Verified> {
    const verified = await explained(run, signal, () => task(run));
    if (verified.outcome === 'VERIFIED') return verified;
    const obstacle = await inTheWay(run, signal);
    if (obstacle === null) return verified;
    // Of a look that is too early nothing is kept: it is taken again as one that has failed, with a picture.
    if (verified.pending) return judged({ ...run, action: { ...run.action, poll: undefined } }, signal, task);
    throw stopped(obstacle, { artifacts: verified.artifacts, sent: undefined }, verified.why);
  }

  return {
    prepare: (run, signal) => explained(run, signal, () => executor.prepare(run, signal)),
    attempt: (run, effect, signal) => explained(run, signal, () => executor.attempt(run, effect, signal)),
    verify: (run, signal) => judged(run, signal, (one) => executor.verify(one, signal)),
    reconcile: (run, signal) => judged(run, signal, (one) => executor.reconcile(one, signal))
  };
}

interface Obstacle {
  code: 'HUMAN_REQUIRED' | 'SITE_RATE_LIMITED';
  reason: string;
}

function stopped(
  { code, reason }: Obstacle,
  { artifacts, sent }: { artifacts: unknown; sent: boolean | undefined },
  cause: unknown
): ControlError {
  const error = new ControlError(code, { reason }, cause);
  return Object.assign(error, {
    details: { reason, ...(artifacts ? { artifacts } : {}), ...(sent === undefined ? {} : { sent }) }
  });
}
