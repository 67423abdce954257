import { randomBytes } from 'node:crypto';
import { ControlError, isControlError } from '../../schemas/errors.ts';
import type { Dialog, Frame, Step } from '../../schemas/generated/contracts.ts';
import { aborted, type CommandOptions, isDriverError, type WebDriverSession } from '../webdriver/client.ts';
import { asyncScript, syncScript } from './page-script.ts';

/** What the page's own code can be asked; see `page/operations.js`. */
type SyncOperation =
  | 'validate'
  | 'collect'
  | 'aftermath'
  | 'count'
  | 'inspect'
  | 'extract'
  | 'scroll'
  | 'scrollOn'
  | 'hovered'
  | 'viewport'
  | 'mark'
  | 'page'
  | 'loadedMs'
  | 'stop'
  | 'insertText'
  | 'setValue'
  | 'selectOption'
  | 'emptyFiles'
  | 'readFiles'
  | 'armKeys'
  | 'excerpt'
  | 'place'
  | 'drop'
  | 'grip';
type AsyncOperation = 'ready' | 'arm' | 'field' | 'readBack' | 'download' | 'chunk';

interface Answer {
  ok?: unknown;
  invalid?: { selector: string; reason: string };
  broke?: string;
}

/** The document went away under the question: WebKit's words for a script or an element of a page that is no more. */
export const documentChanged = (error: unknown): boolean =>
  isDriverError(
    error,
    'no such frame',
    'no such window',
    'stale element reference',
    'no such element',
    'detached shadow root'
  );

/** The window the driver stood in has closed. */
export const windowGone = (error: unknown): boolean => isDriverError(error, 'no such window');

/** A page that opens one alert after another is not driven. */
const ALERT_LIMIT = 3;

/** The browser of one call of the executor: one session, the frame it looks into, and the caller's abort. */
export class Page {
  readonly session: WebDriverSession;
  readonly signal: AbortSignal;
  readonly requestId: string | undefined;
  /** Texts of dialogs that were read and answered. */
  readonly alerts: string[] = [];
  /** What to answer a dialog; null dismisses it. */
  answer: Dialog | null = null;
  /** The step at hand, for a report. */
  doing: Step | null = null;
  /** The frame that stands for the page: of a step whose target is a frame's address. */
  base: Frame = [];
  /** The frame commands go to; null: not known. */
  #at: Frame | null = null;

  constructor(session: WebDriverSession, signal: AbortSignal, requestId?: string) {
    this.session = session;
    this.signal = signal;
    this.requestId = requestId;
  }

  options(more: CommandOptions = {}): CommandOptions {
    return { signal: this.signal, requestId: this.requestId, ...more };
  }

  /**
   * One operation in the page.
   * @throws ControlError SELECTOR_INVALID, ALERT_OPEN (text read, dialog answered), and those of the session
   */
  async ask<T>(
    operation: SyncOperation,
    { element = null, ...args }: Record<string, unknown>,
    options: CommandOptions = {}
  ): Promise<T> {
    return this.#read<T>(() => this.session.executeSync(syncScript, [operation, args, element], this.options(options)));
  }

  /** The same for operations that wait for frames; `args.budgetMs` stays well below the script timeout. */
  async await<T>(operation: AsyncOperation, args: Record<string, unknown>, options: CommandOptions = {}): Promise<T> {
    return this.#read<T>(() => this.session.executeAsync(asyncScript, [operation, args], this.options(options)));
  }

  /** Any call of the session; a dialog in its way is read, answered and thrown as ALERT_OPEN with its text. */
  async call<T>(send: (session: WebDriverSession, options: CommandOptions) => Promise<T>): Promise<T> {
    try {
      return await send(this.session, this.options());
    } catch (error) {
      if (!isControlError(error, 'ALERT_OPEN')) throw error;
      throw await this.#takeAlert(error);
    }
  }

