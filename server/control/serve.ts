import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { ControlError } from '../../schemas/errors.ts';
import type { BindAddress } from '../auth/bind-guard.ts';
import type { Tls } from '../auth/tls.ts';
import { answerBadRequests, MAX_HEADER_BYTES } from './raw-answer.ts';

/** How long a client may take: an idle or dripping connection must not hold one of ours. */
export interface HttpLimits {
  headersMs: number;
  requestMs: number;
  keepAliveMs: number;
  /** Nothing goes either way for so long: who does not read what was asked for is not waited for. Over the longest wait. */
  idleMs: number;
  connections: number;
}

export const httpLimits: HttpLimits = {
  headersMs: 10_000,
  requestMs: 30_000,
  keepAliveMs: 65_000,
  idleMs: 120_000,
  connections: 4_096
};

export interface Served {
  server: Server | SecureServer;
  host: string;
  port: number;
  /** No new connections; what is being answered is finished within `graceMs`, then cut. */
  close(graceMs?: number): Promise<void>;
}

/** @throws ControlError PORT_IN_USE, CONFIG_INVALID when the host is none of ours */
export const serve = (
  listener: RequestListener,
  at: BindAddress,
  limits: Partial<HttpLimits> = {},
  tls: Tls | null = null
): Promise<Served> => listen(httpServer(listener, limits, tls), at);

/** With TLS where there is a certificate. */
export function httpServer(
  listener: RequestListener,
  limits: Partial<HttpLimits>,
  tls: Tls | null
): Server | SecureServer {
  const { headersMs, requestMs, keepAliveMs, idleMs, connections } = { ...httpLimits, ...limits };
  const options = {
    headersTimeout: headersMs,
    requestTimeout: requestMs,
    keepAliveTimeout: keepAliveMs,
    // Half of what it checks, so that a limit is kept to within half of itself.
    connectionsCheckingInterval: Math.max(50, Math.min(headersMs, requestMs) / 2),
    maxHeaderSize: MAX_HEADER_BYTES,
    // Ours has a word for it.
    requireHostHeader: false
  };
  const server = tls ? createSecureServer({ ...tls.options(), ...options }, listener) : createServer(options, listener);
  if (tls) tls.keeps(server as SecureServer);
  server.setTimeout(idleMs);
  server.maxConnections = connections;
  answerBadRequests(server);
  return server;
}

export async function listen(server: Server | SecureServer, { host, port }: BindAddress): Promise<Served> {
  // Also those in the middle of a handshake, of which HTTP knows nothing yet.
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(notListening(error, { host, port })));
    server.listen(port, host, resolve);
  });
  const bound = server.address() as AddressInfo;
  return {
    server,
    host: bound.address,
    port: bound.port,
    async close(graceMs = 1_000) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const cut = setTimeout(() => {
        server.closeAllConnections();
        for (const socket of sockets) socket.destroy();
      }, graceMs);
      await closed;
      clearTimeout(cut);
    }
  };
}

/** Why an address could not be listened on, of the catalogue. */
export function notListening(error: NodeJS.ErrnoException, { host, port }: BindAddress): ControlError {
  const address = `${host}:${port}`;
  return error.code === 'EADDRINUSE'
    ? new ControlError('PORT_IN_USE', { address }, error)
    : new ControlError('CONFIG_INVALID', { option: 'address', value: address, reason: error.message }, error);
}
