/** What a process says of itself, to stderr: JSON lines for a collector, plain lines on a terminal. */
import { Writable } from 'node:stream';
import { type Logger, pino } from 'pino';
import type { Config } from '../schemas/generated/contracts.ts';

export function createLogger(
  level: Config['log_level'],
  err: { write(text: string): unknown; isTTY?: boolean }
): Logger {
  const lines = new Writable({
    decodeStrings: false,
    write(line: string, _encoding, done) {
      err.write(err.isTTY ? forPeople(line) : line);
      done();
    }
  });
  return pino({ level, base: null, redact: ['req.headers.authorization', 'token', '*.token'] }, lines);
}

/** `12:03:04 warn  the journal cannot be written {"reason":"…"}` */
function forPeople(line: string): string {
  const { level, time, msg, err, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const label = pino.levels.labels[Number(level)] ?? '';
  const more = Object.keys(rest).length > 0 ? ` ${JSON.stringify(rest)}` : '';
  const stack = err ? `\n${(err as { stack?: string }).stack ?? JSON.stringify(err)}` : '';
  return `${new Date(Number(time)).toTimeString().slice(0, 8)} ${label.padEnd(5)} ${String(msg ?? '')}${more}${stack}\n`;
}
