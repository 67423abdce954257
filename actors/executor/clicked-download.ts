/**
 * What the steps of an action have the browser itself download: a click on a link that is a file. It comes into the slot's
 * own folder, under a name of the site's, with `.wkdownload` behind it as long as it is not whole.
 */
import { createReadStream } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ControlError } from '../../schemas/errors.ts';
import type { FlowAction, Proof } from '../../schemas/generated/contracts.ts';
import type { Artifact } from './contract.ts';
import { DOWNLOAD_DEFAULTS } from './download.ts';
import { Patience, sleep } from './page.ts';
import type { ArtifactSink } from './report.ts';

const UNFINISHED = '.wkdownload';
/** A file that is the same after so long, and has none unfinished beside it, is whole, ms. */
const SETTLED_MS = 250;

type Rule = NonNullable<FlowAction['download']>[string];

/** Before the steps: what came earlier is not theirs. */
export async function forgetDownloads(folder: string): Promise<void> {
  for (const name of await namesIn(folder)) await rm(join(folder, name), { recursive: true, force: true });
}

/**
 * Waits for one file to be whole, keeps it, and takes it out of the folder.
 * @throws ControlError DOWNLOAD_FAILED none came, not all of it, too big
 */
export async function clickedDownload(
  folder: string,
  { maxBytes = DOWNLOAD_DEFAULTS.maxBytes, timeout = DOWNLOAD_DEFAULTS.timeout }: Rule,
  { step, artifacts, signal }: { step: string; artifacts: ArtifactSink; signal: AbortSignal }
): Promise<{ artifact: Artifact; proofs: Proof[] }> {
  const patience = new Patience(timeout);
  const failed = (name: string, reason: string) =>
    new ControlError('DOWNLOAD_FAILED', { step, url: name.slice(0, 2000), reason });
  let before: Seen | null = null;
  for (;;) {
    const names = await namesIn(folder);
    const seen = await firstWhole(folder, names);
    const size = seen?.size ?? (await sizeOfAll(folder, names));
    if (size > maxBytes) throw failed(seen?.name ?? names[0] ?? '', `it is over ${maxBytes} bytes`);
    if (seen && before && isSame(seen, before)) return keep(seen);
    before = seen;
    if (patience.over && !seen) {
      const reason = names.length > 0 ? 'not all of it came' : 'the steps had the browser download nothing';
      throw failed(names[0] ?? '', `${reason} in ${patience.waitedMs} ms`);
    }
    await sleep(SETTLED_MS, signal);
  }

  async function keep({ name }: Seen) {
    const path = join(folder, name);
    const parts: Buffer[] = [];
    for await (const part of createReadStream(path)) parts.push(part as Buffer);
    const artifact = await artifacts.store(Buffer.concat(parts), 'download', 'application/octet-stream');
    await rm(path, { force: true });
    const proofs: Proof[] = [
      { kind: 'file', artifact_id: artifact.id, sha256: artifact.sha256, value: name.slice(0, 2000) }
    ];
    return { artifact, proofs };
  }
}

interface Seen {
  name: string;
  size: number;
  changedAt: number;
}

const isSame = (a: Seen, b: Seen): boolean => a.name === b.name && a.size === b.size && a.changedAt === b.changedAt;

/** In the order of their names, so that two looks see the same one. */
async function firstWhole(folder: string, names: string[]): Promise<Seen | null> {
  const name = names.find((one) => !one.endsWith(UNFINISHED) && !names.includes(one + UNFINISHED));
  if (name === undefined) return null;
  const look = await stat(join(folder, name)).catch(() => null);
  return look?.isFile() ? { name, size: look.size, changedAt: look.mtimeMs } : null;
}

async function sizeOfAll(folder: string, names: string[]): Promise<number> {
  const looks = await Promise.all(names.map((name) => stat(join(folder, name)).catch(() => null)));
  return looks.reduce((sum, look) => sum + (look?.size ?? 0), 0);
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
