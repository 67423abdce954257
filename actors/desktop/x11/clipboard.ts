/**
 * The clipboard, by owning the selection: whoever pastes asks us for the text, and gets it in the form it wants. The text
 * stays there until somebody else copies something, or this process ends.
 * @see Inter-Client Communication Conventions Manual, "Peer-to-Peer Communication by Means of Selections"
 */
import type { XEvent } from 'x11';
import { RecipeError } from '../contract.ts';
import type { Connection } from './connection.ts';

const REPLACE = 0;
const APPEND = 2;
const ATOM = 4;
/** Of one request; an X server takes 256 KiB less its header without an extension. */
const CHUNK = 200_000;

export class Clipboard {
  readonly #connection: Connection;
  readonly #atoms: Atoms;
  #text = Buffer.alloc(0);
  #served: (() => void) | undefined;

  private constructor(connection: Connection, atoms: Atoms) {
    this.#connection = connection;
    this.#atoms = atoms;
    connection.onEvent((event) => {
      if (event.name === 'SelectionRequest') this.#answer(event as unknown as SelectionRequest);
    });
  }

  static async of(connection: Connection): Promise<Clipboard> {
    const names = ['CLIPBOARD', 'TARGETS', 'UTF8_STRING', 'STRING', 'TEXT', 'text/plain', 'text/plain;charset=utf-8'];
    const found = await Promise.all(names.map((name) => connection.atom(name)));
    const [clipboard, targets, ...texts] = found as [number, number, ...number[]];
    return new Clipboard(connection, { clipboard, targets, texts });
  }

  /** @throws RecipeError internal when the server gives it to somebody else */
  async set(text: string): Promise<void> {
    const { X, own } = this.#connection;
    this.#text = Buffer.from(text);
    X.SetSelectionOwner(own, this.#atoms.clipboard, 0);
    const owner = await new Promise<number>((resolve, reject) => {
      X.GetSelectionOwner(this.#atoms.clipboard, (error, value) => (error ? reject(error) : resolve(value)));
    });
    if (owner !== own) throw new RecipeError('internal', 'another program keeps the clipboard for itself');
  }

  /** Resolves when somebody has asked for the text from now on; false when nobody does in time. */
  taken(withinMs: number, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const done = (wasTaken: boolean) => {
        clearTimeout(timer);
        this.#served = undefined;
        resolve(wasTaken);
      };
      const timer = setTimeout(done, withinMs, false);
      signal.addEventListener('abort', () => done(false), { once: true });
      this.#served = () => done(true);
    });
  }

  #answer({ requestor, selection, target, property, time }: SelectionRequest): void {
    const { X } = this.#connection;
    const { targets, texts } = this.#atoms;
    // An old client gives no property; the target's name is used then.
    const into = property || target;
    let done = true;
    if (target === targets) {
      const list = Buffer.alloc(4 * (texts.length + 1));
      for (const [n, atom] of [targets, ...texts].entries()) list.writeUInt32LE(atom, n * 4);
      X.ChangeProperty(REPLACE, requestor, into, ATOM, 32, list);
    } else if (texts.includes(target)) {
      this.#put(requestor, into, target === texts[2] ? texts[0]! : target);
      this.#served?.();
    } else done = false;
    X.SendEvent(requestor, 0, 0, {
      name: 'SelectionNotify',
      time,
      requestor,
      selection,
      target,
      property: done ? into : 0
    });
  }

  /** In several requests when it is longer than one may be. */
  #put(window: number, property: number, type: number): void {
    const { X } = this.#connection;
    X.ChangeProperty(REPLACE, window, property, type, 8, this.#text.subarray(0, CHUNK));
    for (let from = CHUNK; from < this.#text.length; from += CHUNK) {
      X.ChangeProperty(APPEND, window, property, type, 8, this.#text.subarray(from, from + CHUNK));
    }
  }
}

interface Atoms {
  clipboard: number;
  targets: number;
  /** What the text is given as: UTF8_STRING, STRING, TEXT and the media types. */
  texts: number[];
}

type SelectionRequest = XEvent & {
  requestor: number;
  selection: number;
  target: number;
  property: number;
  time: number;
};
