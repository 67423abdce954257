/**
 * A copy of a whole data directory, also of one in use, that starts as an instance of its own.
 *
 * ```
 * DIR.partial-…:  journal.db, in one read transaction ─▶ files its artifacts name ─▶ the rest ─▶ checked ─▶ renamed to DIR
 * ```
 * The database is the moment of the copy: everything that was acknowledged before is in it. A file is there before its
 * row and goes after it, so all files the copied rows name are still there, but for those that retention removes
 * meanwhile: their rows are taken out of the copy too. What does not end well leaves nothing.
 */
import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { copyFile, cp, lstat, mkdir, open, readdir, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { type CopiedJournal, copyJournal, finishCopy, isNamed, namedFiles } from '../actors/journal/backup.ts';
import { storageFailure } from '../actors/journal/failures.ts';
import { ControlError, describe, isControlError } from '../schemas/errors.ts';

export interface BackupReport extends CopiedJournal {
  /** Absolute. */
  from: string;
  to: string;
  /** ISO: when it began. */
  taken_at: string;
  /** Of artifacts, their bytes proved by their names. */
  files: number;
  /** Of all that was copied. */
  bytes: number;
  /** What else of the directory: admin.token, keys, uploads. */
  others: string[];
  /** Files of artifacts that are not there, or are not what their name says, in the original itself. */
  damaged: string[];
}

/** Of this machine or this process, or copied in a way of its own. */
const NOT_COPIED =
  /^(journal\.db.*|artifacts|troupe\.lock.*|endpoints\.json.*|backup\.json|logs|appium|bin|slots|processes|recipes)$/;

/** @throws ControlError BACKUP_TARGET_TAKEN, BACKUP_FAILED, JOURNAL_DAMAGED; what the signal aborts with */
export async function makeBackup(dataDir: string, target: string, signal: AbortSignal): Promise<BackupReport> {
  const [from, to] = [resolve(dataDir), resolve(target)];
  await assertJournal(from);
  await assertFree(from, to);
  const partial = join(dirname(to), `.${basename(to)}.partial-${process.pid}-${Date.now()}`);
  try {
    await mkdir(partial, { recursive: true, mode: 0o700 });
    const report = await copyAll(from, partial, signal);
    await writeFile(join(partial, 'backup.json'), `${JSON.stringify({ ...report, to }, null, 2)}\n`, { mode: 0o600 });
    await flush(partial);
    // An empty folder gives its place; one that was filled meanwhile does not.
    await rmdir(to).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    await rename(partial, to);
    await flushEntry(dirname(to));
    return { ...report, to };
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    if (isControlError(error) || signal.aborted) throw error;
    const failure = storageFailure(error, join(from, 'journal.db'));
    if (isControlError(failure, 'JOURNAL_DAMAGED')) throw failure;
    throw new ControlError('BACKUP_FAILED', { path: from, reason: describe(error) }, error);
  }
}

async function assertJournal(from: string): Promise<void> {
  try {
    await stat(join(from, 'journal.db'));
  } catch (error) {
    throw new ControlError(
      'BACKUP_FAILED',
      { path: from, reason: `there is no journal.db: ${describe(error)}` },
      error
    );
  }
}

async function assertFree(from: string, to: string): Promise<void> {
  const taken = (reason: string) => new ControlError('BACKUP_TARGET_TAKEN', { path: to, reason });
  const inside = relative(from, to);
  if (inside === '' || !(inside.startsWith('..') || resolve(inside) === inside)) {
    throw taken(`it is inside ${from}, which is to be copied`);
  }
  const names = await readdir(to).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw taken(error.code === 'ENOTDIR' ? 'it is no folder' : describe(error));
  });
  if (names.length > 0) throw taken(`'${names[0]}' is in it`);
}

async function copyAll(from: string, to: string, signal: AbortSignal): Promise<BackupReport> {
  const taken_at = new Date().toISOString();
  const [source, copy] = [join(from, 'journal.db'), join(to, 'journal.db')];
  await copyJournal(source, copy);
  signal.throwIfAborted();

  const damaged: string[] = [];
  const gone = new Set<string>();
  let [files, bytes] = [0, 0];
  for await (const named of namedFiles(copy)) {
    for (const sha256 of named) {
      signal.throwIfAborted();
      const copied = await copyArtifact(from, to, sha256);
      if (copied !== undefined) {
        files++;
        bytes += copied;
      } else if (await isNamed(source, sha256)) damaged.push(sha256);
      else gone.add(sha256);
    }
  }

  const others: string[] = [];
  for (const name of (await readdir(from)).filter((one) => !NOT_COPIED.test(one))) {
    signal.throwIfAborted();
    const filter = async (path: string) => isPlain(path);
    await cp(join(from, name), join(to, name), { recursive: true, preserveTimestamps: true, filter });
    if (await isPlain(join(to, name))) others.push(name);
  }
  const journal = await finishCopy(copy, source, gone);
  signal.throwIfAborted();
  bytes += (await stat(copy)).size;
  return { from, to, taken_at, ...journal, files, bytes, others: others.sort(), damaged };
}

/** Its bytes; undefined when it is not there, or is not what its name says. */
async function copyArtifact(from: string, to: string, sha256: string): Promise<number | undefined> {
  const place = join('artifacts', sha256.slice(0, 2));
  const path = join(to, place, sha256);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  try {
    await copyFile(join(from, place, sha256), path, constants.COPYFILE_FICLONE);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(path)) {
    hash.update(chunk as Buffer);
    bytes += (chunk as Buffer).length;
  }
  if (hash.digest('hex') === sha256) return bytes;
  await rm(path);
  return undefined;
}

/** Files and folders; no sockets, pipes or links. */
const isPlain = async (path: string): Promise<boolean> => {
  const found = await lstat(path).catch(() => undefined);
  return found !== undefined && (found.isFile() || found.isDirectory());
};

/** All of a folder on the disk. */
async function flush(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await flush(path);
    else await flushEntry(path);
  }
  await flushEntry(folder);
}

async function flushEntry(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
