/**
 * X.509 certificates made at run time, with whatever dates and names a test wants. Node verifies certificates and issues
 * none; what a test needs of DER is little enough to be written here (RFC 5280, appendix A).
 */
import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIPv4 } from 'node:net';

export interface Issued {
  /** PEM */
  cert: string;
  key: string;
}

export interface Wish {
  /** Its common name. */
  name: string;
  /** DNS names and IPv4 addresses it is for. */
  names?: string[];
  isAuthority?: boolean;
  /** ms since 1970; default from a day ago to in a year. */
  from?: number;
  until?: number;
  /** Who signs it; default itself. */
  issuer?: Issued & { name: string };
}

const DAY_MS = 24 * 60 * 60_000;

const element = (tag: number, ...parts: Buffer[]): Buffer => {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
};
const sequence = (...parts: Buffer[]) => element(0x30, ...parts);
const octets = (...parts: Buffer[]) => element(0x04, ...parts);
const bits = (content: Buffer) => element(0x03, Buffer.from([0]), content);
const yes = element(0x01, Buffer.from([0xff]));
/** First two arcs below 128, the others in base 128. */
const oid = (text: string): Buffer => {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  const arcs = rest.flatMap((arc) => {
    const digits = [arc & 127];
    for (let left = arc >> 7; left > 0; left >>= 7) digits.unshift((left & 127) | 128);
    return digits;
  });
  return element(0x06, Buffer.from([first * 40 + second, ...arcs]));
};
const time = (ms: number) =>
  element(0x18, Buffer.from(`${new Date(ms).toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`));
const nameOf = (text: string) => sequence(element(0x31, sequence(oid('2.5.4.3'), element(0x0c, Buffer.from(text)))));
const extension = (id: string, value: Buffer, isCritical = false) =>
  sequence(oid(id), ...(isCritical ? [yes] : []), octets(value));

const ECDSA_SHA256 = sequence(oid('1.2.840.10045.4.3.2'));

export function issue({ name, names = [], isAuthority = false, from, until, issuer }: Wish): Issued & { name: string } {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  const signer: string | KeyObject = issuer?.key ?? pair.privateKey;
  const alternatives = names.map((one) =>
    isIPv4(one) ? element(0x87, Buffer.from(one.split('.').map(Number))) : element(0x82, Buffer.from(one))
  );
  const body = sequence(
    element(0xa0, element(0x02, Buffer.from([2]))),
    element(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ECDSA_SHA256,
    nameOf(issuer?.name ?? name),
    sequence(time(from ?? Date.now() - DAY_MS), time(until ?? Date.now() + 365 * DAY_MS)),
    nameOf(name),
    createPublicKey(pair.privateKey).export({ type: 'spki', format: 'der' }),
    element(
      0xa3,
      sequence(
        extension('2.5.29.19', sequence(...(isAuthority ? [yes] : [])), true),
        ...(alternatives.length > 0 ? [extension('2.5.29.17', sequence(...alternatives))] : [])
      )
    )
  );
  const der = sequence(body, ECDSA_SHA256, bits(sign('sha256', body, signer)));
  const lines = der.toString('base64').match(/.{1,64}/g) as string[];
  return { name, key, cert: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n` };
}
