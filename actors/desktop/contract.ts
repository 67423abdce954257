/** What a recipe's commands ask of a desktop: X11, macOS, one that only pretends, or none. */
import type { Enter, Keystroke, OpenApp, OpenWithApp, Paste, RecipeReply } from '../../schemas/generated/contracts.ts';

/** Commands that touch the desktop. Macros are opened up, and flows go elsewhere. */
export type DesktopCommand = OpenApp | OpenWithApp | Paste | Enter | Keystroke;

export type RecipeErrorCode = NonNullable<RecipeReply['error']>['code'];

/** A failure in the words of the recipe contract, which local programs know: it goes into a reply, never over REST. */
export class RecipeError extends Error {
  readonly code: RecipeErrorCode;

  constructor(code: RecipeErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'RecipeError';
    this.code = code;
  }
}

/** What a command came to, beside that it was done. */
export interface Done {
  /** Of open_app. */
  state?: 'shown' | 'started' | 'hidden';
}

/** The end of a request's time. The signal is made only when somebody asks for it: most commands are over at once. */
export class Deadline {
  /** `performance.now()` */
  readonly at: number;
  #controller: AbortController | undefined;
  #aborted = false;

  constructor(at: number) {
    this.at = at;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#aborted) this.#controller.abort();
    return this.#controller.signal;
  }

  get passed(): boolean {
    return this.#aborted || performance.now() >= this.at;
  }

  abort(): void {
    this.#aborted = true;
    this.#controller?.abort();
  }
}

/**
 * One desktop. Commands come one at a time. What is over at once may answer without a promise: a key press then costs
 * no turn of the event loop.
 */
export interface Desktop {
  /** Throws, or rejects with, a RecipeError; settles soon after the deadline aborts. */
  run(command: DesktopCommand, deadline: Deadline): Done | Promise<Done>;
  /** For /ready: what it is, and why it cannot be used when it cannot. */
  readonly about: string;
  close(): Promise<void>;
}

/** Answers at once and does nothing: `--driver stub`. */
export const stubDesktop = (): Desktop => ({
  run: (command) => (command.type === 'open_app' ? { state: 'shown' } : {}),
  about: 'stub: nothing is really done',
  close: async () => {}
});

/** @param why what is missing, and the cure */
export const noDesktop = (why: string): Desktop => ({
  run() {
    throw new RecipeError('internal', why);
  },
  about: why,
  close: async () => {}
});
