/**
 * What must hold of a journal after any number of deaths. Reads the file with SQL of its own: it knows the tables, and
 * nothing of the program that wrote them. Each thing that is broken is a sentence.
 */
import sqlite3 from 'sqlite3';
import type { Promised } from './load.ts';
import type { Outside } from './outside.ts';

export interface Row {
  cursor: number;
  event_id: string;
  type: string;
  actor: string;
  step: number;
  from: string | null;
  to: string;
  action: string | null;
  already: boolean;
}

export interface StoredActor {
  address: string;
  kind: string;
  id: string;
  status: string;
  state: string;
  step: number;
  key: string | null;
  /** Why a command failed. */
  error: string | null;
}

export interface Evidence {
  rows: Row[];
  actors: StoredActor[];
  idempotency: { key: string; command_id: string }[];
  left: Record<string, number>;
  boots: number;
  integrity: string;
}

const ENDED = ['SUCCEEDED', 'FAILED', 'CANCELLED'];
/** Kinds that begin anew in every process. */
const VOLATILE = ['supervisor', 'driver', 'audit'];
/** An event that was refused moved nothing, nor did what is in the audit log of a move. */
const moved = ({ type }: Row) => type !== 'event.rejected' && type !== 'audit.recorded';

/** Reads the journal of a process that has ended. */
export async function evidenceOf(path: string): Promise<Evidence> {
  const database = new sqlite3.Database(path, sqlite3.OPEN_READWRITE);
  const all = <T>(sql: string) =>
    new Promise<T[]>((resolve, reject) =>
      database.all<T>(sql, (error, rows) => (error ? reject(error) : resolve(rows)))
    );
  const count = async (table: string) => (await all<{ n: number }>(`SELECT count(*) AS n FROM ${table}`))[0]!.n;
  try {
    const [integrity] = await all<{ integrity_check: string }>('PRAGMA integrity_check');
    const rows = await all<Omit<Row, 'already'> & { already: number | null }>(
      `SELECT cursor, event_id, type, actor_kind || '/' || actor_id AS actor, step, payload ->> '$.from' AS "from",
       payload ->> '$.to' AS "to", payload ->> '$.action' AS action, payload ->> '$.already_done' AS already
       FROM events ORDER BY cursor`
    );
    return {
      integrity: integrity!.integrity_check,
      rows: rows.map((row) => ({ ...row, already: row.already === 1 })),
      actors: await all<StoredActor>(
        `SELECT address, kind, id, status, state, step, snapshot ->> '$.context.envelope.idempotency_key' AS key,
         snapshot ->> '$.context.error.code' AS error
         FROM actors`
      ),
      idempotency: await all("SELECT key, command_id FROM idempotency WHERE key LIKE 'key:%'"),
      left: { effects: await count('effects'), tells: await count('tells') },
      boots: (await all<{ value: number }>("SELECT value FROM meta WHERE key = 'boot'"))[0]!.value
    };
  } finally {
    await new Promise((resolve) => database.close(resolve));
  }
}

/** Of the file alone. */
export const brokenJournal = (evidence: Evidence): string[] => [
  ...(evidence.integrity === 'ok' ? [] : [`integrity_check: ${evidence.integrity}`]),
  ...logHasNoHole(evidence),
  ...rowsChain(evidence),
  ...commandsEndOnce(evidence),
  ...attemptsComeBeforeProof(evidence),
  ...actorsAreWhereTheirRowsSay(evidence),
  ...nothingIsLeftOver(evidence)
];

function logHasNoHole({ rows }: Evidence): string[] {
  const wrong = rows.flatMap(({ cursor }, i) => (cursor === i + 1 ? [] : [`row ${i + 1} has cursor ${cursor}`]));
  const ids = new Set(rows.map(({ event_id }) => event_id));
  return [...wrong.slice(0, 5), ...(ids.size === rows.length ? [] : ['an event_id is there twice'])];
}

/** Each actor is born once, goes on where it was, and its steps count up; the volatile kinds are born in each process. */
function rowsChain({ rows, boots }: Evidence): string[] {
  const last = new Map<string, Row>();
  let births = 0;
  const wrong = rows.flatMap((row) => {
    const { cursor, actor, step, from, to } = row;
    if (!moved(row)) return [];
    const before = last.get(actor);
    last.set(actor, row);
    const isVolatile = VOLATILE.includes(actor.split('/')[0]!);
    if (isVolatile && from === null) {
      if (actor.startsWith('supervisor/')) births += 1;
      return [];
    }
    if (!before)
      return from === null && step === 1 ? [] : [`cursor ${cursor}: ${actor} begins ${from} → ${to}, ${step}`];
    const wrong: string[] = [];
    if (from === null) wrong.push(`cursor ${cursor}: ${actor} is born again`);
    else if (from !== before.to) wrong.push(`cursor ${cursor}: ${actor} goes from ${from} and was in ${before.to}`);
    if (step < before.step) wrong.push(`cursor ${cursor}: ${actor} is at step ${step} after ${before.step}`);
    return wrong;
  });
  if (births > boots) wrong.push(`${births} supervisors in ${boots} boots`);
  return wrong;
}

function commandsEndOnce({ rows }: Evidence): string[] {
  const ended = new Map<string, string>();
  return rows.filter(moved).flatMap(({ cursor, actor, to }) => {
    if (!actor.startsWith('command/')) return [];
    const end = ended.get(actor);
    if (end !== undefined) return [`cursor ${cursor}: ${actor} goes to ${to} after ${end}`];
    if (ENDED.includes(to)) ended.set(actor, to);
    return [];
  });
}

