/** One connection to an X server, opened when it is first needed and again after it was lost. */
import x11, { type XClient, type XDisplay, type XEvent, type XTest } from 'x11';
import { RecipeError } from '../contract.ts';

export interface Connection {
  X: XClient;
  test: XTest;
  root: number;
  minKeycode: number;
  maxKeycode: number;
  /** A window of ours that is never shown: it owns what is pasted. */
  own: number;
  atom(name: string): Promise<number>;
  onEvent(listener: (event: XEvent) => void): () => void;
  /** False once the server has gone. */
  readonly isOpen: boolean;
  /** Everything sent so far was carried out. @throws RecipeError internal */
  sync(): Promise<void>;
  close(): void;
}

const INPUT_ONLY = 2;
const OPEN_MS = 3_000;

/** @throws RecipeError internal */
export async function openConnection(display: string): Promise<Connection> {
  const screen = await within(
    OPEN_MS,
    new Promise<XDisplay>((resolve, reject) => {
      try {
        const client = x11.createClient({ display }, (error, opened) => (error ? reject(error) : resolve(opened)));
        client.on('error', reject);
      } catch (error) {
        reject(error);
      }
    }),
    display
  );
  const X = screen.client;
  const gone = new AbortController();
  // An error of the protocol is about a window that went away meanwhile; a lost stream ends in 'end' or 'close'.
  X.on('error', () => {});
  for (const sign of ['end', 'close', 'error']) X.stream.on(sign, () => gone.abort());
  const test = await within(
    OPEN_MS,
    new Promise<XTest>((resolve, reject) => X.require('xtest', (error, ext) => (error ? reject(error) : resolve(ext)))),
    display
  );
  const { root } = screen.screen[0]!;
  const own = X.AllocID();
  X.CreateWindow(own, root, -10, -10, 1, 1, 0, 0, INPUT_ONLY, 0, { overrideRedirect: true });
  const atoms = new Map<string, Promise<number>>();
  const lost = () => new RecipeError('internal', `the X server ${display} is gone`);
  return {
    X,
    test,
    root,
    own,
    minKeycode: screen.min_keycode,
    maxKeycode: screen.max_keycode,
    atom(name) {
      const known = atoms.get(name) ?? ask(gone.signal, lost, (reply) => X.InternAtom(false, name, reply));
      atoms.set(name, known);
      return known;
    },
    onEvent(listener) {
      X.on('event', listener);
      return () => X.off('event', listener);
    },
    get isOpen() {
      return !gone.signal.aborted;
    },
    async sync() {
      await ask(gone.signal, lost, (reply) => X.GetInputFocus(reply));
    },
    close() {
      gone.abort();
      X.terminate();
    }
  };
}

/** A request with a reply. Rejects when the server goes, for then none comes. */
export function ask<T>(
  gone: AbortSignal,
  lost: () => Error,
  send: (reply: (error: Error | null, value: T) => void) => void
): Promise<T> {
  if (gone.aborted) return Promise.reject(lost());
  return new Promise<T>((resolve, reject) => {
    const onGone = () => reject(lost());
    gone.addEventListener('abort', onGone, { once: true });
    send((error, value) => {
      gone.removeEventListener('abort', onGone);
      if (error) reject(error);
      else resolve(value);
    });
  });
}

async function within<T>(ms: number, task: Promise<T>, display: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([task, late]);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RecipeError('internal', `the X server ${display} cannot be used: ${reason}`, cause);
  } finally {
    clearTimeout(timer);
  }
}
