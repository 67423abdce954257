import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CommandView, SearchHit } from '../../schemas/generated/contracts.ts';
import { envelope, sharedHarness, uuid } from './harness.ts';

describe('GET /v1/search', () => {
  const shared = sharedHarness();
  const search = async (q: string, token?: string) => {
    const options = token === undefined ? {} : { token };
    const { status, body } = await shared.h.api('GET', `/v1/search?q=${encodeURIComponent(q)}`, options);
    assert.equal(status, 200, JSON.stringify(body));
    return body.items as SearchHit[];
  };
  const whats = (hits: SearchHit[]) => hits.map(({ what, kind }) => (kind === undefined ? what : `${what} ${kind}`));

  /** A command that has ended, with a correlation and an artifact of its own. */
  async function world(account: string): Promise<CommandView & { artifact: string }> {
    const { h } = shared;
    const target = { account_id: account, platform: 'instagram' };
    const { body } = await h.send(envelope({ target, correlation_id: uuid() }));
    assert.ok(body.command_id, JSON.stringify(body));
    const command = await h.ended(body.command_id);
    const { id, sha256, size } = await h.files.store(Buffer.from(account), 'html', 'text/html');
    const row = {
      id,
      command_id: command.command_id,
      kind: 'html',
      media_type: 'text/html',
      sha256,
      size,
      created_at: 1
    };
    await h.host.write([{ into: 'artifacts', row }]);
    return { ...command, artifact: id };
  }

  it('finds everything that has an id or a name, whole or by how it begins', async () => {
    const { h } = shared;
    const { command_id: id, artifact, ...command } = await world('ada');
    assert.deepEqual(whats(await search(id)), ['actor command']);
    assert.deepEqual(whats(await search(id.slice(0, 9).toUpperCase())), ['actor command']);
    assert.deepEqual(
      (await search(command.session_id as string)).map((hit) => hit.id),
      [command.session_id]
    );
    assert.deepEqual(whats(await search(`command/${id.slice(0, 9)}`)), ['actor command']);
    assert.deepEqual(await search(`session/${id.slice(0, 9)}`), []);
    assert.deepEqual(whats(await search('supervisor/ma')), ['actor supervisor']);
    assert.deepEqual(await search(command.correlation_id), [{ what: 'correlation', id: command.correlation_id }]);
    assert.deepEqual(whats(await search(artifact.slice(0, 13))), ['artifact html']);
    assert.deepEqual((await search('ada')).filter(({ what }) => what === 'account').length, 1);
    assert.deepEqual(await search('GREE'), [{ what: 'flow', id: 'greet', title: 'Say something' }]);

    const { body } = await h.api('GET', `/v1/events?command_id=${id}&limit=1`);
    const [event] = body.items;
    assert.equal((await search(event.event_id.slice(0, 13)))[0]?.cursor, event.cursor);
    assert.equal((await search(event.event_id))[0]?.id, event.event_id);
    const [first] = await search(event.cursor);
    assert.deepEqual([first?.what, first?.id, first?.kind], ['event', event.event_id, event.payload.actor.kind]);
    assert.deepEqual(await search('no-such-thing-%'), []);
  });

  it('leaves out what the token may not read, and other accounts', async () => {
    const { h } = shared;
    const mine = await world('carol');
    const theirs = await world('carla');
    const eyes = await h.token(['read:actors']);
    assert.deepEqual(whats(await search('gree', eyes)), []);
    assert.deepEqual(whats(await search(mine.artifact, eyes)), []);
    assert.deepEqual(whats(await search(mine.command_id, eyes)), ['actor command']);
    const { token } = await h.tokens.create({ service: 'bound', scopes: ['read:*'], accounts: ['carol'] });
    const { items } = (await h.api('GET', `/v1/events?command_id=${theirs.command_id}&limit=1`)).body;
    for (const q of [theirs.command_id, theirs.artifact, theirs.correlation_id, 'carla', items[0].event_id]) {
      assert.deepEqual(await search(q, token), [], q);
      assert.notEqual((await search(q)).length, 0, q);
    }
    // So few digits may be how an id of carol's begins, too.
    const { cursor } = items[0];
    const isThere = (hit: SearchHit) => hit.what === 'event' && hit.cursor === cursor;
    assert.deepEqual((await search(cursor, token)).filter(isThere), []);
    assert.equal((await search(cursor)).filter(isThere).length, 1);
    assert.deepEqual(whats(await search('car', token)), ['account']);
    assert.deepEqual(whats(await search(mine.command_id, token)), ['actor command']);
  });

  it('finds nothing for nothing', async () => {
    assert.deepEqual((await shared.h.api('GET', '/v1/search')).body, { q: '', items: [] });
  });

  it('says what is wrong with a question that is none', async () => {
    const { h } = shared;
    for (const query of ['?q=', '?q=%20', `?q=${'x'.repeat(300)}`, '?q=a&limit=0', '?q=a&kind=command']) {
      const { status, body } = await h.api('GET', `/v1/search${query}`);
      assert.deepEqual([status, body.code], [400, 'QUERY_INVALID'], query);
    }
  });
});
