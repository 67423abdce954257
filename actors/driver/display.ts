/** An X server of our own, without a screen. */
import { connect } from 'node:net';
import type { Readable } from 'node:stream';
import { ControlError } from '../../schemas/errors.ts';
import type { ProcessLedger } from './ledger.ts';
import { endGroup, type GroupLeader, spawnGroup } from './process-group.ts';

export interface Display {
  /** For DISPLAY: `:7` */
  name: string;
  leader: GroupLeader;
  /** False once its process has ended. */
  readonly running: boolean;
}

/**
 * Starts Xvfb on the first free display; it says itself which that is, once it listens.
 * @throws ControlError DRIVER_NOT_STARTED
 */
export async function startDisplay(
  slot: string,
  { ledger, environment, limitMs }: { ledger: ProcessLedger; environment: NodeJS.ProcessEnv; limitMs: number }
): Promise<Display> {
  const stage = 'display';
  const args = ['-displayfd', '3', '-screen', '0', '1280x1024x24', '-nolisten', 'tcp', '-noreset'];
  const leader = await spawnGroup({ slot, stage }, 'Xvfb', args, {
    env: environment,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe']
  });
  ledger.record(leader.pid, slot, 'display');
  let running = true;
  void leader.ended.then(() => {
    running = false;
    ledger.forget(leader.pid);
  });
  let complaint = '';
  leader.child.stderr?.on('data', (chunk: Buffer) => {
    complaint = `${complaint}${chunk}`.slice(-1000);
  });
  const number = await firstOf([
    line(leader.child.stdio[3] as Readable),
    leader.ended.then(() => undefined),
    after(limitMs)
  ]);
  if (number !== undefined) {
    return {
      name: `:${number}`,
      leader,
      get running() {
        return running;
      }
    };
  }
  await endGroup(leader.pid);
  ledger.forget(leader.pid);
  throw new ControlError('DRIVER_NOT_STARTED', {
    slot,
    stage,
    reason: `Xvfb said no display: ${complaint.trim() || 'no reason given'}`,
    waitedMs: limitMs
  });
}

/** X11, connection setup: little endian, protocol 11.0, no authorisation. */
const HELLO = Buffer.from([0x6c, 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

/**
 * The X server answers a client that introduces itself, be it with a refusal. One that hangs accepts connections too: the
 * kernel does that for it.
 * @see X Window System Protocol, "Connection Setup"
 */
export function displayAnswers(display: Pick<Display, 'name'>, limitMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(`/tmp/.X11-unix/X${display.name.slice(1)}`);
    const limit = setTimeout(() => done(false), limitMs);
    const done = (answers: boolean) => {
      clearTimeout(limit);
      socket.destroy();
      resolve(answers);
    };
    socket.once('connect', () => socket.write(HELLO));
    socket.once('data', () => done(true));
    socket.once('error', () => done(false));
    socket.once('close', () => done(false));
  });
}

function line(stream: Readable): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
      if (text.includes('\n')) resolve(text.trim());
    });
  });
}

function after(ms: number): { promise: Promise<undefined>; cancel(): void } {
  let timer: NodeJS.Timeout;
  const promise = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  return { promise, cancel: () => clearTimeout(timer) };
}

async function firstOf<T>(racers: (Promise<T> | { promise: Promise<T>; cancel(): void })[]): Promise<T> {
  try {
    return await Promise.race(racers.map((racer) => ('promise' in racer ? racer.promise : racer)));
  } finally {
    for (const racer of racers) if ('cancel' in racer) racer.cancel();
  }
}
