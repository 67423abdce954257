/**
 * A `Journal` in memory, for kernel tests and for simulations that crash the host between any two lines. What is
 * durable is a value of its own (`MemoryDisk`), and the moment a batch becomes durable is the simulation's to choose:
 *
 *     const journal = new MemoryJournal({ onCommit: async (apply) => { await virtualTime(3); apply(); await virtualTime(2); } });
 *     const next = journal.crash();   // what a restarted process finds: before `apply` nothing of the batch, after it all
 *
 * It refuses what the real one refuses. No clock and no random in here: the same calls give the same answers.
 */
import { strict as assert } from 'node:assert';
import type {
  ActorQuery,
  ActorRecord,
  Address,
  AuditMark,
  Batch,
  EffectRow,
  EventFilter,
  EventRow,
  FormerState,
  IdMatches,
  Journal,
  ListedTable,
  LivingState,
  LivingVersion,
  Pending,
  Pruned,
  RetentionLimits,
  RowQuery,
  StayQuery,
  TableName,
  Tables,
  TellRow,
  TimerPlace,
  TimerRow,
  Where
} from '../../actors/host/contract.ts';
import { recordAt } from '../../actors/host/past.ts';
import { contextPath } from '../../actors/journal/actor-search.ts';
import { anyOf, matchesFilter } from '../../actors/journal/event-filter.ts';
import { unavailable } from '../../actors/journal/failures.ts';
import { findStatement } from '../../actors/journal/find.ts';
import { limitOf } from '../../actors/journal/newest-first.ts';
import { pageToken, placeOf } from '../../actors/journal/page-token.ts';
import { rowPlan } from '../../actors/journal/row-search.ts';
import { phaseOf } from '../../actors/journal/rows.ts';
import { stayKey } from '../../actors/journal/stay-search.ts';
import { FIND_LIMIT, shapeOf, tableNames, tables } from '../../actors/journal/tables.ts';
import { splitAddress } from '../../actors/kernel/step.ts';

export interface MemoryJournalOptions {
  /** Called for each batch; calls `apply` when it is to be durable. The commit resolves or rejects as it does. */
  onCommit?: (apply: () => void) => Promise<void>;
}

/** JSON text by key, in order of first insertion: what is kept cannot be changed by whoever gave it. */
type Rows = Map<string, string>;

/** Numbers in order of first insertion, as SQLite's rowids: a number that is free at the end comes again. */
class Places extends Map<string, number> {
  take(id: string) {
    if (!this.has(id)) this.set(id, Math.max(0, ...this.values()) + 1);
  }

  page<Row extends { id: string }>(rows: Row[], place: number, limit: number) {
    const placed = rows.map((row) => ({ row, at: this.get(row.id) as number }));
    const page = placed
      .filter(({ at }) => at > place)
      .sort((a, b) => a.at - b.at)
      .slice(0, limit);
    return { rows: page.map(({ row }) => row), next: page.length < limit ? null : (page.at(-1)?.at ?? null) };
  }
}

class MemoryDisk {
  boot = 0;
  events: { cursor: number; json: string }[] = [];
  actors: Rows = new Map();
  /** Volatile actors, by address. */
  standing: Rows = new Map();
  /** JSON of the former states of each actor, oldest first. */
  former = new Map<Address, string[]>();
  timers: Rows = new Map();
  effects: Rows = new Map();
  tells: Rows = new Map();
  /** Where effects and tells stand among theirs. */
  effectPlaces = new Places();
  tellPlaces = new Places();
  tables = Object.fromEntries(tableNames.map((name) => [name, new Map()])) as Record<TableName, Rows>;

  get head(): number {
    return this.events.at(-1)?.cursor ?? 0;
  }

  copy(): MemoryDisk {
    const copy = new MemoryDisk();
    copy.boot = this.boot;
    copy.events = [...this.events];
    copy.former = new Map([...this.former].map(([address, states]) => [address, [...states]]));
    for (const name of ['actors', 'standing', 'timers', 'effects', 'tells'] as const) copy[name] = new Map(this[name]);
    for (const name of ['effectPlaces', 'tellPlaces'] as const) copy[name] = new Places(this[name]);
    for (const name of tableNames) copy.tables[name] = new Map(this.tables[name]);
    return copy;
  }

