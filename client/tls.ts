/** TLS with an authority or a certificate of one's own, in Node: fetch takes neither, and browsers have theirs. */

export interface TlsOptions {
  /** Authorities the server's certificate may be of, PEM; in place of those that Node knows. */
  ca?: string;
  /** The client's own certificate and its key, PEM, where the server asks for one. */
  cert?: string;
  key?: string;
}

export interface FetchInit {
  method: string;
  headers: Record<string, string>;
  body?: string;
  signal?: AbortSignal;
}

export type Fetch = (url: string, init: FetchInit) => Promise<Response>;

export const fetchWith = (tls: TlsOptions | undefined): Fetch =>
  tls === undefined ? (url, init) => fetch(url, init) : (url, init) => overHttps(url, init, tls);

async function overHttps(
  url: string,
  { method, headers, body, signal }: FetchInit,
  tls: TlsOptions
): Promise<Response> {
  if (new URL(url).protocol !== 'https:') throw new TypeError(`${url} is not https, and a certificate is for that`);
  const [{ request }, { Readable }] = await Promise.all([import('node:https'), import('node:stream')]);
  return new Promise<Response>((resolve, reject) => {
    const sent = request(url, { ...tls, method, headers, ...(signal ? { signal } : {}) }, (answer) => {
      const status = answer.statusCode ?? 502;
      const fields = Object.entries(answer.headersDistinct).flatMap(([name, values = []]) =>
        values.map((value): [string, string] => [name, value])
      );
      const isEmpty = [204, 304].includes(status) || method === 'HEAD';
      if (isEmpty) answer.resume();
      resolve(new Response(isEmpty ? null : (Readable.toWeb(answer) as ReadableStream), { status, headers: fields }));
    });
    sent.once('error', reject);
    sent.end(body);
  });
}

/** Why no connection came to be, and what to do about it: fetch says 'fetch failed' and keeps the reason in its cause. */
export function reasonOf(error: unknown): string {
  const { message, code, cause } = error as Error & { code?: string; cause?: { code?: string; message?: string } };
  const [why, what = cause?.message ?? message] = [cause?.code ?? code];
  if (why === 'ECONNREFUSED') return 'nothing listens there';
  if (why !== undefined && UNTRUSTED.includes(why)) {
    return `its certificate is of no authority that is known here (${what}); name the authority as ca`;
  }
  if (why === 'ERR_TLS_CERT_ALTNAME_INVALID') return `its certificate is for another name (${what})`;
  if (why?.startsWith('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED')) {
    return 'it asks for a certificate of the client; name one as cert, and its key';
  }
  return what;
}

const UNTRUSTED = [
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_GET_ISSUER_CERT'
];
