/** Progress for people: one line when something long starts, a sign of life every 15 s, one line when it is done. */
import { spawn } from 'node:child_process';

const SIGN_OF_LIFE_MS = 15_000;
const TAIL_LINES = 40;

export const say = (text) => process.stderr.write(`troupe: ${text}\n`);

/** What stops a command before it began. `exitCode` is what the process ends with; the text is all a person reads. */
export class SetupError extends Error {
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/**
 * Runs a program quietly, saying that it takes long while it does.
 * Resolves with `{ ok, output }`; output is the last lines it printed, for when it failed.
 */
export async function runQuietly(what, command, args, options = {}) {
  const started = Date.now();
  const seconds = () => Math.round((Date.now() - started) / 1000);
  say(`${what} …`);
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const keep = (chunk) => {
    output = (output + chunk).split('\n').slice(-TAIL_LINES).join('\n');
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const alive = setInterval(() => say(`${what} … ${seconds()} s so far`), SIGN_OF_LIFE_MS);
  const stop = (signal) => child.kill(signal);
  process.once('SIGTERM', stop).once('SIGINT', stop);
  try {
    const code = await new Promise((resolve) => {
      child.once('error', (error) => {
        keep(error.message);
        resolve(-1);
      });
      child.once('close', (exit, signal) => resolve(signal ? -1 : exit));
    });
    if (code === 0) say(`${what}: done in ${seconds()} s`);
    return { ok: code === 0, output: output.trim() };
  } finally {
    clearInterval(alive);
    process.off('SIGTERM', stop).off('SIGINT', stop);
  }
}