  write(batch: Batch) {
    for (const row of batch.events) this.events.push({ cursor: row.cursor, json: JSON.stringify(row) });
    for (const record of batch.actors) this.actors.set(record.address, JSON.stringify(record));
    for (const state of batch.former ?? []) this.keepFormer(state);
    for (const record of batch.standing ?? []) this.standing.set(record.address, JSON.stringify(record));
    for (const { address, id } of batch.timers.cleared) this.timers.delete(`${address} ${id}`);
    for (const row of batch.timers.set) this.timers.set(`${row.address} ${row.id}`, JSON.stringify(row));
    for (const row of batch.effects.declared) {
      this.effectPlaces.take(row.id);
      this.effects.set(row.id, JSON.stringify(row));
    }
    for (const id of batch.effects.settled) {
      this.effects.delete(id);
      this.effectPlaces.delete(id);
    }
    for (const row of batch.tells.sent) {
      this.tellPlaces.take(row.id);
      this.tells.set(row.id, JSON.stringify(row));
    }
    for (const id of batch.tells.consumed) {
      this.tells.delete(id);
      this.tellPlaces.delete(id);
    }
    for (const { into, row } of batch.writes) this.#put(into, row as unknown as Record<string, unknown>);
  }

  keepFormer(state: FormerState) {
    const known = this.former.get(state.address);
    if (known) known.push(JSON.stringify(state));
    else this.former.set(state.address, [JSON.stringify(state)]);
  }

  /** What volatile actors were last was so until whatever the log has next. */
  closeStanding() {
    for (const record of parsed<ActorRecord>(this.standing))
      this.keepFormer({ ...record, until: this.head + 1, undo: null });
    this.standing.clear();
  }

  /** Oldest first; the last is what it is. */
  statesOf(address: Address): (FormerState | ActorRecord)[] {
    const former = (this.former.get(address) ?? []).map((json) => JSON.parse(json) as FormerState);
    const newest = this.actors.get(address) ?? this.standing.get(address);
    return [...former, ...(newest === undefined ? [] : [JSON.parse(newest) as ActorRecord])];
  }

  recordAt(address: Address, at: number): ActorRecord | undefined {
    return recordAt(
      at,
      this.statesOf(address).filter((state) => !('until' in state) || state.until > at)
    );
  }

  get addresses(): Set<Address> {
    return new Set([...this.actors.keys(), ...this.former.keys(), ...this.standing.keys()]);
  }

  recordsAt(at: number): ActorRecord[] {
    return [...this.addresses].flatMap((address) => this.recordAt(address, at) ?? []);
  }

  prune({ before, keep, auditThrough }: RetentionLimits, slice: number): Pruned {
    const { head } = this;
    const times = this.events.map(({ cursor, json }) => ({ cursor, at: (JSON.parse(json) as EventRow).emittedAt }));
    const byAge = before === undefined ? 0 : (times.findLast(({ at }) => at < before)?.cursor ?? 0);
    const last = Math.min(head - 1, Math.max(byAge, keep === undefined ? 0 : head - keep));
    const gone = this.events.filter(({ cursor }) => cursor <= last).slice(0, slice);
    this.events = this.events.slice(gone.length);
    const tail = this.events[0]?.cursor ?? 0;
    for (const [address, states] of this.former) {
      this.former.set(
        address,
        states.filter((json) => (JSON.parse(json) as FormerState).until > tail)
      );
    }
    const pruned: Pruned = { events: gone.length, actors: [], keys: 0, files: [], tokens: 0, audit: 0, more: false };
    pruned.more = (gone.at(-1)?.cursor ?? last) < last;
    if (before !== undefined) this.#pruneRows(before, slice, pruned);
    if (auditThrough !== undefined) this.#pruneAudit(auditThrough, slice, pruned);
    return pruned;
  }

