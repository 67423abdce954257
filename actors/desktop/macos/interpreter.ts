/**
 * One JXA interpreter for all commands: `osascript` takes 100 ms and more to start, and a line to it and back one or two.
 * A line of JSON each way; requests are numbered. One that dies or does not answer is ended, and the next request
 * starts another.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { RecipeError, type RecipeErrorCode } from '../contract.ts';

export interface InterpreterOptions {
  /** The program and its arguments. */
  command: [program: string, ...args: string[]];
  environment?: NodeJS.ProcessEnv;
}

interface Waiting {
  resolve(value: Record<string, unknown>): void;
  reject(error: Error): void;
}

interface Running {
  child: ChildProcess;
  waiting: Map<number, Waiting>;
}

export class Interpreter {
  readonly #options: InterpreterOptions;
  #running: Running | undefined;
  #next = 0;

  constructor(options: InterpreterOptions) {
    this.#options = options;
  }

  /**
   * @throws RecipeError what the script says, or internal; after an abort the interpreter is ended, since what it does
   *   cannot be called back
   */
  ask(request: Record<string, unknown>, signal: AbortSignal): Promise<Record<string, unknown>> {
    const running = this.#running ?? this.#start();
    const id = ++this.#next;
    return new Promise((resolve, reject) => {
      const onAbort = () => this.#end(running, 'it was given up');
      const settled = () => {
        running.waiting.delete(id);
        signal.removeEventListener('abort', onAbort);
      };
      running.waiting.set(id, {
        resolve(value) {
          settled();
          resolve(value);
        },
        reject(error) {
          settled();
          reject(error);
        }
      });
      if (signal.aborted) return onAbort();
      signal.addEventListener('abort', onAbort, { once: true });
      running.child.stdin?.write(`${ascii(JSON.stringify({ id, ...request }))}\n`);
    });
  }

  close() {
    if (this.#running) this.#end(this.#running, 'the process is ending');
  }

  #start(): Running {
    const [program, ...args] = this.#options.command;
    const child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'inherit'],
      ...(this.#options.environment ? { env: this.#options.environment } : {})
    });
    const running: Running = { child, waiting: new Map() };
    this.#running = running;
    child.once('error', (error) => this.#end(running, error.message));
    child.once('exit', (code, signal) => this.#end(running, `it ended with ${signal ?? code}`));
    child.stdin?.on('error', () => {}); // its exit says more
    createInterface({ input: child.stdout! }).on('line', (line) => this.#answer(running, line));
    return running;
  }

  #answer(running: Running, line: string) {
    let answer: { id?: number; ok?: boolean; code?: RecipeErrorCode; message?: string } & Record<string, unknown>;
    try {
      answer = JSON.parse(line);
    } catch {
      return this.#end(running, `it said ${JSON.stringify(line.slice(0, 100))}`);
    }
    const waiting = running.waiting.get(answer.id ?? 0);
    if (!waiting) return;
    if (answer.ok) waiting.resolve(answer);
    else waiting.reject(new RecipeError(answer.code ?? 'internal', answer.message ?? 'the interpreter gave no reason'));
  }

  #end(running: Running, why: string) {
    if (this.#running === running) this.#running = undefined;
    running.child.kill('SIGKILL');
    for (const { reject } of [...running.waiting.values()]) {
      reject(new RecipeError('internal', `the interpreter of desktop commands is gone: ${why}`));
    }
  }
}

/** The script reads what has come so far, which must not end inside a character. */
const ascii = (json: string): string =>
  json.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
