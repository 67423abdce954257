/** The executor over a simulated site: what `actors/executor` promises, in a browser that fails in every way it can. */
import type { BrowserPool } from '../../actors/driver/pool.ts';
import type { ActionRun, Attempt, Attempted, StepExecutor, Verified } from '../../actors/executor/contract.ts';
import { dedupeKey, targetOf } from '../../actors/executor/dedupe-key.ts';
import { ControlError, isControlError } from '../../schemas/errors.ts';
import type { Fault } from './faults.ts';
import { killPoint, type Life, silence, wait } from './life.ts';
import type { SimulatedSite, Wish } from './site.ts';
import type { Browser, OutsideSlot } from './slots.ts';

const READ_MS = 10_000;
const ACT_MS = 15_000;
const NAVIGATE_MS = 30_000;
const VERIFY_MS = 10_000;
const RECONCILE_MS = 5_000;
const UNDELIVERED_LIMIT = 3;
const BLOCKED_LIMIT = 20;
/** Between a click and what the site makes of it, at most, ms: less than a verification takes. */
const LANDING_MS = 3_000;
const SLOW_LANDING_MS = 60_000;
/** How long a site is cross at most, ms: less than the first cool-down. */
const CROSS_MS = 600_000;

/** Who drove what: for the question whether it was theirs. */
export interface Exchange {
  commandId: string;
  slot: string;
  fencing: number;
  /** Of the browser that answered. */
  opened: number | null;
}

export interface ExecutorHandsWorld {
  life: Life;
  site: SimulatedSite;
  pool: BrowserPool;
  slot(name: string): OutsideSlot;
  /** The newest durable row. */
  head(): number;
  onExchange(exchange: Exchange): void;
  /** The slots a write is going on in: two at once are two owners. */
  onDriving(slot: string, commandId: string): () => void;
  /** A mutant: what is late is sent again. */
  sendsAgain?: boolean;
  /** A mutant: what is sent is not noted before. */
  sendsUnnoted?: boolean;
}

export function simulatedExecutor(world: ExecutorHandsWorld): StepExecutor {
  const page = (run: ActionRun, signal: AbortSignal) => new Page(world, run, signal);
  /** Looks on for a minute, past its abort and its end: nobody but the lease stops it. Nothing is sent by it. */
  const linger = async (run: ActionRun) => {
    const deaf = page(run, new AbortController().signal);
    for (let i = 0; i < 20; i++) {
      await deaf.exchange(5, 80);
      await wait(world.life, 3_000);
    }
  };
  return {
    prepare: async (run, signal) => {
      await page(run, signal).exchange(5, 80);
      if (world.life.faults.strikes('a look goes on after its end')) void linger(run).catch(() => {});
      const alreadyDone = run.action.dedupe !== undefined && world.site.shows(wishOf(run));
      return { dedupeKey: dedupeKey(run), alreadyDone, proofs: [], artifacts: [] };
    },
    attempt: (run, effect, signal) => attempt(world, page(run, signal), effect),
    verify: (run, signal) => look(world, page(run, signal), VERIFY_MS),
    reconcile: async (run, signal) => {
      const there = page(run, signal);
      for (const _ of run.before) await there.navigate();
      return look(world, there, RECONCILE_MS);
    }
  };
}

/** What a page with this action's button asks of its server. */
export function wishOf(run: ActionRun): Wish {
  const typed = run.action.steps.find((step) => step.type === 'change');
  return {
    account: run.accountId ?? '',
    verb: run.action.attempt,
    target: targetOf(run),
    text: typed?.type === 'change' ? typed.value : ''
  };
}

async function attempt(world: ExecutorHandsWorld, page: Page, effect: Attempt): Promise<Attempted> {
  const { run } = page;
  let sent = false;
  const done = run.action.effect === 'write' ? world.onDriving(run.lease.slot, run.commandId) : () => {};
  try {
    if (run.action.effect === 'read') {
      await page.navigate();
      page.meetsLimit();
      return { witness: 'NONE', proofs: [] };
    }
    await page.exchange(10, 200);
    if (page.strikes('the selector is missing')) {
      throw new ControlError('SELECTOR_MISSING', { step: 'click', tried: [], waitedMs: 1 } as never);
    }
    page.meetsLimit();
    if (page.strikes('the login has expired')) throw new ControlError('HUMAN_REQUIRED', { reason: 'it is logged out' });
    await killPoint(world.life, 'killed between the attempt and its click');
    const sending = async () => {
      if (!sent && !world.sendsUnnoted) await effect.sending?.();
      sent = true;
    };
    return { witness: await click(world, page, effect.id, sending), proofs: [] };
  } catch (error) {
    if (isControlError(error)) {
      if (!('sent' in error.details)) Object.assign(error.details, { sent });
      else if (sent) Object.assign(error.details, { sent: true });
    }
    throw error;
  } finally {
    done();
  }
}

