import { ControlError } from '../../schemas/errors.ts';

/** Names of keys as the Recorder writes them (KeyboardEvent.key) to WebDriver's code points. @see W3C WebDriver, 17.4.2 */
const KEYS: Record<string, number> = {
  Cancel: 0xe001,
  Help: 0xe002,
  Backspace: 0xe003,
  Tab: 0xe004,
  Clear: 0xe005,
  Enter: 0xe007,
  Return: 0xe007,
  Shift: 0xe008,
  ShiftLeft: 0xe008,
  Control: 0xe009,
  ControlLeft: 0xe009,
  Alt: 0xe00a,
  AltLeft: 0xe00a,
  Pause: 0xe00b,
  Escape: 0xe00c,
  ' ': 0x20,
  Space: 0x20,
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
  F1: 0xe031,
  F2: 0xe032,
  F3: 0xe033,
  F4: 0xe034,
  F5: 0xe035,
  F6: 0xe036,
  F7: 0xe037,
  F8: 0xe038,
  F9: 0xe039,
  F10: 0xe03a,
  F11: 0xe03b,
  F12: 0xe03c,
  Meta: 0xe03d,
  MetaLeft: 0xe03d,
  ShiftRight: 0xe050,
  ControlRight: 0xe051,
  AltRight: 0xe052,
  MetaRight: 0xe053
};

/** @throws ControlError STEP_UNSUPPORTED for a name that is no key */
export function keyOf(name: string, step: string): string {
  const known = Object.hasOwn(KEYS, name) ? KEYS[name] : undefined;
  if (known !== undefined) return String.fromCodePoint(known);
  if ([...name].length === 1) return name;
  throw new ControlError('STEP_UNSUPPORTED', { step, reason: `there is no key '${name}'` });
}
