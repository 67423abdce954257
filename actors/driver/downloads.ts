/**
 * Where a slot's browser puts what a click downloads: into the slot's own folder, and not into the home of whoever runs
 * this. WebKitGTK asks GLib for the user's download folder, and GLib reads `user-dirs.dirs` in the browser's own
 * XDG_CONFIG_HOME. Safari has one folder for all, which is its user's.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Platform, platformOf } from './platform.ts';

const folderOf = (dataDir: string, slot: string): string => join(resolve(dataDir), 'slots', slot, 'downloads');

/** The folder of a slot's downloads; null where the browser has none of its own. */
export const downloadsIn =
  (dataDir: string, platform: Pick<Platform, 'ownDownloads'> = platformOf()) =>
  (slot: string): string | null =>
    platform.ownDownloads ? folderOf(dataDir, slot) : null;

/** An empty one: of a browser that was there before nothing is left to another account's. */
export function clearDownloads(dataDir: string, slot: string): void {
  const folder = folderOf(dataDir, slot);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
}

/** @param configHome the XDG_CONFIG_HOME that the browser gets; a browser reads it when it starts */
export function pointDownloads(configHome: string, folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(configHome, 'user-dirs.dirs'), `XDG_DOWNLOAD_DIR="${folder}"\n`);
}
