/**
 * Whether the write-ahead log that a killed process left is whole. SQLite reads it up to the first frame whose checksum
 * is wrong and takes that for the end, which it is after a power cut: what was being written is torn. It is not the end
 * when a transaction ended behind it and another one goes on from there: that was begun when the former was synced. Then
 * the frame was damaged later, and with it what had been accepted would be gone without a word.
 *
 * Damage in the very last transaction looks as a torn write does and is not found. Nothing else is mistaken for damage:
 * what a failed commit left behind is written over and never gone on from.
 * @see https://www.sqlite.org/fileformat2.html#the_write_ahead_log
 */
import { type FileHandle, open } from 'node:fs/promises';

const HEADER = 32;
const FRAME_HEADER = 24;
const MAGIC = 0x377f0682;
/** Frames read at a time. */
const BATCH = 256;

/** @returns what is wrong, or null; null also where there is no log */
export async function walDamage(path: string): Promise<string | null> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    return await scan(file, (await file.stat()).size);
  } finally {
    await file.close();
  }
}

async function scan(file: FileHandle, bytes: number): Promise<string | null> {
  const header = Buffer.alloc(HEADER);
  const { bytesRead } = await file.read(header, 0, HEADER, 0);
  if (bytesRead < HEADER || bytes <= HEADER) return null;
  const magic = header.readUInt32BE(0);
  if ((magic & ~1) >>> 0 !== MAGIC) return 'its write-ahead log does not begin as one';
  const checksum = magic & 1 ? bigEndian : littleEndian;
  const pageBytes = header.readUInt32BE(8);
  const size = FRAME_HEADER + pageBytes;
  const salts = header.subarray(16, 24);
  const stored = (from: Buffer, at: number): Sum => [from.readUInt32BE(at), from.readUInt32BE(at + 4)];
  // A header that is torn: it is written anew only when all before it is in the database.
  if (pageBytes < 512 || !isSame(checksum([0, 0], header.subarray(0, 24)), stored(header, 24))) return null;

  let before = stored(header, 24);
  let wrongAt = -1;
  /** The frame before this one ended a transaction, behind the wrong one. */
  let afterCommit = false;
  const frames = Math.floor((bytes - HEADER) / size);
  const batch = Buffer.alloc(BATCH * size);
  for (let first = 0; first < frames; first += BATCH) {
    await file.read(batch, 0, batch.length, HEADER + first * size);
    for (let i = first; i < Math.min(frames, first + BATCH); i += 1) {
      const frame = batch.subarray((i - first) * size, (i - first + 1) * size);
      // Others are of a round before this one, or wrong.
      const isOurs = frame.subarray(8, 16).equals(salts);
      const isWhole = isOurs && isSame(sumOf(checksum, before, frame), stored(frame, 16));
      if (isWhole && afterCommit) {
        const kept = HEADER + wrongAt * size;
        return `its write-ahead log is damaged at byte ${kept} of ${bytes}, and what was accepted after that is behind it`;
      }
      if (!isWhole && wrongAt < 0) wrongAt = i;
      afterCommit = wrongAt >= 0 && isOurs && frame.readUInt32BE(4) > 0;
      before = stored(frame, 16);
    }
  }
  return null;
}

type Sum = [number, number];
const isSame = (a: Sum, b: Sum) => a[0] === b[0] && a[1] === b[1];

const sumOf = (checksum: typeof bigEndian, before: Sum, frame: Buffer): Sum =>
  checksum(checksum(before, frame.subarray(0, 8)), frame.subarray(FRAME_HEADER));

/** SQLite's, over pairs of 32-bit words. */
function littleEndian([a, b]: Sum, bytes: Buffer): Sum {
  let [s1, s2] = [a, b];
  for (let at = 0; at < bytes.length; at += 8) {
    s1 = (s1 + bytes.readUInt32LE(at) + s2) >>> 0;
    s2 = (s2 + bytes.readUInt32LE(at + 4) + s1) >>> 0;
  }
  return [s1, s2];
}

function bigEndian([a, b]: Sum, bytes: Buffer): Sum {
  let [s1, s2] = [a, b];
  for (let at = 0; at < bytes.length; at += 8) {
    s1 = (s1 + bytes.readUInt32BE(at) + s2) >>> 0;
    s2 = (s2 + bytes.readUInt32BE(at + 4) + s1) >>> 0;
  }
  return [s1, s2];
}
