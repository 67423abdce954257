import { ControlError } from '../../schemas/errors.ts';

/** Names of keys as KeyboardEvent.key writes them to WebDriver's code points. @see W3C WebDriver, "Keyboard actions" */
const KEYS: Record<string, number> = {
  Cancel: 0xe001,
  Help: 0xe002,
  Backspace: 0xe003,
  Tab: 0xe004,
  Clear: 0xe005,
  Enter: 0xe007,
  Return: 0xe007,
  '\r': 0xe007,
  '\n': 0xe007,
  NumpadEnter: 0xe006,
  Shift: 0xe008,
  Control: 0xe009,
  Alt: 0xe00a,
  Pause: 0xe00b,
  Escape: 0xe00c,
  PageUp: 0xe00e,
  PageDown: 0xe00f,
  End: 0xe010,
  Home: 0xe011,
  ArrowLeft: 0xe012,
  ArrowUp: 0xe013,
  ArrowRight: 0xe014,
  ArrowDown: 0xe015,
  Insert: 0xe016,
  Delete: 0xe017,
  NumpadMultiply: 0xe024,
  NumpadAdd: 0xe025,
  NumpadSubtract: 0xe027,
  NumpadDecimal: 0xe028,
  NumpadDivide: 0xe029,
  Meta: 0xe03d
};
for (let i = 0; i < 10; i += 1) KEYS[`Numpad${i}`] = 0xe01a + i;
for (let i = 1; i <= 12; i += 1) KEYS[`F${i}`] = 0xe030 + i;

/** The Recorder also names keys by their place on an American keyboard (KeyboardEvent.code). */
const PLACES: Record<string, string> = {
  Space: ' ',
  NumpadEqual: '=',
  Semicolon: ';',
  Equal: '=',
  Comma: ',',
  Minus: '-',
  Period: '.',
  Slash: '/',
  Backquote: '`',
  BracketLeft: '[',
  Backslash: '\\',
  BracketRight: ']',
  Quote: "'"
};

const MODIFIERS: Record<string, { left: number; right: number }> = {
  Shift: { left: 0xe008, right: 0xe050 },
  Control: { left: 0xe009, right: 0xe051 },
  Alt: { left: 0xe00a, right: 0xe052 },
  Meta: { left: 0xe03d, right: 0xe053 }
};

/** What WebDriver is sent for the key; null for a name that is no key or one no driver can press. */
export function codeOf(name: string): string | null {
  if (Object.hasOwn(KEYS, name)) return String.fromCodePoint(KEYS[name]!);
  if (Object.hasOwn(PLACES, name)) return PLACES[name]!;
  const place = /^(?:Key([A-Z])|Digit([0-9]))$/.exec(name);
  if (place) return place[1]?.toLowerCase() ?? place[2]!;
  const modifier = /^(Shift|Control|Alt|Meta)(Left|Right)$/.exec(name);
  if (modifier) return String.fromCodePoint(MODIFIERS[modifier[1]!]![modifier[2] === 'Left' ? 'left' : 'right']);
  // A driver takes private-use characters for keys: whatever one of these would press, nobody wrote it down.
  return [...name].length === 1 && !/[\p{Co}\p{Cc}]/u.test(name) ? name : null;
}

/** @throws ControlError STEP_UNSUPPORTED for a name that is no key */
export function keyOf(name: string, step: string): string {
  const code = codeOf(name);
  if (code === null) throw new ControlError('STEP_UNSUPPORTED', { step, reason: `there is no key '${name}'` });
  return code;
}
