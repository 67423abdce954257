import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export interface Finding {
  /** warn: works without, but not as well. */
  state: 'ok' | 'warn' | 'fail';
  detail: string;
  cure?: string;
}

export interface Check {
  name: string;
  run(): Promise<Finding>;
}

export const ok = (detail: string): Finding => ({ state: 'ok', detail });
export const fail = (detail: string, cure: string): Finding => ({ state: 'fail', detail, cure });
export const warn = (detail: string, cure: string): Finding => ({ state: 'warn', detail, cure });

/** What a program prints; undefined when it cannot be run or fails. */
export const printed = (
  command: string,
  args: string[],
  env: Record<string, string | undefined>
): Promise<string | undefined> =>
  promisify(execFile)(command, args, { timeout: 10_000, env: env as NodeJS.ProcessEnv }).then(
    ({ stdout }) => stdout.trim(),
    () => undefined
  );
