/** Processes that are started, and die, as a group: a browser is five processes and none may be left behind. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { ControlError, describe } from '../../schemas/errors.ts';
import { groupMembers, isSame, type ProcessIdentity } from '../process/identity.ts';

export interface GroupLeader {
  child: ChildProcess;
  pid: number;
  /** Settles once, when the leader has ended. Its group may outlive it. */
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/**
 * Starts a program as the leader of a new group, so that its pid is also the group's number.
 * @throws ControlError DRIVER_NOT_STARTED when the program cannot be run at all
 */
export async function spawnGroup(
  what: { slot: string; stage: string },
  command: string,
  args: string[],
  options: SpawnOptions
): Promise<GroupLeader> {
  const child = spawn(command, args, { ...options, detached: true });
  const ended = new Promise<Awaited<GroupLeader['ended']>>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) =>
      reject(new ControlError('DRIVER_NOT_STARTED', { ...what, reason: describe(cause) }, cause))
    );
  });
  child.on('error', () => {}); // a later failed signal is not an event of its own
  return { child, pid: child.pid!, ended };
}

/** Signals a whole group. False when nobody of it is left. */
export function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  // 0 and 1 mean this process's own group and everything: a wrong number must never reach kill().
  if (!Number.isInteger(group) || group <= 1) throw new RangeError(`${group} is not a process group`);
  try {
    process.kill(-group, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    // macOS answers EPERM for a group of which only zombies are left.
    if ((error as NodeJS.ErrnoException).code === 'EPERM') return groupMembers(group).length > 0;
    throw error;
  }
}

/**
 * SIGTERM, then SIGKILL after `graceMs`; resolves when nobody of the group is left.
 * @returns who would not go even `killWaitMs` after SIGKILL (a process stuck in the kernel); normally nobody
 */
export async function endGroup(
  group: number,
  { graceMs = 3000, killWaitMs = 5000 }: { graceMs?: number; killWaitMs?: number } = {}
): Promise<ProcessIdentity[]> {
  if (graceMs > 0) {
    signalGroup(group, 'SIGTERM');
    // A stopped process takes SIGTERM only when it goes on.
    signalGroup(group, 'SIGCONT');
    if (await groupGone(group, graceMs)) return [];
  }
  signalGroup(group, 'SIGKILL');
  await groupGone(group, killWaitMs);
  return groupMembers(group);
}

/** Zombies count as gone: they hold no port, memory or display, and only their parent can take them away. */
async function groupGone(group: number, withinMs: number): Promise<boolean> {
  const until = Date.now() + withinMs;
  for (;;) {
    if (!signalGroup(group, 0) || groupMembers(group).length === 0) return true;
    if (Date.now() >= until) return false;
    await delay(20);
  }
}

/** SIGTERM, then SIGKILL after `graceMs`; resolves when it is gone. @returns it, when it would not go */
export async function endProcess(target: ProcessIdentity, graceMs: number): Promise<ProcessIdentity[]> {
  if (graceMs > 0) {
    signalProcess(target, 'SIGTERM');
    signalProcess(target, 'SIGCONT');
    if (await gone(target, graceMs)) return [];
  }
  signalProcess(target, 'SIGKILL');
  return (await gone(target, 5000)) ? [] : [target];
}

async function gone(target: ProcessIdentity, withinMs: number): Promise<boolean> {
  for (const until = Date.now() + withinMs; isSame(target); await delay(20)) {
    if (Date.now() >= until) return false;
  }
  return true;
}

/** Nothing happens to a process that only has the same pid. */
export function signalProcess(target: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isSame(target)) return;
  try {
    process.kill(target.pid, signal);
  } catch {
    // it ended between the look and the signal
  }
}
