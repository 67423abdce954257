import { Agent } from 'node:http';
import { ControlError } from '../../schemas/errors.ts';
import { type Asked, classify, classifySilence } from './classify.ts';
import { type CommandOptions, type Deadlines, defaultDeadlines, WebDriverSession } from './session.ts';
import { exchange, NoAnswer } from './wire.ts';

export { aborted, isDriverError, isLoss } from './classify.ts';
export {
  type CommandOptions,
  type CookieSeen,
  type Deadlines,
  defaultDeadlines,
  type ElementRef,
  isElementRef,
  WebDriverSession
} from './session.ts';

/** A kept socket is dropped after this long unused, before the peer (Appium, safaridriver) would drop it on us. */
const IDLE_SOCKET_MS = 4_000;

/** Opening a browser takes longer than anything else; ms. */
const NEW_SESSION_MS = 45_000;

export interface ClientOptions {
  /** Names the browser in errors; default: the address. */
  slot?: string;
  deadlines?: Partial<Deadlines>;
}

/**
 * A W3C WebDriver endpoint (Appium, safaridriver, WebKitWebDriver) over kept connections. It repeats nothing:
 * a driver that was asked to click and whose answer was late may have clicked.
 * @see W3C WebDriver, 6 "Protocol"
 */
export class WebDriverClient {
  readonly baseUrl: URL;
  readonly slot: string;
  readonly #deadlines: Deadlines;
  /** Of all its sessions: page loads in a row that did not end in time. Whoever waits for one counts it. */
  readonly loads: { missed: number } = { missed: 0 };
  readonly #agent = new Agent({ keepAlive: true, scheduling: 'lifo', timeout: IDLE_SOCKET_MS });

  constructor(baseUrl: string, { slot, deadlines }: ClientOptions = {}) {
    this.baseUrl = new URL(baseUrl);
    this.slot = slot ?? this.baseUrl.host;
    this.#deadlines = { ...defaultDeadlines, ...deadlines };
  }

  /**
   * @throws ControlError DRIVER_NOT_STARTED, REMOTE_AUTOMATION_OFF, DRIVER_TIMEOUT, DRIVER_LOST, CANCELLED. After the
   * last three the session may exist all the same: look with `sessions()`.
   */
  async newSession(
    capabilities: Record<string, unknown>,
    { timeoutMs = NEW_SESSION_MS, signal, requestId }: CommandOptions = {}
  ): Promise<WebDriverSession> {
    const value = (await this.command('POST', '/session', { capabilities }, { timeoutMs, signal, requestId })) as {
      sessionId?: string;
      capabilities?: Record<string, unknown>;
    } | null;
    if (!value?.sessionId) {
      const reason = 'the driver answered a new session without a sessionId';
      throw new ControlError('DRIVER_NOT_STARTED', { slot: this.slot, stage: 'session', reason });
    }
    return this.session(value.sessionId, value.capabilities);
  }

  /** A session that exists: one found by `sessions()`, or made by somebody else. */
  session(sessionId: string, capabilities: Record<string, unknown> = {}): WebDriverSession {
    const { baseUrl, slot } = this;
    return new WebDriverSession({
      agent: this.#agent,
      baseUrl,
      sessionId,
      capabilities,
      slot,
      deadlines: this.#deadlines,
      loads: this.loads
    });
  }

  /** Appium's list of its sessions; needs `--allow-insecure '*:session_discovery'`. */
  async sessions(options: CommandOptions = {}): Promise<{ id: string; capabilities?: Record<string, unknown> }[]> {
    return (await this.command('GET', '/appium/sessions', undefined, options)) as { id: string }[];
  }

  /** `ready` as the endpoint claims it; Appium claims it while the driver behind it hangs. */
  async status(options: CommandOptions = {}): Promise<{ ready: boolean; message: string }> {
    const value = (await this.command('GET', '/status', undefined, { timeoutMs: 5_000, ...options })) as {
      ready?: boolean;
      message?: string;
    } | null;
    return { ready: value?.ready === true, message: value?.message ?? '' };
  }

  /** A command outside any session; resolves with the answer's `value`. */
  async command(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    body?: unknown,
    { timeoutMs = this.#deadlines.readMs, signal, requestId, sensitive }: CommandOptions = {}
  ): Promise<unknown> {
    const start = performance.now();
    const asked = (): Asked => ({
      slot: this.slot,
      method,
      path,
      waitedMs: Math.round(performance.now() - start)
    });
    try {
      const answer = await exchange({
        agent: this.#agent,
        url: new URL(this.baseUrl.href.replace(/\/$/, '') + path),
        method,
        body,
        headers: {
          ...(requestId && { 'x-request-id': requestId.replace(/[^\x21-\x7e]/g, '_') }),
          ...(sensitive && { 'x-appium-is-sensitive': 'true' })
        },
        timeoutMs,
        signal
      });
      if (answer.status === 200 && typeof answer.body === 'object' && answer.body !== null) {
        return (answer.body as { value?: unknown }).value;
      }
      throw classify(answer, asked());
    } catch (error) {
      if (error instanceof NoAnswer) throw classifySilence(error, asked(), signal);
      throw error;
    }
  }

  /** Drops every connection; what is in flight ends as DRIVER_LOST. */
  close(): void {
    this.#agent.destroy();
  }
}
