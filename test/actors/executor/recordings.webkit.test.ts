import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { flowOfRecording } from '../../../actors/executor/recording.ts';
import { resolveFlow } from '../../../actors/executor/resolve.ts';
import { parse } from '../../../server/contracts.ts';
import { type Site, startSite } from '../../site/site.ts';
import { webkitMissing } from '../../support/webkit.ts';
import { type Bench, failsWith, never, openBench, perform } from './harness.ts';
import { recordingOf } from './recordings.ts';

describe('recordings of Chrome, in a real WebKit', { skip: webkitMissing() ?? false }, () => {
  let bench: Bench;
  let site: Site;
  before(async () => {
    [bench, site] = await Promise.all([openBench(), startSite({ visitor: 'alice' })]);
  });
  after(async () => {
    await bench?.close();
    await site?.close();
  });
  beforeEach(() => site.reset());

  const runsOf = (name: string, commandId = name) => {
    const actions = resolveFlow(flowOfRecording(name, parse.recording(recordingOf(name, site.url))), {});
    return actions.map((action, i) =>
      bench.run(action, { before: actions.slice(0, i), allowScript: true, commandId, intent: commandId })
    );
  };

  /** Plays all of it; every action has to be verified. */
  const play = async (name: string) => {
    const runs = runsOf(name);
    const done = await perform(bench, runs);
    const failed = done.find(({ outcome }) => outcome !== 'VERIFIED');
    assert.equal(failed, undefined, JSON.stringify(failed));
    assert.equal(done.length, runs.length);
    return done;
  };
  const log = () =>
    bench.ask<string[]>(`return [...document.querySelectorAll('[data-testid=log] li')].map((li) => li.innerText)`);

  it('comment once', async () => {
    await play('comment');
    assert.deepEqual(
      site.writes({ kind: 'comment' }).map(({ text, account }) => [text, account]),
      [['Recorded words', 'alice']]
    );
  });

  it('log in by the keyboard, and like', async () => {
    await play('log-in');
    assert.deepEqual(
      site.writes({ kind: 'like' }).map(({ account, post }) => [account, post]),
      [['bob', '3']]
    );
    await bench.webkit.session.command('DELETE', '/cookie');
  });

  it('fill in fields of every kind', async () => {
    await play('story');
    assert.deepEqual(
      site.writes({ kind: 'story' }).map(({ text }) => JSON.parse(text!)),
      [
        {
          title: 'At sea',
          caption: 'Blue on blue',
          when: '',
          brightness: '52',
          category: 'food',
          tags: [],
          replies: true,
          audience: 'friends',
          photos: [' 0']
        }
      ]
    );
  });

  it('press mouse and keys of every kind, chords held over other steps too', async () => {
    await play('mouse-and-keys');
    assert.deepEqual(await log(), [
      'double-clicked',
      'right-clicked',
      'chord',
      'escape',
      'shift-clicked',
      'pinned 33',
      'menu-archive'
    ]);
  });

  it('go into windows that open, close them, and come back', async () => {
    await play('windows');
    assert.equal(await bench.ask('return location.pathname'), '/studio/next');
    assert.equal((await bench.webkit.session.windowHandles()).length, 1, 'a window was left open');
  });

  it('reach into frames and shadow roots', async () => {
    await play('frames');
    assert.deepEqual(await log(), ['partner accepted', 'terms agreed', 'switched']);
  });

  it('do not go on in another browser than they began in', async () => {
    const runs = runsOf('comment');
    await perform(bench, runs.slice(0, -2));
    await bench.webkit.session.delete();
    await bench.webkit.reopen();
    await assert.rejects(
      bench.executor.prepare(runs.at(-2)!, never),
      failsWith('PAGE_LOST', ({ after }) => assert.equal(after, 'STEP_01_SET_VIEWPORT'))
    );
    assert.equal(site.counts().comment, 0);
  });

  it('do not run without the scope for scripts, when they hold one', async () => {
    const run = runsOf('story').at(-1)!;
    await assert.rejects(bench.executor.prepare({ ...run, allowScript: false }, never), failsWith('SCRIPT_FORBIDDEN'));
  });
});