  #pruneRows(before: number, slice: number, pruned: Pruned) {
    const ended = parsed<ActorRecord>(this.actors)
      .filter(({ status, updatedAt }) => status !== 'active' && updatedAt < before)
      .sort((a, b) => a.updatedAt - b.updatedAt)
      .slice(0, slice);
    for (const { address } of ended) {
      this.actors.delete(address);
      this.former.delete(address);
    }
    pruned.actors = ended.map(({ address }) => address);
    const commands = ended.filter(({ kind }) => kind === 'command').map(({ id }) => id);
    const { idempotency, artifacts, tokens, selector_sweeps: sweeps, actions } = this.tables;
    removed<Tables['selector_sweeps']>(sweeps, (row) => commands.includes(row.command_id));
    removed<Tables['actions']>(actions, (row) => commands.includes(row.command_id));
    for (const table of ['posts', 'post_stats', 'dm_threads', 'sora_drafts', 'sora_usage'] as const) {
      removed<{ command_id: string }>(this.tables[table], (row) => commands.includes(row.command_id));
    }
    pruned.keys = removed<Tables['idempotency']>(idempotency, (row) => commands.includes(row.command_id)).length;
    const ofNone = parsed<Tables['artifacts']>(artifacts)
      .filter((row) => row.command_id === null && row.created_at < before)
      .sort((a, b) => a.created_at - b.created_at)
      .slice(0, slice)
      .map(({ id }) => id);
    const files = removed<Tables['artifacts']>(
      artifacts,
      (row) => ofNone.includes(row.id) || (row.command_id !== null && commands.includes(row.command_id))
    ).map(({ sha256 }) => sha256);
    const named = new Set(parsed<Tables['artifacts']>(artifacts).map(({ sha256 }) => sha256));
    pruned.files = [...new Set(files)].filter((sha256) => !named.has(sha256));
    pruned.tokens = removed<Tables['tokens']>(tokens, ({ revoked_at, expires_at }) =>
      [revoked_at, expires_at].some((at) => at !== null && at < before)
    ).length;
    pruned.more ||= ended.length === slice || ofNone.length === slice;
  }

  #pruneAudit(through: number, slice: number, pruned: Pruned) {
    const { audit } = this.tables;
    const old = parsed<Tables['audit']>(audit)
      .filter(({ seq }) => seq <= through)
      .slice(0, slice);
    const last = old.at(-1);
    if (!last) return;
    this.#put('audit_marks', { name: 'checkpoint', seq: last.seq, hash: last.hash });
    pruned.audit = removed<Tables['audit']>(audit, ({ seq }) => seq <= last.seq).length;
    pruned.more ||= old.length === slice;
  }

  #put(table: TableName, row: Record<string, unknown>) {
    const rows = this.tables[table];
    const key = JSON.stringify(tables[table].key.map((column) => row[column]));
    const there = rows.get(key);
    const first = table === 'ledger' && there ? JSON.parse(there) : undefined;
    if (first && first.command_id !== row.command_id && first.state !== 'VERIFICATION_FAILED') return;
    assert.ok(table !== 'audit' || there === undefined, 'a record of the audit log is never written over');
    const { columns, kept, added } = shapeOf(table);
    const former = there === undefined ? undefined : JSON.parse(there);
    const before = former && {
      ...Object.fromEntries(kept.map((name) => [name, former[name]])),
      ...Object.fromEntries(added.map((name) => [name, former[name] + (row[name] as number)]))
    };
    rows.set(
      key,
      JSON.stringify({ ...Object.fromEntries(columns.map((name) => [name, row[name] ?? null])), ...before })
    );
  }
}

export class MemoryJournal implements Journal {
  readonly #options: MemoryJournalOptions;
  readonly #disk: MemoryDisk;
  #state: 'new' | 'open' | 'closed' | 'crashed' = 'new';
  #writing: Promise<unknown> = Promise.resolve();
  #refusal: string | null = null;

  constructor(options: MemoryJournalOptions = {}, disk = new MemoryDisk()) {
    this.#options = options;
    this.#disk = disk;
  }

