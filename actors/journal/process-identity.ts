import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * When a process started, as text that only equality is asked of, so that a pid given to somebody else later is not
 * taken for its owner; null when there is no such process, or only the corpse of one whose parent has not asked for it.
 * 'unknown' when the system does not say.
 */
export function startOf(pid: number): string | null {
  if (!isThere(pid)) return null;
  return process.platform === 'linux' ? startFromProc(pid) : startFromPs(pid);
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there and another user's.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function startFromProc(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in parentheses and may itself hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, ticksSinceBoot] = [fields[0], fields[19]];
    if (state === 'Z' || state === 'X') return null;
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${ticksSinceBoot}`;
  } catch (error) {
    const gone = ['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '');
    return gone && !isThere(pid) ? null : 'unknown';
  }
}

function startFromPs(pid: number): string | null {
  try {
    const options = { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' } } as const;
    const [state, ...start] = execFileSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], options)
      .trim()
      .split(/\s+/);
    if (!state || state.startsWith('Z')) return null;
    return start.join(' ');
  } catch {
    return isThere(pid) ? 'unknown' : null;
  }
}
