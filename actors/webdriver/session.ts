import type { Agent } from 'node:http';
import { ControlError } from '../../schemas/errors.ts';
import { type Asked, classify, classifySilence } from './classify.ts';
import { Lane } from './lane.ts';
import { exchange, NoAnswer } from './wire.ts';

/** How long a command of each class may take, ms. Navigation outlasts the page-load limit of 30 s on purpose. */
export interface Deadlines {
  readMs: number;
  actMs: number;
  navigateMs: number;
  deleteMs: number;
}

export const defaultDeadlines: Deadlines = { readMs: 10_000, actMs: 15_000, navigateMs: 35_000, deleteMs: 5_000 };

export interface CommandOptions {
  /** From being asked to being answered, waiting for its turn included, ms. Default: the command's class. */
  timeoutMs?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Sent as `x-request-id`: the attempt's id. */
  requestId?: string | undefined;
  /** Keeps the body out of Appium's log. */
  sensitive?: boolean | undefined;
}

export type Method = 'GET' | 'POST' | 'DELETE';

const ELEMENT_KEY = 'element-6066-11e4-a52e-4f735466cecf';

/** A reference to an element of the document it was found in; stale once that document has changed. */
export interface ElementRef {
  [ELEMENT_KEY]: string;
}

export const isElementRef = (value: unknown): value is ElementRef =>
  typeof value === 'object' && value !== null && ELEMENT_KEY in value;

/** @see W3C WebDriver, "Cookies": the table of cookie conversion */
export interface CookieSeen {
  name: string;
  value: string;
  path: string;
  /** With a leading dot: of all hosts below it. */
  domain: string;
  secure: boolean;
  httpOnly: boolean;
  /** s since 1970; absent: until the browser ends. */
  expiry?: number;
  sameSite?: string;
}

export interface SessionOptions {
  agent: Agent;
  baseUrl: URL;
  sessionId: string;
  capabilities: Record<string, unknown>;
  /** Names the browser in errors. */
  slot: string;
  deadlines: Deadlines;
  /** Shared by all sessions of one driver. */
  loads?: { missed: number };
}

/**
 * One browser session. One command is in flight; others wait for their turn. Nothing is sent twice.
 *
 * A command given up (abort or deadline) is not called back: its socket is destroyed, and the driver goes on with it
 * and serves the next command after it. The next command is therefore given, on top of its own deadline, what was left
 * of the one given up, so that a cancelled navigation is not mistaken for a dead browser.
 *
 * Every method rejects with a ControlError: DRIVER_LOST, DRIVER_TIMEOUT (`details.sent` false: certainly not received),
 * ALERT_OPEN, NAVIGATION_TIMEOUT, DRIVER_ERROR (`details.error` is the W3C code), CANCELLED.
 */
export class WebDriverSession {
  readonly sessionId: string;
  /** What the driver answered to the new session. */
  readonly capabilities: Record<string, unknown>;
  readonly deadlines: Deadlines;
  readonly slot: string;
  /** Page loads in a row that did not end in time, over all sessions of its driver; whoever waits for one counts it. */
  readonly loads: { missed: number };
  readonly #agent: Agent;
  readonly #root: string;
  readonly #lane = new Lane();
  /** Until when (performance.now) a command that was given up may still keep the driver busy. */
  #busyUntil = 0;

  constructor({ agent, baseUrl, sessionId, capabilities, slot, deadlines, loads }: SessionOptions) {
    this.loads = loads ?? { missed: 0 };
    this.#agent = agent;
    this.#root = `${baseUrl.href.replace(/\/$/, '')}/session/${sessionId}`;
    this.sessionId = sessionId;
    this.capabilities = capabilities;
    this.slot = slot;
    this.deadlines = deadlines;
  }

