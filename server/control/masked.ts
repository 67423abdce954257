/** Context as it is shown to people and programs that watch: what it works with, without what opens a door. */

const SECRET =
  /pass(word|phrase|wd|code)|secret|token|cookie|credential|authori[sz]ation|api_?key|private_?key|otp$|^pin$/i;
/**
 * Secrets wherever in a text they stand: ours, those of who signs theirs, of who writes them into an address, and what is
 * sealed already.
 */
const LOOKS_SECRET = new RegExp(
  [
    /\btrp_[\w-]{20,}/,
    /\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]*/,
    /\bBearer +\S{8,}/,
    /sealed\.v1\.[\w.-]+/,
    /(?<=:\/\/)[^\s/:@"'\\]*:[^\s/@"'\\]+(?=@)/,
    /(?<=[?&#](?:access_token|auth|token|key|api_?key|pass\w*|secret|sign-in|sig|signature)=)[^&\s"'#\\]+/
  ]
    .map(({ source }) => source)
    .join('|'),
  'g'
);
const MASK = '•••';
/** Characters of one text; longer ones are cut, and say so. */
const LONGEST = 10_000;
const DEEPEST = 12;

/** A text without what looks like a secret. */
export const maskedText = (text: string): string => text.replace(LOOKS_SECRET, MASK);

/** The same value with secrets masked: by the name of the field, and by what it looks like. Long texts are cut. */
export function masked(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') {
    const safe = maskedText(value);
    return safe.length > LONGEST ? `${safe.slice(0, LONGEST)}… (${safe.length} characters)` : safe;
  }
  if (value === null || typeof value !== 'object') return value;
  if (depth >= DEEPEST) return '…';
  if (Array.isArray(value)) return value.map((item) => masked(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      SECRET.test(key) && inner !== null && typeof inner !== 'boolean' ? MASK : masked(inner, depth + 1)
    ])
  );
}
