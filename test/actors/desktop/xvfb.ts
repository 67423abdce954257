import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';

export interface Xvfb {
  /** `:7` */
  display: string;
  stop(): Promise<void>;
}

/** An X server without a screen and without a window manager, on a free display. */
export async function startXvfb(): Promise<Xvfb> {
  const args = ['-displayfd', '3', '-screen', '0', '800x600x24', '-nolisten', 'tcp', '-noreset'];
  const child = spawn('Xvfb', args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'exit');
  const [number] = (await Promise.race([
    once(child.stdio[3] as Readable, 'data'),
    ended.then(() => Promise.reject(new Error('Xvfb ended at once')))
  ])) as [Buffer];
  return {
    display: `:${number.toString().trim()}`,
    async stop() {
      child.kill('SIGKILL');
      await ended;
    }
  };
}
