/** docs/testing.md as a reader would follow it, in a folder with the files of docs/machines.md. */
import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { packageRoot } from '../../actors/package-root.ts';
import { userProject } from '../support/user-project.ts';
import { answers, type Block, readGuide, run, withNpx } from './guide.ts';

const { text: guide, blocks } = readGuide('testing.md');
const filesOf = (list: Block[]) =>
  Object.fromEntries(list.filter(({ language }) => language === 'ts').map(({ name, text }) => [name, text]));

describe('the guide to tests from machines', () => {
  it('has no snippet that is not run', () => {
    assert.equal([...guide.matchAll(/^```/gm)].length, 2 * blocks.length);
    for (const [i, { language, name }] of blocks.entries()) {
      if (language === 'ts') assert.match(name, /^[a-z.]+\.ts$/);
      else if (language === 'sh') assert.equal(name, '');
      else assert.ok(['json', 'text'].includes(language) && blocks[i - 1]!.language === 'sh', `${language} ${name}`);
    }
  });

  it('says what happens, command by command', async (t) => {
    const folder = await userProject(t, { ...filesOf(readGuide('machines.md').blocks), ...filesOf(blocks) });
    symlinkSync(join(packageRoot(), 'node_modules/tsx'), join(folder, 'node_modules/tsx'));
    withNpx(folder);
    for (const [i, { language, text }] of blocks.entries()) {
      if (language !== 'sh') continue;
      const next = blocks[i + 1];
      const answer = next && ['json', 'text'].includes(next.language) ? next.text : undefined;
      await answers(() => run(text, folder), answer, false);
    }
  });
});
