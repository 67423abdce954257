/** The driver machine's hands over the outside's slots: what `actors/driver/slot.ts` does, in virtual time. */
import type { BrowserPool } from '../../actors/driver/pool.ts';
import type { ActorKind } from '../../actors/host/contract.ts';
import { effect } from '../../actors/host/effect.ts';
import type { WebDriverSession } from '../../actors/webdriver/client.ts';
import { driverMachine } from '../../machines/driver.ts';
import type { DriverEffects, Watched, WatchNews } from '../../machines/driver-context.ts';
import { supervisorMachine } from '../../machines/supervisor.ts';
import { ControlError } from '../../schemas/errors.ts';
import type { Fault } from './faults.ts';
import { type Life, silence, wait } from './life.ts';
import { type Browser, type OutsideSlot, troubles } from './slots.ts';

const NEW_SESSION_MS = 45_000;
const DELETE_MS = 5_000;
/** How long a probe waits for its answer. */
const PAGE_MS = 15_000;
const DRIVER_MS = 5_000;

type Of<K extends keyof DriverEffects> = (
  slot: OutsideSlot,
  input: DriverEffects[K]['input'],
  signal: AbortSignal
) => Promise<DriverEffects[K]['output']>;

export interface DriverHandsWorld {
  life: Life;
  slot(name: string): OutsideSlot;
  pool: BrowserPool;
}

/** @param hands of the process that runs when an effect starts */
export function simulatedDriverKinds(hands: () => DriverHands): ActorKind[] {
  const logic = <K extends keyof DriverEffects>(run: (of: DriverHands) => Of<K>) =>
    effect<DriverEffects[K]['input'], DriverEffects[K]['output']>(({ input, signal }) => {
      const of = hands();
      return run(of)(of.slot(input.slot), input, signal);
    });
  const actors = {
    preflight: logic<'preflight'>((of) => of.preflight),
    boot: logic<'boot'>((of) => of.boot),
    open: logic<'open'>((of) => of.open),
    configure: logic<'configure'>((of) => of.configure),
    watch: logic<'watch'>((of) => of.watch),
    close: logic<'close'>((of) => of.close),
    probe: logic<'probe'>((of) => of.probe),
    deleteSession: logic<'deleteSession'>((of) => of.deleteSession),
    killDriverGroup: logic<'killDriverGroup'>((of) => of.killDriverGroup),
    killBrowser: logic<'killBrowser'>((of) => of.killBrowser),
    killAppiumGroup: logic<'killAppiumGroup'>((of) => of.killAppiumGroup),
    sweep: logic<'sweep'>((of) => of.sweep),
    shutDown: logic<'shutDown'>((of) => of.shutDown)
  };
  return [
    { kind: 'supervisor', machine: supervisorMachine, durable: false },
    { kind: 'driver', machine: driverMachine.provide({ actors }), durable: false }
  ];
}

export class DriverHands {
  readonly #life: Life;
  readonly #pool: BrowserPool;
  /** The session that was opened last, known to this process. */
  readonly #opened = new Map<string, Browser>();

  readonly slot: (name: string) => OutsideSlot;

  constructor({ life, pool, slot }: DriverHandsWorld) {
    this.#life = life;
    this.#pool = pool;
    this.slot = slot;
  }

