import sqlite3 from 'sqlite3';

export type Param = string | number | null;
/** `unchanging`: a file: URL with `immutable=1`, of a file that nobody writes while it is read. */
export type Mode = 'read-only' | 'unchanging' | 'read-write' | 'create';

const flags: Record<Mode, number> = {
  'read-only': sqlite3.OPEN_READONLY,
  unchanging: sqlite3.OPEN_READONLY | sqlite3.OPEN_URI,
  'read-write': sqlite3.OPEN_READWRITE,
  create: sqlite3.OPEN_READWRITE | sqlite3.OPEN_CREATE
};

/** In the package and not in its types. */
interface WithBackup {
  backup(
    path: string,
    opened: (error: Error | null) => void
  ): {
    /** So many pages, -1 for all. */
    step(pages: number, done: (error: Error | null) => void): void;
    finish(done: (error?: Error | null) => void): void;
  };
}

/** Distinct statements kept compiled; a query that is asked in more shapes than this compiles again. */
const MAX_STATEMENTS = 100;

/**
 * One connection of the `sqlite3` package with promises. Its calls run one after the other on libuv's threads: two at
 * once would only park a second thread on SQLite's mutex, and there are four for the whole process.
 */
export class Connection {
  readonly #database: sqlite3.Database;
  readonly #statements = new Map<string, Promise<sqlite3.Statement>>();

  private constructor(database: sqlite3.Database) {
    this.#database = database;
    database.serialize();
  }

  /** @throws Error of the sqlite3 package, with `errno` */
  static open(path: string, mode: Mode): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const database: sqlite3.Database = new sqlite3.Database(path, flags[mode], (error) =>
        error ? reject(error) : resolve(new Connection(database))
      );
    });
  }

  /** All rows. Reads the statement to its end, so that no read transaction stays open behind it. */
  async all<T>(sql: string, params: Param[] = []): Promise<T[]> {
    const statement = await this.#prepared(sql);
    return new Promise((resolve, reject) =>
      statement.all<T>(params, (error, rows) => (error ? reject(error) : resolve(rows)))
    );
  }

  async get<T>(sql: string, params: Param[] = []): Promise<T | undefined> {
    return (await this.all<T>(sql, params))[0];
  }

  async run(sql: string, params: Param[] = []): Promise<void> {
    const statement = await this.#prepared(sql);
    return new Promise((resolve, reject) => {
      statement.run(params, (error: Error | null) => (error ? reject(error) : resolve()));
    });
  }

  /** Several statements, without parameters or rows. */
  exec(sql: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#database.exec(sql, (error) => (error ? reject(error) : resolve()));
    });
  }

  /**
   * The database as it is now to a new file, page by page in one read transaction: writers, also of other processes, go
   * on meanwhile, and their write-ahead log grows until it is over.
   */
  backup(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const backup = (this.#database as unknown as WithBackup).backup(path, (error) => error && reject(error));
      backup.step(-1, (failure) => {
        backup.finish((error) => {
          const cause = failure ?? error;
          if (cause) reject(cause);
          else resolve();
        });
      });
    });
  }

  /** Waits for the calls under way. */
  async close(): Promise<void> {
    const statements = [...this.#statements.values()];
    this.#statements.clear();
    for (const statement of await Promise.allSettled(statements)) {
      if (statement.status === 'fulfilled') statement.value.finalize();
    }
    return new Promise((resolve, reject) => {
      this.#database.close((error) => (error ? reject(error) : resolve()));
    });
  }

  #prepared(sql: string): Promise<sqlite3.Statement> {
    const known = this.#statements.get(sql);
    if (known) {
      this.#statements.delete(sql);
      this.#statements.set(sql, known);
      return known;
    }
    const made = new Promise<sqlite3.Statement>((resolve, reject) => {
      const statement: sqlite3.Statement = this.#database.prepare(sql, (error) =>
        error ? reject(error) : resolve(statement)
      );
    });
    this.#statements.set(sql, made);
    made.catch(() => this.#statements.delete(sql));
    this.#dropOldest();
    return made;
  }

  #dropOldest() {
    if (this.#statements.size <= MAX_STATEMENTS) return;
    const [sql, oldest] = this.#statements.entries().next().value!;
    this.#statements.delete(sql);
    // Queued behind whatever was asked of it before: the connection runs its calls in order.
    oldest.then((statement) => statement.finalize()).catch(() => {});
  }
}