  /** The process is gone: what was not durable never will be. A journal for the next one, on what is. */
  crash(options = this.#options): MemoryJournal {
    this.#state = 'crashed';
    return new MemoryJournal(options, this.#disk);
  }

  /** What would be found if the process ended here; this one goes on. */
  fork(options = this.#options): MemoryJournal {
    return new MemoryJournal(options, this.#disk.copy());
  }

  /** All that is kept of each actor. */
  get lives(): Map<Address, (FormerState | ActorRecord)[]> {
    return new Map([...this.#disk.addresses].map((address) => [address, this.#disk.statesOf(address)]));
  }

  /** From now on every write is refused for this reason, as with a full disk; null: the trouble is over. */
  refuse(reason: string | null) {
    this.#refusal = reason;
  }

  async open() {
    assert.equal(this.#state, 'new', 'a journal is opened once');
    this.#state = 'open';
    this.#disk.boot += 1;
    this.#disk.closeStanding();
    return { ...this.#bounds(), boot: this.#disk.boot };
  }

  commit(batch: Batch): Promise<void> {
    const done = this.#writing.then(() => this.#commit(batch));
    this.#writing = done.catch(() => {});
    return done;
  }

  async #commit(batch: Batch) {
    this.#expectOpen();
    if (this.#refusal !== null) throw unavailable(this.#refusal);
    for (const [index, { cursor }] of batch.events.entries()) {
      assert.equal(
        cursor,
        this.#disk.head + 1 + index,
        `cursor ${cursor} is not the one after ${this.#disk.head + index}`
      );
    }
    let applied = false;
    const apply = () => {
      if (this.#state === 'crashed' || applied) return;
      applied = true;
      this.#disk.write(batch);
    };
    const { onCommit = async (now: () => void) => now() } = this.#options;
    await onCommit(apply);
    if (!applied) throw unavailable(this.#state === 'crashed' ? 'the process is gone' : 'the batch was not written');
  }

  async loadActors(addresses: Address[]): Promise<ActorRecord[]> {
    this.#expectOpen();
    return [...new Set(addresses)].flatMap((address) => {
      const json = this.#disk.actors.get(address);
      return json === undefined ? [] : [JSON.parse(json) as ActorRecord];
    });
  }

  async queryActors(query: ActorQuery): Promise<{ items: ActorRecord[]; next: string | null }> {
    this.#expectOpen();
    const limit = limitOf(query);
    const after = query.page === undefined ? undefined : placeOf(query.page, query);
    const contexts = Object.entries(query.context ?? {}).map(([path, value]) => ({ path: contextPath(path), value }));
    const { at } = query;
    const found = [...this.#disk.actors.values()]
      .map((json, index) => ({ record: JSON.parse(json) as ActorRecord, seq: index + 1 }))
      .flatMap(({ record, seq }) => {
        const then = at === undefined ? record : this.#disk.recordAt(record.address, at);
        return then ? [{ record: then, seq }] : [];
      })
      .filter(({ record }) => matchesQuery(record, query, contexts))
      .sort((a, b) => b.record.createdAt - a.record.createdAt || b.seq - a.seq)
      .filter(
        ({ record, seq }) =>
          !after || record.createdAt < after.createdAt || (record.createdAt === after.createdAt && seq < after.seq)
      );
    const page = found.slice(0, limit);
    const last = page.at(-1);
    const more = last !== undefined && found.length > limit;
    return {
      items: page.map(({ record }) => record),
      next: more ? pageToken({ createdAt: last.record.createdAt, seq: last.seq }, query) : null
    };
  }

  async searchIds(beginning: string, limit: number): Promise<IdMatches> {
    this.#expectOpen();
    const begins = (id: string | null): id is string => id?.startsWith(beginning) ?? false;
    const few = <T>(rows: T[], idOf: (row: T) => string | null) =>
      rows
        .filter((row) => begins(idOf(row)))
        .sort((a, b) => inTextOrder(idOf(a) as string, idOf(b) as string))
        .slice(0, limit);
    const records = parsed<ActorRecord>(this.#disk.actors);
    const accountOf = (commandId: string | null) =>
      records.find(({ address }) => address === `command/${commandId}`)?.subject.account_id ?? null;
    const events = this.#disk.events.map(({ json }) => JSON.parse(json) as EventRow);
    const byCursor = /^[1-9]\d{0,14}$/.test(beginning) ? events.filter(({ cursor }) => cursor === +beginning) : [];
    const correlations = few(records, ({ subject }) => subject.correlation_id).map(({ subject }) => ({
      correlation_id: subject.correlation_id as string,
      account_id: subject.account_id
    }));
    const accounts = [
      ...records.map(({ subject }) => subject.account_id),
      ...parsed<Tables['accounts']>(this.#disk.tables.accounts).map(({ account_id }) => account_id)
    ].filter(begins);
    return {
      actors: few(records, ({ id }) => id).map(({ address, kind, id, status, state, subject, updatedAt }) => ({
        ...{ address, kind, id, status, state },
        ...subject,
        updated_at: updatedAt
      })),
      artifacts: few(parsed<Tables['artifacts']>(this.#disk.tables.artifacts), ({ id }) => id).map(
        ({ id, command_id, kind, media_type, created_at }) => ({
          ...{ id, command_id, kind, media_type, created_at },
          account_id: accountOf(command_id)
        })
      ),
      events: [...byCursor, ...few(events, ({ eventId }) => eventId)].map((row) => ({
        cursor: row.cursor,
        event_id: row.eventId,
        emitted_at: row.emittedAt,
        type: row.type,
        actor_kind: row.actorKind,
        actor_id: row.actorId,
        ...row.subject
      })),
      correlations: [...new Map(correlations.map((one) => [JSON.stringify(one), one])).values()],
      accounts: [...new Set(accounts)].sort(inTextOrder).slice(0, limit)
    };
  }

  async pastFrom(): Promise<number> {
    const { tail } = this.#bounds();
    return tail <= 1 ? 0 : tail;
  }

  async actorsAt(addresses: Address[], at: number): Promise<ActorRecord[]> {
    this.#expectOpen();
    return [...new Set(addresses)].flatMap((address) => this.#disk.recordAt(address, at) ?? []);
  }

  async volatileAt(kinds: string[], at: number): Promise<ActorRecord[]> {
    this.#expectOpen();
    return this.#disk
      .recordsAt(at)
      .filter(({ kind, address }) => kinds.includes(kind) && !this.#disk.actors.has(address))
      .sort((a, b) => inTextOrder(a.address, b.address));
  }

  async statesAt(at: number) {
    this.#expectOpen();
    const counts = new Map<string, { kind: string; state: string; count: number }>();
    for (const { kind, state, status } of this.#disk.recordsAt(at)) {
      if (status !== 'active') continue;
      const entry = counts.get(`${kind} ${state}`) ?? { kind, state, count: 0 };
      counts.set(`${kind} ${state}`, { ...entry, count: entry.count + 1 });
    }
    return [...counts.values()].sort((a, b) => inTextOrder(a.kind, b.kind) || inTextOrder(a.state, b.state));
  }

  async countActors(kind: string, at?: number): Promise<Record<string, number>> {
    this.#expectOpen();
    const counts: Record<string, number> = {};
    for (const record of this.#recordsOf(at)) {
      if (record.kind !== kind) continue;
      const phase = phaseOf(record.state);
      counts[phase] = (counts[phase] ?? 0) + 1;
    }
    return counts;
  }

  #recordsOf = (at: number | undefined) =>
    at === undefined ? parsed<ActorRecord>(this.#disk.actors) : this.#disk.recordsAt(at);

  async livingVersions(at?: number): Promise<LivingVersion[]> {
    this.#expectOpen();
    const found = new Map<string, LivingVersion>();
    for (const { kind, machineVersion: version, status } of this.#recordsOf(at)) {
      if (status !== 'active') continue;
      const entry = found.get(`${kind} ${version}`) ?? { kind, version, count: 0 };
      found.set(`${kind} ${version}`, { ...entry, count: entry.count + 1 });
    }
    return [...found.values()];
  }

  async livingStates(): Promise<LivingState[]> {
    this.#expectOpen();
    const found = new Map<string, LivingState>();
    for (const { kind, state, status, enteredAt } of parsed<ActorRecord>(this.#disk.actors)) {
      if (status !== 'active') continue;
      const entry = found.get(`${kind} ${state}`) ?? { kind, state, count: 0, oldest: enteredAt };
      found.set(`${kind} ${state}`, {
        ...{ kind, state },
        count: entry.count + 1,
        oldest: Math.min(entry.oldest, enteredAt)
      });
    }
    return [...found.values()].sort((a, b) => inTextOrder(a.kind, b.kind) || inTextOrder(a.state, b.state));
  }

  async longStays(query: StayQuery) {
    this.#expectOpen();
    const limit = limitOf(query);
    const after = query.page === undefined ? undefined : placeOf(query.page, stayKey(query));
    const all = [...this.#disk.actors.values()]
      .map((json, index) => ({ record: JSON.parse(json) as ActorRecord, seq: index + 1 }))
      .filter(
        ({ record }) =>
          record.status === 'active' &&
          anyOf(query.account_id, record.subject.account_id) &&
          query.states.some(
            ({ kind, state, enteredBefore }) =>
              kind === record.kind && state === record.state && record.enteredAt < enteredBefore
          )
      )
      .sort((a, b) => a.record.enteredAt - b.record.enteredAt || a.seq - b.seq);
    const found = all.filter(
      ({ record: { enteredAt }, seq }) =>
        !after || enteredAt > after.createdAt || (enteredAt === after.createdAt && seq > after.seq)
    );
    const page = found.slice(0, limit);
    const last = page.at(-1);
    return {
      items: page.map(({ record }) => record),
      next:
        last && found.length > limit
          ? pageToken({ createdAt: last.record.enteredAt, seq: last.seq }, stayKey(query))
          : null,
      total: all.length
    };
  }

  async pending(): Promise<Pending> {
    this.#expectOpen();
    const { actors, timers, effects, tells } = this.#disk;
    const living = parsed<ActorRecord>(actors).filter(({ status }) => status === 'active').length;
    const addresses = [
      ...parsed<TimerRow>(timers).map(({ address }) => address),
      ...parsed<EffectRow>(effects).map(({ address }) => address),
      ...parsed<TellRow>(tells).map(({ to }) => to)
    ];
    const byKind: Pending['byKind'] = {};
    for (const [kind] of addresses.map(splitAddress)) byKind[kind] = (byKind[kind] ?? 0) + 1;
    return { actors: living, timers: timers.size, effects: effects.size, tells: tells.size, byKind };
  }

  async timersAfter(place: TimerPlace | null, limit: number): Promise<TimerRow[]> {
    this.#expectOpen();
    const inOrder = (a: TimerPlace, b: TimerPlace) =>
      a.dueAt - b.dueAt || inTextOrder(a.address, b.address) || inTextOrder(a.id, b.id);
    return parsed<TimerRow>(this.#disk.timers)
      .filter((row) => place === null || inOrder(row, place) > 0)
      .sort(inOrder)
      .slice(0, limit);
  }

  async unsettled(place: number, limit: number) {
    this.#expectOpen();
    return this.#disk.effectPlaces.page(parsed<EffectRow>(this.#disk.effects), place, limit);
  }

  async outbox(kinds: string[], place: number, limit: number) {
    this.#expectOpen();
    const tells = parsed<TellRow>(this.#disk.tells).filter(({ to }) => kinds.includes(splitAddress(to)[0]));
    return this.#disk.tellPlaces.page(tells, place, limit);
  }

  async readEvents(after: number, limit: number, filter: EventFilter = {}) {
    this.#expectOpen();
    const rows: EventRow[] = [];
    for (const { cursor, json } of this.#disk.events) {
      if (cursor <= after) continue;
      const row = JSON.parse(json) as EventRow;
      if (matchesFilter(row, filter)) rows.push(row);
      if (rows.length >= limit) return { rows, scannedTo: cursor };
    }
    return { rows, scannedTo: Math.max(after, this.#disk.head) };
  }

  async bounds() {
    this.#expectOpen();
    return this.#bounds();
  }

  async find<T extends TableName>(table: T, where: Where<T> = {}, limit = FIND_LIMIT): Promise<Tables[T][]> {
    this.#expectOpen();
    // For what it refuses.
    findStatement(table, where, limit);
    const wanted = Object.entries(where).filter(([, value]) => value !== undefined);
    return parsed<Tables[T]>(this.#disk.tables[table])
      .filter((row) => wanted.every(([column, value]) => [value].flat().includes(row[column as keyof Tables[T]])))
      .reverse()
      .slice(0, limit);
  }

  async list<T extends ListedTable>(table: T, query: RowQuery<T> = {}) {
    this.#expectOpen();
    // For what it refuses.
    rowPlan(table, query);
    const limit = limitOf(query);
    const after = query.page === undefined ? undefined : placeOf(query.page, query);
    const wanted = Object.entries(query.where ?? {}).filter(([, value]) => value !== undefined);
    const found = parsed<Tables[T]>(this.#disk.tables[table])
      .map((row, index) => ({ row, seq: index + 1 }))
      .filter(({ row }) => wanted.every(([column, value]) => [value].flat().includes(row[column as keyof Tables[T]])))
      .filter(({ row }) => query.createdSince === undefined || row.created_at >= query.createdSince)
      .sort((a, b) => b.row.created_at - a.row.created_at || b.seq - a.seq)
      .filter(
        ({ row, seq }) =>
          !after || row.created_at < after.createdAt || (row.created_at === after.createdAt && seq < after.seq)
      );
    const page = found.slice(0, limit);
    const last = page.at(-1);
    return {
      items: page.map(({ row }) => row),
      next: last && found.length > limit ? pageToken({ createdAt: last.row.created_at, seq: last.seq }, query) : null
    };
  }

  async readAudit(after: number, limit: number) {
    this.#expectOpen();
    return parsed<Tables['audit']>(this.#disk.tables.audit)
      .filter(({ seq }) => seq > after)
      .slice(0, limit);
  }

  async auditBefore(at: number): Promise<AuditMark | null> {
    this.#expectOpen();
    const [newest] = parsed<Tables['audit']>(this.#disk.tables.audit)
      .filter(({ created_at }) => created_at < at)
      .sort((a, b) => b.created_at - a.created_at || b.seq - a.seq);
    return newest ? { seq: newest.seq, hash: newest.hash } : null;
  }

  prune(limits: RetentionLimits, slice: number): Promise<Pruned> {
    const done = this.#writing.then(() => {
      this.#expectOpen();
      if (this.#refusal !== null) throw unavailable(this.#refusal);
      return this.#disk.prune(limits, slice);
    });
    this.#writing = done.catch(() => {});
    return done;
  }

  async vacuum() {
    return { bytes: 0, freeBytes: 0 };
  }

  async probe() {
    if (this.#state !== 'open') return { ok: false, why: `the journal is ${this.#state}` };
    return { ok: this.#refusal === null, why: this.#refusal };
  }

  async close() {
    await this.#writing;
    if (this.#state !== 'crashed') this.#state = 'closed';
  }

  #bounds() {
    return { tail: this.#disk.events[0]?.cursor ?? 0, head: this.#disk.head };
  }

  #expectOpen() {
    if (this.#state !== 'open')
      throw unavailable(this.#state === 'new' ? 'it is not open yet' : `it is ${this.#state}`);
  }
}

/** Takes them out and says what they were. */
function removed<Row>(rows: Rows, goes: (row: Row) => boolean): Row[] {
  const gone = [...rows].map(([key, json]) => ({ key, row: JSON.parse(json) as Row })).filter(({ row }) => goes(row));
  for (const { key } of gone) rows.delete(key);
  return gone.map(({ row }) => row);
}

const inTextOrder = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

const parsed = <Row>(rows: Rows): Row[] => [...rows.values()].map((json) => JSON.parse(json) as Row);

function matchesQuery(
  { id, kind, machineVersion, state, status, subject, createdAt, snapshot, resumes }: ActorRecord,
  query: ActorQuery,
  contexts: { path: string[]; value: string | number }[]
): boolean {
  const same = (wanted: unknown, value: unknown) => wanted === undefined || wanted === value;
  const states = typeof query.state === 'string' ? [query.state] : query.state;
  return (
    same(query.kind, kind) &&
    same(query.version, machineVersion) &&
    (query.ids === undefined || query.ids.includes(id)) &&
    (states === undefined || states.includes(phaseOf(state))) &&
    same(query.status, status) &&
    same(query.session_id, subject.session_id) &&
    anyOf(query.account_id, subject.account_id) &&
    same(query.correlation_id, subject.correlation_id) &&
    same(query.platform, subject.platform) &&
    (query.resumes === undefined || (resumes && status === 'active')) &&
    (query.createdSince === undefined || createdAt >= query.createdSince) &&
    contexts.every(({ path, value }) => at(snapshot.context, path) === value)
  );
}

const at = (value: unknown, path: string[]): unknown =>
  path.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>)[key] : undefined),
    value
  );
