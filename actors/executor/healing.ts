import type { Finding } from '../../machines/selector-context.ts';
import { ControlError, isControlError } from '../../schemas/errors.ts';
import type { FlowAction, Selectors, Step } from '../../schemas/generated/contracts.ts';
import type { Journal } from '../host/contract.ts';
import { isLoss } from '../webdriver/client.ts';
import type { ActionRun, LiveSelector, StepExecutor, Verified } from './contract.ts';
import type { Browsers } from './executor.ts';
import { inspect, isNews, isOld, namesAhead, namesIn, SWEEP_MS, wantsOf } from './inspect.ts';
import { liveSelectors } from './live-selectors.ts';
import { Page } from './page.ts';
import type { SelectorEntries } from './registry.ts';

export interface HealingOptions {
  pool: Browsers;
  registry: SelectorEntries;
  /** Where the registry's entries are kept. Without it a run brings what is known of its names, or nothing is healed. */
  journal?: Pick<Journal, 'loadActors'>;
  /** ms since 1970 */
  now?: () => number;
}

/** How long a write waits for what it acts on before it takes a likeness for all there is, ms: a step's own time. */
const FORESEE_MS = 5_000;
/** When the registry says that it is broken. */
const KNOWN_BROKEN_MS = 1_500;
/** The same for a read, whose own time is over by then. */
const READ_MS = 500;

/**
 * An executor whose reads get by with the element nearest to a selector that nothing finds, and which says of its writes
 * what it foresees: whether what they act on is there, or only something like it. It sweeps, too. Whether a write goes on
 * is the command machine's to say. A run without `selectors` passes through as it is.
 */
export function createHealingExecutor(
  executor: StepExecutor,
  { pool, registry, journal, now = Date.now }: HealingOptions
): StepExecutor {
  const news = (run: ActionRun, findings: Finding[]) =>
    findings.filter((finding) => isNews(run.selectors?.get(finding.name), finding, now()));

  async function look(
    run: ActionRun,
    names: string[],
    signal: AbortSignal,
    limitMs: number,
    isWorthWaiting?: (finding: Finding) => boolean
  ): Promise<Finding[]> {
    const wants = wantsOf(names, run, registry);
    if (wants.length === 0) return [];
    const page = new Page(pool.get(run.lease), signal, `${run.commandId}-${run.action.attempt}-inspect`);
    try {
      return await page.pastAlerts(() => inspect(page, wants, limitMs, isWorthWaiting));
    } catch (error) {
      if (isLoss(error)) {
        if (!isControlError(error, 'LEASE_LOST')) pool.reportLoss(run.lease, (error as Error).message);
        throw error;
      }
      // To look is an extra: without it an action fails by itself, or does not.
      if (run.action.sweep || isControlError(error, 'CANCELLED')) throw error;
      return [];
    }
  }

  const prepare: StepExecutor['prepare'] = async (run, signal) => {
    if (!run.selectors) return executor.prepare(run, signal);
    // Whether this is the page is a question of reading; that something is not there is never answered by a likeness.
    const prepared = await gettingBy(
      run,
      namesIn((run.action.dedupe?.steps ?? []).flatMap(selectorsOf)),
      signal,
      (one) => executor.prepare(one, signal)
    );
    if (prepared.alreadyDone) return prepared;
    const names = namesAhead(run.action.steps);
    // Later steps may act on what earlier ones bring about: of these only what is known to be broken says anything now.
    const isForeseen = ({ name }: Finding) => name === names[0] || run.selectors?.get(name)?.isBroken === true;
    const isTrouble = (finding: Finding) => finding.state !== 'ok' && isForeseen(finding);
    const limitMs = names.some((name) => run.selectors?.get(name)?.isBroken) ? KNOWN_BROKEN_MS : FORESEE_MS;
    const found = await look(
      run,
      names,
      signal,
      limitMs,
      (finding) => finding.state === 'healed' && isForeseen(finding)
    );
    refuseConflict(run, found.filter(isForeseen));
    const findings = news(
      run,
      found.filter((finding) => finding.state === 'ok' || isTrouble(finding))
    );
    return findings.length > 0 ? { ...prepared, findings } : prepared;
  };

  /** A task that only looks: again with what is near in the place of names that nothing finds. */
  async function gettingBy<T>(
    run: ActionRun,
    names: string[],
    signal: AbortSignal,
    task: (run: ActionRun) => Promise<T>
  ): Promise<T> {
    const isBroken = names.some((name) => run.selectors?.get(name)?.isBroken);
    const before = isBroken ? await look(run, names, signal, READ_MS) : [];
    try {
      return await task(standIn(run, before));
    } catch (error) {
      if (!isControlError(error, 'SELECTOR_MISSING')) throw error;
      const broken = (await look(run, names, signal, 0)).filter(({ state }) => state !== 'ok');
      const isNew = broken.some(({ name, healed }) => healed && !before.some((one) => one.name === name && one.healed));
      if (isNew) return task(standIn(run, broken));
      Object.assign(error.details, { findings: broken });
      throw error;
    }
  }

  const attempt: StepExecutor['attempt'] = async (run, effect, signal) => {
    try {
      return await executor.attempt(run, effect, signal);
    } catch (error) {
      if (!run.selectors || !isControlError(error, 'SELECTOR_MISSING')) throw error;
      const found = await look(run, namesIn(run.action.steps.flatMap(selectorsOf)), signal, 0);
      const broken = found.filter(({ state }) => state !== 'ok');
      // What is only read may be any that is near; what is acted on may not.
      const acted = new Set(namesIn(run.action.steps.filter((step) => !isLook(step)).flatMap(selectorsOf)));
      const readable = broken.filter(({ name, state }) => state === 'healed' && !acted.has(name));
      if (run.action.effect === 'read' && readable.length > 0 && readable.length === broken.length) {
        return executor.attempt(standIn(run, readable), effect, signal);
      }
      Object.assign(error.details, { findings: broken });
      throw error;
    }
  };

  const verify: StepExecutor['verify'] = async (run, signal) => {
    if (!run.selectors) return executor.verify(run, signal);
    if (run.action.sweep) return sweep(run, signal);
    // While something takes its time its not being there says nothing of its selector.
    if (run.action.effect === 'write' || run.action.poll) return executor.verify(run, signal);
    const names = namesRead(run.action);
    const isBroken = names.some((name) => run.selectors?.get(name)?.isBroken);
    const before = isBroken ? await look(run, names, signal, READ_MS) : [];
    const first = await executor.verify(standIn(run, before), signal);
    const { outcome, extracted = {} } = first;
    const isPlain = outcome === 'VERIFIED' && Object.values(extracted).every((value) => value !== null);
    if (isPlain && names.every((name) => !isOld(run.selectors?.get(name), now()))) return first;
    const after = await look(run, names, signal, 0);
    const healed = after.filter(({ state }) => state === 'healed');
    const isNew = healed.some(({ name }) => !before.some((one) => one.name === name && one.state === 'healed'));
    const verified = isNew ? await executor.verify(standIn(run, healed), signal) : first;
    return withFindings(
      verified,
      news(
        run,
        after.filter(({ state }) => state !== 'missing')
      )
    );
  };

  async function sweep(run: ActionRun, signal: AbortSignal): Promise<Verified> {
    const { names = [], timeoutMs = SWEEP_MS } = run.action.sweep ?? {};
    const findings = await look(run, names, signal, timeoutMs);
    const verified = await executor.verify(run, signal);
    return withFindings(verified, findings);
  }

  /** Walks reads again, and looks. */
  const reconcile: StepExecutor['reconcile'] = (run, signal) => {
    const reads = run.before.filter(({ effect }) => effect === 'read').flatMap(({ steps }) => steps);
    const looked = [...reads.filter(isLook), ...(run.action.dedupe?.steps ?? [])];
    return gettingBy(run, namesIn(looked.flatMap(selectorsOf)), signal, (one) => executor.reconcile(one, signal));
  };

  /** With what is known now: decided while the command waited. */
  const informed = async (run: ActionRun): Promise<ActionRun> =>
    run.selectors || !journal
      ? run
      : { ...run, selectors: await liveSelectors(journal, run.platform, [run.action, ...run.before]) };

  return {
    prepare: async (run, signal) => prepare(await informed(run), signal),
    attempt: async (run, effect, signal) => attempt(await informed(run), effect, signal),
    verify: async (run, signal) => verify(await informed(run), signal),
    reconcile: async (run, signal) => reconcile(await informed(run), signal)
  };
}

