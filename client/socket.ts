/** The WebSocket of this platform: `ws` in Node (whose own came late and cannot be held back), else the browser's. */

import { reasonOf, type TlsOptions } from './tls.ts';

export interface SocketEvents {
  open(): void;
  message(text: string): void;
  /** The last call. `refused` is the HTTP status in place of a socket, where it is known. */
  end(why: string, refused?: number): void;
}

export interface Socket {
  send(text: string): void;
  /** Nothing more is wanted for now. A browser's socket cannot be held back, so it is closed instead. */
  hold(): void;
  go(): void;
  close(): void;
}

export type OpenSocket = (url: string, token: string, events: SocketEvents, tls?: TlsOptions) => Promise<Socket>;

/** What is used of the browser's, so that no DOM types are needed. */
interface WebSocketOfBrowser {
  send(text: string): void;
  close(): void;
  addEventListener(type: string, listener: (event: { data?: unknown; reason?: string; code?: number }) => void): void;
}
type Globals = {
  WebSocket?: new (url: string, protocols: string[]) => WebSocketOfBrowser;
  process?: { versions?: { node?: string } };
};

const globals = globalThis as unknown as Globals;

export const openSocket: OpenSocket = (url, token, events, tls) =>
  globals.process?.versions?.node ? openWs(url, token, events, tls) : openInBrowser(url, token, events);

const openWs: OpenSocket = async (url, token, events, tls) => {
  const { WebSocket } = await import('ws');
  const socket = new WebSocket(url, { ...tls, headers: { authorization: `Bearer ${token}` } });
  let over = false;
  const end = (why: string, refused?: number) => {
    if (over) return;
    over = true;
    events.end(why, refused);
  };
  socket.on('open', () => events.open());
  socket.on('message', (data) => over || events.message(String(data)));
  socket.on('unexpected-response', (_request, response) => {
    end(`it answered ${response.statusCode}`, response.statusCode);
    socket.terminate();
  });
  // An address that does not answer on any of its numbers has no message, only a code.
  socket.on('error', (error) => end(reasonOf(error) || String((error as { code?: string }).code)));
  socket.on('close', (code, reason) => end(String(reason) || `closed with ${code}`));
  return {
    send: (text) => socket.send(text),
    hold: () => socket.pause(),
    go: () => socket.resume(),
    close: () => {
      over = true;
      socket.terminate();
    }
  };
};

/** Browsers set no header: the token goes as a protocol. Exported for its test. */
export const openInBrowser: OpenSocket = async (url, token, events) => {
  const WebSocket = globals.WebSocket;
  if (!WebSocket) throw new TypeError('there is no WebSocket here');
  const socket = new WebSocket(url, [`bearer.${token}`]);
  let over = false;
  const end = (why: string) => {
    if (over) return;
    over = true;
    events.end(why);
  };
  socket.addEventListener('open', () => over || events.open());
  socket.addEventListener('message', ({ data }) => over || events.message(String(data)));
  socket.addEventListener('close', ({ code, reason }) => end(reason || `closed with ${code}`));
  return {
    send: (text) => socket.send(text),
    hold: () => {
      end('held back');
      socket.close();
    },
    go: () => {},
    close: () => {
      over = true;
      socket.close();
    }
  };
};
