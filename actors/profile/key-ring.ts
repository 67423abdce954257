/**
 * The keys that seal profiles: one file, `{version, active, keys: [{id, key, created_at}]}`, readable by its owner alone.
 *
 * A key's id is made from the key itself, so a key that was put under another's id is noticed when the file is read and
 * not when somebody's login does not open. New records are sealed with the active key; older keys stay to read with
 * until they are removed.
 */
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { ControlError, describe } from '../../schemas/errors.ts';
import { flushFolder, linkUnlessThere, writeFlushed } from '../process/durable-file.ts';

const KEY_BYTES = 32;

export interface ProfileKey {
  id: string;
  key: Buffer;
  /** ms since 1970 */
  createdAt: number;
}

interface KeyFile {
  version: 1;
  active: string;
  /** Oldest first; `key` is base64. */
  keys: { id: string; key: string; created_at: string }[];
}

export class KeyRing {
  readonly path: string;
  readonly #keys = new Map<string, ProfileKey>();
  #active: string;

  private constructor(path: string, keys: ProfileKey[], active: string) {
    this.path = path;
    for (const key of keys) this.#keys.set(key.id, key);
    this.#active = active;
  }

  /**
   * Reads the file, or makes it with one new key when there is none: two processes that start at once get the same.
   * @throws ControlError PROFILE_KEYS_INVALID
   */
  static open(file: string, { now = Date.now }: { now?: () => number } = {}): KeyRing {
    const path = resolve(file);
    try {
      return KeyRing.#read(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    const first = newKey(now());
    writeDurably(path, render([first], first.id), { replace: false });
    return KeyRing.#read(path);
  }

  static #read(path: string): KeyRing {
    const invalid = (reason: string, cause?: unknown) =>
      new ControlError('PROFILE_KEYS_INVALID', { path, reason }, cause);
    let text: string;
    try {
      if ((statSync(path).mode & 0o077) !== 0) throw invalid(`others may read it; chmod 600 ${path}`);
      text = readFileSync(path, 'utf8');
    } catch (error) {
      if (error instanceof ControlError || (error as NodeJS.ErrnoException).code === 'ENOENT') throw error;
      throw invalid(describe(error), error);
    }
    const keys: ProfileKey[] = [];
    let active: string;
    try {
      const content = JSON.parse(text) as KeyFile;
      active = content.active;
      for (const { id, key, created_at } of content.keys) {
        keys.push({ id, key: Buffer.from(key, 'base64'), createdAt: Date.parse(created_at) });
      }
    } catch {
      // What the parser quotes of it would be a key.
      throw invalid('it is no key ring; restore it from a backup');
    }
    for (const { id, key, createdAt } of keys) {
      if (key.length !== KEY_BYTES) throw invalid(`key '${id}' has ${key.length} bytes, not ${KEY_BYTES}`);
      if (id !== idOf(key)) throw invalid(`what stands under '${id}' is another key, '${idOf(key)}'`);
      if (!Number.isFinite(createdAt)) throw invalid(`key '${id}' does not say when it was made`);
    }
    if (!keys.some(({ id }) => id === active)) throw invalid(`its active key '${active}' is not among its keys`);
    return new KeyRing(path, keys, active);
  }

  /** The one that new records are sealed with. */
  get active(): ProfileKey {
    return this.#keys.get(this.#active) as ProfileKey;
  }

  /** Oldest first. */
  list(): ProfileKey[] {
    return [...this.#keys.values()];
  }

  get(id: string): ProfileKey | undefined {
    return this.#keys.get(id);
  }

  /** A new active key, on the disk when this returns. @throws ControlError PROFILE_KEYS_INVALID when it cannot be written */
  rotate(now = Date.now()): ProfileKey {
    const key = newKey(now);
    this.#write([...this.#keys.values(), key], key.id);
    this.#keys.set(key.id, key);
    this.#active = key.id;
    return key;
  }

  /** For ever: what is sealed with it does not open again. @throws ControlError PROFILE_KEY_NOT_FOUND, PROFILE_KEY_IN_USE */
  remove(id: string): void {
    if (!this.#keys.has(id)) throw new ControlError('PROFILE_KEY_NOT_FOUND', { keyId: id });
    if (id === this.#active)
      throw new ControlError('PROFILE_KEY_IN_USE', { keyId: id, reason: 'it is the active one' });
    const left = this.list().filter((key) => key.id !== id);
    this.#write(left, this.#active);
    this.#keys.delete(id);
  }

  #write(keys: ProfileKey[], active: string): void {
    try {
      writeDurably(this.path, render(keys, active), { replace: true });
    } catch (error) {
      const reason = `it cannot be written: ${describe(error)}`;
      throw new ControlError('PROFILE_KEYS_INVALID', { path: this.path, reason }, error);
    }
  }
}

const idOf = (key: Buffer): string =>
  `k${createHmac('sha256', key).update('troupe profile key').digest('hex').slice(0, 12)}`;

function newKey(createdAt: number): ProfileKey {
  const key = randomBytes(KEY_BYTES);
  return { id: idOf(key), key, createdAt };
}

function render(keys: ProfileKey[], active: string): string {
  const file: KeyFile = {
    version: 1,
    active,
    keys: keys.map(({ id, key, createdAt }) => ({
      id,
      key: key.toString('base64'),
      created_at: new Date(createdAt).toISOString()
    }))
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** Written beside, flushed, put in its place, and the folder's entry flushed. */
function writeDurably(path: string, text: string, { replace }: { replace: boolean }): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const beside = `${path}.${randomUUID()}.part`;
  try {
    writeFlushed(beside, text);
    if (replace) renameSync(beside, path);
    else linkUnlessThere(beside, path);
  } finally {
    rmSync(beside, { force: true });
  }
  flushFolder(dirname(path));
}
