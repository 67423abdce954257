/**
 * Where the sockets are, and that nobody but us can reach them.
 *
 * To connect to a unix socket, or to send to one, the kernel wants search permission on every folder above it and write
 * permission on the socket. In a folder of mode 0700 that is ours, a socket of mode 0600 is reached by our user and by
 * root. So the folder is looked at (owner, mode, no symbolic link) before a socket is made in it, and the mode of the
 * socket is right from its first moment, by the umask. Should somebody widen the modes later, the stream asks the kernel
 * whose process connected (`peer.ts`); of a datagram it cannot be asked.
 */
import { chmodSync, lstatSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { isAbsolute, join } from 'node:path';
import { ControlError } from '../../schemas/errors.ts';
import { loadDatagrams } from './unix-dgram.ts';

export interface RecipePaths {
  folder: string;
  stream: string;
  datagram: string;
}

/** `sun_path` without its final zero. */
const PATH_LIMIT = process.platform === 'darwin' ? 103 : 107;

/** @param runtimeDir XDG_RUNTIME_DIR; ignored when it is no folder of ours */
export function recipePaths(dataDir: string, runtimeDir: string | undefined): RecipePaths {
  const folder = runtimeDir && isOurs(runtimeDir) ? join(runtimeDir, 'troupe') : join(dataDir, 'recipes');
  return { folder, stream: join(folder, 'recipes.sock'), datagram: join(folder, 'recipes.sock.dgram') };
}

function isOurs(path: string): boolean {
  if (!isAbsolute(path)) return false;
  try {
    const { uid, mode } = statSync(path);
    return uid === process.getuid?.() && (mode & 0o077) === 0;
  } catch {
    return false;
  }
}

/** @throws ControlError RECIPES_FOLDER_UNSAFE, RECIPES_PATH_TOO_LONG */
export function prepareFolder({ folder, datagram }: RecipePaths): void {
  const bytes = Buffer.byteLength(datagram);
  if (bytes > PATH_LIMIT) throw new ControlError('RECIPES_PATH_TOO_LONG', { path: datagram, bytes, limit: PATH_LIMIT });
  const unsafe = (reason: string, cause?: unknown) =>
    new ControlError('RECIPES_FOLDER_UNSAFE', { folder, reason }, cause);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw unsafe(`cannot be made: ${(cause as Error).message}`, cause);
  }
  const look = lstatSync(folder);
  const { uid, mode } = look;
  const own = process.getuid?.();
  if (look.isSymbolicLink()) throw unsafe('it is a symbolic link');
  if (!look.isDirectory()) throw unsafe('it is no folder');
  if (uid !== own) throw unsafe(`it belongs to user ${uid} and not to ${own}`);
  if ((mode & 0o077) !== 0)
    throw unsafe(`its mode is ${(mode & 0o777).toString(8)}, and others may use it; chmod 700 it`);
}

/**
 * Makes room for a socket: one that a dead process left is removed.
 * @throws ControlError RECIPES_SOCKET_IN_USE by a live server, or by something that is no socket
 */
export async function clearPath(path: string, kind: 'stream' | 'datagram'): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return;
  const inUse = (by: string) => new ControlError('RECIPES_SOCKET_IN_USE', { path, by });
  if (!found.isSocket()) throw inUse(`a ${found.isSymbolicLink() ? 'symbolic link' : 'file'} that is no socket`);
  if (found.uid !== process.getuid?.()) throw inUse(`user ${found.uid}`);
  const isLive = kind === 'stream' ? await answers(path) : await takesDatagrams(path);
  if (isLive) throw inUse('a server that runs');
  rmSync(path, { force: true });
}

/** Somebody listens there. A queue that is full is somebody, too. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const done = (live: boolean) => {
      socket.destroy();
      resolve(live);
    };
    socket.once('connect', () => done(true));
    socket.once('error', (error: NodeJS.ErrnoException) =>
      done(!['ECONNREFUSED', 'ENOENT'].includes(error.code ?? ''))
    );
  });
}

async function takesDatagrams(path: string): Promise<boolean> {
  const { module } = await loadDatagrams();
  if (!module) return true;
  const socket = module.createSocket('unix_dgram');
  let live = true;
  socket.once('error', () => {
    live = false;
  });
  socket.connect(path);
  socket.close();
  return live;
}

/** What is made in `make`, which must not wait for anything, nobody else can open, from its first moment. */
export function withOwnMode(path: string, make: () => void): void {
  const before = process.umask(0o177);
  try {
    make();
  } finally {
    process.umask(before);
  }
  // A file system may have its own idea of what a socket's mode is.
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket()) chmodSync(path, 0o600);
}

/** Removed only while it is the one we made: a successor may have taken the path. */
export function removeOwn(path: string, inode: number): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.ino === inode) rmSync(path, { force: true });
}

export const inodeOf = (path: string): number => lstatSync(path).ino;
