/** Files that are whole or not there, also after a power cut. */
import { closeSync, fsyncSync, linkSync, openSync, writeSync } from 'node:fs';

/** Makes a file that only its owner reads, and flushes it. @throws EEXIST */
export function writeFlushed(path: string, content: string): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    writeSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Gives a file one more name, at once. false: the name is taken. */
export function linkUnlessThere(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** The names in it, too. */
export function flushFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
