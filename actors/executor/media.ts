/** Whether bytes are what a flow says they have to be, told by the bytes and not by what a site calls them. */
import { BufferSource, Input, MATROSKA, MP4, QTFF, WEBM } from 'mediabunny';

export interface MediaFacts {
  /** How long it plays, ms, by its header. */
  durationMs: number;
}

/**
 * A video that a player would take: MP4, QuickTime or WebM, with a picture track and a length.
 * @returns the facts, or why it is none
 */
export async function videoFacts(bytes: Uint8Array): Promise<MediaFacts | string> {
  if (bytes.byteLength === 0) return 'it is empty';
  const input = new Input({ source: new BufferSource(bytes), formats: [MP4, QTFF, WEBM, MATROSKA] });
  try {
    if (!(await input.canRead())) return `it is no video: it begins with ${beginning(bytes)}`;
    if ((await input.getPrimaryVideoTrack()) === null)
      return 'its header names no picture track; it was cut off, or is sound alone';
    const seconds = await input.computeDuration();
    if (!Number.isFinite(seconds) || seconds <= 0) return 'its header says that it plays for no time';
    return { durationMs: Math.round(seconds * 1000) };
  } catch (error) {
    return `its header cannot be read: ${(error instanceof Error ? error.message : String(error)).slice(0, 300)}`;
  } finally {
    input.dispose();
  }
}

/** Readable where it is text: an error page says what it is. */
const beginning = (bytes: Uint8Array): string =>
  JSON.stringify(
    Buffer.from(bytes.subarray(0, 40))
      .toString('latin1')
      .replace(/[^\x20-\x7e]/g, '.')
  );
