import type { Lease } from '../../machines/protocol.ts';
import { ControlError, describe, isControlError } from '../../schemas/errors.ts';
import { groupMembers, isSame, type ProcessIdentity, residentBytes } from '../process/identity.ts';
import { WebDriverClient, type WebDriverSession } from '../webdriver/client.ts';
import type { Appium } from './appium.ts';
import { type Display, displayAnswers } from './display.ts';
import type { Answer, Patient } from './health.ts';
import type { SlotOptions } from './slot.ts';

/** What of a slot runs now, and every way to look at it. Nothing is started or ended here. */
export class Running implements Patient {
  readonly name: string;
  readonly #options: SlotOptions;
  display: Display | undefined;
  appium: Appium | undefined;
  /** The session being opened or open; in the pool only once it is configured. */
  session: WebDriverSession | undefined;
  /** The browser itself, where it can be told from the driver's other processes. */
  browser: ProcessIdentity | undefined;

  constructor(name: string, options: SlotOptions) {
    this.name = name;
    this.#options = options;
  }

  /** The driver executable: it enters itself in the ledger, or is found among Appium's children. */
  driver(): ProcessIdentity | undefined {
    const { ledger, platform } = this.#options;
    const [child] = this.appium ? platform.driverOf(this.appium.leader.pid) : [];
    return child ?? ledger.entries(this.name).find((entry) => entry.role === 'driver' && isSame(entry));
  }

  /** After opening: whose end is the end of the session. */
  findBrowser(): ProcessIdentity | undefined {
    const driver = this.#options.ledger.entries(this.name).find((entry) => entry.role === 'browser' && isSame(entry));
    return driver && groupMembers(driver.group).find(({ command }) => /\/MiniBrowser/.test(command));
  }

  ended(withBrowser: boolean): string | undefined {
    if (!this.appium?.running) return 'Appium has ended';
    if (this.display?.running === false) return 'its X server has ended';
    if (!withBrowser) return undefined;
    if (!this.driver()) return 'the driver executable has ended';
    if (this.browser && !isSame(this.browser)) return 'the browser has ended';
    return undefined;
  }

  async ask(
    probe: 'appium' | 'driver' | 'page' | 'display',
    fencing: number | null,
    limitMs: number,
    signal: AbortSignal
  ): Promise<Answer> {
    switch (probe) {
      case 'display':
        return (await this.displayAnswers(limitMs)) ? 'answered' : 'missed';
      case 'appium':
        return (await this.appiumAnswers(limitMs)) ? 'answered' : 'missed';
      case 'driver':
        return this.#driverAnswers(limitMs);
      case 'page':
        return fencing === null ? 'busy' : this.#pageAnswers({ slot: this.name, fencing }, limitMs, signal);
    }
  }

  async tick(fencing: number, limitMs: number, signal: AbortSignal): Promise<void> {
    await this.#command({ slot: this.name, fencing }, signal, (session) =>
      session.windowHandle({ timeoutMs: limitMs, signal })
    );
  }

  measure(): number | null {
    const groups = this.#options.ledger.living(this.name).map(({ group }) => group);
    return residentBytes(new Set(groups));
  }

  loadsMissed(): number {
    return this.appium?.client.loads.missed ?? 0;
  }

  lossOf(fencing: number): Promise<string> {
    return this.#options.pool.lossOf({ slot: this.name, fencing });
  }

  async appiumAnswers(limitMs: number): Promise<boolean> {
    if (!this.appium?.running) return false;
    return this.appium.client.status({ timeoutMs: limitMs }).then(
      () => true,
      () => false
    );
  }

  async displayAnswers(limitMs: number): Promise<boolean> {
    if (!this.#options.platform.needsDisplay) return true;
    return this.display !== undefined && (await displayAnswers(this.display, limitMs));
  }

  /** Its port, asked directly: Appium would say that all is well. An error is an answer. */
  async #driverAnswers(limitMs: number): Promise<Answer> {
    const port = /(?:^|\s)-p (\d+)/.exec(this.driver()?.command ?? '')?.[1];
    if (port === undefined) return 'busy'; // there is none now, and the next session starts one
    const client = new WebDriverClient(`http://127.0.0.1:${port}`, { slot: this.name });
    try {
      await client.status({ timeoutMs: limitMs });
      return 'answered';
    } catch (error) {
      return isControlError(error, 'DRIVER_TIMEOUT') || isControlError(error, 'DRIVER_LOST') ? 'missed' : 'answered';
    } finally {
      client.close();
    }
  }

  /**
   * The title is asked of the page itself; window handles a browser answers while its page hangs. A probe that had to
   * wait for a command in flight says nothing about the page.
   */
  #pageAnswers(lease: Lease, limitMs: number, signal: AbortSignal): Promise<Answer> {
    return this.#command(lease, signal, (session) => session.title({ timeoutMs: limitMs, signal }));
  }

  async #command(
    lease: Lease,
    signal: AbortSignal,
    command: (session: WebDriverSession) => Promise<unknown>
  ): Promise<Answer> {
    try {
      await command(this.#options.pool.get(lease));
      return 'answered';
    } catch (error) {
      signal.throwIfAborted();
      if (isControlError(error, 'DRIVER_TIMEOUT')) {
        return (error.details as { sent?: boolean }).sent === false ? 'busy' : 'missed';
      }
      if (isControlError(error, 'DRIVER_LOST')) {
        throw new ControlError('DRIVER_LOST', { slot: this.name, reason: describe(error) }, error);
      }
      return 'answered'; // an answer, if not a nice one
    }
  }
}
