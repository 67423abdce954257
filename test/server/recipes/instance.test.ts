/** Recipes in a whole process: from the command line to the log. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createRecipeClient } from '../../../client/recipes.ts';
import { readConfig } from '../../../server/config.ts';
import { stubInstance, temporaryFolder, troupe } from '../cli/harness.ts';

describe('a running instance', () => {
  it('runs what the command line sends, hands flows over, and has all of it in the log', async (t) => {
    const data = join(temporaryFolder(t), 'data');
    const instance = await stubInstance(data);
    t.after(() => instance.stop());
    // biome-ignore lint/suspicious/noExplicitAny: whatever is there
    const get = async (path: string): Promise<any> => {
      const headers = { authorization: `Bearer ${instance.adminToken.token}` };
      return (await fetch(instance.endpoints.control + path, { headers })).json();
    };
    const send = (...commands: object[]) =>
      troupe(['recipe', 'send', '--data', data, ...commands.map((command) => JSON.stringify(command))]);

    const pasted = await send({ type: 'paste', text: 'a secret' }, { type: 'open_app', app: 'Notes' });
    assert.equal(pasted.code, 0, pasted.err);
    assert.equal(pasted.json[0].results[1].state, 'shown');

    const params = { post_url: 'http://127.0.0.1:9/post/1', text: 'hello' };
    const flow = { type: 'flow', name: 'comment_on_post', platform: 'example', account_id: 'alice', params };
    const handed = await send(flow);
    assert.equal(handed.code, 0, handed.err + handed.out);
    const commandId = handed.json[0].results[0].command_id;
    assert.equal((await get(`/v1/commands/${commandId}`)).command_id, commandId);

    const wrong = await send({ ...flow, name: 'nope' });
    assert.deepEqual([wrong.code, wrong.json[0].error.code], [2, 'invalid_argument']);
    assert.match(wrong.json[0].error.message, /FLOW_UNKNOWN/);
    const nowhere = await send({ type: 'flow', name: 'nope' });
    assert.match(nowhere.json[0].error.message, /FLOW_UNKNOWN: no flow 'nope'/);

    type Row = { type: string; payload: Record<string, unknown> };
    let rows: Row[] = [];
    while (rows.filter(({ type }) => ['recipe.exec', 'recipe.error'].includes(type)).length < 3) {
      rows = (await get('/v1/events?cursor=0&limit=500')).items.filter(({ type }: Row) => type.startsWith('recipe.'));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const first = rows.slice(0, 4);
    assert.deepEqual(
      first.map(({ type }) => type),
      ['recipe.recv', 'recipe.decode', 'recipe.dispatch', 'recipe.exec']
    );
    assert.deepEqual(first[3]?.payload.commands, ['paste', 'open_app']);
    assert.equal(first[0]?.payload.driver, 'stub');
    assert.doesNotMatch(JSON.stringify(rows), /a secret/);

    const meta = { source: 'a panel', recipe_id: 'hello', trace_id: 'trace-1' };
    const client = createRecipeClient({ path: instance.endpoints.recipes?.stream as string });
    t.after(() => client.close());
    await client.send({ type: 'keystroke', key: 'a' }, { id: 'with-meta', meta });
    let traced: Row[] = [];
    while (traced.length < 4) {
      const { items } = await get('/v1/events?cursor=0&limit=500');
      traced = items.filter(({ payload }: Row) => payload.id === 'with-meta');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    for (const { type, payload } of traced) {
      assert.deepEqual([payload.recipe_id, payload.source, typeof payload.us], ['hello', 'a panel', 'number'], type);
    }

    const { checks } = await get('/ready');
    assert.match(JSON.stringify(checks), /recipes\.sock/);
  });

  it('hands a flow over once for an id, also across a restart', async (t) => {
    const data = join(temporaryFolder(t), 'data');
    const params = { post_url: 'http://127.0.0.1:9/post/1', text: 'hello' };
    const flow = { type: 'flow', name: 'comment_on_post', platform: 'example', account_id: 'alice', params } as const;
    const handed: unknown[] = [];
    for (let start = 0; start < 2; start++) {
      const instance = await stubInstance(data);
      const client = createRecipeClient({ path: instance.endpoints.recipes?.stream as string, ackMs: 60_000 });
      const reply = await client.send(flow, { id: 'the-flow', timeoutMs: 60_000 });
      handed.push(reply?.results?.[0]?.command_id);
      client.close();
      await instance.stop();
    }
    assert.equal(typeof handed[0], 'string');
    assert.equal(handed[1], handed[0]);
  });

  it('says what is wrong with what it is told to send', async (t) => {
    const data = join(temporaryFolder(t), 'data');
    assert.equal((await troupe(['recipe', 'send', '--data', data, '{"type":"paste","text":"x"}'])).code, 3);
    assert.equal((await troupe(['recipe', 'send', '--data', data, 'paste'])).code, 2);
  });

  it('has recipes turned off by --no-recipes, by its variable and by its key', async () => {
    assert.equal(readConfig({}, {}).recipes, true);
    assert.equal(readConfig({ recipes: false }, { TROUPE_RECIPES: 'true' }).recipes, false);
    assert.equal(readConfig({}, { TROUPE_RECIPES: 'false' }).recipes, false);
    assert.match((await troupe(['start', '--help'])).out, /--no-recipes/);
  });

  it('has no socket and no folder for one with --no-recipes, and says that they are off', async (t) => {
    const data = join(temporaryFolder(t), 'data');
    const instance = await stubInstance(data, { recipes: false });
    t.after(() => instance.stop());
    assert.equal(instance.endpoints.recipes, null);
    assert.equal(existsSync(join(data, 'recipes')), false);
    const headers = { authorization: `Bearer ${instance.adminToken.token}` };
    const response = await fetch(`${instance.endpoints.control}/ready`, { headers });
    assert.match(await response.text(), /off: --no-recipes/);
  });
});
