/** The desktop of a Mac: keys and windows through one JXA interpreter, applications through `open`. Never run on a Mac here. */
import { execFile } from 'node:child_process';
import { basename, join } from 'node:path';
import { packageRoot } from '../../package-root.ts';
import { type Deadline, type Desktop, type DesktopCommand, type Done, RecipeError } from '../contract.ts';
import { macKeyOf } from '../keys.ts';
import type { Targets } from '../targets.ts';
import type { MacApps } from './apps.ts';
import { Interpreter, type InterpreterOptions } from './interpreter.ts';

export interface MacOptions {
  apps: MacApps;
  targets: Targets;
  interpreter?: InterpreterOptions['command'];
  open?: string;
}

export class MacDesktop implements Desktop {
  readonly about = 'macOS';
  readonly #interpreter: Interpreter;
  readonly #apps: MacApps;
  readonly #targets: Targets;
  readonly #open: string;

  constructor({ apps, targets, interpreter, open = '/usr/bin/open' }: MacOptions) {
    const script = join(packageRoot(), 'actors/desktop/macos/recipes.jxa.js');
    this.#interpreter = new Interpreter({
      command: interpreter ?? ['/usr/bin/osascript', '-l', 'JavaScript', script]
    });
    this.#apps = apps;
    this.#targets = targets;
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
        const bundle = this.#apps.find(command.app);
        const { toggle = false } = command;
        const app = basename(bundle, '.app');
        const { state } = await this.#interpreter.ask({ op: 'front', app, toggle }, signal);
        if (state === 'shown' || state === 'hidden') return { state };
        await this.#openWith([], bundle, signal);
        return { state: 'started' };
      }
      case 'open_with_app':
        await this.#openWith([this.#targets.resolve(command.target)], this.#apps.find(command.app), signal);
        return {};
    }
  }

  async close(): Promise<void> {
    this.#interpreter.close();
  }

  #openWith(targets: string[], bundle: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      execFile(this.#open, ['-a', bundle, ...targets], { signal }, (error, _, stderr) => {
        if (!error) return resolve();
        const isUnknown = /unable to find application/i.test(stderr);
        const reason = stderr.trim().split('\n')[0] || error.message;
        reject(
          new RecipeError(
            isUnknown ? 'app_not_found' : 'internal',
            `'${bundle}' cannot be opened: it says '${reason}'`,
            error
          )
        );
      });
    });
  }
}
