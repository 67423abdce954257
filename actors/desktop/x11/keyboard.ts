/**
 * Keys through XTEST: what arrives in a window cannot be told from a keyboard. A character that the keyboard lacks is put
 * on a key that has none, as long as it is typed.
 */
import type { Keystroke } from '../../../schemas/generated/contracts.ts';
import { RecipeError } from '../contract.ts';
import { keysymOf, type Mod } from '../keys.ts';
import type { Connection } from './connection.ts';

const MOD_KEYSYMS: Record<Mod, number> = { ctrl: 0xffe3, shift: 0xffe1, alt: 0xffe9, cmd: 0xffeb };

interface Place {
  keycode: number;
  shift: boolean;
}

export class Keyboard {
  readonly #connection: Connection;
  #rows: number[][] | undefined;
  #places = new Map<number, Place>();
  /** A keycode without a character. */
  #spare: number | undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
    // Somebody has changed the keyboard; or we have.
    connection.onEvent(({ name }) => {
      if (name === 'MappingNotify') this.#rows = undefined;
    });
  }

  /** Pressed and released, modifiers around it. Resolves when the server has carried it out. */
  async press({ key, mods = [] }: Pick<Keystroke, 'key' | 'mods'>): Promise<void> {
    const keysym = keysymOf(key);
    await this.#load();
    const place = this.#places.get(keysym);
    if (place) return this.#strike(place, mods);
    await this.#borrow(keysym, mods);
  }

  async #strike({ keycode, shift }: Place, mods: readonly Mod[]): Promise<void> {
    const { X: _, test } = this.#connection;
    const wanted = shift && !mods.includes('shift') ? [...mods, 'shift' as const] : mods;
    const held = wanted.map((mod) => this.#modifier(mod));
    // All at once: nothing of ours comes between, and no modifier stays down.
    for (const code of held) test.FakeInput(test.KeyPress, code, 0, this.#connection.root, 0, 0);
    test.FakeInput(test.KeyPress, keycode, 0, this.#connection.root, 0, 0);
    test.FakeInput(test.KeyRelease, keycode, 0, this.#connection.root, 0, 0);
    for (const code of held.toReversed()) test.FakeInput(test.KeyRelease, code, 0, this.#connection.root, 0, 0);
    await this.#connection.sync();
  }

  #modifier(mod: Mod): number {
    const place = this.#places.get(MOD_KEYSYMS[mod]);
    if (!place) throw new RecipeError('invalid_argument', `this keyboard has no ${mod}`);
    return place.keycode;
  }

  /** The character stays on the spare key: programs look it up when they have the event, which may be later. */
  async #borrow(keysym: number, mods: readonly Mod[]): Promise<void> {
    const keycode = this.#spare;
    if (keycode === undefined) throw new RecipeError('internal', 'no key of this keyboard is free for the character');
    const width = this.#rows![0]!.length;
    this.#connection.X.ChangeKeyboardMapping(keycode, width, new Array(width).fill(keysym));
    await this.#connection.sync();
    await this.#strike({ keycode, shift: false }, mods);
    this.#rows = undefined;
  }

  async #load(): Promise<void> {
    if (this.#rows) return;
    const { X, minKeycode, maxKeycode } = this.#connection;
    const rows = await new Promise<number[][]>((resolve, reject) => {
      X.GetKeyboardMapping(minKeycode, maxKeycode - minKeycode + 1, (error, value) =>
        error ? reject(error) : resolve(value)
      );
    });
    const places = new Map<number, Place>();
    const unused: number[] = [];
    for (const [index, row] of rows.entries()) {
      const keycode = minKeycode + index;
      const [plain = 0, shifted = 0] = row;
      if (row.every((keysym) => keysym === 0)) unused.push(keycode);
      if (plain !== 0 && !places.has(plain)) places.set(plain, { keycode, shift: false });
      if (shifted !== 0 && !places.has(shifted)) places.set(shifted, { keycode, shift: true });
    }
    this.#places = places;
    this.#spare = this.#spare ?? unused.at(-1);
    this.#rows = rows;
  }
}