  preflight: Of<'preflight'> = async (slot, _, signal) => {
    const { time } = this.#life;
    await this.#takes(1, 50, signal);
    if (this.#strikes('Remote Automation is off')) slot.automationOffUntil = time.now + this.#between(60_000, 600_000);
    if (time.now < slot.automationOffUntil) throw new ControlError('REMOTE_AUTOMATION_OFF', { slot: slot.name });
    return null;
  };

  boot: Of<'boot'> = async (slot, { warm }, signal) => {
    if (slot.display === 'dead') await this.#takes(50, 500, signal);
    slot.display = 'up';
    if (slot.appium === 'gone') {
      await this.#takes(500, 4_000, signal);
      if (this.#strikes('Appium does not boot')) throw notStarted(slot, 'boot', 'it is not ready after 15 s');
      slot.appium = 'up';
    }
    if (!warm) return null;
    await this.#takes(200, 1_500, signal);
    slot.driver = 'up';
    return null;
  };

  open: Of<'open'> = async (slot, _, signal) => {
    if (slot.appium === 'gone') throw lost(slot, 'its Appium is not running');
    if (slot.display === 'dead' || slot.driver === 'hung') {
      await wait(this.#life, NEW_SESSION_MS, signal);
      throw silence('/session', NEW_SESSION_MS);
    }
    if (slot.browser) {
      await this.#takes(50, 500, signal);
      throw notStarted(slot, 'session', 'Could not create a session: Maximum number of active sessions');
    }
    if (this.#strikes('Safari is slow to attach')) {
      await this.#takes(5_000, 20_000, signal);
      throw notStarted(slot, 'session', 'The session timed out while connecting to a Safari instance.');
    }
    if (this.#strikes('POST /session is given up and the session lives')) {
      slot.open();
      await wait(this.#life, NEW_SESSION_MS, signal);
      throw silence('/session', NEW_SESSION_MS);
    }
    // Asked for, it comes, whether somebody still waits for it or not.
    const opened = new Promise<Browser>((resolve, reject) => {
      this.#life.time.at(this.#between(200, 2_000), () => {
        if (slot.appium === 'up' && slot.display === 'up') resolve(slot.open());
        else reject(lost(slot, 'socket hang up'));
      });
    });
    opened.catch(() => {});
    const browser = await Promise.race([opened, aborted(signal)]);
    if (!this.#life.isAlive()) return new Promise<null>(() => {});
    this.#opened.set(slot.name, browser);
    for (const fault of troubles) {
      if (!this.#strikes(fault)) continue;
      this.#life.time.at(this.#between(1, 60_000), () => slot.browser === browser && slot.suffer(fault));
    }
    return null;
  };

  configure: Of<'configure'> = async (slot, { fencing }, signal) => {
    const browser = this.#opened.get(slot.name);
    await this.#takes(5, 50, signal);
    if (!browser?.isAlive || slot.appium === 'gone' || slot.driver === 'gone')
      throw lost(slot, 'it has no open browser');
    if (slot.driver === 'hung' || browser.page === 'hung') {
      await wait(this.#life, 3_000, signal);
      throw silence('/timeouts', 3_000);
    }
    browser.fencing = fencing;
    this.#pool.put({ slot: slot.name, fencing }, browser as unknown as WebDriverSession);
    return null;
  };

  /** Until there is news: something has ended, did not answer, answers again, or is worn out. */
  watch: Of<'watch'> = (slot, { fencing, watched, misses, worn }, signal) => {
    const lease = fencing === null ? null : { slot: slot.name, fencing };
    return new Promise<WatchNews>((resolve, reject) => {
      let reported = '';
      const { time, isAlive } = this.#life;
      const later = (ms: number, say: () => void) => void time.at(ms, () => isAlive() && say());
      const look = () => {
        const why = reported || wrongWith(slot, watched);
        if (why) return later(this.#between(0, 500), () => reject(lost(slot, why)));
        const silent = silentIn(slot, watched);
        if (silent)
          later(silent === 'page' ? PAGE_MS : DRIVER_MS, () =>
            resolve({ kind: 'missed', probe: silent, why: 'no answer' })
          );
        else if (misses.page) later(100, () => resolve({ kind: 'answered', probe: 'page' }));
        else if (misses.driver) later(100, () => resolve({ kind: 'answered', probe: 'driver' }));
      };
      const stop = slot.onChange(look);
      signal.addEventListener('abort', () => {
        stop();
        reject(signal.reason);
      });
      if (watched === 'nothing') return;
      if (lease) {
        void this.#pool.lossOf(lease).then((why) => {
          reported = why;
          look();
        });
        if (!misses.page && this.#strikes('a probe is missed for nothing')) {
          later(this.#between(PAGE_MS, 40_000), () => resolve({ kind: 'missed', probe: 'page', why: 'it was busy' }));
        }
        if (!worn && this.#strikes('the slot is worn out')) {
          later(this.#between(1_000, 60_000), () =>
            resolve({ kind: 'worn', why: '3 pages in a row did not end loading' })
          );
        }
        if (this.#strikes('a person breaks the glass pane')) {
          later(this.#between(1_000, 60_000), () => reject(new ControlError('BROWSER_TAKEN', { slot: slot.name })));
        }
      }
      look();
    });
  };

  close: Of<'close'> = async (slot, _, signal) => {
    this.#pool.remove(slot.name);
    if (!this.#opened.delete(slot.name)) return { bytes: null };
    if (slot.appium === 'gone' || slot.driver === 'gone') throw lost(slot, 'could not proxy command');
    if (slot.driver === 'hung' || slot.browser?.page === 'hung') {
      await wait(this.#life, DELETE_MS, signal);
      throw silence('/session', DELETE_MS);
    }
    await this.#takes(10, 200, signal);
    if (slot.browser && this.#strikes('a DELETE leaves the browser')) return { bytes: null };
    slot.endBrowser('its session was deleted');
    return { bytes: null };
  };

  probe: Of<'probe'> = async (slot, _, signal) => {
    this.#pool.remove(slot.name);
    await this.#takes(1, 50, signal);
    return {
      appium: slot.appium === 'up' ? 'usable' : 'gone',
      display: slot.display === 'up' ? 'usable' : 'gone',
      driver: slot.driver === 'gone' ? 'gone' : 'running',
      browser: slot.browser ? 'running' : 'gone'
    };
  };

  deleteSession: Of<'deleteSession'> = async (slot, _, signal) => {
    const known = this.#opened.delete(slot.name);
    if (!known || slot.appium === 'gone' || slot.driver === 'gone') return false;
    if (slot.driver === 'hung') {
      await wait(this.#life, DELETE_MS, signal);
      return false;
    }
    await this.#takes(10, 100, signal);
    slot.endBrowser('its session was deleted');
    return true;
  };

  killDriverGroup: Of<'killDriverGroup'> = async (slot, _, signal) => {
    await this.#takes(1, 100, signal);
    slot.driver = 'gone';
    return null;
  };

  killBrowser: Of<'killBrowser'> = async (slot, _, signal) => {
    await this.#takes(1, 100, signal);
    slot.driver = 'gone';
    slot.endBrowser('it was killed');
    return { appiumStays: slot.appium === 'up' && slot.display === 'up' && this.#life.random.chance(0.8) };
  };

  killAppiumGroup: Of<'killAppiumGroup'> = async (slot, _, signal) => {
    await this.#takes(1, 100, signal);
    slot.appium = 'gone';
    return null;
  };

  sweep: Of<'sweep'> = async (slot, _, signal) => {
    await this.#takes(1, 100, signal);
    if (slot.appium === 'gone') slot.endAll();
    return { left: this.#strikes('a process does not die') ? ['4711 /usr/lib/MiniBrowser'] : [] };
  };

  shutDown: Of<'shutDown'> = async (slot, _, signal) => {
    this.#pool.remove(slot.name);
    this.#opened.delete(slot.name);
    await this.#takes(10, 500, signal);
    slot.endAll();
    return null;
  };

  #strikes = (fault: Fault) => this.#life.faults.strikes(fault);
  #between = (from: number, to: number) => this.#life.random.between(from, to);
  #takes = (from: number, to: number, signal: AbortSignal) => wait(this.#life, this.#between(from, to), signal);
}

function wrongWith(slot: OutsideSlot, watched: Watched): string | undefined {
  if (watched === 'nothing') return undefined;
  if (slot.appium === 'gone') return 'Appium has ended';
  if (slot.display === 'dead') return 'its X server has ended';
  if (watched === 'start') return undefined;
  if (slot.driver === 'gone') return 'the driver executable has ended';
  return watched === 'browser' && !slot.browser ? 'the browser has ended' : undefined;
}

function silentIn(slot: OutsideSlot, watched: Watched): 'page' | 'driver' | undefined {
  if (slot.driver === 'hung' && (watched === 'spare' || watched === 'browser')) return 'driver';
  return watched === 'browser' && slot.browser?.page === 'hung' ? 'page' : undefined;
}

const aborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));

const lost = (slot: OutsideSlot, reason: string) => new ControlError('DRIVER_LOST', { slot: slot.name, reason });
const notStarted = (slot: OutsideSlot, stage: string, reason: string) =>
  new ControlError('DRIVER_NOT_STARTED', { slot: slot.name, stage, reason });
