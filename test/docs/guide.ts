/** Pages of the documentation as a reader would follow them: their files written, their commands run, their answers compared. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { packageRoot } from '../../actors/package-root.ts';
import { program } from '../support/manager.ts';

export interface Block {
  /** `ts`, `sh`, `json`, `text` */
  language: string;
  /** After the language: a file's name, or what a block is for. */
  name: string;
  text: string;
}

/** For what a reader looks at again: an effect is on its way, a timer runs. */
const LOOK_AGAIN_MS = 60_000;

/** @param page in `docs/` */
export function readGuide(page: string): { text: string; blocks: Block[] } {
  const text = readFileSync(join(packageRoot(), 'docs', page), 'utf8');
  const blocks = [...text.matchAll(/^```(\w*) ?(.*)\n([\s\S]*?)^```$/gm)].map(
    ([, language, name, inner]): Block => ({ language: language!, name: name!, text: inner! })
  );
  return { text, blocks };
}

/** `npx troupe` is this checkout's there. */
export function withNpx(folder: string): void {
  const words = [process.execPath, ...program()];
  writeFileSync(join(folder, 'npx'), `#!/bin/sh\nshift\nexec ${words.map((word) => `'${word}'`).join(' ')} "$@"\n`);
  chmodSync(join(folder, 'npx'), 0o755);
}

/** In an answer `…` stands for anything, and white space for none. */
export async function answers(
  ask: () => Promise<string>,
  expected: string | undefined,
  mayLookAgain: boolean
): Promise<void> {
  for (const deadline = Date.now() + LOOK_AGAIN_MS; ; await delay(100)) {
    const output = await ask();
    if (expected === undefined || pattern(expected).test(squeeze(output))) return;
    if (!mayLookAgain || Date.now() > deadline) assert.equal(output, expected, 'the guide says another answer');
  }
}

const squeeze = (text: string) => text.replace(/\s+/g, '');

const pattern = (expected: string): RegExp => {
  const parts = squeeze(expected).split(/,?…,?/);
  return new RegExp(`^${parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('[\\s\\S]*')}$`);
};

/** @throws when it ends with another code than 0 */
export function run(script: string, folder: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const env: NodeJS.ProcessEnv = { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}` };
    // Node's test runner tells its children to report to it.
    delete env.NODE_TEST_CONTEXT;
    execFile('bash', ['-uc', script], { cwd: folder, env }, (error, stdout, stderr) =>
      error ? reject(new Error(`${script}\n${stdout}${stderr}`, { cause: error })) : resolve(stdout)
    );
  });
}
