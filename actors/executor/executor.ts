import type { Lease } from '../../machines/protocol.ts';
import { ControlError, isControlError } from '../../schemas/errors.ts';
import type { FlowAction, Proof, Selectors, Step } from '../../schemas/generated/contracts.ts';
import { aborted, isLoss, type WebDriverSession } from '../webdriver/client.ts';
import { alreadyDone } from './already-done.ts';
import { artifactPath } from './artifacts.ts';
import type { ActionRun, Artifact, Attempted, Prepared, StepExecutor, Verified } from './contract.ts';
import { dedupeKey } from './dedupe-key.ts';
import { download } from './download.ts';
import { extract } from './extract.ts';
import { withPromoted } from './inspect.ts';
import { lossBehind, reasonOf } from './loss-behind.ts';
import { isMessageAddress } from './message-page.ts';
import { reload } from './navigate.ts';
import { Page, Patience, sleep } from './page.ts';
import { explain, type Judged, type Look, poll } from './predicate.ts';
import type { Registry } from './registry.ts';
import { type ArtifactSink, addReport, picture, report, selectorsOf } from './report.ts';
import { type Candidate, candidatesOf } from './selectors.ts';
import { assertEvents, runStep, type StepContext } from './steps.ts';
import { standSomewhere } from './windows.ts';

/** The open browsers. @see actors/driver/pool.ts */
export interface Browsers {
  /** @throws ControlError LEASE_LOST */
  get(lease: Lease): WebDriverSession;
  reportLoss(lease: Lease, reason: string): void;
}

export interface ExecutorOptions {
  pool: Browsers;
  registry: Pick<Registry, 'lookup' | 'get'>;
  artifacts: ArtifactSink;
  /** Folder of the files that flows may put into pages; without it none are. */
  uploads?: string;
  /** How long a predicate is polled, ms, when the flow does not say. */
  verifyMs?: number;
}

const VERIFY_MS = 10_000;
/** A page loaded anew shows what it shows: the next look is at one loaded again. ms */
const RELOAD_EVERY_MS = 2_000;
/** What was just sent gets this long to leave the page before it is loaded anew, ms. */
const BEFORE_RELOAD_MS = 250;

/**
 * Attempts actions once and proves them, in the browser of the run's lease.
 * `${params.…}` in the action are put in already (`resolve.ts`); `@names` are looked up here.
 */