  /** Any command: `path` under `/session/{id}`, `''` being the session itself. Resolves with the answer's `value`. */
  command(method: Method, path: string, body?: unknown, options: CommandOptions = {}): Promise<unknown> {
    const asked = performance.now();
    const leftover = Math.max(0, this.#busyUntil - asked);
    const timeoutMs = (options.timeoutMs ?? this.deadlines.readMs) + leftover;
    const { signal } = options;
    const describe = (): Asked => ({
      slot: this.slot,
      method,
      path: path || '/',
      waitedMs: Math.round(performance.now() - asked),
      ...(path === '/url' && method === 'POST' ? { url: String((body as { url?: string })?.url) } : {})
    });
    const late = () => {
      const { waitedMs } = describe();
      return new ControlError('DRIVER_TIMEOUT', { method, path: path || '/', waitedMs, sent: false });
    };
    const send = async (leftMs: number) => {
      const sentAt = performance.now();
      try {
        const answer = await exchange({
          agent: this.#agent,
          url: new URL(this.#root + path),
          method,
          // W3C: every POST has a body, an empty object if need be.
          body: method === 'POST' ? (body ?? {}) : undefined,
          headers: {
            ...(options.requestId && { 'x-request-id': headerSafe(options.requestId) }),
            ...(options.sensitive && { 'x-appium-is-sensitive': 'true' })
          },
          timeoutMs: leftMs,
          signal
        });
        this.#busyUntil = 0;
        if (answer.status === 200 && typeof answer.body === 'object' && answer.body !== null) {
          return (answer.body as { value?: unknown }).value;
        }
        throw classify(answer, describe());
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error;
        if (error.sent && error.kind !== 'broken') this.#busyUntil = sentAt + leftMs;
        throw classifySilence(error, describe(), signal);
      }
    };
    return this.#lane.run(send, { timeoutMs, signal, late });
  }

  // Navigation

  async navigate(url: string, options?: CommandOptions): Promise<void> {
    await this.command('POST', '/url', { url }, { timeoutMs: this.deadlines.navigateMs, ...options });
  }

  async refresh(options?: CommandOptions): Promise<void> {
    await this.command('POST', '/refresh', {}, { timeoutMs: this.deadlines.navigateMs, ...options });
  }

  async url(options?: CommandOptions): Promise<string> {
    return String(await this.command('GET', '/url', undefined, options));
  }

  async title(options?: CommandOptions): Promise<string> {
    return String(await this.command('GET', '/title', undefined, options));
  }

  async source(options?: CommandOptions): Promise<string> {
    return String(await this.command('GET', '/source', undefined, options));
  }

  // Elements

  async findElements(using: 'css selector' | 'xpath', value: string, options?: CommandOptions): Promise<ElementRef[]> {
    return (await this.command('POST', '/elements', { using, value }, options)) as ElementRef[];
  }

  async elementClick(element: ElementRef, options?: CommandOptions): Promise<void> {
    await this.command('POST', `/element/${idOf(element)}/click`, {}, { timeoutMs: this.deadlines.actMs, ...options });
  }

  /** Types into the element. Private-use code points are keys to a driver (U+E007 is Enter): send none of a stranger's. */
  async elementSendKeys(element: ElementRef, text: string, options?: CommandOptions): Promise<void> {
    const path = `/element/${idOf(element)}/value`;
    await this.command('POST', path, { text, value: [...text] }, { timeoutMs: this.deadlines.actMs, ...options });
  }

  // Scripts

  executeSync(script: string, args: unknown[] = [], options?: CommandOptions): Promise<unknown> {
    return this.command('POST', '/execute/sync', { script, args }, { timeoutMs: this.deadlines.actMs, ...options });
  }

  /** The script calls its last argument with the result; within the session's script timeout (10 s). */
  executeAsync(script: string, args: unknown[] = [], options?: CommandOptions): Promise<unknown> {
    return this.command('POST', '/execute/async', { script, args }, { timeoutMs: this.deadlines.actMs, ...options });
  }

  // Input

  async performActions(actions: unknown[], options?: CommandOptions): Promise<void> {
    await this.command('POST', '/actions', { actions }, { timeoutMs: this.deadlines.actMs, ...options });
  }

  async releaseActions(options?: CommandOptions): Promise<void> {
    await this.command('DELETE', '/actions', undefined, { timeoutMs: this.deadlines.actMs, ...options });
  }

  // Contexts

  async windowHandle(options?: CommandOptions): Promise<string> {
    return String(await this.command('GET', '/window', undefined, options));
  }

  async windowHandles(options?: CommandOptions): Promise<string[]> {
    return (await this.command('GET', '/window/handles', undefined, options)) as string[];
  }

  async switchToWindow(handle: string, options?: CommandOptions): Promise<void> {
    await this.command('POST', '/window', { handle }, options);
  }

  /** Handles that are left; none: the session has ended. */
  async closeWindow(options?: CommandOptions): Promise<string[]> {
    return (await this.command('DELETE', '/window', undefined, options)) as string[];
  }

  async windowRect(options?: CommandOptions): Promise<{ x: number; y: number; width: number; height: number }> {
    return (await this.command('GET', '/window/rect', undefined, options)) as never;
  }

  async setWindowRect(rect: { width: number; height: number }, options?: CommandOptions): Promise<void> {
    await this.command('POST', '/window/rect', rect, { timeoutMs: this.deadlines.actMs, ...options });
  }

  /** null: the top document. */
  async switchToFrame(id: number | ElementRef | null, options?: CommandOptions): Promise<void> {
    await this.command('POST', '/frame', { id }, options);
  }

  // Cookies

  /** Those that the page it stands on can be sent, HttpOnly ones too. */
  async cookies(options?: CommandOptions): Promise<CookieSeen[]> {
    return (await this.command('GET', '/cookie', undefined, options)) as CookieSeen[];
  }

  /** A driver answers 200 to a cookie of another domain than the page's and does not set it: read back. */
  async addCookie(cookie: CookieSeen, options?: CommandOptions): Promise<void> {
    await this.command('POST', '/cookie', { cookie }, options);
  }

  // Alerts

  async alertText(options?: CommandOptions): Promise<string> {
    return String((await this.command('GET', '/alert/text', undefined, options)) ?? '');
  }

  async dismissAlert(options?: CommandOptions): Promise<void> {
    await this.command('POST', '/alert/dismiss', {}, options);
  }

  async acceptAlert(options?: CommandOptions): Promise<void> {
    await this.command('POST', '/alert/accept', {}, options);
  }

  /** Into a prompt, before it is accepted. */
  async sendAlertText(text: string, options?: CommandOptions): Promise<void> {
    await this.command('POST', '/alert/text', { text }, options);
  }

  // The session

  /** PNG. */
  async screenshot(options?: CommandOptions): Promise<Buffer> {
    const png = await this.command('GET', '/screenshot', undefined, { timeoutMs: this.deadlines.actMs, ...options });
    return Buffer.from(String(png), 'base64');
  }

  /** All in ms. */
  async setTimeouts(
    timeouts: { implicit?: number; script?: number; pageLoad?: number },
    options?: CommandOptions
  ): Promise<void> {
    await this.command('POST', '/timeouts', timeouts, options);
  }

  /** Ends the session. One that has ended already is no error. */
  async delete(options?: CommandOptions): Promise<void> {
    await this.command('DELETE', '', undefined, { timeoutMs: this.deadlines.deleteMs, ...options });
  }
}

const idOf = (element: ElementRef): string => encodeURIComponent(element[ELEMENT_KEY]);

/** Header values are visible ASCII; anything else would be refused by node:http. */
const headerSafe = (value: string): string => value.replace(/[^\x21-\x7e]/g, '_').slice(0, 200);
