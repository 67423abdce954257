/** Where a command prints: for a person on a terminal, or as JSON lines in a pipe. */
import { styleText } from 'node:util';

export interface OutputStream {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

type Style = Parameters<typeof styleText>[0];

export interface Terminal {
  /** true: lines and tables for a person; false: one JSON object a line. */
  readonly people: boolean;
  /** Width in characters; Infinity when nothing says. */
  readonly columns: number;
  /** One line to stdout. */
  line(text?: string): void;
  /** One JSON object to stdout, on a line. */
  json(value: unknown): void;
  /** One line to stderr: progress and complaints, never data. */
  note(text: string): void;
  /** Coloured on a terminal that takes colours, else as it is. */
  style(style: Style, text: string): string;
}

/**
 * @param env NO_COLOR with any text turns colours off, https://no-color.org
 * @param json true forces JSON lines on a terminal too
 * @param text true for a command that is for people wherever it prints
 */
export function createTerminal(
  { out, err }: { out: OutputStream; err: OutputStream },
  {
    env,
    json = false,
    text = false
  }: { env: Record<string, string | undefined>; json?: boolean | undefined; text?: boolean }
): Terminal {
  const colours = out.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
  return {
    people: (out.isTTY === true || text) && !json,
    // A terminal nobody has sized says 0.
    columns: out.columns || Number.POSITIVE_INFINITY,
    line: (text = '') => void out.write(`${text}\n`),
    json: (value) => void out.write(`${JSON.stringify(value)}\n`),
    note: (text) => void err.write(`${text}\n`),
    style: (style, text) => (colours ? styleText(style, text, { validateStream: false }) : text)
  };
}

/**
 * Text of somebody else's (a comment, a title, an error of a page) for a terminal: control characters could move the
 * cursor or change the title of the window, so they are shown and not sent.
 */
export const printable = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about
  text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);

/** Columns padded to their longest cell, two spaces between; the first row is the heading. */
export function table(rows: string[][]): string[] {
  const widths: number[] = [];
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join('  ')
      .trimEnd()
  );
}
