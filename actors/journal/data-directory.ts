/**
 * One process owns a data directory: `<data>/troupe.lock` says which. It is made whole and at once (a hard link to a
 * file already written), so whoever sees it can read it. A process that dies without a word leaves it behind; the next
 * one sees that no such process lives and takes it over.
 *
 * Taking over is where two processes starting at once could both win: A replaces the dead one's lock, and B, who had
 * judged the same dead lock, then replaces A's. So the right to replace one particular dead lock is itself a lock, named
 * after that lock's digest and taken in the same way; its holder looks once more whether the dead one is still there.
 *
 * Processes are told apart by pid and start time. Two containers with pid namespaces of their own on one directory
 * cannot see each other's processes and are not kept apart.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ControlError, describe, isControlError } from '../../schemas/errors.ts';
import { linkUnlessThere, writeFlushed } from '../process/durable-file.ts';
import { startOf } from '../process/identity.ts';

export interface DataDirectory {
  /** Absolute. */
  path: string;
  /** Lets the next process in. Again is nothing; a lock that is not this one's any more stays. */
  release(): Promise<void>;
  /** The same, for `process.on('exit')`. */
  releaseSync(): void;
}

interface Owner {
  pid: number;
  /** See `startOf`. */
  start: string;
  /** ISO: when the lock was taken. */
  since: string;
  /** Makes every lock ever taken different from every other. */
  nonce: string;
}

/**
 * Makes the directory (0700) when missing and takes it for this process.
 * @throws ControlError DATA_DIR_IN_USE, DATA_DIR_UNWRITABLE
 */
export async function openDataDirectory(directory: string): Promise<DataDirectory> {
  const path = resolve(directory);
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const lock = join(path, 'troupe.lock');
    const content = take(lock, path);
    const releaseSync = () => {
      if (read(lock) === content) rmSync(lock, { force: true });
    };
    return { path, releaseSync, release: async () => releaseSync() };
  } catch (error) {
    if (isControlError(error)) throw error;
    throw new ControlError('DATA_DIR_UNWRITABLE', { path, reason: describe(error) }, error);
  }
}

/** Makes `lock` this process's and returns what is in it. @throws ControlError DATA_DIR_IN_USE */
function take(lock: string, directory: string): string {
  const content = JSON.stringify(ownerNow());
  const draft = `${lock}.${process.pid}.${randomUUID()}`;
  // On the disk before it gets its name: after a power cut a lock is whole or not there.
  writeFlushed(draft, content);
  try {
    for (;;) {
      if (linkUnlessThere(draft, lock)) return content;
      const found = read(lock);
      // Released between the two calls.
      if (found === undefined) continue;
      const owner = livingOwner(found);
      if (owner) throw new ControlError('DATA_DIR_IN_USE', { path: directory, pid: owner.pid, since: owner.since });
      const right = `${lock}.${createHash('sha256').update(found).digest('hex').slice(0, 16)}`;
      take(right, directory);
      try {
        if (read(lock) !== found) continue;
        renameSync(draft, lock);
        return content;
      } finally {
        rmSync(right, { force: true });
      }
    }
  } finally {
    rmSync(draft, { force: true });
  }
}

const ownerNow = (): Owner => ({
  pid: process.pid,
  start: startOf(process.pid) ?? 'unknown',
  since: new Date().toISOString(),
  nonce: randomUUID()
});

/** Whoever wrote this, if that process lives. What cannot be read was left by a crash of the machine. */
function livingOwner(content: string): Owner | undefined {
  let owner: Partial<Owner>;
  try {
    owner = JSON.parse(content) ?? {};
  } catch {
    return undefined;
  }
  if (!Number.isSafeInteger(owner.pid) || owner.pid! <= 0) return undefined;
  const start = startOf(owner.pid!);
  if (start === null) return undefined;
  const isAnother = start !== owner.start && start !== 'unknown' && owner.start !== 'unknown';
  return isAnother ? undefined : (owner as Owner);
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
