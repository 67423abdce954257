/** Per statement: a fraction of a ms to make, and nothing that SQLite's limits (10⁹ bytes) would see. */
const CHUNK_ROWS = 2_000;
const CHUNK_CHARS = 1_000_000;

/** The rows as JSON lists, each short enough to be made without holding up the event loop. */
export function* jsonChunks(rows: Iterable<unknown>): Iterable<string> {
  let texts: string[] = [];
  let chars = 0;
  for (const row of rows) {
    const text = JSON.stringify(row);
    texts.push(text);
    chars += text.length;
    if (texts.length < CHUNK_ROWS && chars < CHUNK_CHARS) continue;
    yield `[${texts.join(',')}]`;
    texts = [];
    chars = 0;
  }
  if (texts.length > 0) yield `[${texts.join(',')}]`;
}