async function click(world: ExecutorHandsWorld, page: Page, effectId: string, sending: () => Promise<void>) {
  const { life, site } = world;
  const { run } = page;
  for (let [lost, blocked] = [0, 0]; ; ) {
    const browser = await page.exchange(10, 60);
    await sending();
    if (page.strikes('another element is in the way')) {
      await page.exchange(5, 40);
      if (++blocked >= BLOCKED_LIMIT) throw notDelivered(blocked);
      continue;
    }
    if (page.strikes('the click is lost')) {
      await page.exchange(5, 40);
      if (++lost >= UNDELIVERED_LIMIT) throw notDelivered(lost);
      continue;
    }
    // From here on it happens outside, whatever becomes of us. A page that dies may have sent it or not.
    const dies = page.strikes('the page process dies');
    const lands = !page.strikes('the site ignores the click') && !(dies && life.random.chance(0.5));
    // What is not answered may take its time.
    const [isDropped, isUnseen] = [
      page.strikes('the answer is dropped after the click happened'),
      page.strikes('the witness cannot tell')
    ];
    const landing = isDropped || isUnseen ? SLOW_LANDING_MS : LANDING_MS;
    const send = () =>
      life.time.at(life.random.between(1, landing), () =>
        site.apply({
          ...wishOf(run),
          commandId: run.commandId,
          action: run.action.attempt,
          effectId,
          dedupeKey: dedupeKey(run),
          at: life.time.now,
          head: world.head()
        })
      );
    if (lands) send();
    if (dies) world.slot(run.lease.slot).suffer('the page process dies');
    await killPoint(life, 'killed between the click and its answer');
    if (isDropped) {
      await wait(life, ACT_MS, page.signal);
      if (world.sendsAgain && browser.isAlive) {
        send();
        return 'DELIVERED';
      }
      throw page.loses(silence('/element/click', ACT_MS));
    }
    if (isUnseen) return 'UNKNOWN';
    await page.exchange(5, 100);
    return page.strikes('the document changes under the click') ? 'GONE' : 'DELIVERED';
  }
}

async function look({ life, site }: ExecutorHandsWorld, page: Page, forMs: number): Promise<Verified> {
  const until = life.time.now + forMs;
  for (let pause = 100; ; pause = Math.min(1_000, pause * 2)) {
    await page.exchange(20, 200);
    page.meetsLimit();
    if (page.run.action.poll) return polled(site, page.run, life.time.now);
    if (page.run.action.effect === 'read' || site.shows(wishOf(page.run))) {
      return { outcome: 'VERIFIED', why: null, proofs: [], artifacts: [] };
    }
    if (life.time.now > until) {
      return { outcome: 'VERIFICATION_FAILED', why: 'it is not there', proofs: [], artifacts: [] };
    }
    await wait(life, pause, page.signal);
  }
}

/** What was made is ready after a while, or given up: of each the site knows from the beginning which, and when. */
function polled(site: SimulatedSite, run: ActionRun, now: number): Verified {
  const made = site.made(makingOf(run), now);
  const outcome = made === 'ready' ? ('VERIFIED' as const) : ('VERIFICATION_FAILED' as const);
  return { outcome, why: made, ...(made === 'in the making' ? { pending: true } : {}), proofs: [], artifacts: [] };
}

/** What it waits for was asked for by the write before it. */
function makingOf(run: ActionRun): Wish {
  const action = run.before.findLast(({ effect }) => effect === 'write');
  return wishOf(action ? { ...run, action } : run);
}

const notDelivered = (tries: number) =>
  new ControlError('CLICK_NOT_DELIVERED', { step: 'click', tries, last: 'no event arrived' });

/** The browser of a run's lease. */
class Page {
  readonly run: ActionRun;
  readonly signal: AbortSignal;
  readonly #world: ExecutorHandsWorld;

  constructor(world: ExecutorHandsWorld, run: ActionRun, signal: AbortSignal) {
    this.run = run;
    this.signal = signal;
    this.#world = world;
  }

  strikes = (fault: Fault) => this.#world.life.faults.strikes(fault);

  async navigate(): Promise<void> {
    const browser = await this.exchange(20, 300);
    if (browser.page !== 'loading') return;
    await wait(this.#world.life, NAVIGATE_MS, this.signal);
    throw new ControlError('NAVIGATION_TIMEOUT', { url: targetOf(this.run), waitedMs: NAVIGATE_MS });
  }

  /** One command to the browser and its answer; what a lost one looks like. */
  async exchange(from: number, to: number): Promise<Browser> {
    const { life, pool, onExchange } = this.#world;
    const { lease, commandId } = this.run;
    const browser = pool.get(lease) as unknown as Browser;
    const slot = this.#world.slot(lease.slot);
    onExchange({ commandId, ...lease, opened: browser.fencing });
    await wait(life, life.random.between(from, to), this.signal);
    // Each costs an exchange more: the text is read and the alert dismissed, the node is looked up again.
    if (this.strikes('an alert is open')) await wait(life, 50, this.signal);
    if (this.strikes('a node is stale')) await wait(life, 20, this.signal);
    if (slot.appium === 'gone') throw this.loses(lost(lease.slot, 'connect ECONNREFUSED'));
    if (slot.driver === 'gone') throw this.loses(lost(lease.slot, 'cannot be proxied: the process is not running'));
    if (!browser.isAlive) throw this.loses(lost(lease.slot, browser.why));
    if (slot.driver === 'hung' || browser.page === 'hung' || this.strikes('a script keeps the page busy')) {
      await wait(life, READ_MS, this.signal);
      throw this.loses(silence('/execute/sync', READ_MS));
    }
    return browser;
  }

  /** The page that comes is the one that asks for slowness. @throws ControlError SITE_RATE_LIMITED */
  meetsLimit(): void {
    const { life, site } = this.#world;
    const account = this.run.accountId ?? '';
    if (this.strikes('the site asks for slowness')) {
      site.slowDown(account, life.time.now + life.random.between(10_000, CROSS_MS));
    }
    if (site.asksForSlowness(account, life.time.now)) {
      throw new ControlError('SITE_RATE_LIMITED', { reason: 'the site limits how often this account may do things' });
    }
  }

  loses<E extends ControlError>(error: E): E {
    this.#world.pool.reportLoss(this.run.lease, error.message);
    return error;
  }
}

const lost = (slot: string, reason: string) => new ControlError('DRIVER_LOST', { slot, reason, sent: true });