  /** Does again what a dialog was in the way of, now answered and noted: for what may be done again. */
  async pastAlerts<T>(task: () => Promise<T>): Promise<T> {
    for (let passed = 0; ; passed += 1) {
      try {
        return await task();
      } catch (error) {
        if (!isControlError(error, 'ALERT_OPEN') || passed >= ALERT_LIMIT) throw error;
      }
    }
  }

  /** Commands go to this frame from now on. @throws ControlError DRIVER_ERROR 'no such frame' while it is not there */
  async enter(frame: Frame = []): Promise<void> {
    const path = [...this.base, ...frame];
    if (this.#at && this.#at.length === path.length && this.#at.every((index, i) => index === path[i])) return;
    this.#at = null;
    await this.call((session, options) => session.switchToFrame(null, options));
    for (const index of path) await this.call((session, options) => session.switchToFrame(index, options));
    this.#at = path;
  }

  /** Whether it is known which frame commands go to. */
  get isPlaced(): boolean {
    return this.#at !== null;
  }

  /** The driver has been switched to another window: it stands at the top of it. */
  atTop(): void {
    this.#at = [];
  }

  /** The frame may have gone with its document: the next `enter` looks anew. */
  forgetFrame(): void {
    this.#at = null;
  }

  async #read<T>(send: () => Promise<unknown>): Promise<T> {
    let answer: Answer | null;
    try {
      answer = (await send()) as Answer | null;
    } catch (error) {
      if (!isControlError(error, 'ALERT_OPEN')) throw error;
      throw await this.#takeAlert(error);
    }
    // Our scripts always say something; null is a driver's answer for one that an alert kept from its end.
    if (answer === null) throw await this.#takeAlert(new ControlError('ALERT_OPEN', { text: '' }));
    if (answer?.invalid) throw new ControlError('SELECTOR_INVALID', answer.invalid);
    if (answer?.broke !== undefined) {
      throw new ControlError('DRIVER_ERROR', { error: 'javascript error', message: answer.broke, status: 500 });
    }
    return answer?.ok as T;
  }

  /** Reads the alert before it goes, for its text goes with it. */
  async #takeAlert(error: ControlError): Promise<ControlError> {
    let { text } = error.details as { text: string };
    try {
      text = (await this.session.alertText(this.options())) || text;
      await this.#answerAlert();
    } catch (cause) {
      // Some drivers dismiss it themselves and say so only here.
      if (!isDriverError(cause, 'no such alert')) throw cause;
    }
    this.alerts.push(text);
    return new ControlError('ALERT_OPEN', { text }, error);
  }

  async #answerAlert(): Promise<void> {
    if (this.answer?.action !== 'accept') return this.session.dismissAlert(this.options());
    const { text } = this.answer;
    if (text !== undefined) {
      try {
        await this.session.sendAlertText(text, this.options({ sensitive: true }));
      } catch (error) {
        // An alert or a confirm takes no text; it is accepted all the same.
        if (!isDriverError(error, 'element not interactable', 'unsupported operation')) throw error;
      }
    }
    await this.session.acceptAlert(this.options());
  }
}

/** A name for something of ours in the page that nobody there can guess. */
export const newToken = (): string => `__${randomBytes(9).toString('hex')}`;

/** @throws ControlError CANCELLED, or the signal's own reason */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(aborted(signal));
    const onAbort = () => {
      clearTimeout(timer);
      reject(aborted(signal));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

/** Time for one step: how long it has waited, and how long it may still. ms */
export class Patience {
  readonly #start = performance.now();
  readonly limitMs: number;

  constructor(limitMs: number) {
    this.limitMs = limitMs;
  }

  get waitedMs(): number {
    return Math.round(performance.now() - this.#start);
  }

  get leftMs(): number {
    return Math.max(0, this.limitMs - this.waitedMs);
  }

  get over(): boolean {
    return this.leftMs <= 0;
  }
}