function attemptsComeBeforeProof({ rows }: Evidence): string[] {
  const attempts = new Map<string, number>();
  return rows.flatMap(({ cursor, actor, type, action, already }) => {
    const key = `${actor} ${action}`;
    if (type === 'action.attempted') attempts.set(key, (attempts.get(key) ?? 0) + 1);
    if (type === 'action.verified' && !attempts.has(key) && !already) {
      return [`cursor ${cursor}: ${key} is verified and was not attempted`];
    }
    return [];
  });
}

function actorsAreWhereTheirRowsSay({ rows, actors }: Evidence): string[] {
  const last = new Map<string, Row>();
  for (const row of rows.filter(moved)) last.set(row.actor, row);
  const known = new Set(actors.map(({ address }) => address));
  const ghosts = [...last.keys()].filter((actor) => !VOLATILE.includes(actor.split('/')[0]!) && !known.has(actor));
  return [
    ...ghosts.map((actor) => `the log tells of ${actor}, which is not there`),
    ...actors.flatMap(({ address, state, step }) => {
      const row = last.get(address);
      if (!row) return [`${address} is there and the log does not know it`];
      const wrong = row.to === state ? [] : [`${address} is in ${state} and its last row says ${row.to}`];
      return row.step <= step ? wrong : [...wrong, `${address} is at step ${step} and its last row at ${row.step}`];
    })
  ];
}

const nothingIsLeftOver = ({ left }: Evidence): string[] =>
  Object.entries(left).flatMap(([table, n]) => (n === 0 ? [] : [`${n} ${table} are left though all has ended`]));

/** Of what clients were told. */
export function brokenPromises({ actors, idempotency }: Evidence, promised: Promised): string[] {
  const byAddress = new Map(actors.map((actor) => [actor.address, actor]));
  const byKey = new Map(idempotency.map(({ key, command_id }) => [key.slice('key:'.length), command_id]));
  const commands = actors.filter(({ kind }) => kind === 'command');
  const made = new Map<string, string[]>();
  for (const { key, id } of commands) made.set(String(key), [...(made.get(String(key)) ?? []), id]);
  return [
    ...[...promised.commands].flatMap(([key, id]) => {
      const command = byAddress.get(`command/${id}`);
      if (!command) return [`command ${id} was promised to ${key} and is lost`];
      const wrong: string[] = [];
      if (!ENDED.includes(command.state)) wrong.push(`command ${id} has not ended: ${command.state}`);
      if (byKey.get(key) !== id) wrong.push(`key ${key} was promised ${id} and is kept as ${byKey.get(key)}`);
      if (command.key !== key) wrong.push(`command ${id} was promised to ${key} and has ${command.key}`);
      return wrong;
    }),
    ...[...made].flatMap(([key, ids]) => [
      ...(ids.length === 1 ? [] : [`key ${key} made ${ids.length} commands: ${ids.join(', ')}`]),
      ...(promised.keys.has(key) ? [] : [`command ${ids[0]} has key ${key}, which nobody sent`])
    ]),
    ...[...promised.ends].flatMap(([id, state]) => {
      const now = byAddress.get(`command/${id}`)?.state;
      return now === state ? [] : [`a client read that command ${id} is ${state}, and it is ${now}`];
    }),
    ...[...promised.cancelled].flatMap((id) => {
      const state = byAddress.get(`command/${id}`)?.state;
      return state !== undefined && ENDED.includes(state) ? [] : [`command ${id} was cancelled and is ${state}`];
    }),
    ...[...promised.errands].flatMap((name) => {
      const state = byAddress.get(`errand/${name}`)?.state;
      return state === 'DONE' ? [] : [`errand ${name} was promised and is ${state}`];
    })
  ];
}

/** Of the world outside, as it has counted. */
export function brokenWorld({ actors }: Evidence, { calls, done }: Pick<Outside, 'calls' | 'done'>): string[] {
  const wrong: string[] = [];
  const times = new Map<string, number>();
  for (const { errand, action } of done) times.set(`${errand} ${action}`, (times.get(`${errand} ${action}`) ?? 0) + 1);
  for (const [work, n] of times) if (n > 1) wrong.push(`${work} was done ${n} times, under different keys`);
  for (const { kind, id, state } of actors) {
    if (kind !== 'errand' || state !== 'DONE') continue;
    for (const action of ['go', 'return']) {
      if (!times.has(`${id} ${action}`)) wrong.push(`errand ${id} is DONE and ${action} was never done`);
    }
  }
  const seen = new Map<string, { pid: number; work: string }[]>();
  for (const { key, errand, action, resumed, pid } of calls) {
    const work = `${errand} ${action}`;
    const before = seen.get(key) ?? [];
    seen.set(key, [...before, { pid, work }]);
    if (before.some((call) => call.pid === pid)) wrong.push(`effect ${key} ran twice in process ${pid}`);
    if (before.length > 0 && !resumed) wrong.push(`effect ${key} ran again and was not told so`);
    if (before.some((call) => call.work !== work)) wrong.push(`effect id ${key} was given to two pieces of work`);
  }
  return wrong;
}

/** Of who followed the stream: it was told the log, and nothing that is not in it. */
export function brokenStream({ rows }: Evidence, events: string[]): string[] {
  const at = rows.findIndex(({ event_id }, i) => events[i] !== event_id);
  if (at >= 0) return [`the stream told ${events[at]} at cursor ${at + 1}, and the log has ${rows[at]?.event_id}`];
  return events.length === rows.length ? [] : [`the stream told ${events.length} events, the log has ${rows.length}`];
}
