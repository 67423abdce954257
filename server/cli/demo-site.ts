/** The example site as what it is to us: somebody else's process, spoken to over HTTP. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { packageRoot } from '../../actors/package-root.ts';
import { CliError, EXIT } from './exit.ts';

export interface DemoSite {
  url: string;
  /** How many comments of this text were written, as the site counted them. */
  comments(text: string): Promise<number>;
  close(): Promise<void>;
}

const START_LIMIT_MS = 20_000;

/** @param visitor whom the site takes a browser for that brings no cookie */
export async function startDemoSite(visitor: string): Promise<DemoSite> {
  const compiled = join(packageRoot(), 'dist/test/site/main.js');
  const source = join(packageRoot(), 'test/site/main.ts');
  const isCompiled = !import.meta.url.endsWith('.ts') && existsSync(compiled);
  const program = isCompiled ? [compiled] : ['--import', import.meta.resolve('tsx'), source];
  const child = spawn(process.execPath, [...program, '--port', '0', '--as', visitor], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true
  });
  const kill = () => {
    try {
      process.kill(-child.pid!, 'SIGKILL');
    } catch {
      // it has ended
    }
  };
  process.once('exit', kill);
  const ended = once(child, 'exit');
  const lines = createInterface(child.stdout);
  const url = await Promise.race([
    once(lines, 'line', { signal: AbortSignal.timeout(START_LIMIT_MS) }).then(([line]) => String(line)),
    ended.then(([code]) => {
      throw new CliError(`the example site ended with ${code}`, EXIT.failed);
    })
  ]).catch((error) => {
    kill();
    throw error;
  });

  return {
    url,
    async comments(text) {
      const response = await fetch(`${url}/_site/writes?${new URLSearchParams({ kind: 'comment', text })}`);
      const { writes } = (await response.json()) as { writes: unknown[] };
      return writes.length;
    },
    async close() {
      child.kill('SIGTERM');
      const late = setTimeout(kill, 2_000);
      await ended;
      clearTimeout(late);
      process.off('exit', kill);
    }
  };
}
