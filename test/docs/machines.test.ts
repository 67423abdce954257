/**
 * docs/machines.md as a reader would follow it: its files written, its commands run one after the other, its answers
 * compared. In an answer `…` stands for anything, and white space for none.
 */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { packageRoot } from '../../actors/package-root.ts';
import { type Manager, startManager } from '../support/manager.ts';
import { userProject } from '../support/user-project.ts';

interface Block {
  /** `ts`, `sh`, `json`, `text` */
  language: string;
  /** After the language: a file's name, or what a block is for. */
  name: string;
  text: string;
}

const START = 'npx troupe start --driver stub\n';
/** For what a reader looks at again: an effect is on its way, a timer runs. */
const LOOK_AGAIN_MS = 60_000;

const guide = readFileSync(join(packageRoot(), 'docs/machines.md'), 'utf8');
const blocks = [...guide.matchAll(/^```(\w*) ?(.*)\n([\s\S]*?)^```$/gm)].map(
  ([, language, name, text]): Block => ({ language: language!, name: name!, text: text! })
);
const files = Object.fromEntries(
  blocks.filter(({ language }) => language === 'ts').map(({ name, text }) => [name, text])
);

describe('the guide to machines of your own', () => {
  it('has no snippet that is not run', () => {
    assert.equal([...guide.matchAll(/^```/gm)].length, 2 * blocks.length);
    for (const [i, { language, name }] of blocks.entries()) {
      if (language === 'ts') assert.match(name, /^[a-z.]+\.ts$/);
      else if (language === 'sh') assert.ok(['', 'shorthand'].includes(name), name);
      else assert.ok(['json', 'text'].includes(language) && blocks[i - 1]!.language === 'sh', `${language} ${name}`);
    }
  });

  it('has files whose types hold, also where only the package is', async (t) => {
    const folder = await userProject(t, {
      ...files,
      'tsconfig.json': JSON.stringify({
        compilerOptions: {
          target: 'es2023',
          module: 'nodenext',
          strict: true,
          noEmit: true,
          allowImportingTsExtensions: true,
          types: ['node'],
          typeRoots: [join(packageRoot(), 'node_modules/@types')]
        }
      })
    });
    try {
      execFileSync(join(packageRoot(), 'node_modules/.bin/tsc'), ['-p', '.'], { cwd: folder, encoding: 'utf8' });
    } catch (error) {
      assert.fail((error as { stdout: string }).stdout);
    }
  });

  it('says what happens, command by command', async (t) => {
    const folder = await userProject(t, files);
    symlinkSync(join(packageRoot(), 'node_modules/tsx'), join(folder, 'node_modules/tsx'));
    // `npx troupe` is this checkout's, from its sources.
    const program = [process.execPath, '--import', import.meta.resolve('tsx'), join(packageRoot(), 'server/main.ts')];
    writeFileSync(join(folder, 'npx'), `#!/bin/sh\nshift\nexec ${program.map((word) => `'${word}'`).join(' ')} "$@"\n`);
    chmodSync(join(folder, 'npx'), 0o755);

    let manager: Manager | undefined;
    let shorthand = '';
    for (const [i, { language, name, text }] of blocks.entries()) {
      if (language !== 'sh') continue;
      if (name === 'shorthand') {
        shorthand = text;
      } else if (text === START) {
        const args = ['--machines', join(folder, 'troupe.config.ts')];
        manager = await startManager(t, { data: join(folder, 'data'), args });
      } else {
        const script = (shorthand + text).replaceAll('http://127.0.0.1:7070', manager!.url);
        const answer = ['json', 'text'].includes(blocks[i + 1]?.language ?? '') ? blocks[i + 1]!.text : undefined;
        await answers(() => run(script, folder), answer, isReading(text));
        if (text.startsWith('kill -9')) await manager!.ended;
      }
    }
  });
});

const isReading = (text: string) => !/ -d |create|start|kill|--test/.test(text);

async function answers(ask: () => Promise<string>, expected: string | undefined, mayLookAgain: boolean): Promise<void> {
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
function run(script: string, folder: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const env: NodeJS.ProcessEnv = { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}` };
    // Node's test runner tells its children to report to it.
    delete env.NODE_TEST_CONTEXT;
    execFile('bash', ['-uc', script], { cwd: folder, env }, (error, stdout, stderr) =>
      error ? reject(new Error(`${script}\n${stdout}${stderr}`, { cause: error })) : resolve(stdout)
    );
  });
}
