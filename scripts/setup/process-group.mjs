/** A child in a process group of its own that never outlives us. */
import { spawn } from 'node:child_process';

const GRACE_MS = 10_000;

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
  const end = (signal) => {
    tell(signal);
    setTimeout(() => tell('SIGKILL'), GRACE_MS).unref();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, end);
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => resolve(signal ? 1 : code));
    });
  } finally {
    tell('SIGKILL');
    for (const signal of signals) process.off(signal, end);
  }
}
