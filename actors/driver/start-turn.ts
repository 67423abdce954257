import { createServer, type Server } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** Below the 5100 to 5200 that appium-safari-driver takes its ports from. */
const TURN_PORT = 5099;

/**
 * One start of a driver executable at a time on this machine. appium-safari-driver looks for a free port and lets the
 * executable bind it a moment later: two Appiums that look at once take the same one (measured: one of four). Slots of
 * one process already take turns; this is for a second process. Holding a port is the turn, because the system gives it
 * back however its holder ends.
 *
 * When the turn does not come in `limitMs` (something else may use that port) the start goes on without: a clash then
 * fails one start, and recovery makes another.
 */
export async function inTurn<T>(task: () => Promise<T>, signal: AbortSignal, limitMs = 20_000): Promise<T> {
  const turn = await takeTurn(signal, limitMs);
  try {
    return await task();
  } finally {
    turn?.close();
  }
}

async function takeTurn(signal: AbortSignal, limitMs: number): Promise<Server | undefined> {
  for (const until = Date.now() + limitMs; Date.now() < until; await delay(50, undefined, { signal })) {
    const turn = await bind();
    if (turn) return turn;
  }
  return undefined;
}

function bind(): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', () => resolve(undefined));
    server.listen(TURN_PORT, '127.0.0.1', () => resolve(server));
  });
}
