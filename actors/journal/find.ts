import { ControlError } from '../../schemas/errors.ts';
import type { TableName, Where } from '../host/contract.ts';
import type { Param } from './connection.ts';
import { FIND_LIMIT, tables } from './tables.ts';

/**
 * Rows of a table by equality, newest first, a list meaning any of; the migration says which columns have an index. A
 * field that is undefined is not asked for, null is.
 * @throws ControlError QUERY_INVALID for a column the table does not have
 */
export function findStatement<T extends TableName>(table: T, where: Where<T>, limit = FIND_LIMIT) {
  const { columns } = tables[table];
  const params: Param[] = [];
  const terms: string[] = [];
  for (const [column, value] of Object.entries(where) as [string, Param | readonly Param[] | undefined][]) {
    if (!(columns as readonly string[]).includes(column)) {
      throw new ControlError('QUERY_INVALID', {
        parameter: table,
        value: column,
        expected: `one of ${columns.join(', ')}`
      });
    }
    if (value === undefined) continue;
    const isList = Array.isArray(value);
    params.push(isList ? JSON.stringify(value) : (value as Param));
    terms.push(
      isList ? `${column} IN (SELECT value FROM json_each(?${params.length}))` : `${column} IS ?${params.length}`
    );
  }
  params.push(limit);
  const condition = terms.length > 0 ? `WHERE ${terms.join(' AND ')}` : '';
  return {
    sql: `SELECT ${columns.join(', ')} FROM ${table} ${condition} ORDER BY rowid DESC LIMIT ?${params.length}`,
    params
  };
}
