/**
 * A small X11 program: one window that writes down what it gets, a line of JSON each, and pastes on Ctrl+V.
 * `window.ts LOG WM_CLASS [TARGET]`; it ends when the X server does, or on the key Escape.
 */
import { appendFileSync } from 'node:fs';
import x11, { type XEvent } from 'x11';

const [log, kind, target] = process.argv.slice(2) as [string, string, string | undefined];
const note = (line: Record<string, unknown>) => appendFileSync(log, `${JSON.stringify(line)}\n`);
const CONTROL = 4;
const STRING = 31;

x11.createClient({ display: process.env.DISPLAY as string }, async (error, display) => {
  if (error) throw error;
  const { client: X } = display;
  X.stream.on('close', () => process.exit());
  const root = display.screen[0]!.root;
  const atom = (name: string) =>
    new Promise<number>((resolve) => X.InternAtom(false, name, (_, value) => resolve(value)));
  const [clipboard, utf8, into] = await Promise.all(['CLIPBOARD', 'UTF8_STRING', 'PASTED'].map(atom));
  const load = () =>
    new Promise<number[][]>((resolve) => {
      X.GetKeyboardMapping(display.min_keycode, display.max_keycode - display.min_keycode + 1, (_, rows) =>
        resolve(rows)
      );
    });
  let rows = await load();
  const id = X.AllocID();
  const mask = x11.eventMask;
  X.CreateWindow(id, root, 10, 10, 300, 200, 0, 0, 1, 0, {
    eventMask: mask.KeyPress! | mask.StructureNotify! | mask.FocusChange!
  });
  X.ChangeProperty(0, id, X.atoms.WM_CLASS!, STRING, 8, Buffer.from(`${kind}\0${kind}\0`, 'latin1'));
  // One after the other: a key is read with the keyboard as it was changed before.
  let turn = Promise.resolve();
  X.on('event', (event: XEvent) => {
    turn = turn.then(() => take(event));
  });
  const take = async (event: XEvent) => {
    if (event.name === 'MappingNotify') rows = await load();
    if (event.name === 'MapNotify') {
      X.SetInputFocus(id, 1);
      await X.sync();
      note({ event: 'shown', ...(target === undefined ? {} : { target }) });
    }
    if (event.name === 'UnmapNotify') note({ event: 'hidden' });
    if (event.name === 'KeyPress') {
      const { keycode, buttons } = event as unknown as { keycode: number; buttons: number };
      const [plain = 0, shifted = 0] = rows[keycode - display.min_keycode] ?? [];
      note({ event: 'key', keysym: (buttons & 1) !== 0 && shifted !== 0 ? shifted : plain, state: buttons });
      if (plain === 0x76 && (buttons & CONTROL) !== 0) X.ConvertSelection(id, clipboard!, utf8!, into!, 0);
      if (plain === 0xff1b) process.exit();
    }
    if (event.name === 'SelectionNotify') {
      const data = await new Promise<Buffer>((resolve) => {
        X.GetProperty(1, id, into!, 0, 0, 1_000_000, (_, value) => resolve(value.data));
      });
      note({ event: 'paste', text: data.toString('utf8') });
    }
  };
  X.MapWindow(id);
});