export function createStepExecutor({
  pool,
  registry,
  artifacts,
  uploads,
  verifyMs = VERIFY_MS
}: ExecutorOptions): StepExecutor {
  const candidatesFor =
    ({ platform, params, accountId, selectors: live }: ActionRun) =>
    ({ selectors }: { selectors: Selectors }): Candidate[] =>
      candidatesOf(selectors, {
        registry: withPromoted(registry, live),
        platform,
        scope: { params, account: { id: accountId } }
      });

  /** Runs with the lease's browser; a browser found dead is reported, and a failure takes a picture with it. */
  async function withPage<T>(
    run: ActionRun,
    signal: AbortSignal,
    requestId: string,
    task: (page: Page) => Promise<T>
  ): Promise<T> {
    if (signal.aborted) throw aborted(signal);
    const page = new Page(pool.get(run.lease), signal, requestId);
    try {
      await standSomewhere(page);
      return await task(page);
    } catch (failure) {
      const error = (await lossBehind(failure, page.session, page.options())) ?? failure;
      if (isLoss(error)) {
        // A command that never left this process says nothing about the browser.
        if (!isControlError(error, 'LEASE_LOST') && !neverSent(error)) pool.reportLoss(run.lease, reasonOf(error));
        // Taken away by its slot: what the holder sees then is a dead session, and what it means is the lease.
        throw error;
      }
      if (isControlError(error) && error.code !== 'CANCELLED') {
        await addReport(page, artifacts, error, candidatesAt(run, page.doing));
      }
      throw error;
    }
  }

  /** What its latest command attempted in each browser: what continues these finds its page there and nowhere else. */
  const done = new WeakMap<WebDriverSession, { commandId: string; attempts: Set<string> }>();

  function noteAttempted({ session }: Page, { commandId, action }: ActionRun): void {
    const known = done.get(session);
    const attempts = known?.commandId === commandId ? known.attempts : new Set<string>();
    done.set(session, { commandId, attempts: attempts.add(action.attempt) });
  }

  /** @throws ControlError PAGE_LOST */
  function checkContinues({ session }: Page, { commandId, action, before, dryRun }: ActionRun): void {
    if (!action.continues || dryRun) return;
    const known = done.get(session);
    const attempts = known?.commandId === commandId ? known.attempts : null;
    const missed = before.find(({ attempt }) => !attempts?.has(attempt));
    if (missed) throw new ControlError('PAGE_LOST', { action: action.attempt, after: missed.attempt });
  }

  /**
   * Flow and params were judged before it was let out; where the browser stands is known only here. A page that led on to
   * one of messages is no place for an action that nobody was asked about.
   * @throws ControlError REACH_EXCEEDED
   */
  async function checkReach(page: Page, { action, platform, reach = 'message' }: ActionRun): Promise<void> {
    const pages = registry.get(platform);
    if (reach === 'message' || !pages?.message_pages?.length) return;
    const url = await page.call((session, options) => session.url(options));
    if (!isMessageAddress(url, pages)) return;
    const { origin, pathname } = new URL(url);
    throw new ControlError('REACH_EXCEEDED', {
      action: action.attempt,
      reaches: reach,
      page: (origin + pathname).slice(0, 500)
    });
  }

  const contextOf = (run: ActionRun, page: Page, onSent: () => Promise<void>): Omit<StepContext, 'name'> => ({
    page,
    allowScript: run.allowScript,
    candidatesFor: candidatesFor(run),
    uploads,
    onSent
  });

  /** For a report: what a step looked for. Names nobody knows are what failed, and are left out. */
  function candidatesAt(run: ActionRun, step: Step | null): Candidate[] {
    try {
      return step ? selectorsOf(step).flatMap((selectors) => candidatesFor(run)({ selectors })) : [];
    } catch {
      return [];
    }
  }

  return {
    prepare: (run, signal) =>
      withPage(run, signal, `${run.commandId}-${run.action.attempt}-prepare`, async (page): Promise<Prepared> => {
        checkScripts(run);
        checkContinues(page, run);
        const candidates = allSelectors(run.action).flatMap((selectors) => candidatesFor(run)({ selectors }));
        await page.enter();
        await page.ask('validate', { candidates: unique(candidates) });
        const key = dedupeKey(run);
        const done = run.action.dedupe ? await alreadyDone(page, run.action, candidatesFor(run)) : null;
        if (!done) return { dedupeKey: key, alreadyDone: false, proofs: [], artifacts: [] };
        const shot = await picture(page, artifacts);
        return {
          dedupeKey: key,
          alreadyDone: true,
          proofs: [...proofsOf([done]), ...shot.proofs],
          artifacts: shot.artifacts
        };
      }),

    attempt(run, effect, signal) {
      let sent = false;
      const onSent = async (page: Page) => {
        await checkReach(page, run);
        if (sent) return;
        await effect.sending?.();
        // Cut off while it was noted: what is not sent now never is.
        if (signal.aborted) throw aborted(signal);
        sent = true;
      };
      return withPage(run, signal, effect.id, async (page): Promise<Attempted> => {
        checkScripts(run);
        noteAttempted(page, run);
        const context = contextOf(run, page, () => onSent(page));
        const proofs: Proof[] = [];
        let witness: Attempted['witness'] = 'NONE';
        let keysDown = 0;
        const presses = run.action.steps.some(({ type }) => PRESSES.has(type));
        for (const [i, step] of run.action.steps.entries()) {
          // Somebody else's browser by now: the session would answer all the same.
          pool.get(run.lease);
          const name = stepName(run.action, i, step);
          // Text that is typed goes out by itself where a page sends drafts.
          if (step.type === 'change') await checkReach(page, run);
          // Where nothing is pressed, what is written may be the effect itself: a page that saves as one types.
          if (step.type === 'change' && !presses) await effect.sending?.();
          const seen = await runStep(step, { ...context, name });
          if (step.type === 'keyDown') keysDown += 1;
          if (step.type === 'keyUp') keysDown -= 1;
          if (seen) {
            witness = worse(witness, seen);
            proofs.push({ kind: 'witness', value: seen });
          }
          // Nothing more is built on a step nobody can speak for.
          if (seen === 'UNKNOWN') break;
          if (i < run.action.steps.length - 1) await assertEvents(step, { page, name });
        }
        if (keysDown > 0) await page.call((session, options) => session.releaseActions(options));
        return { witness, proofs: [...proofs, ...alertsOf(page)] };
      }).catch((error: unknown) => {
        if (isControlError(error) && !('sent' in error.details)) Object.assign(error.details, { sent });
        // The loss of a later command says nothing about an earlier click.
        else if (isControlError(error) && sent) Object.assign(error.details, { sent: true });
        throw error;
      });
    },

    verify: (run, signal) =>
      withPage(run, signal, `${run.commandId}-${run.action.attempt}-verify`, (page) => verifyOn(page, run)),

    reconcile: (run, signal) =>
      withPage(run, signal, `${run.commandId}-${run.action.attempt}-reconcile`, async (page) => {
        const { action } = run;
        if (!action.verify && !action.dedupe) {
          throw new ControlError('OUTCOME_UNKNOWN', {
            action: action.attempt,
            why: 'the flow says nothing that would prove it'
          });
        }
        const context = contextOf(run, page, async () => {});
        for (const earlier of [
          ...run.before.filter(({ effect }) => effect === 'read'),
          { ...action, steps: leadIn(action) }
        ]) {
          for (const [i, step] of earlier.steps.entries()) {
            await page.pastAlerts(() => runStep(step, { ...context, name: stepName(earlier, i, step) }));
          }
        }
        if (!action.verify) return byDedupe(page, run);
        const verified = await verifyOn(page, run);
        // Verifying may be content with anybody's comment of this text; the dedupe predicate asks for ours.
        if (verified.outcome === 'VERIFIED' && action.dedupe) {
          const own = await byDedupe(page, run);
          if (own.outcome !== 'VERIFIED') return own;
        }
        return verified;
      })
  };

  async function verifyOn(page: Page, run: ActionRun): Promise<Verified> {
    const { action } = run;
    const lastStep = action.steps.at(-1)!;
    const name = stepName(action, action.steps.length - 1, lastStep);
    const proofs: Proof[] = [];
    // A dialog that comes late is still the last step's.
    page.answer = ('dialog' in lastStep && lastStep.dialog) || null;
    try {
      await assertEvents(lastStep, { page, name }, action.verify?.timeoutMs);
      const judged = await judge(page, run);
      if (!judged.holds && action.poll) return await notYet(page, run, judged);
      if (!judged.holds) {
        return failed(page, run, explain(judged), judged.looks.find(({ holds }) => !holds)?.step ?? null);
      }
      proofs.push(...proofsOf(judged.looks));
    } catch (error) {
      if (!isControlError(error, 'VERIFICATION_FAILED')) throw error;
      return failed(page, run, error.message, null);
    }
    const { extract: rules } = action;
    const read = rules ? await page.pastAlerts(() => extract(page, rules, candidatesFor(run))) : {};
    const files = await downloads(page, run);
    const extracted = { ...read, ...files.extracted };
    proofs.push(...files.proofs);
    await page.pastAlerts(() => page.enter());
    const url = await page.pastAlerts(() => page.call((session, options) => session.url(options)));
    proofs.push({ kind: 'url', value: url.slice(0, 2000) });
    const shot = await picture(page, artifacts);
    proofs.push(...shot.proofs, ...alertsOf(page));
    return {
      outcome: 'VERIFIED',
      why: null,
      ...((rules || action.download) && { extracted }),
      proofs,
      artifacts: [...files.artifacts, ...shot.artifacts]
    };
  }

  async function downloads(page: Page, run: ActionRun) {
    const kept = {
      extracted: {} as Record<string, string | number>,
      proofs: [] as Proof[],
      artifacts: [] as Artifact[]
    };
    for (const [name, rule] of Object.entries(run.action.download ?? {})) {
      const step = `${run.action.attempt} download ${name}`;
      const candidates = candidatesFor(run)(rule);
      const got = await page.pastAlerts(() => download(page, rule, { step, candidates, artifacts }));
      kept.extracted[name] = got.artifact.id;
      if (got.facts) {
        kept.extracted[`${name}_path`] = artifactPath(got.artifact.sha256);
        kept.extracted[`${name}_size`] = got.artifact.size;
        kept.extracted[`${name}_duration_ms`] = got.facts.durationMs;
      }
      kept.proofs.push(...got.proofs);
      kept.artifacts.push(got.artifact);
    }
    return kept;
  }

  async function failed(page: Page, run: ActionRun, why: string, missed: Step | null): Promise<Verified> {
    const seen = await report(page, artifacts, candidatesAt(run, missed));
    const said =
      page.alerts.length > 0
        ? `; the page opened an alert: ${page.alerts.map((text) => JSON.stringify(text)).join(', ')}`
        : '';
    return { outcome: 'VERIFICATION_FAILED', why: why + said, ...seen };
  }

  /** Of what takes its time: no report for each look, unless the page says that it will never be. */
  async function notYet(page: Page, run: ActionRun, judged: Judged): Promise<Verified> {
    for (const { as, steps } of run.action.poll?.failed ?? []) {
      const look = await polled(page, { steps }, { candidatesFor: candidatesFor(run), limitMs: 0, atOnce: true });
      if (look.holds) return failed(page, run, `the page shows '${as}'${saying(look)}`, null);
    }
    return { outcome: 'VERIFICATION_FAILED', why: explain(judged), pending: true, proofs: [], artifacts: [] };
  }

  /** The predicate; with `afterReload`, of a page loaded anew: that one decides, whatever the first showed. */
  async function judge(page: Page, run: ActionRun): Promise<Judged> {
    const { verify } = run.action;
    if (!verify) return { holds: true, looks: [], waitedMs: 0 };
    const limitMs = verify.timeoutMs ?? longest(verify.steps) ?? verifyMs;
    // What a write has set in motion is not looked at in its first 100 ms: the page may still show what was.
    const options = { candidatesFor: candidatesFor(run), atOnce: run.action.effect === 'read' };
    if (!verify.afterReload) return polled(page, verify, { ...options, limitMs });
    const patience = new Patience(limitMs);
    // The answer to what was sent may have been lost, with the page waiting for it: half the time is for the reloads.
    await polled(page, verify, { ...options, limitMs: limitMs / 2 });
    if (patience.waitedMs < BEFORE_RELOAD_MS) await sleep(BEFORE_RELOAD_MS - patience.waitedMs, page.signal);
    for (;;) {
      await reload(page);
      const again = await polled(page, verify, {
        ...options,
        limitMs: Math.min(RELOAD_EVERY_MS, patience.leftMs),
        atOnce: true
      });
      if (again.holds || patience.over) return { ...again, waitedMs: patience.waitedMs };
    }
  }

  /** An alert in the way of a look is dismissed and told; the look is taken again. */
  function polled(
    page: Page,
    ...rest: Parameters<typeof poll> extends [Page, ...infer R] ? R : never
  ): Promise<Judged> {
    return page.pastAlerts(() => poll(page, ...rest));
  }

  async function byDedupe(page: Page, run: ActionRun): Promise<Verified> {
    const done = await alreadyDone(page, run.action, candidatesFor(run));
    const shot = await picture(page, artifacts);
    return done
      ? { outcome: 'VERIFIED', why: null, proofs: [...proofsOf([done]), ...shot.proofs], artifacts: shot.artifacts }
      : {
          outcome: 'VERIFICATION_FAILED',
          why: `the page does not show ${run.action.attempt} done`,
          proofs: shot.proofs,
          artifacts: shot.artifacts
        };
  }
}

