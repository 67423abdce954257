/**
 * The certificate that both planes show, and the authority of the clients they let in.
 *
 * The files are looked at every few seconds, and what is new is in force for the next connection: a renewed certificate
 * takes no restart. What does not fit together (a renewal that has written one of two files) changes nothing; it is said,
 * and tried again with the next change.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { Server as HttpsServer, ServerOptions } from 'node:https';
import type { Logger } from 'pino';
import { ControlError, describe } from '../../schemas/errors.ts';
import type { Config } from '../../schemas/generated/contracts.ts';
import type { ReadinessCheck } from '../control/readiness.ts';

type Paths = Pick<Config, 'tls_cert' | 'tls_key' | 'client_ca'>;

export interface Certificate {
  /** PEM */
  cert: Buffer;
  key: Buffer;
  /** Clients show a certificate of one of these; null: they need none. */
  ca: Buffer | null;
  /** Whether it is for this name. */
  isFor: (name: string) => boolean;
  /** Whom it is for, as it says. */
  subject: string;
  /** ms since 1970 */
  expiresAt: number;
}

export interface Tls {
  readonly current: Certificate;
  /** For a server that is about to be made. */
  options(): ServerOptions;
  /** From now on it gets what is renewed. */
  keeps(server: HttpsServer): void;
  check: ReadinessCheck;
  close(): void;
}

const LOOK_MS = 2_000;
/** Who opens a connection says within this what it wants. */
const HANDSHAKE_MS = 10_000;

/**
 * null: no TLS is configured.
 * @throws ControlError CONFIG_INVALID naming the option, its file, and what is wrong with that
 */
export function openTls(config: Paths, logger: Logger, { lookMs = LOOK_MS, now = Date.now } = {}): Tls | null {
  let current = readCertificate(config, now());
  if (!current) return null;
  let seen = traceOf(config);
  let trouble: string | null = null;
  const servers = new Set<HttpsServer>();
  const look = setInterval(() => {
    const trace = traceOf(config);
    if (trace === seen) return;
    seen = trace;
    try {
      current = readCertificate(config, now()) as Certificate;
      trouble = null;
      for (const server of servers) server.setSecureContext(contextOf(current));
      logger.info({ subject: current.subject, expires: dayOf(current.expiresAt) }, 'the certificate was renewed');
    } catch (error) {
      trouble = describe(error);
      logger.error({ reason: trouble }, 'the renewed certificate is not taken; the former one stays');
    }
  }, lookMs);
  look.unref();
  return {
    get current() {
      return current as Certificate;
    },
    options: () => ({
      ...contextOf(current as Certificate),
      minVersion: 'TLSv1.2',
      handshakeTimeout: HANDSHAKE_MS,
      ...(current?.ca ? { requestCert: true, rejectUnauthorized: true } : {})
    }),
    keeps(server) {
      servers.add(server);
      server.once('close', () => servers.delete(server));
    },
    check: {
      name: 'tls',
      check: async () => {
        const { expiresAt } = current as Certificate;
        const expiry = `the certificate ${expiresAt <= now() ? 'expired' : 'is good until'} ${dayOf(expiresAt)}`;
        return {
          ok: expiresAt > now(),
          why: trouble === null ? expiry : `${expiry}; the renewed one is not taken: ${trouble}`
        };
      }
    },
    close: () => clearInterval(look)
  };
}

const contextOf = ({ cert, key, ca }: Certificate) => ({ cert, key, ...(ca ? { ca } : {}) });

/** null: none is configured. @throws ControlError CONFIG_INVALID */
export function readCertificate({ tls_cert, tls_key, client_ca }: Paths, now = Date.now()): Certificate | null {
  if (tls_cert === '' && tls_key === '') {
    if (client_ca === '') return null;
    throw refusal(
      '--client-ca',
      client_ca,
      'asks clients for certificates, and there is no TLS without --tls-cert and --tls-key'
    );
  }
  if (tls_key === '') throw refusal('--tls-cert', tls_cert, 'its key is missing; pass --tls-key FILE too');
  if (tls_cert === '') throw refusal('--tls-key', tls_key, 'its certificate is missing; pass --tls-cert FILE too');
  const cert = read('--tls-cert', tls_cert);
  const [leaf] = certificatesIn('--tls-cert', tls_cert, cert) as [X509Certificate];
  const key = read('--tls-key', tls_key);
  if (!leaf.checkPrivateKey(keyIn(tls_key, key))) {
    throw refusal(
      '--tls-key',
      tls_key,
      `is not the key of ${tls_cert}, which begins with '${nameOf(leaf)}'; the server's own certificate comes first`
    );
  }
  const [from, until] = [leaf.validFrom, leaf.validTo].map((text) => Date.parse(text)) as [number, number];
  if (until <= now) throw refusal('--tls-cert', tls_cert, `expired ${dayOf(until)}; renew it`);
  if (from > now)
    throw refusal('--tls-cert', tls_cert, `is not good before ${new Date(from).toISOString()}; is the clock right?`);
  return {
    cert,
    key,
    ca: client_ca === '' ? null : authority(client_ca),
    isFor: (name) => leaf.checkHost(name) !== undefined,
    subject: nameOf(leaf),
    expiresAt: until
  };
}

function authority(path: string): Buffer {
  const ca = read('--client-ca', path);
  for (const one of certificatesIn('--client-ca', path, ca)) {
    if (!one.ca) throw refusal('--client-ca', path, `'${nameOf(one)}' in it is no authority (CA:TRUE is missing)`);
  }
  return ca;
}

function read(option: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw refusal(option, path, `cannot be read: ${describe(cause)}`, cause);
  }
}

const BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/** Those of a PEM file, in their order; at least one. */
function certificatesIn(option: string, path: string, pem: Buffer): X509Certificate[] {
  const blocks = pem.toString('latin1').match(BLOCK) ?? [];
  if (blocks.length === 0)
    throw refusal(option, path, 'has no certificate in it; it is PEM text with BEGIN CERTIFICATE');
  return blocks.map((block, at) => {
    try {
      return new X509Certificate(block);
    } catch (cause) {
      throw refusal(option, path, `certificate ${at + 1} in it is damaged: ${describe(cause)}`, cause);
    }
  });
}

function keyIn(path: string, pem: Buffer): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    const isLocked = pem.includes('ENCRYPTED');
    const reason = isLocked
      ? 'is locked with a passphrase; write it without one, readable by this user alone'
      : 'has no private key in it; it is PEM text with BEGIN PRIVATE KEY';
    throw refusal('--tls-key', path, reason, cause);
  }
}

const refusal = (option: string, value: string, reason: string, cause?: unknown) =>
  new ControlError('CONFIG_INVALID', { option, value, reason }, cause);

const nameOf = ({ subject, subjectAltName }: X509Certificate): string =>
  /^CN=(.+)$/m.exec(subject ?? '')?.[1] ?? subjectAltName ?? 'a certificate without a name';

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** Changes whenever a file does, or what a link of the path points at. */
const traceOf = ({ tls_cert, tls_key, client_ca }: Paths): string =>
  [tls_cert, tls_key, client_ca]
    .map((path) => {
      const stat = path === '' ? undefined : statSync(path, { throwIfNoEntry: false, bigint: true });
      return stat ? `${stat.dev}:${stat.ino}:${stat.mtimeNs}:${stat.size}` : 'none';
    })
    .join(' ');
