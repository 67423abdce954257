/**
 * What this data directory has started, on disk: one small file a process, written right after it is spawned. A process
 * that was killed leaves its files behind, and the next start kills what they name. One file each, because two programs
 * write here (the manager and the driver executable) and neither may wait for the other.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { environmentOf, identify, isSame, markedWith, type ProcessIdentity } from '../process/identity.ts';
import { endGroup, endProcess, signalGroup, signalProcess } from './process-group.ts';

/** In the environment of everything we start: which ledger, and which slot, it belongs to. */
export const LEDGER_VARIABLE = 'TROUPE_LEDGER';
export const SLOT_VARIABLE = 'TROUPE_SLOT';

export type Role = 'appium' | 'display' | 'driver' | 'browser';

export interface LedgerEntry extends ProcessIdentity {
  slot: string;
  role: Role;
}

/** The browser's own processes go first and Appium last: killed first, it leaves its driver and browser orphaned. */
const KILL_ORDER: Role[] = ['driver', 'browser', 'appium', 'display'];

export class ProcessLedger {
  readonly folder: string;

  /** @param folder is made when it is not there */
  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  /** Undefined when the process has already ended. */
  record(pid: number, slot: string, role: Role): LedgerEntry | undefined {
    const identity = identify(pid);
    if (!identity) return undefined;
    const entry: LedgerEntry = { ...identity, slot, role };
    const path = this.#path(pid);
    writeFileSync(`${path}.new`, JSON.stringify(entry), { mode: 0o600 });
    renameSync(`${path}.new`, path);
    return entry;
  }

  forget(pid: number): void {
    rmSync(this.#path(pid), { force: true });
  }

  /** All entries, of processes that live and of such that do not. A half-written file is none. */
  entries(slot?: string): LedgerEntry[] {
    return namesIn(this.folder)
      .filter((name) => name.endsWith('.json'))
      .flatMap((name) => readEntry(join(this.folder, name)) ?? [])
      .filter((entry) => slot === undefined || entry.slot === slot);
  }

  /** Processes of a slot that live now, entered here or only marked. */
  living(slot?: string): ProcessIdentity[] {
    const found = new Map<number, ProcessIdentity>();
    for (const entry of this.entries(slot)) if (isSame(entry)) found.set(entry.pid, entry);
    for (const stray of this.#marked(slot)) found.set(stray.pid, stray);
    return [...found.values()];
  }

  /**
   * Ends everything this ledger names that is still the same process, group by group, then (Linux) whatever else
   * carries the ledger's mark: members of a group whose leader is gone, and what was spawned but not yet entered.
   * @param options.roles only these, leaving the groups of other roles alone
   * @param options.marked false: only what is entered here
   * @returns what was found alive, and what would not die
   */
  async sweep({
    slot,
    roles = KILL_ORDER,
    graceMs = 3000,
    marked = true
  }: {
    slot?: string;
    roles?: Role[];
    graceMs?: number;
    marked?: boolean;
  } = {}): Promise<{ killed: ProcessIdentity[]; left: ProcessIdentity[] }> {
    const killed: ProcessIdentity[] = [];
    const left: ProcessIdentity[] = [];
    for (const role of KILL_ORDER.filter((r) => roles.includes(r))) {
      const entries = this.entries(slot).filter((entry) => entry.role === role);
      await Promise.all(
        entries.map(async (entry) => {
          if (isSame(entry)) {
            killed.push(entry);
            left.push(...(await this.#end(entry, graceMs)));
          }
          if (!isSame(entry)) this.forget(entry.pid);
        })
      );
    }
    const kept = this.entries(slot).filter((entry) => !roles.includes(entry.role) && isSame(entry));
    for (const stray of marked ? this.#marked(slot) : []) {
      if (kept.some((entry) => entry.group === stray.group)) continue;
      killed.push(stray);
      left.push(...(await endProcess(stray, 0)));
    }
    return { killed, left };
  }

  /** The same without waiting, for `process.on('exit')`, where nothing asynchronous runs any more. */
  sweepNow(slot?: string): void {
    for (const role of KILL_ORDER) {
      for (const entry of this.entries(slot)) {
        if (entry.role !== role || !isSame(entry)) continue;
        if (entry.group === entry.pid) signalGroup(entry.group, 'SIGKILL');
        else signalProcess(entry, 'SIGKILL');
        this.forget(entry.pid);
      }
    }
    for (const stray of this.#marked(slot)) signalProcess(stray, 'SIGKILL');
  }

  /** A leader is ended with its group; a mere member (the driver executable in Appium's group) alone. */
  #end(entry: LedgerEntry, graceMs: number): Promise<ProcessIdentity[]> {
    return entry.group === entry.pid ? endGroup(entry.group, { graceMs }) : endProcess(entry, graceMs);
  }

  #marked(slot?: string): ProcessIdentity[] {
    return markedWith(LEDGER_VARIABLE, this.folder).filter(
      (p) => p.pid !== process.pid && (slot === undefined || environmentOf(p.pid, SLOT_VARIABLE) === slot)
    );
  }

  #path(pid: number): string {
    return join(this.folder, `${pid}.json`);
  }
}

/** A folder that was removed holds nothing: whoever removes the data directory need not ask us first. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function readEntry(path: string): LedgerEntry | undefined {
  try {
    const entry = JSON.parse(readFileSync(path, 'utf8')) as LedgerEntry;
    return Number.isInteger(entry.pid) && entry.pid > 1 && typeof entry.startedAt === 'string' ? entry : undefined;
  } catch {
    return undefined;
  }
}
