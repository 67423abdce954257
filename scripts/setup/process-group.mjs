/** A child in a process group of its own that never outlives us. */
import { spawn } from 'node:child_process';

/** From being told to end to being killed: a test runner in the middle of a test may never end by itself. */
const GRACE_MS = 5_000;

/** Runs to its end with our terminal; resolves with an exit code. Whatever is left of its group is killed. */
export async function runGroup(command, args, options = {}) {
  const child = spawn(command, args, { ...options, stdio: 'inherit', detached: true });
  const tell = (signal) => {
    try {
      process.kill(-child.pid, signal);
    } catch {
      // gone
    }
  };
  let late;
  const end = (signal) => {
    tell(signal);
    late ??= setTimeout(() => tell('SIGKILL'), GRACE_MS);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, end);
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => resolve(signal ? 1 : code));
    });
  } finally {
    clearTimeout(late);
    tell('SIGKILL');
    for (const signal of signals) process.off(signal, end);
  }
}
