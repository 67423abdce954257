import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * A TypeScript file of the tests as a process of its own, in a process group of its own. Its standard input ends when
 * this process does, so that one that waits can see that nobody waits for it.
 */
export interface Child {
  process: ChildProcess;
  /** Lines of its standard output so far; the last one only once it is whole. */
  lines: string[];
  stderr: () => string;
  /** Resolves when `holds` does; rejects when the process ends before. */
  until(holds: (lines: string[]) => boolean): Promise<void>;
  /** Resolves with the exit code, or the signal. */
  ended: Promise<number | NodeJS.Signals>;
  /** The whole group, at once. */
  kill(): Promise<void>;
}

/** `wrapper` is a command the process is run by: `['unshare', '-m', …]`. */
export function startChild(file: string, args: string[], wrapper: string[] = []): Child {
  const [command, ...rest] = [...wrapper, process.execPath, '--import', 'tsx', file, ...args];
  const child = spawn(command!, rest, { cwd: root, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  let [partial, stderr] = ['', ''];
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (partial + text).split('\n');
    partial = parts.pop()!;
    lines.push(...parts);
    for (const look of waiting) look();
  });
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals);
  const until = (holds: (lines: string[]) => boolean) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (!holds(lines)) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      void ended.then((how) => {
        look();
        reject(new Error(`${file} ended (${how}): ${stderr || lines.join('\n')}`));
      });
      look();
    });
  const kill = async () => {
    try {
      process.kill(-child.pid!, 'SIGKILL');
    } catch {
      // It has ended.
    }
    await ended;
  };
  return { process: child, lines, stderr: () => stderr, until, ended, kill };
}
