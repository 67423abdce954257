/**
 * The processes of one slot and everything done to them. The machine (`machines/driver.ts`) decides what and when; here
 * each method does one thing, bounded in time, and says what came of it.
 *
 * ```
 * Slot ─▶ Xvfb (own group)            Linux
 *      └▶ Appium (own group) ─▶ safaridriver ─▶ WebKitWebDriver (own group) ─▶ MiniBrowser ─▶ WebKit…
 * ```
 */
import { mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { DriverEffects, WatchNews } from '../../machines/driver-context.ts';
import type { DriverLimits } from '../../machines/driver-limits.ts';
import { ControlError, isControlError } from '../../schemas/errors.ts';
import { isSame, type ProcessIdentity } from '../process/identity.ts';
import { type Appium, startAppium } from './appium.ts';
import { startDisplay } from './display.ts';
import { Health } from './health.ts';
import { LEDGER_VARIABLE, type ProcessLedger, SLOT_VARIABLE } from './ledger.ts';
import { deleteStrays, openSession } from './open-session.ts';
import type { Platform } from './platform.ts';
import type { BrowserPool } from './pool.ts';
import { endGroup, endProcess } from './process-group.ts';
import { Running } from './running.ts';
import { inTurn } from './start-turn.ts';

export interface SlotOptions {
  dataDir: string;
  /** What children inherit; `main` hands in the process's own. */
  environment: NodeJS.ProcessEnv;
  ledger: ProcessLedger;
  pool: BrowserPool;
  platform: Platform;
  limits: DriverLimits;
}

/** What a look at a broken slot found. */
export interface SlotProbe {
  appium: 'usable' | 'silent' | 'gone';
  display: 'usable' | 'gone';
  driver: 'running' | 'gone';
  browser: 'running' | 'gone';
}

/** How long a display takes to answer that is not loaded, ms. */
const DISPLAY_MS = 1_000;

export class Slot {
  readonly name: string;
  readonly #options: SlotOptions;
  readonly #running: Running;
  readonly #health: Health;

  constructor(name: string, options: SlotOptions) {
    this.name = name;
    this.#options = options;
    this.#running = new Running(name, options);
    this.#health = new Health(this.#running, options.limits);
  }

  /** @throws ControlError PREREQUISITE_MISSING */
  preflight(): void {
    this.#options.platform.preflight(this.#options.environment);
  }

  /**
   * Starts the X server and Appium. `warm`: also opens a browser and closes it again, which starts the driver
   * executable: Appium looks for it only once a second, so whoever comes first would wait that second.
   * @throws ControlError DRIVER_NOT_STARTED, CANCELLED
   */
  async boot({ warm, device }: { warm: boolean; device: string }, signal: AbortSignal): Promise<void> {
    const { dataDir, ledger, limits, platform } = this.#options;
    const running = this.#running;
    const environment = this.#environment();
    if (platform.needsDisplay && !(running.display && (await running.displayAnswers(DISPLAY_MS)))) {
      // One that does not answer is no display any more; Appium was started with its name.
      if (running.display) await this.#endDisplay();
      running.display = await startDisplay(this.name, { ledger, environment, limitMs: limits.displayBootMs });
    }
    signal.throwIfAborted();
    if (!running.appium?.running) {
      running.appium = await startAppium(this.name, {
        dataDir,
        ledger,
        environment: { ...environment, ...(running.display && { DISPLAY: running.display.name }) },
        bootMs: limits.appiumBootMs,
        graceMs: this.#graceMs,
        deadlines: limits,
        signal
      });
    }
    await deleteStrays(running.appium.client, limits);
    if (!warm) return;
    await this.open(device, signal);
    await this.close();
  }

  /**
   * X is asked first: without it POST /session is silent for longer than anybody waits.
   * @throws ControlError DRIVER_NOT_STARTED, REMOTE_AUTOMATION_OFF, DRIVER_TIMEOUT, DRIVER_LOST, CANCELLED
   */
  async open(device: string, signal: AbortSignal): Promise<void> {
    const { limits, platform } = this.#options;
    const running = this.#running;
    const { client } = this.#appium();
    if (!(await running.displayAnswers(limits.probeDisplayMs))) {
      throw new ControlError('DRIVER_LOST', { slot: this.name, reason: 'its X server gives no answer' });
    }
    const capabilities = {
      alwaysMatch: {
        ...platform.capabilities(device),
        'appium:newCommandTimeout': limits.newCommandTimeoutMs / 1000
      },
      firstMatch: [{}]
    };
    const open = () => openSession({ client, capabilities, limits, signal });
    running.session = await (running.driver() ? open() : inTurn(open, signal));
  }

  /**
   * Limits, then the smoke test; then the lease's holder finds the browser in the pool.
   * @throws ControlError DRIVER_NOT_STARTED when it opened and does not work
   */
  async configure(fencing: number, signal: AbortSignal): Promise<void> {
    const { limits, pool } = this.#options;
    const { session } = this.#running;
    if (!session) throw new ControlError('DRIVER_LOST', { slot: this.name, reason: 'it has no open browser' });
    const options = { timeoutMs: limits.smokeMs, signal };
    await session.setTimeouts({ implicit: 0, script: limits.scriptMs, pageLoad: limits.pageLoadMs }, options);
    await session.setWindowRect({ width: 1280, height: 1000 }, options);
    const handles = await session.windowHandles(options);
    const one = await session.executeSync('return 1', [], options);
    if (handles.length !== 1 || one !== 1) {
      const reason = `the new browser has ${handles.length} windows and says 1 is ${JSON.stringify(one)}`;
      throw new ControlError('DRIVER_NOT_STARTED', { slot: this.name, stage: 'smoke', reason });
    }
    this.#running.browser = this.#running.findBrowser();
    pool.put({ slot: this.name, fencing }, session);
  }

  /** @throws ControlError DRIVER_LOST, BROWSER_TAKEN; CANCELLED on abort */
  async watch(input: DriverEffects['watch']['input'], signal: AbortSignal): Promise<WatchNews> {
    try {
      return await this.#health.watch(input, signal);
    } catch (error) {
      // On a Mac a person can take the window away for good: Safari goes on, and the session is no more.
      const isTaken = isControlError(error, 'DRIVER_LOST') && this.#options.platform.isTaken(error.message);
      throw isTaken ? new ControlError('BROWSER_TAKEN', { slot: this.name }, error) : error;
    }
  }

  /**
   * Ends the browser in the ordinary way. @throws ControlError when it would not end so: then the ladder must
   * @returns what the whole slot held resident just before
   */
  async close(): Promise<{ bytes: number | null }> {
    const { limits, pool } = this.#options;
    pool.remove(this.name);
    const bytes = this.#running.measure();
    await this.#takeSession()?.delete({ timeoutMs: limits.deleteMs });
    return { bytes };
  }

  // The ladder. Each rung bears that what it ends is gone already.

  /** Takes the browser away from its lease, and looks. */
  async probe(): Promise<SlotProbe> {
    this.#options.pool.remove(this.name);
    const { limits, ledger } = this.#options;
    const running = this.#running;
    const [answers, display] = await Promise.all([
      running.appiumAnswers(limits.probeAppiumMs),
      running.displayAnswers(limits.probeDisplayMs)
    ]);
    const hasBrowser = ledger.entries(this.name).some((entry) => entry.role === 'browser' && isSame(entry));
    return {
      appium: answers ? 'usable' : running.appium?.running ? 'silent' : 'gone',
      display: display ? 'usable' : 'gone',
      driver: running.driver() ? 'running' : 'gone',
      browser: hasBrowser ? 'running' : 'gone'
    };
  }

  /** The slot's own, then those that nobody knows. True when the driver took the DELETE. */
  async deleteSession(deleteMs = this.#options.limits.deleteMs): Promise<boolean> {
    const { limits } = this.#options;
    const session = this.#takeSession();
    const taken = session?.delete({ timeoutMs: deleteMs }).then(
      () => true,
      () => false
    );
    if ((await taken) === false) return false; // what does not answer to one does not to others
    const { appium } = this.#running;
    if (appium?.running) await deleteStrays(appium.client, { ...limits, deleteMs });
    return taken !== undefined;
  }

  async killDriverGroup(): Promise<ProcessIdentity[]> {
    const { ledger, platform } = this.#options;
    const graceMs = this.#graceMs;
    const { left } = await ledger.sweep({ slot: this.name, roles: ['driver'], graceMs, marked: false });
    const { appium } = this.#running;
    const others = appium ? platform.driverOf(appium.leader.pid) : [];
    return [...left, ...(await Promise.all(others.map((p) => endProcess(p, graceMs)))).flat()];
  }

  /**
   * The browser's group, and on Linux whatever of it lost its leader; on macOS Safari itself.
   * @param spare leaves Safari alone: a person has its window
   * @returns whether Appium can stay: it answers, has no session left over, and its display works
   */
  async killBrowser(spare = false): Promise<{ left: ProcessIdentity[]; appiumStays: boolean }> {
    const { ledger, limits, platform } = this.#options;
    const { left } = await ledger.sweep({ slot: this.name, roles: ['driver', 'browser'], graceMs: 1000 });
    if (!spare) left.push(...(await platform.endBrowser(this.#graceMs)));
    const { appium } = this.#running;
    const usable =
      (await this.#running.appiumAnswers(limits.probeAppiumMs)) &&
      (await this.#running.displayAnswers(limits.probeDisplayMs));
    if (!usable || !appium) return { left, appiumStays: false };
    const sessions = await appium.client.sessions({ timeoutMs: limits.probeAppiumMs }).catch(() => undefined);
    return { left, appiumStays: sessions?.length === 0 };
  }

  async killAppiumGroup(): Promise<ProcessIdentity[]> {
    const { appium } = this.#running;
    this.#running.appium = undefined;
    if (!appium) return [];
    appium.client.close();
    const left = await endGroup(appium.leader.pid, { graceMs: this.#graceMs });
    this.#options.ledger.forget(appium.leader.pid);
    return left;
  }

  /** What the rungs before may have missed. Of a slot whose Appium stays, only drivers and browsers. */
  async sweep(): Promise<ProcessIdentity[]> {
    const keepsAppium = this.#running.appium?.running === true;
    if (!keepsAppium) this.#running.display = undefined;
    const { left } = await this.#options.ledger.sweep({
      slot: this.name,
      ...(keepsAppium ? { roles: ['driver', 'browser'] } : {}),
      graceMs: 1000
    });
    return left;
  }

  /** The whole slot, in the ladder's order. @returns what would not end */
  async shutDown({ deleteMs = this.#options.limits.deleteMs } = {}): Promise<ProcessIdentity[]> {
    this.#options.pool.remove(this.name);
    await this.deleteSession(deleteMs);
    await this.killDriverGroup();
    await this.killAppiumGroup();
    return this.sweep();
  }

  #appium(): Appium {
    const { appium } = this.#running;
    if (appium?.running) return appium;
    throw new ControlError('DRIVER_LOST', { slot: this.name, reason: 'its Appium is not running' });
  }

  #takeSession() {
    const { session } = this.#running;
    this.#running.session = undefined;
    this.#running.browser = undefined;
    return session;
  }

  async #endDisplay(): Promise<void> {
    await this.killAppiumGroup();
    this.#running.display = undefined;
    await this.#options.ledger.sweep({ slot: this.name, roles: ['display'], graceMs: 0, marked: false });
  }

  get #graceMs(): number {
    return this.#options.platform.graceMs(this.#options.limits);
  }

  #environment(): NodeJS.ProcessEnv {
    const { dataDir, environment, ledger, platform } = this.#options;
    const folder = join(dataDir, 'slots', this.name);
    const own = { TMPDIR: 'tmp', XDG_CACHE_HOME: 'cache', XDG_CONFIG_HOME: 'config', XDG_DATA_HOME: 'share' };
    const folders = Object.fromEntries(Object.entries(own).map(([name, sub]) => [name, join(folder, sub)]));
    for (const path of Object.values(folders)) mkdirSync(path, { recursive: true, mode: 0o700 });
    const bin = platform.installDriver(dataDir);
    return {
      ...environment,
      ...folders,
      ...platform.driverEnvironment(environment),
      ...(bin ? { PATH: `${bin}${delimiter}${environment.PATH ?? ''}` } : {}),
      [LEDGER_VARIABLE]: ledger.folder,
      [SLOT_VARIABLE]: this.name
    };
  }
}
