/** Keys by the names of the contract. A key that is one character stands for itself. */
import type { Keystroke } from '../../schemas/generated/contracts.ts';
import { RecipeError } from './contract.ts';

export type Mod = NonNullable<Keystroke['mods']>[number];

/** X keysyms, and key codes of a Mac's ANSI keyboard (Carbon, Events.h). */
const named: Record<string, { keysym: number; mac: number | null }> = {
  Return: { keysym: 0xff0d, mac: 36 },
  Escape: { keysym: 0xff1b, mac: 53 },
  Tab: { keysym: 0xff09, mac: 48 },
  Space: { keysym: 0x20, mac: 49 },
  Backspace: { keysym: 0xff08, mac: 51 },
  Delete: { keysym: 0xffff, mac: 117 },
  Left: { keysym: 0xff51, mac: 123 },
  Right: { keysym: 0xff53, mac: 124 },
  Up: { keysym: 0xff52, mac: 126 },
  Down: { keysym: 0xff54, mac: 125 },
  Home: { keysym: 0xff50, mac: 115 },
  End: { keysym: 0xff57, mac: 119 },
  PageUp: { keysym: 0xff55, mac: 116 },
  PageDown: { keysym: 0xff56, mac: 121 }
};
const MAC_F = [122, 120, 99, 118, 96, 97, 98, 100, 101, 109, 103, 111, 105, 107, 113, 106, 64, 79, 80, 90];
for (let n = 1; n <= 24; n++) named[`F${n}`] = { keysym: 0xffbe + n - 1, mac: MAC_F[n - 1] ?? null };

const byName = new Map(Object.entries(named).map(([name, key]) => [name.toLowerCase(), key]));

/** Unicode beyond Latin-1 has keysyms of its own range. @see X Window System Protocol, Appendix A */
const keysymOfCharacter = (point: number): number =>
  (point >= 0x20 && point <= 0x7e) || (point >= 0xa0 && point <= 0xff) ? point : 0x01000000 + point;

/** @throws RecipeError invalid_argument */
export function keysymOf(key: string): number {
  const only = character(key);
  return only === undefined ? find(key).keysym : keysymOfCharacter(only);
}

/** What System Events is asked for. @throws RecipeError invalid_argument */
export function macKeyOf(key: string): { code: number } | { text: string } {
  if (character(key) !== undefined) return { text: key };
  const { mac } = find(key);
  if (mac === null) throw new RecipeError('invalid_argument', `a Mac has no key '${key}'`);
  return { code: mac };
}

function find(key: string) {
  const found = byName.get(key.toLowerCase());
  if (found) return found;
  const names = Object.keys(named).filter((name) => !/^F\d/.test(name));
  throw new RecipeError('invalid_argument', `no key '${key}'; send one character, ${names.join(', ')}, or F1 to F24`);
}

/** The code point when it is exactly one, and no control character. */
function character(key: string): number | undefined {
  const point = key.codePointAt(0) as number;
  if (String.fromCodePoint(point) !== key) return undefined;
  if (point < 0x20 || (point >= 0x7f && point < 0xa0) || (point >= 0xd800 && point <= 0xdfff)) {
    throw new RecipeError('invalid_argument', `U+${point.toString(16).padStart(4, '0')} is no key; send its name`);
  }
  return point;
}
