/** Requests to the control plane; those that may be sent twice are, when no answer came or it says: later. */
import { backoffMs, pause } from './backoff.ts';
import { refusal, TroupeError } from './errors.ts';
import { fetchWith, reasonOf, type TlsOptions } from './tls.ts';

export interface Endpoint {
  /** http://HOST:PORT */
  url: string;
  token: string;
  /** Further tries of a request that may be sent again. Default 4. */
  retries?: number;
  /** In Node: an authority or a certificate of one's own. */
  tls?: TlsOptions;
}

export interface RequestOptions {
  body?: unknown;
  /** Ends the request and its retries; its reason is what is thrown. */
  signal?: AbortSignal;
  /** Sent again it has the effect of once. Default: a GET is. */
  repeatable?: boolean;
}

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';
export type Send = (method: Method, path: string, options?: RequestOptions) => Promise<Response>;

/** A server that asks for more patience than this is not waited for: the caller is told. Seconds. */
const PATIENCE = 60;

/** Resolves with a 2xx answer whose body is still to be read. @throws TroupeError, or the signal's reason */
export function sender({ url, token, retries = 4, tls }: Endpoint): Send {
  const fetch = fetchWith(tls);
  const base = url.replace(/\/+$/, '');
  return async (method, path, { body, signal, repeatable = method === 'GET' } = {}) => {
    for (let tries = 0; ; tries++) {
      let failure: TroupeError;
      try {
        const response = await fetch(base + path, {
          method,
          headers: {
            authorization: `Bearer ${token}`,
            ...(body === undefined ? {} : { 'content-type': 'application/json' })
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          ...(signal ? { signal } : {})
        });
        if (response.ok) return response;
        failure = refusal(response.status, await response.text(), seconds(response.headers.get('retry-after')));
      } catch (cause) {
        signal?.throwIfAborted();
        failure = new TroupeError('UNREACHABLE', `${base} cannot be reached: ${reasonOf(cause)}`, { cause });
      }
      if (tries >= retries || !isWorthAgain(failure, repeatable)) throw failure;
      await pause(failure.retryAfter === null ? backoffMs(tries) : failure.retryAfter * 1000, signal);
    }
  };
}

/** 429 is said before anything is done, so it may be tried again whatever it was. */
function isWorthAgain({ status, retryAfter }: TroupeError, repeatable: boolean): boolean {
  if (retryAfter !== null && retryAfter > PATIENCE) return false;
  return status === 429 || (repeatable && [0, 502, 503, 504].includes(status));
}

/** Retry-After is seconds or a date. null: neither. */
function seconds(text: string | null): number | null {
  if (text === null) return null;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isNaN(ms) ? null : Math.max(0, ms / 1000);
}

/** The JSON body of an answer; undefined for an empty one. */
export async function json<T>(answer: Promise<Response>): Promise<T> {
  const response = await answer;
  const text = await response.text();
  if (text === '') return undefined as T;
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new TroupeError('NOT_TROUPE', `${response.url || 'the server'} did not answer with JSON`, {
      status: response.status,
      cause
    });
  }
}
