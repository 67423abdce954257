/** The checks of /ready that the planes can make themselves; the driver and the selectors bring their own. */
import { statfs } from 'node:fs/promises';
import type { ActorHost } from '../../actors/host/contract.ts';

export interface ReadinessCheck {
  name: string;
  /** `why` says what is wrong, or what a person may want to know of what is right. */
  check(): Promise<{ ok: boolean; why: string | null }>;
}

export interface CheckResult {
  name: string;
  state: 'up' | 'down';
  why: string | null;
}

/** All at once, each bounded in time; one that throws is down with what it threw. */
export const runChecks = (checks: ReadinessCheck[], limitMs: number): Promise<CheckResult[]> =>
  Promise.all(
    checks.map(async ({ name, check }): Promise<CheckResult> => {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<{ ok: boolean; why: string }>((resolve) => {
        timer = setTimeout(resolve, limitMs, { ok: false, why: `no answer in ${limitMs} ms` });
      });
      try {
        const { ok, why } = await Promise.race([check(), late]);
        return { name, state: ok ? 'up' : 'down', why };
      } catch (error) {
        return { name, state: 'down', why: error instanceof Error ? error.message : String(error) };
      } finally {
        clearTimeout(timer);
      }
    })
  );

/** What the host itself says: running, nothing unwritten for too long, the database takes writes. */
export const hostChecks = (host: ActorHost, { backlogLimit = 50_000 } = {}): ReadinessCheck[] => [
  {
    name: 'host',
    async check() {
      const { state, recovered: r } = host.status;
      const found = `${r.actors} actors, ${r.timers} timers, ${r.effects} effects, ${r.tells} tells`;
      return { ok: state === 'running', why: `${state}; taken up again at the start: ${found}` };
    }
  },
  {
    name: 'machines',
    async check() {
      const { wentOn, migrated, stayed, held } = host.status.versions;
      const found = `at the start ${wentOn} actors went on with a newer machine, ${migrated} were migrated, ${stayed} stayed`;
      const count = held.reduce((sum, one) => sum + one.count, 0);
      const each = held.map((one) => `${one.count} of kind '${one.kind}' ${one.why}`);
      // Who is held waits for a person; everybody else is served.
      return { ok: true, why: count === 0 ? found : `${count} actors are held: ${each.join('. ')}` };
    }
  },
  {
    name: 'database',
    async check() {
      // Also after a commit that failed: who is kept away by a 503 sends nothing that would show that there is room again.
      const probe = await host.journal.probe();
      const { journalError, backlog } = host.status;
      return probe.ok && journalError && backlog > 0 ? { ok: false, why: journalError.message } : probe;
    }
  },
  {
    name: 'journal_lag',
    async check() {
      const { backlog } = host.status;
      return { ok: backlog <= backlogLimit, why: `${backlog} of at most ${backlogLimit} not yet durable` };
    }
  }
];

export const diskCheck = (dataDir: string, { freeBytes = 200 * 1024 * 1024 } = {}): ReadinessCheck => ({
  name: 'disk',
  async check() {
    const { bavail, bsize } = await statfs(dataDir);
    const mebibytes = (bytes: number) => Math.floor(bytes / 1024 / 1024);
    const why = `${mebibytes(bavail * bsize)} MiB free, ${mebibytes(freeBytes)} MiB wanted`;
    return { ok: bavail * bsize >= freeBytes, why };
  }
});
