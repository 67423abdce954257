/**
 * Pictures of sessions' windows, for who looks on. One that is new enough is answered again, however many look, and
 * nothing comes between the steps of an attempt: while one runs, who looks sees the window as it was before.
 */
import { createHash } from 'node:crypto';
import type { Browsers } from '../../actors/executor/executor.ts';
import type { ActorHost, ActorView } from '../../actors/host/contract.ts';
import type { WebDriverSession } from '../../actors/webdriver/client.ts';
import { ControlError, isControlError } from '../../schemas/errors.ts';

/** How old a picture may be for somebody who drives, and for who looks on, ms. */
const FRESH_MS = 200;
const WATCHED_MS = 1_000;
/** For what comes after it in the browser: a picture that takes longer is given up, ms. */
const PATIENCE_MS = 2_000;
/** So long the last one is kept for while there can be no other, ms. */
const KEPT_MS = 60_000;
const DRIVEN = 'HUMAN_DRIVING';
/** Its command waits for a person before a page that asks for one: that is what they have to see. */
const ASKING = 'HUMAN_REQUIRED';
const OPEN = ['READY', 'BUSY', 'PAUSED_BY_HUMAN', ASKING, DRIVEN];

export interface Picture {
  png: Buffer;
  /** SHA-256, hex. */
  tag: string;
  /** When it was there, ms since 1970. */
  at: number;
}

interface Kept {
  taken: Promise<Picture>;
  /** null: on its way. */
  at: number | null;
}

export class Screens {
  readonly #host: ActorHost;
  readonly #browsers: Browsers | undefined;
  readonly #stop: AbortSignal;
  readonly #kept = new Map<string, Kept>();

  constructor(host: ActorHost, browsers: Browsers | undefined, stop: AbortSignal) {
    this.#host = host;
    this.#browsers = browsers;
    this.#stop = stop;
  }

  /** @throws ControlError SCREEN_UNAVAILABLE, LEASE_LOST, and what a browser answers */
  async of(session: ActorView): Promise<Picture> {
    const state = session.state.split('.', 1)[0] as string;
    const browser = this.#browser(session, state);
    const key = keyOf(session.id, browser);
    const known = this.#kept.get(key);
    if (known && (known.at === null || Date.now() - known.at < (state === DRIVEN ? FRESH_MS : WATCHED_MS)))
      return known.taken;
    if (state !== DRIVEN && (await this.#isAttempting(session))) {
      if (known) return known.taken;
      const why = 'its command is in the middle of an attempt, and nothing comes between its steps';
      throw new ControlError('SCREEN_UNAVAILABLE', { sessionId: session.id, state, why });
    }
    return this.#take(key, browser, state === DRIVEN ? undefined : PATIENCE_MS);
  }

  /** Something was done in the window: what is kept is not it any more. */
  forget(sessionId: string, browser: WebDriverSession): void {
    this.#kept.delete(keyOf(sessionId, browser));
  }

  #browser({ id, context }: ActorView, state: string): WebDriverSession {
    const lease = context.lease as { slot: string; fencing: number } | null;
    const unavailable = (why: string) => new ControlError('SCREEN_UNAVAILABLE', { sessionId: id, state, why });
    if (!this.#browsers) throw unavailable('nothing is really driven here');
    if (!lease || !OPEN.includes(state)) throw unavailable('its browser is not open');
    try {
      return this.#browsers.get(lease);
    } catch (error) {
      if (state === DRIVEN || !isControlError(error)) throw error;
      throw unavailable('its browser is not open');
    }
  }

  async #isAttempting({ state, context }: ActorView): Promise<boolean> {
    if (typeof context.current !== 'string' || state.startsWith(ASKING)) return false;
    const command = await this.#host.read(`command/${context.current}`);
    return command?.state.startsWith('RUNNING.ACTION_ATTEMPTED') ?? false;
  }

  #take(key: string, browser: WebDriverSession, timeoutMs: number | undefined): Promise<Picture> {
    // Somebody else may have asked while the command was read.
    const underWay = this.#kept.get(key);
    if (underWay?.at === null) return underWay.taken;
    const taken = browser.screenshot({ signal: this.#stop, timeoutMs }).then((png) => ({
      png,
      tag: createHash('sha256').update(png).digest('hex'),
      at: Date.now()
    }));
    const kept: Kept = { taken, at: null };
    this.#kept.set(key, kept);
    const forget = () => {
      if (this.#kept.get(key) === kept) this.#kept.delete(key);
    };
    taken.then(({ at }) => {
      kept.at = at;
      setTimeout(forget, KEPT_MS).unref();
    }, forget);
    return taken;
  }
}

const keyOf = (sessionId: string, browser: WebDriverSession) => `${sessionId} ${browser.sessionId}`;
