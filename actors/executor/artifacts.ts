import { createHash, randomUUID } from 'node:crypto';
import { constants, statSync, unlinkSync, utimesSync } from 'node:fs';
import { access, type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ControlError } from '../../schemas/errors.ts';
import type { Artifact } from './contract.ts';

const SHA256 = /^[0-9a-f]{64}$/;
const FRESH_MS = 3_600_000;
const SLICE_MS = 5;

/** Bytes kept under their own SHA-256, in `<data>/artifacts/ab/abcd…`. The row about them is the journal's. */
export class ArtifactStore {
  readonly folder: string;

  constructor(dataDir: string) {
    this.folder = join(dataDir, 'artifacts');
  }

  /** Durable when it resolves. The same bytes twice are one file. @throws ControlError DATA_DIR_UNWRITABLE */
  async store(bytes: Uint8Array, kind: Artifact['kind'], mediaType: string): Promise<Artifact> {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const path = this.#path(sha256);
    try {
      if (!isThere(path)) await writeDurably(path, bytes);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new ControlError('DATA_DIR_UNWRITABLE', { path, reason }, cause);
    }
    return { id: randomUUID(), kind, media_type: mediaType, sha256, size: bytes.byteLength };
  }

  /** For reading; the caller closes it. @throws ControlError ARTIFACT_NOT_FOUND */
  async open(sha256: string): Promise<{ handle: FileHandle; size: number }> {
    if (!SHA256.test(sha256)) throw new ControlError('ARTIFACT_NOT_FOUND', { artifactId: sha256 });
    try {
      const handle = await open(this.#path(sha256), 'r');
      return { handle, size: (await handle.stat()).size };
    } catch (cause) {
      throw new ControlError('ARTIFACT_NOT_FOUND', { artifactId: sha256 }, cause);
    }
  }

  /**
   * Removes files that no row names; the caller has looked. One that was stored within the last hour stays: its row may
   * be on its way.
   * @returns how many went
   */
  async discard(files: Iterable<string>): Promise<number> {
    const before = Date.now() - FRESH_MS;
    let gone = 0;
    let sliceEnds = performance.now() + SLICE_MS;
    for (const sha256 of files) {
      if (SHA256.test(sha256) && isRemoved(this.#path(sha256), before)) gone++;
      if (performance.now() < sliceEnds) continue;
      await nextTurn();
      sliceEnds = performance.now() + SLICE_MS;
    }
    return gone;
  }

  /** The SHA-256 of every file, a folder at a time. What a crash left half-written is removed on the way. */
  async *files(): AsyncGenerator<string[]> {
    for (const folder of await namesIn(this.folder)) {
      const names = await namesIn(join(this.folder, folder));
      const before = Date.now() - FRESH_MS;
      for (const part of names.filter((name) => name.endsWith('.part'))) {
        isRemoved(join(this.folder, folder, part), before);
      }
      yield names.filter((name) => SHA256.test(name));
    }
  }

  #path(sha256: string): string {
    return join(dirname(this.folder), artifactPath(sha256));
  }
}

/** Where the bytes with this SHA-256 are inside the data directory. */
export const artifactPath = (sha256: string): string => join('artifacts', sha256.slice(0, 2), sha256);

/**
 * Marks it as stored now, so that whoever removes what nobody names leaves it. Marking, and looking and removing, are
 * each one turn of the event loop: neither comes between the other's two halves.
 */
function isThere(path: string): boolean {
  try {
    const now = new Date();
    utimesSync(path, now, now);
    return true;
  } catch {
    return false;
  }
}

function isRemoved(path: string, before: number): boolean {
  try {
    if (statSync(path).mtimeMs >= before) return false;
    unlinkSync(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Whole or not there: written beside, flushed, renamed, and the folder's entry flushed. */
async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await access(folder, constants.W_OK);
  const beside = `${path}.${randomUUID()}.part`;
  try {
    const file = await open(beside, 'wx', 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
  const entry = await open(folder, 'r');
  try {
    await entry.sync();
  } finally {
    await entry.close();
  }
}
