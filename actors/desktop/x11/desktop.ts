/** The desktop of an X server: keys through XTEST, text through the clipboard, windows, programs started without a shell. */
import { spawn } from 'node:child_process';
import type { OpenApp, OpenWithApp } from '../../../schemas/generated/contracts.ts';
import { type App, type Apps, argumentsFor } from '../apps.ts';
import { type Deadline, type Desktop, type DesktopCommand, type Done, RecipeError } from '../contract.ts';
import type { Targets } from '../targets.ts';
import { Clipboard } from './clipboard.ts';
import { type Connection, openConnection } from './connection.ts';
import { Keyboard } from './keyboard.ts';
import { type Window, Windows } from './windows.ts';

/** A window that pastes asks for the text at once. */
const TAKEN_MS = 2_000;
/** They paste with Ctrl+Shift+V; Ctrl+V is for the program that runs in them. */
const TERMINALS = /term|konsole|kitty|alacritty|tilix|ghostty|foot/;

interface Parts {
  connection: Connection;
  keyboard: Keyboard;
  clipboard: Clipboard;
  windows: Windows;
}

export interface X11Options {
  display: string;
  apps: Apps;
  targets: Targets;
  /** What programs that are started inherit. */
  environment: NodeJS.ProcessEnv;
}

export class X11Desktop implements Desktop {
  readonly about: string;
  readonly #display: string;
  readonly #apps: Apps;
  readonly #targets: Targets;
  readonly #environment: NodeJS.ProcessEnv;
  #opening: Promise<Parts> | undefined;

  constructor({ display, apps, targets, environment }: X11Options) {
    this.#display = display;
    this.#apps = apps;
    this.#targets = targets;
    this.#environment = environment;
    this.about = `X11 ${display}`;
  }

  async run(command: DesktopCommand, deadline: Deadline): Promise<Done> {
    const parts = await this.#parts();
    deadline.signal.throwIfAborted();
    switch (command.type) {
      case 'keystroke':
        await parts.keyboard.press(command);
        return {};
      case 'paste':
        await paste(parts, command.text, deadline);
        return {};
      case 'enter':
        await paste(parts, command.text, deadline);
        await parts.keyboard.press({ key: 'Return' });
        return {};
      case 'open_app':
        return this.#openApp(parts, command);
      case 'open_with_app':
        return this.#openWith(command);
    }
  }

  async close(): Promise<void> {
    const parts = await this.#opening?.catch(() => undefined);
    parts?.connection.close();
    this.#opening = undefined;
  }

  /** What failed, or was lost, is tried anew by the next command. */
  async #parts(): Promise<Parts> {
    const known = await this.#opening?.catch(() => undefined);
    if (known?.connection.isOpen) return known;
    this.#opening = openParts(this.#display);
    return this.#opening;
  }

  async #openApp({ windows }: Parts, { app: name, toggle = false }: OpenApp): Promise<Done> {
    const app = this.#apps.find(name);
    const window = (await windows.list()).find((one) => isOf(app, one));
    if (!window) {
      await this.#start(app);
      return { state: 'started' };
    }
    if (toggle && (await windows.active())?.id === window.id) {
      await windows.hide(window);
      return { state: 'hidden' };
    }
    await windows.show(window);
    return { state: 'shown' };
  }

  async #openWith({ app: name, target }: OpenWithApp): Promise<Done> {
    await this.#start(this.#apps.find(name), this.#targets.resolve(target));
    return {};
  }

  /** It outlives us: it is the user's program from now on. */
  #start(app: App, target?: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const child = spawn(app.program, argumentsFor(app, target), {
        detached: true,
        stdio: 'ignore',
        env: { ...this.#environment, DISPLAY: this.#display }
      });
      child.once('spawn', resolve);
      child.on('error', (cause) => {
        reject(new RecipeError('internal', `'${app.program}' cannot be started: '${cause.message}'`, cause));
      });
      child.unref();
    });
  }
}

async function openParts(display: string): Promise<Parts> {
  const connection = await openConnection(display);
  const clipboard = await Clipboard.of(connection);
  return { connection, clipboard, keyboard: new Keyboard(connection), windows: new Windows(connection) };
}

/** @throws RecipeError internal when nobody took the text */
async function paste({ keyboard, clipboard, windows }: Parts, text: string, { signal }: Deadline): Promise<void> {
  if (text === '') return;
  const active = await windows.active();
  await clipboard.set(text);
  const isTerminal = active?.names.some((name) => TERMINALS.test(name)) ?? false;
  const taken = clipboard.taken(TAKEN_MS, signal);
  await keyboard.press({ key: 'v', mods: isTerminal ? ['ctrl', 'shift'] : ['ctrl'] });
  if (await taken) return;
  const where = active ? `'${active.names[0]}'` : 'no window';
  throw new RecipeError('internal', `nobody took the text: the keyboard is with ${where}, which does not paste`);
}

const isOf = ({ names }: App, window: Window): boolean => window.names.some((name) => names.includes(name));