/** The words of what was seen, if it has any. */
function saying({ looks }: Judged): string {
  const text = looks.map((look) => look.text).find((one) => one !== '');
  return text === undefined ? '' : `: ${JSON.stringify(text.slice(0, 300))}`;
}

/** What the page said in alerts that were read and dismissed. */
const alertsOf = ({ alerts }: Page): Proof[] =>
  alerts.map((text) => ({ kind: 'matched_text', value: `alert: ${text}`.slice(0, 2000) }));

function proofsOf(looks: Look[]): Proof[] {
  return looks
    .filter(({ count }) => count > 0)
    .flatMap(({ selector, text }): Proof[] => [
      { kind: 'element', value: (selector ?? '').slice(0, 2000) },
      ...(text ? [{ kind: 'matched_text' as const, value: text }] : [])
    ]);
}

const PRESSES = new Set<Step['type']>(['click', 'doubleClick', 'keyDown', 'drag', 'waitForExpression']);

/** The steps that bring the browser to the action's own page: those before the first that acts. */
function leadIn({ steps }: FlowAction): Step[] {
  const lead: Step[] = [];
  for (const step of steps) {
    if (!['navigate', 'setViewport', 'scroll', 'waitForElement'].includes(step.type)) break;
    lead.push(step);
  }
  return lead;
}

