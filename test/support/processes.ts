/** Which processes belong to a data directory: its path is in their command line, or in the environment they inherited. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { relative, sep } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export interface FoundProcess {
  pid: number;
  parent: number;
  group: number;
  command: string;
}

/** All of them but this process, also those whose parent is gone. Corpses that nobody has waited for are not counted. */
export function processesOf(dataDir: string): FoundProcess[] {
  return (process.platform === 'linux' ? fromProc(dataDir) : fromPs(dataDir)).filter(({ pid }) => pid !== process.pid);
}

/**
 * Resolves when no process of the data directory is left.
 * @throws Error after `timeoutMs` with the command lines of those that are
 */
export async function noneLeft(dataDir: string, { timeoutMs = 15_000 } = {}): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (let left = processesOf(dataDir); left.length > 0; left = processesOf(dataDir)) {
    if (Date.now() > deadline) {
      const lines = left.map((p) => `  ${p.pid} (parent ${p.parent}, group ${p.group}) ${p.command.slice(0, 200)}`);
      throw new Error(`${left.length} processes of ${dataDir} are left after ${timeoutMs} ms:\n${lines.join('\n')}`);
    }
    await delay(50);
  }
}

/** SIGKILL to each, again until none is left: they may be starting others. Only for a folder inside the temporary one. */
export async function killAllOf(dataDir: string): Promise<void> {
  const inside = relative(tmpdir(), dataDir);
  assert.ok(inside !== '' && !inside.startsWith('..') && !inside.startsWith(sep), `${dataDir} is not a test's own`);
  for (let left = processesOf(dataDir); left.length > 0; left = processesOf(dataDir)) {
    for (const { pid } of left) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // it has ended by itself
      }
    }
    await delay(20);
  }
}

function fromProc(dataDir: string): FoundProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8');
        if (!carries(command, dataDir) && !carries(readFileSync(`/proc/${name}/environ`, 'utf8'), dataDir)) return [];
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        // The second field is the program's name in parentheses and may itself hold spaces and parentheses.
        const [state, parent, group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        if (state === 'Z' || state === 'X') return [];
        return [
          {
            pid: Number(name),
            parent: Number(parent),
            group: Number(group),
            command: command.replaceAll('\0', ' ').trim()
          }
        ];
      } catch {
        return []; // ended meanwhile, or another user's
      }
    });
}

/** The path itself or something in it, not another path that begins alike. */
function carries(text: string, dataDir: string): boolean {
  for (let at = text.indexOf(dataDir); at >= 0; at = text.indexOf(dataDir, at + 1)) {
    const next = text[at + dataDir.length];
    if (next === undefined || next === '/' || next === '\0' || /[\s"':]/.test(next)) return true;
  }
  return false;
}

/** macOS shows the environment of one's own processes after the command line. */
function fromPs(dataDir: string): FoundProcess[] {
  return execFileSync('ps', ['-axEww', '-o', 'pid=,ppid=,pgid=,stat=,command='], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024
  })
    .split('\n')
    .filter((line) => carries(line, dataDir))
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line))
    .filter((match) => match !== null && !match[4]!.startsWith('Z'))
    .map((match) => ({
      pid: Number(match![1]),
      parent: Number(match![2]),
      group: Number(match![3]),
      command: match![5]!
    }));
}
