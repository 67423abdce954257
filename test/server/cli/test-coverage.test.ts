import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { sharedInstance, troupe } from './harness.ts';

const TIMEOUT = { timeout: 300_000 };
const COMMENT = ['comment_on_post', '--platform', 'example', '--param', 'post_url=http://127.0.0.1:9/post/1'];
const shared = sharedInstance();
const coverage = (...argv: string[]) => troupe(['test', 'coverage', ...argv, '--data', shared.data]);

describe('troupe test coverage', () => {
  before(async () => {
    const ran = await troupe(['run', ...COMMENT, '--data', shared.data, '--param', 'text=hello', '--wait']);
    assert.equal(ran.code, 0, ran.err);
  });

  it('says of each kind how many transitions tests and production took', TIMEOUT, async () => {
    const { code, json, err } = await coverage();
    assert.equal(code, 0, err);
    const command = json.find(({ kind }) => kind === 'command');
    assert.ok(
      command.production > 5 && command.production < command.transitions,
      JSON.stringify({ ...command, taken: [] })
    );
    assert.equal(command.transitions, command.taken.length);
    assert.ok(command.tests > command.production, 'the tests of this release meet more than one life');
    assert.equal(json.find(({ kind }) => kind === 'recipe').production, 0);
    const shown = await troupe(['test', 'coverage', '--data', shared.data], { columns: 120 });
    assert.match(
      shown.out,
      /^KIND +TRANSITIONS +TESTS +PRODUCTION +NEVER\ncommand +\d+ +\d+ {2}\d+ % +\d+ {2}\d+ % +\d+/
    );
  });

  it('lists each transition of one kind, and says the same over the API', TIMEOUT, async () => {
    const [own] = (await coverage('approval')).json;
    const { control } = shared.instance.endpoints;
    const asked = await troupe(['test', 'coverage', 'approval', '--url', control, '--data', shared.data]);
    assert.equal(asked.code, 0, asked.err);
    assert.deepEqual(asked.json, [own]);
    const shown = await troupe(['test', 'coverage', 'approval', '--data', shared.data], { columns: 120 });
    assert.match(shown.out, /^TESTS +PRODUCTION +STATE +EVENT +TO +IF\n/);
    assert.match(shown.out, /^\d+ +0 +PENDING +approval\.decide +ALLOWED +allows$/m);
    assert.match(shown.out, /\d+ transitions of version [0-9a-f]{16}/);
  });

  it('refuses a kind that there is not with those there are', TIMEOUT, async () => {
    const { code, err } = await coverage('spaceship');
    assert.deepEqual([code, /no machine 'spaceship'; there are command, session/.test(err)], [2, true]);
  });
});
