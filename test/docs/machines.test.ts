/**
 * docs/machines.md as a reader would follow it: its files written, its commands run one after the other, its answers
 * compared. In an answer `…` stands for anything, and white space for none.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { packageRoot } from '../../actors/package-root.ts';
import { type Manager, startManager } from '../support/manager.ts';
import { userProject } from '../support/user-project.ts';
import { answers, readGuide, run, withNpx } from './guide.ts';

const START = 'npx troupe start --driver stub\n';
const { text: guide, blocks } = readGuide('machines.md');
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
    withNpx(folder);

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