/** @throws ControlError SCRIPT_FORBIDDEN, before anything is done */
function checkScripts({ action, allowScript }: ActionRun): void {
  if (allowScript) return;
  for (const [i, step] of action.steps.entries()) {
    if (step.type === 'waitForExpression') {
      throw new ControlError('SCRIPT_FORBIDDEN', { step: stepName(action, i, step) });
    }
  }
}

const stepName = ({ attempt }: FlowAction, i: number, step: Step): string => `${attempt} step ${i + 1} (${step.type})`;

function allSelectors(action: FlowAction): Selectors[] {
  const steps: Step[] = [
    ...action.steps,
    ...(action.dedupe?.steps ?? []),
    ...(action.verify?.steps ?? []),
    ...(action.poll?.failed ?? []).flatMap((one) => one.steps)
  ];
  const rules = Object.values(action.extract ?? {});
  const fields = rules.flatMap((rule) => Object.values(rule.fields ?? {}));
  const reads = [...rules, ...fields, ...Object.values(action.download ?? {})];
  return [...steps.flatMap(selectorsOf), ...reads.flatMap(({ selectors }) => (selectors ? [selectors] : []))];
}

const unique = (candidates: Candidate[]): Candidate[] => [
  ...new Map(candidates.map((candidate) => [candidate.label, candidate])).values()
];

const WORSE: Attempted['witness'][] = ['NONE', 'DELIVERED', 'GONE', 'UNKNOWN'];
const worse = (a: Attempted['witness'], b: Attempted['witness']) => (WORSE.indexOf(a) > WORSE.indexOf(b) ? a : b);

const longest = (steps: (Step & { timeout?: number })[]): number | undefined => {
  const limits = steps.flatMap((step) => (step.type === 'waitForElement' && step.timeout ? [step.timeout] : []));
  return limits.length > 0 ? Math.max(...limits) : undefined;
};

const neverSent = (error: unknown): boolean =>
  isControlError(error) && (error.details as { sent?: boolean }).sent === false;
