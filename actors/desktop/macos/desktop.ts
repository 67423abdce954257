/** The desktop of a Mac: keys and windows through one JXA interpreter, applications through `open`. Never run on a Mac here. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../../package-root.ts';
import { resolveTarget } from '../apps.ts';
import { type Deadline, type Desktop, type DesktopCommand, type Done, RecipeError } from '../contract.ts';
import { macKeyOf } from '../keys.ts';
import { Interpreter, type InterpreterOptions } from './interpreter.ts';

export interface MacOptions {
  allowed: readonly string[];
  interpreter?: InterpreterOptions['command'];
  open?: string;
}

export class MacDesktop implements Desktop {
  readonly about = 'macOS';
  readonly #interpreter: Interpreter;
  readonly #allowed: ReadonlySet<string>;
  readonly #open: string;

  constructor({ allowed, interpreter, open = '/usr/bin/open' }: MacOptions) {
    const script = join(packageRoot(), 'actors/desktop/macos/recipes.jxa.js');
    this.#interpreter = new Interpreter({
      command: interpreter ?? ['/usr/bin/osascript', '-l', 'JavaScript', script]
    });
    this.#allowed = new Set(allowed.map((one) => one.toLowerCase()));
    this.#open = open;
  }

  async run(command: DesktopCommand, { signal }: Deadline): Promise<Done> {
    switch (command.type) {
      case 'keystroke':
        await this.#interpreter.ask({ op: 'press', key: macKeyOf(command.key), mods: command.mods ?? [] }, signal);
        return {};
      case 'paste':
        await this.#interpreter.ask({ op: 'paste', text: command.text }, signal);
        return {};
      case 'enter':
        await this.#interpreter.ask({ op: 'paste', text: command.text }, signal);
        await this.#interpreter.ask({ op: 'press', key: macKeyOf('Return') }, signal);
        return {};
      case 'open_app': {
        const { app, toggle = false } = command;
        this.#demandAllowed(app);
        const { state } = await this.#interpreter.ask({ op: 'front', app, toggle }, signal);
        if (state === 'shown' || state === 'hidden') return { state };
        await this.#openWith([], app, signal);
        return { state: 'started' };
      }
      case 'open_with_app':
        this.#demandAllowed(command.app);
        await this.#openWith([resolveTarget(command.target)], command.app, signal);
        return {};
    }
  }

  async close(): Promise<void> {
    this.#interpreter.close();
  }

  #demandAllowed(app: string): void {
    if (app.startsWith('-')) throw new RecipeError('app_not_found', `no application '${app}'`);
    if (this.#allowed.size === 0 || this.#allowed.has(app.toLowerCase())) return;
    throw new RecipeError('not_permitted', `application '${app}' is not among those of --recipe-apps`);
  }

  #openWith(targets: string[], app: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      execFile(this.#open, ['-a', app, ...targets], { signal }, (error, _, stderr) => {
        if (!error) return resolve();
        const isUnknown = /unable to find application/i.test(stderr);
        const reason = stderr.trim().split('\n')[0] || error.message;
        reject(
          new RecipeError(
            isUnknown ? 'app_not_found' : 'internal',
            `'${app}' cannot be opened: it says '${reason}'`,
            error
          )
        );
      });
    });
  }
}