const withFindings = (verified: Verified, findings: Finding[]): Verified =>
  findings.length > 0 ? { ...verified, findings } : verified;

/** A candidate finds something that is nothing like what was known while that is elsewhere: nothing is done to either. */
function refuseConflict({ action }: ActionRun, findings: Finding[]): void {
  const conflict = findings.find(({ state, selector }) => state === 'ambiguous' && selector !== null);
  if (!conflict) return;
  const step = `${action.attempt} @${conflict.name} (${conflict.why})`;
  throw new ControlError('SELECTOR_AMBIGUOUS', { step, tried: conflict.tried });
}

/** The run with what was healed as one more candidate, for this once. */
function standIn(run: ActionRun, findings: Finding[]): ActionRun {
  const selectors = new Map(run.selectors);
  for (const { name, healed } of findings) {
    const live = selectors.get(name);
    if (healed) selectors.set(name, { ...(live ?? UNKNOWN), promoted: [...(live?.promoted ?? []), healed.selector] });
  }
  return { ...run, selectors };
}

const UNKNOWN: LiveSelector = { fingerprint: null, promoted: [], rejected: [], isBroken: false, lastSeenAt: null };

const isLook = ({ type }: Step): boolean => type === 'waitForElement' || type === 'scroll';

/** Of the top document: a frame has names of its own. Waiting for none of something is not looking for it. */
const selectorsOf = (step: Step): Selectors =>
  'selectors' in step && step.selectors && !('frame' in step && step.frame?.length) && !wantsNone(step)
    ? step.selectors
    : [];

const wantsNone = (step: Step): boolean =>
  step.type === 'waitForElement' &&
  (step.count === 0 || step.operator === '<=' || Boolean(step.attributes ?? step.properties));

/** Names a read depends on at its end. */
function namesRead({ verify, extract }: FlowAction): string[] {
  const waits = (verify?.steps ?? []).flatMap((step) => selectorsOf(step));
  const read = Object.values(extract ?? {}).flatMap(({ selectors, all }) => (all ? [] : selectors));
  return namesIn([...waits, ...read]);
}
