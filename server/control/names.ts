/**
 * Whom a request was meant for, and which page sent it. A page anywhere can have its own name resolve to this machine
 * (DNS rebinding) and then talk to it as to itself: so a name that is not ours is not answered. An address is no name
 * that anybody could have rebound, and localhost is nobody's.
 */
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { ControlError } from '../../schemas/errors.ts';
import { isLoopback } from '../auth/bind-guard.ts';

/** Whether a name (lower case, no port) is one under which this server is meant to be reached. */
export type IsOurs = (name: string) => boolean;

/** @param names beside addresses and localhost */
export const namesOf = (names: readonly string[]): IsOurs => {
  const known = new Set(names.map((name) => name.toLowerCase()));
  return (name) => isIP(name) !== 0 || name === 'localhost' || name.endsWith('.localhost') || known.has(name);
};

/** Came more than once, each of these would mean something else to whoever is in between. */
const ONCE = ['host', 'authorization', 'content-type', 'content-length', 'content-encoding', 'origin', 'last-event-id'];
const READS = ['GET', 'HEAD', 'OPTIONS'];

/**
 * @throws ControlError HEADER_REPEATED, HOST_UNKNOWN, and for what a page of another origin wants to change (or a
 *   WebSocket it opens) ORIGIN_REFUSED
 */
export function assertForUs(request: IncomingMessage, isOurs: IsOurs, isSocket = false): void {
  for (const name of ONCE) {
    const count = request.headersDistinct[name]?.length ?? 0;
    if (count > 1) throw new ControlError('HEADER_REPEATED', { header: name, count });
  }
  const { host = '', origin } = request.headers;
  const name = nameIn(`http://${host}`);
  if (host === '' && request.httpVersion !== '1.0') {
    throw new ControlError('REQUEST_MALFORMED', { reason: 'it has no Host header' });
  }
  if (host !== '' && !(name !== undefined && isOurs(name))) {
    throw new ControlError('HOST_UNKNOWN', { host: host.slice(0, 200) });
  }
  if (origin === undefined || (!isSocket && READS.includes(request.method ?? ''))) return;
  const page = nameIn(origin);
  // The inspector is on one port and the stream on another: it is the machine that has to be the same.
  const isSame = page !== undefined && name !== undefined && (page === name || (isLocal(page) && isLocal(name)));
  if (!isSame) throw new ControlError('ORIGIN_REFUSED', { origin: origin.slice(0, 200) });
}

const isLocal = (name: string) => isLoopback(name) || name.endsWith('.localhost');

function nameIn(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { hostname, username, password, pathname } = new URL(url);
  if (hostname === '' || username !== '' || password !== '' || (pathname !== '/' && pathname !== '')) return undefined;
  return hostname
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '');
}
