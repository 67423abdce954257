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
import { setTimeout as delay } from 'node:timers/promises';
import type { Lease } from '../../machines/protocol.ts';
import { ControlError, describe, isControlError } from '../../schemas/errors.ts';
import { groupMembers, isSame, type ProcessIdentity } from '../process/identity.ts';
import type { WebDriverSession } from '../webdriver/client.ts';
import { type Appium, startAppium } from './appium.ts';
import { type Display, displayAnswers, startDisplay } from './display.ts';
import { LEDGER_VARIABLE, type ProcessLedger, SLOT_VARIABLE } from './ledger.ts';
import type { DriverLimits } from './limits.ts';
import type { Platform } from './platform.ts';
import type { BrowserPool } from './pool.ts';
import { endGroup, endProcess } from './process-group.ts';
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

export class Slot {
  readonly name: string;
  readonly #options: SlotOptions;
  #display: Display | undefined;
  #appium: Appium | undefined;
  /** The session being opened or open; in the pool only from `configure` on. */
  #session: WebDriverSession | undefined;
  /** The browser itself, where it can be told from the driver's other processes. */
  #browser: ProcessIdentity | undefined;

  constructor(name: string, options: SlotOptions) {
    this.name = name;
    this.#options = options;
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
    const environment = this.#environment();
    if (platform.needsDisplay && !(this.#display && (await displayAnswers(this.#display, 1000)))) {
      this.#display = await startDisplay(this.name, { ledger, environment, limitMs: limits.displayBootMs });
    }
    signal.throwIfAborted();
    if (!this.#appium?.running) {
      this.#appium = await startAppium(this.name, {
        dataDir,
        ledger,
        environment: { ...environment, ...(this.#display && { DISPLAY: this.#display.name }) },
        bootMs: limits.appiumBootMs,
        graceMs: platform.graceMs,
        signal
      });
    }
    if (!warm) return;
    await this.open(device, signal);
    await this.close();
  }

  /** @throws ControlError DRIVER_NOT_STARTED, REMOTE_AUTOMATION_OFF, DRIVER_TIMEOUT, DRIVER_LOST, CANCELLED */
  async open(device: string, signal: AbortSignal): Promise<void> {
    const { limits, platform } = this.#options;
    const { client } = this.#running();
    const capabilities = {
      alwaysMatch: {
        ...platform.capabilities(device),
        'appium:newCommandTimeout': limits.newCommandTimeoutMs / 1000
      },
      firstMatch: [{}]
    };
    const open = () => client.newSession(capabilities, { timeoutMs: limits.newSessionMs, signal });
    this.#session = await (this.#driverRuns() ? open() : inTurn(open, signal));
  }

  /**
   * Limits, then the smoke test; then the lease's holder finds the browser in the pool.
   * @throws ControlError DRIVER_NOT_STARTED when it opened and does not work
   */
  async configure(fencing: number, signal: AbortSignal): Promise<void> {
    const { limits, pool } = this.#options;
    const session = this.#session;
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
    this.#browser = this.#findBrowser();
    pool.put({ slot: this.name, fencing }, session);
  }

  /**
   * Settles only when something is wrong: a process has ended, the holder reported a loss, or the page was silent
   * `misses` times. The page probe is the lease tick too: it keeps Appium from ending a session nobody uses.
   * @param fencing null while no browser is open: then only the processes are looked at
   * @throws ControlError DRIVER_LOST; CANCELLED on abort
   */
  async watch(fencing: number | null, signal: AbortSignal): Promise<never> {
    const { limits, pool } = this.#options;
    const lease = fencing === null ? null : { slot: this.name, fencing };
    let reported: string | undefined;
    if (lease) {
      void pool.lossOf(lease).then((reason) => {
        reported = reason;
      });
    }
    let misses = 0;
    for (let nextTick = Date.now() + limits.leaseTickMs; ; ) {
      await delay(limits.livenessMs, undefined, { signal }).catch(() => signal.throwIfAborted());
      const reason = reported ?? this.#deadProcess(lease !== null);
      if (reason) throw new ControlError('DRIVER_LOST', { slot: this.name, reason });
      if (!lease || Date.now() < nextTick) continue;
      nextTick = Date.now() + limits.leaseTickMs;
      misses = (await this.#pageAnswers(lease, signal)) ? 0 : misses + 1;
      if (misses >= limits.misses) {
        throw new ControlError('DRIVER_LOST', { slot: this.name, reason: `its page was silent ${misses} times` });
      }
    }
  }

  /** Ends the browser in the ordinary way. @throws ControlError when it would not end so: then the ladder must */
  async close(): Promise<void> {
    const { limits, pool } = this.#options;
    pool.remove(this.name);
    const session = this.#session;
    this.#session = undefined;
    await session?.delete({ timeoutMs: limits.deleteMs });
  }

  // The ladder. Each rung bears that what it ends is gone already.

  /** Takes the browser away from its lease, and looks. */
  async probe(): Promise<SlotProbe> {
    this.#options.pool.remove(this.name);
    const { limits, ledger, platform } = this.#options;
    const living = (role: 'driver' | 'browser') =>
      ledger.entries(this.name).some((entry) => entry.role === role && isSame(entry));
    const [appium, display] = await Promise.all([this.#probeAppium(), this.#probeDisplay(limits.probeAppiumMs)]);
    const driver = living('driver') || (this.#appium && platform.driverOf(this.#appium.leader.pid).length > 0);
    return { appium, display, driver: driver ? 'running' : 'gone', browser: living('browser') ? 'running' : 'gone' };
  }

  /** True when the driver took the DELETE. */
  async deleteSession(deleteMs = this.#options.limits.deleteMs): Promise<boolean> {
    const session = this.#session;
    this.#session = undefined;
    if (!session) return false;
    return session.delete({ timeoutMs: deleteMs }).then(
      () => true,
      () => false
    );
  }

  async killDriverGroup(): Promise<ProcessIdentity[]> {
    const { ledger, platform } = this.#options;
    const { left } = await ledger.sweep({
      slot: this.name,
      roles: ['driver'],
      graceMs: platform.graceMs,
      marked: false
    });
    const others = this.#appium ? platform.driverOf(this.#appium.leader.pid) : [];
    return [...left, ...(await Promise.all(others.map((p) => endProcess(p, platform.graceMs)))).flat()];
  }

  /**
   * The browser's group, and on Linux whatever of it lost its leader.
   * @returns whether Appium can stay: it answers, has no session left over, and its display works
   */
  async killBrowser(): Promise<{ left: ProcessIdentity[]; appiumStays: boolean }> {
    const { ledger, limits } = this.#options;
    const { left } = await ledger.sweep({ slot: this.name, roles: ['driver', 'browser'], graceMs: 1000 });
    const usable = (await this.#probeAppium()) === 'usable' && (await this.#probeDisplay(1000)) === 'usable';
    if (!usable || !this.#appium) return { left, appiumStays: false };
    const sessions = await this.#appium.client.sessions({ timeoutMs: limits.probeAppiumMs }).catch(() => undefined);
    return { left, appiumStays: sessions?.length === 0 };
  }

  async killAppiumGroup(): Promise<ProcessIdentity[]> {
    const appium = this.#appium;
    this.#appium = undefined;
    if (!appium) return [];
    appium.client.close();
    const left = await endGroup(appium.leader.pid, { graceMs: this.#options.platform.graceMs });
    this.#options.ledger.forget(appium.leader.pid);
    return left;
  }

  /** What the rungs before may have missed. Of a slot whose Appium stays, only drivers and browsers. */
  async sweep(): Promise<ProcessIdentity[]> {
    const keepsAppium = this.#appium?.running === true;
    if (!keepsAppium) this.#display = undefined;
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

  #running(): Appium {
    if (this.#appium?.running) return this.#appium;
    throw new ControlError('DRIVER_LOST', { slot: this.name, reason: 'its Appium is not running' });
  }

  #driverRuns(): boolean {
    const { ledger, platform } = this.#options;
    if (this.#appium && platform.driverOf(this.#appium.leader.pid).length > 0) return true;
    return ledger.entries(this.name).some((entry) => entry.role === 'driver' && isSame(entry));
  }

  #deadProcess(withBrowser: boolean): string | undefined {
    if (!this.#appium?.running) return 'Appium has ended';
    if (this.#display?.running === false) return 'its X server has ended';
    if (!withBrowser) return undefined;
    if (!this.#driverRuns()) return 'the driver executable has ended';
    if (this.#browser && !isSame(this.#browser)) return 'the browser has ended';
    return undefined;
  }

  #findBrowser(): ProcessIdentity | undefined {
    const driver = this.#options.ledger.entries(this.name).find((entry) => entry.role === 'browser' && isSame(entry));
    return driver && groupMembers(driver.group).find(({ command }) => /\/MiniBrowser/.test(command));
  }

  async #probeAppium(): Promise<SlotProbe['appium']> {
    if (!this.#appium?.running) return 'gone';
    const { limits } = this.#options;
    return this.#appium.client.status({ timeoutMs: limits.probeAppiumMs }).then(
      () => 'usable' as const,
      () => 'silent' as const
    );
  }

  async #probeDisplay(limitMs: number): Promise<SlotProbe['display']> {
    if (!this.#options.platform.needsDisplay) return 'usable';
    return this.#display && (await displayAnswers(this.#display, limitMs)) ? 'usable' : 'gone';
  }

  /**
   * The title is asked of the page itself; window handles a browser answers while its page hangs. A probe that had to
   * wait for a command in flight says nothing about the page.
   */
  async #pageAnswers(lease: Lease, signal: AbortSignal): Promise<boolean> {
    const { limits, pool } = this.#options;
    try {
      await pool.get(lease).title({ timeoutMs: limits.probePageMs, signal });
      return true;
    } catch (error) {
      signal.throwIfAborted();
      if (isControlError(error, 'DRIVER_TIMEOUT')) return (error.details as { sent?: boolean }).sent === false;
      if (isControlError(error, 'DRIVER_LOST')) {
        throw new ControlError('DRIVER_LOST', { slot: this.name, reason: describe(error) }, error);
      }
      return true; // an answer, if not a nice one
    }
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
