/** What a process says of itself, to stderr: JSON lines for a collector, plain lines on a terminal. */
import { Writable } from 'node:stream';
import { type Logger, pino } from 'pino';
import type { Config } from '../schemas/generated/contracts.ts';
import { masked, maskedText } from './control/masked.ts';

export function createLogger(
  level: Config['log_level'],
  err: { write(text: string): unknown; isTTY?: boolean }
): Logger {
  const lines = new Writable({
    decodeStrings: false,
    write(line: string, _encoding, done) {
      // Whatever it was that quoted one.
      const safe = maskedText(line);
      err.write(err.isTTY ? forPeople(safe) : safe);
      done();
    }
  });
  const { err: serialized } = pino.stdSerializers;
  return pino(
    {
      level,
      base: null,
      // By the names of fields, however deep, of causes too.
      formatters: { log: safely },
      serializers: { err: (error) => masked(error instanceof Error ? serialized(error) : error) }
    },
    lines
  );
}

/** An error is left to its serializer: what it says is in no field of its own. */
const safely = (fields: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      value instanceof Error ? value : (masked({ [name]: value }) as Record<string, unknown>)[name]
    ])
  );

/** `12:03:04 warn  the journal cannot be written {"reason":"…"}` */
function forPeople(line: string): string {
  const { level, time, msg, err, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const label = pino.levels.labels[Number(level)] ?? '';
  const more = Object.keys(rest).length > 0 ? ` ${JSON.stringify(rest)}` : '';
  const stack = err ? `\n${(err as { stack?: string }).stack ?? JSON.stringify(err)}` : '';
  return `${new Date(Number(time)).toTimeString().slice(0, 8)} ${label.padEnd(5)} ${String(msg ?? '')}${more}${stack}\n`;
}
