import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../package-root.ts';
import type { Connection } from './connection.ts';

export interface Migration {
  version: number;
  name: string;
  sql: string;
}

/** `migrations/0001-….sql` and on, in order, none left out. */
export function migrations(folder = join(packageRoot(), 'actors/journal/migrations')): Migration[] {
  const found = readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .map((name) => ({ version: Number.parseInt(name, 10), name, sql: readFileSync(join(folder, name), 'utf8') }));
  for (const [index, { version, name }] of found.entries()) {
    if (version !== index + 1) throw new Error(`migration ${name} is out of turn: ${index + 1} is next`);
  }
  return found;
}

/** Runs what the database has not had, each in a transaction of its own; `from` is its `user_version`. */
export async function migrate(writer: Connection, from: number, all: Migration[]): Promise<void> {
  for (const { version, sql } of all.slice(from)) {
    await writer.exec('BEGIN IMMEDIATE');
    try {
      await writer.exec(sql);
      await writer.exec(`PRAGMA user_version = ${version}`);
      await writer.exec('COMMIT');
    } catch (error) {
      await writer.exec('ROLLBACK').catch(() => {});
      throw error;
    }
  }
}
