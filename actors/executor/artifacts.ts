import { createHash, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ControlError } from '../../schemas/errors.ts';
import type { Artifact } from './contract.ts';

const SHA256 = /^[0-9a-f]{64}$/;

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
      if (!(await exists(path))) await writeDurably(path, bytes);
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

  #path(sha256: string): string {
    return join(this.folder, sha256.slice(0, 2), sha256);
  }
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false
  );

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
