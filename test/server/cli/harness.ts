import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext } from 'node:test';
import { pino } from 'pino';
import { runCli } from '../../../server/cli/program.ts';
import { readConfig } from '../../../server/config.ts';
import { startTroupe, type Troupe } from '../../../server/start.ts';

export interface Ran {
  code: number;
  out: string;
  err: string;
  /** What a pipe gets: one value a line. */
  // biome-ignore lint/suspicious/noExplicitAny: whatever the command prints
  json: any[];
}

interface RunOptions {
  env?: Record<string, string>;
  /** As on a terminal, so wide. */
  columns?: number;
  signal?: AbortSignal;
  /** Called with all of stdout so far, at each line. */
  onOut?: (out: string) => void;
}

/** One command line in this process, as `main.ts` would run it; nothing of our own environment reaches it. */
export async function troupe(argv: string[], options: RunOptions = {}): Promise<Ran> {
  const { env = {}, columns, signal = new AbortController().signal, onOut } = options;
  const written = { out: '', err: '' };
  const stream = (name: 'out' | 'err') => ({
    ...(columns === undefined ? {} : { isTTY: true, columns }),
    write(text: string) {
      written[name] += text;
      if (name === 'out') onOut?.(written.out);
    }
  });
  const code = await runCli(argv, { env, out: stream('out'), err: stream('err'), signal });
  return {
    ...written,
    code,
    get json() {
      return written.out
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line));
    }
  };
}

export function temporaryFolder(t: Pick<TestContext, 'after'>): string {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-cli-'));
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** One for all tests of a file: called at its top. */
export function sharedInstance(flags: Parameters<typeof readConfig>[0] = {}): {
  readonly data: string;
  readonly instance: Troupe;
} {
  let instance: Troupe | undefined;
  let data: string | undefined;
  before(async () => {
    data = mkdtempSync(join(tmpdir(), 'troupe-cli-'));
    instance = await stubInstance(data, flags);
  });
  after(async () => {
    await instance?.stop();
    if (data !== undefined) rmSync(data, { recursive: true, force: true, maxRetries: 5 });
  });
  return {
    get data() {
      return data as string;
    },
    get instance() {
      return instance as Troupe;
    }
  };
}

/** A whole instance in this process that drives nothing, on free ports and a data directory of its own. */
export async function stubInstance(dataDir: string, flags: Parameters<typeof readConfig>[0] = {}): Promise<Troupe> {
  const places = { data: dataDir, driver: 'stub', control: '127.0.0.1:0', telemetry: '127.0.0.1:0' } as const;
  const config = readConfig({ ...places, ...flags }, {});
  return startTroupe(config, { logger: pino({ level: 'silent' }), environment: {}, version: '0.0.0' });
}
