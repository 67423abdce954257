/** The exact places where a manager is made to die. */

export interface Place {
  /** Completes "it dies …". */
  name: string;
  /** For the count of kills by kind. */
  kind: string;
  /** The nth moment of this sort among the statements: see preload.mjs. */
  at?: { point: string; nth: number };
  /** The nth call of this sort to the disk: see shim.c. */
  shim?: { call: 'fsync' | 'pwrite' | 'ftruncate'; when: 'before' | 'half' | 'after'; file: string; nth: number };
  /** It dies as by a power cut: 0 loses all that is not synced, another number some sectors of it. */
  powerSeed?: number;
  /** It is told to end first: the place is in the end. */
  atTheEnd?: boolean;
}

/** How far into the load: the nth such moment of a life, from 1 to this. */
type Pick = (from: number, to: number) => number;

/** Statements of the manager under load. */
export const statementPlaces = (pick: Pick): Place[] => [
  { name: 'in a transaction, after BEGIN', kind: 'after BEGIN', at: { point: 'begin', nth: pick(2, 60) } },
  {
    name: 'in a transaction, between two statements',
    kind: 'between statements',
    at: { point: 'statement', nth: pick(5, 300) }
  },
  { name: 'in a transaction, before COMMIT', kind: 'before COMMIT', at: { point: 'commit', nth: pick(2, 60) } },
  {
    name: 'when a transaction is durable and nobody has heard of it',
    kind: 'after COMMIT',
    at: { point: 'committed', nth: pick(2, 60) }
  },
  {
    name: 'between the commit of an effect and its start',
    kind: 'between commit and effect',
    at: { point: 'declared', nth: pick(1, 40) }
  },
  {
    name: "between an effect's durable result and the next step",
    kind: 'between result and next step',
    at: { point: 'settled', nth: pick(1, 40) }
  },
  { name: 'in its start, while it recovers', kind: 'in recovery', at: { point: 'call', nth: pick(1, 45) } },
  {
    name: 'in its end, before the write-ahead log is moved',
    kind: 'in the last checkpoint',
    at: { point: 'truncate', nth: 1 },
    atTheEnd: true
  },
  {
    name: 'in its end, after the write-ahead log was moved',
    kind: 'after the last checkpoint',
    at: { point: 'truncated', nth: 1 },
    atTheEnd: true
  }
];

/** Calls to the disk, as kills and as power cuts. */
export const diskPlaces = (pick: Pick): Place[] => {
  const log = '-wal';
  const database = 'journal.db';
  const cut = () => pick(0, 3);
  return [
    {
      name: "before the log's fsync",
      kind: 'before fsync',
      shim: { call: 'fsync', when: 'before', file: log, nth: pick(3, 60) }
    },
    {
      name: "after the log's fsync",
      kind: 'after fsync',
      shim: { call: 'fsync', when: 'after', file: log, nth: pick(3, 60) }
    },
    {
      name: 'in the middle of a write to the log',
      kind: 'in a write',
      shim: { call: 'pwrite', when: 'half', file: log, nth: pick(20, 1_500) }
    },
    {
      name: 'in a checkpoint, between two pages',
      kind: 'in a checkpoint',
      shim: { call: 'pwrite', when: 'before', file: database, nth: pick(1, 300) }
    },
    {
      name: 'in a checkpoint, in the middle of a page',
      kind: 'in a checkpoint',
      shim: { call: 'pwrite', when: 'half', file: database, nth: pick(1, 300) }
    },
    {
      name: 'in a checkpoint, before its fsync',
      kind: 'in a checkpoint',
      shim: { call: 'fsync', when: 'before', file: database, nth: 1 }
    },
    {
      name: "by a power cut before the log's fsync",
      kind: 'power cut before fsync',
      shim: { call: 'fsync', when: 'before', file: log, nth: pick(3, 60) },
      powerSeed: cut()
    },
    {
      name: "by a power cut after the log's fsync",
      kind: 'power cut after fsync',
      shim: { call: 'fsync', when: 'after', file: log, nth: pick(3, 60) },
      powerSeed: cut()
    },
    {
      name: 'by a power cut in the middle of a write to the log',
      kind: 'power cut in a write',
      shim: { call: 'pwrite', when: 'half', file: log, nth: pick(20, 1_500) },
      powerSeed: cut()
    },
    {
      name: 'by a power cut in a checkpoint',
      kind: 'power cut in a checkpoint',
      shim: { call: 'pwrite', when: 'half', file: database, nth: pick(1, 300) },
      powerSeed: cut()
    },
    {
      name: "by a power cut at a checkpoint's fsync",
      kind: 'power cut in a checkpoint',
      shim: { call: 'fsync', when: 'before', file: database, nth: 1 },
      powerSeed: cut()
    },
    {
      name: 'by a power cut when a transaction is durable and nobody has heard of it',
      kind: 'power cut after COMMIT',
      at: { point: 'committed', nth: pick(2, 60) },
      powerSeed: cut()
    },
    {
      name: 'by a power cut before COMMIT',
      kind: 'power cut before COMMIT',
      at: { point: 'commit', nth: pick(2, 60) },
      powerSeed: cut()
    },
    {
      name: 'by a power cut in its start',
      kind: 'power cut in recovery',
      at: { point: 'call', nth: pick(1, 45) },
      powerSeed: cut()
    },
    {
      name: 'by a power cut in its end, while the log is moved into the database',
      kind: 'power cut in the last checkpoint',
      shim: { call: 'fsync', when: 'before', file: database, nth: 1 },
      powerSeed: cut(),
      atTheEnd: true
    }
  ];
};
