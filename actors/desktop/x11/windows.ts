/**
 * Windows in front, behind and hidden. With a window manager it is asked (EWMH); without one we do what it would do.
 * @see Extended Window Manager Hints, `_NET_ACTIVE_WINDOW`, `_NET_CLIENT_LIST`
 */
import type { Connection } from './connection.ts';

const ANY = 0;
const ICONIC = 3;
/** "from a pager or the like": a window manager does not keep such a wish back as it does a program's own. */
const SOURCE_PAGER = 2;
const POINTER_ROOT = 1;

export interface Window {
  id: number;
  /** WM_CLASS: instance and class, in lower case. */
  names: string[];
  pid: number | null;
}

export class Windows {
  readonly #c: Connection;

  constructor(connection: Connection) {
    this.#c = connection;
  }

  /** Of programs, hidden ones too, the topmost or newest first. */
  async list(): Promise<Window[]> {
    const ids =
      (await this.#ids('_NET_CLIENT_LIST_STACKING')) ??
      (await this.#ids('_NET_CLIENT_LIST')) ??
      (await this.#children());
    const windows = await Promise.all(ids.toReversed().map((id) => this.#look(id)));
    return windows.filter((window): window is Window => window !== undefined);
  }

  /** The one that has the keyboard. */
  async active(): Promise<Window | undefined> {
    const [id] = (await this.#ids('_NET_ACTIVE_WINDOW')) ?? [];
    if (id) return this.#look(id);
    let focus = await new Promise<number>((resolve) =>
      this.#c.X.GetInputFocus((error, value) => resolve(error ? 0 : value.focus))
    );
    // The focus may be on a window in the program's window.
    const known = await this.list();
    for (let depth = 0; depth < 16 && focus > POINTER_ROOT; depth++) {
      const found = known.find((window) => window.id === focus);
      if (found) return found;
      focus = await this.#parent(focus);
    }
    return undefined;
  }

  async show({ id }: Window): Promise<void> {
    const { X, root } = this.#c;
    if (await this.#isManaged()) {
      X.SendClientMessage(root, id, await this.#c.atom('_NET_ACTIVE_WINDOW'), 32, [SOURCE_PAGER, 0, 0, 0, 0]);
      return this.#c.sync();
    }
    X.MapWindow(id);
    X.RaiseWindow(id);
    await this.#c.sync();
    // One that is not to be seen yet cannot have the focus; its program maps it when it is ready.
    X.SetInputFocus(id, POINTER_ROOT);
    await this.#c.sync();
  }

  async hide({ id }: Window): Promise<void> {
    const { X, root } = this.#c;
    if (await this.#isManaged())
      X.SendClientMessage(root, id, await this.#c.atom('WM_CHANGE_STATE'), 32, [ICONIC, 0, 0, 0, 0]);
    else X.UnmapWindow(id);
    await this.#c.sync();
  }

  async #isManaged(): Promise<boolean> {
    const [check] = (await this.#ids('_NET_SUPPORTING_WM_CHECK')) ?? [];
    // One that died leaves its property on the root, and its window is gone.
    return check !== undefined && (await this.#property(check, '_NET_SUPPORTING_WM_CHECK')) !== undefined;
  }

  async #look(id: number): Promise<Window | undefined> {
    const [kind, pid] = await Promise.all([this.#property(id, 'WM_CLASS'), this.#property(id, '_NET_WM_PID')]);
    if (!kind || kind.length === 0) return undefined;
    const names = kind.toString('latin1').split('\0').filter(Boolean);
    return {
      id,
      names: names.map((name) => name.toLowerCase()),
      pid: pid && pid.length >= 4 ? pid.readUInt32LE(0) : null
    };
  }

  async #ids(name: string): Promise<number[] | undefined> {
    const data = await this.#property(this.#c.root, name);
    if (!data || data.length < 4) return undefined;
    return Array.from({ length: data.length >> 2 }, (_, n) => data.readUInt32LE(n * 4));
  }

  async #property(window: number, name: string): Promise<Buffer | undefined> {
    const atom = await this.#c.atom(name);
    return new Promise((resolve) => {
      this.#c.X.GetProperty(0, window, atom, ANY, 0, 10_000, (error, value) =>
        // The window may have gone meanwhile.
        resolve(error || value.type === 0 ? undefined : value.data)
      );
    });
  }

  #children(): Promise<number[]> {
    return new Promise((resolve) => {
      this.#c.X.QueryTree(this.#c.root, (error, tree) => resolve(error ? [] : tree.children));
    });
  }

  #parent(window: number): Promise<number> {
    return new Promise((resolve) => {
      this.#c.X.QueryTree(window, (error, tree) => resolve(error ? 0 : ((tree as { parent?: number }).parent ?? 0)));
    });
  }
}
