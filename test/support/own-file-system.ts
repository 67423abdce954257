import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** A small file system in a mount namespace that lives as long as the test, over any number of processes in it. */
export interface OwnFileSystem {
  /** Its path inside. */
  path: string;
  /** The same for this process, which is outside. */
  seenAs: string;
  /** Runs a command inside: `['nsenter', …]`. */
  wrapper: string[];
}

/** @returns undefined with the reason where nothing can be mounted */
export async function ownFileSystem(
  t: Pick<TestContext, 'after'>,
  bytes: number
): Promise<{ fs: OwnFileSystem } | { fs?: undefined; why: string }> {
  if (process.platform !== 'linux') return { why: 'file systems are mounted for tests on Linux only' };
  const path = mkdtempSync(join(tmpdir(), 'troupe-disk-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  const isRoot = process.getuid?.() === 0;
  // Its standard input ends with this process, and with it the namespace.
  const script = `mount -t tmpfs -o size=${bytes} tmpfs "$0" && echo mounted && exec cat`;
  const args = ['-m', ...(isRoot ? [] : ['--map-root-user']), 'sh', '-c', script, path];
  const holder = spawn('unshare', args, { stdio: ['pipe', 'pipe', 'pipe'] });
  t.after(async () => {
    holder.kill('SIGKILL');
  });
  let said = '';
  holder.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const mounted = once(holder.stdout, 'data').then(() => true);
  const ended = new Promise<false>((resolve) => {
    holder.once('error', (error) => {
      said = error.message;
      resolve(false);
    });
    holder.once('close', () => resolve(false));
  });
  if (!(await Promise.race([mounted, ended]))) return { why: `no file system can be mounted here: ${said.trim()}` };
  const wrapper = ['nsenter', ...(isRoot ? [] : ['--user', '--preserve-credentials']), '-t', String(holder.pid), '-m'];
  const tried = spawnSync(wrapper[0]!, [...wrapper.slice(1), 'test', '-d', path], { encoding: 'utf8' });
  if (tried.status !== 0) return { why: `nsenter does not work here: ${tried.error?.message ?? tried.stderr.trim()}` };
  return { fs: { path, seenAs: `/proc/${holder.pid}/root${path}`, wrapper } };
}
