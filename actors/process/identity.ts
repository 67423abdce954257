/**
 * Which process a pid means. A pid alone is not enough: the system gives it out again. The pid together with its start
 * time is never given out twice, so only that is ever killed from a ledger.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessIdentity {
  pid: number;
  /** Opaque; equal means the same process. Linux: boot id and clock ticks since that boot. macOS: `ps -o lstart`. */
  startedAt: string;
  /** Process group; signalling `-group` reaches all of it. */
  group: number;
  command: string;
}

/** The process that has `pid` now, or undefined when there is none or it is a zombie: dead, and only not yet reaped. */
export function identify(pid: number): ProcessIdentity | undefined {
  return process.platform === 'linux' ? identifyByProc(pid) : identifyByPs(pid);
}

/**
 * When the process that has `pid` now started, as text that only equality is asked of; null when there is none, or only
 * a corpse. 'unknown' when there is one and the system does not show it: then it is better taken for the one meant.
 */
export function startOf(pid: number): string | null {
  const found = identify(pid);
  if (found) return found.startedAt;
  try {
    process.kill(pid, 0);
    return process.platform === 'linux' ? null : 'unknown';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? 'unknown' : null;
  }
}

/** The very same process is still there. */
export const isSame = (process: Pick<ProcessIdentity, 'pid' | 'startedAt'>): boolean =>
  identify(process.pid)?.startedAt === process.startedAt;

/** Every live process of a group, its leader or not. */
export function groupMembers(group: number): ProcessIdentity[] {
  return everyProcess().filter((p) => p.group === group);
}

/** Every live process whose parent is `pid`. */
export function childrenOf(pid: number): ProcessIdentity[] {
  if (process.platform !== 'linux') {
    return psTable()
      .filter((row) => row.parent === pid)
      .flatMap((row) => identify(row.pid) ?? []);
  }
  return pids()
    .filter((child) => procStat(child)?.parent === pid)
    .flatMap((child) => identify(child) ?? []);
}

/** Every live process whose command line matches. */
export const processesNamed = (pattern: RegExp): ProcessIdentity[] =>
  everyProcess().filter(({ command }) => pattern.test(command));

/**
 * Memory that the processes of these groups hold resident, in bytes; pages they share are counted for each of them. Null
 * when none of them lives, or the system does not say.
 */
export function residentBytes(groups: ReadonlySet<number>): number | null {
  let kilobytes = 0;
  for (const { group, kilobytes: its } of process.platform === 'linux' ? residentByProc(groups) : residentByPs()) {
    if (groups.has(group)) kilobytes += its;
  }
  return kilobytes === 0 ? null : kilobytes * 1024;
}

/**
 * Every live process that was started with `name=value` in its environment. Children inherit it, so this finds what a
 * dead parent left behind even when its leader is gone. Linux only; elsewhere nothing is found.
 */
export function markedWith(name: string, value: string): ProcessIdentity[] {
  if (process.platform !== 'linux') return [];
  const marker = `${name}=${value}`;
  return pids().flatMap((pid) => {
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
      return environment.includes(marker) ? (identify(pid) ?? []) : [];
    } catch {
      return []; // gone meanwhile, or of another user: not ours
    }
  });
}

/** The value a live process was started with, or undefined. Linux only. */
export function environmentOf(pid: number, name: string): string | undefined {
  try {
    const found = readFileSync(`/proc/${pid}/environ`, 'utf8')
      .split('\0')
      .find((entry) => entry.startsWith(`${name}=`));
    return found?.slice(name.length + 1);
  } catch {
    return undefined;
  }
}

function everyProcess(): ProcessIdentity[] {
  if (process.platform === 'linux') return pids().flatMap((pid) => identifyByProc(pid) ?? []);
  return psTable().flatMap((row) => identifyByPs(row.pid) ?? []);
}

const pids = (): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

let bootId: string | undefined;

function identifyByProc(pid: number): ProcessIdentity | undefined {
  const stat = procStat(pid);
  if (!stat || stat.state === 'Z' || stat.state === 'X') return undefined;
  bootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  let command = stat.name;
  try {
    command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() || stat.name;
  } catch {
    // gone between the two reads: the name alone will do
  }
  return { pid, startedAt: `${bootId}/${stat.startTicks}`, group: stat.group, command };
}

/** @see proc(5), /proc/pid/stat. The name may hold spaces and brackets, so fields are counted after the last one. */
function procStat(pid: number) {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  const end = text.lastIndexOf(')');
  const fields = text.slice(end + 2).split(' ');
  return {
    name: text.slice(text.indexOf('(') + 1, end),
    state: fields[0]!,
    parent: Number(fields[1]),
    group: Number(fields[2]),
    startTicks: fields[19]!
  };
}

function identifyByPs(pid: number): ProcessIdentity | undefined {
  let line: string;
  try {
    line = execFileSync('ps', ['-ww', '-o', 'pgid=,stat=,lstart=,command=', '-p', String(pid)], {
      encoding: 'utf8',
      env: { LC_ALL: 'C', PATH: '/bin:/usr/bin' }
    }).trim();
  } catch {
    return undefined; // ps says no such process by its exit code
  }
  const [group, stat, ...rest] = line.split(/\s+/);
  if (!group || !stat || stat.startsWith('Z')) return undefined;
  return { pid, group: Number(group), startedAt: rest.slice(0, 5).join(' '), command: rest.slice(5).join(' ') };
}

function psTable(): { pid: number; parent: number }[] {
  const table = execFileSync('ps', ['-ax', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  return table
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .map(([pid, parent]) => ({ pid: pid!, parent: parent! }));
}

function residentByProc(groups: ReadonlySet<number>): { group: number; kilobytes: number }[] {
  return pids().flatMap((pid) => {
    const group = procStat(pid)?.group;
    if (group === undefined || !groups.has(group)) return [];
    try {
      const [, found] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
      return found === undefined ? [] : [{ group, kilobytes: Number(found) }];
    } catch {
      return []; // gone meanwhile
    }
  });
}

function residentByPs(): { group: number; kilobytes: number }[] {
  try {
    const table = execFileSync('ps', ['-ax', '-o', 'pgid=,rss='], { encoding: 'utf8' });
    return table
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/).map(Number))
      .map(([group, kilobytes]) => ({ group: group!, kilobytes: kilobytes! }));
  } catch {
    return [];
  }
}
