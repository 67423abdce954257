/**
 * The hash an approval is bound to. The machine computes it from what it is about to do, and compares: so it is pure,
 * and says the same as `canonicalHash` of the server, which has the system's own SHA-256.
 */
import type { CommandEnvelope, Flow } from '../schemas/generated/contracts.ts';

/**
 * JSON with sorted keys and no space, after RFC 8785: two values that say the same have the same text. Nesting must
 * have been bounded before.
 */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const fields = Object.entries(value).filter(([, item]) => item !== undefined);
    // By UTF-16 code units, as the RFC wants and as `<` compares.
    fields.sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${fields.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}

/** What is let out, and all it depends on: another text, flow, version, account or platform is another hash. Hex. */
export function actionHash(
  flow: Flow,
  { payload, target }: Pick<CommandEnvelope, 'payload' | 'target'>,
  hash: (value: unknown) => string = (value) => sha256(canonical(value))
): string {
  return hash({
    flow: flow.name,
    version: flow.version,
    body: hash(flow),
    params: payload.params,
    account: target.account_id ?? null,
    platform: target.platform
  });
}

/** First 32 bits of the fractional parts of the square roots of the first 8 primes. */
const START = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19] as const;
/** The same of the cube roots of the first 64. */
const ROUND = Array.from({ length: 64 }, (_, i) => Math.floor((Math.cbrt(prime(i)) % 1) * 2 ** 32) | 0);

function prime(nth: number): number {
  for (let n = 2, found = -1; ; n += 1) {
    let divisor = 2;
    while (divisor * divisor <= n && n % divisor !== 0) divisor += 1;
    if (divisor * divisor > n) found += 1;
    if (found === nth) return n;
  }
}

const rotate = (word: number, by: number) => (word >>> by) | (word << (32 - by));

/** Of the text's UTF-8, hex. @see FIPS 180-4 */
export function sha256(text: string): string {
  const bytes = new TextEncoder().encode(text);
  const blocks = new Uint8Array(Math.ceil((bytes.length + 9) / 64) * 64);
  blocks.set(bytes);
  blocks[bytes.length] = 0x80;
  const view = new DataView(blocks.buffer);
  view.setUint32(blocks.length - 8, Math.floor(bytes.length / 2 ** 29));
  view.setUint32(blocks.length - 4, bytes.length << 3);
  const state = Int32Array.from(START);
  const words = new Int32Array(64);
  for (let at = 0; at < blocks.length; at += 64) {
    for (let i = 0; i < 16; i += 1) words[i] = view.getInt32(at + i * 4);
    for (let i = 16; i < 64; i += 1) {
      const [w15, w2] = [words[i - 15]!, words[i - 2]!];
      const s0 = rotate(w15, 7) ^ rotate(w15, 18) ^ (w15 >>> 3);
      const s1 = rotate(w2, 17) ^ rotate(w2, 19) ^ (w2 >>> 10);
      words[i] = words[i - 16]! + s0 + words[i - 7]! + s1;
    }
    let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number];
    for (let i = 0; i < 64; i += 1) {
      const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + ROUND[i]! + words[i]!) | 0;
      const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
    }
    for (const [i, word] of [a, b, c, d, e, f, g, h].entries()) state[i] = state[i]! + word;
  }
  return [...state].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
}
