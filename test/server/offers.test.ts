import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ActorOffer, ActorSummary } from '../../schemas/generated/contracts.ts';
import { masked } from '../../server/control/masked.ts';
import { sharedHarness } from './harness.ts';

describe('an actor that one looks at', () => {
  const shared = sharedHarness();
  const read = async (address: string, token = shared.h.admin): Promise<ActorSummary> => {
    const { status, body } = await shared.h.api('GET', `/v1/actors/${address}`, { token });
    assert.equal(status, 200, JSON.stringify(body));
    return body;
  };
  const titles = ({ offers = [] }: ActorSummary) => offers.map(({ title }) => title);
  const take = ({ method, path, body }: ActorOffer, fields: object = {}) =>
    shared.h.api(method, path, method === 'DELETE' ? {} : { body: { ...body, ...fields } });
  const offer = (actor: ActorSummary, title: string): ActorOffer => {
    const found = actor.offers?.find((one) => one.title === title);
    assert.ok(found, `${title} of ${titles(actor)}`);
    return found;
  };

  async function asked(account: string) {
    const { h } = shared;
    const target = { platform: 'instagram', account_id: account };
    const payload = { flow: 'asked', params: { text: 'hi' } };
    const { body } = await h.send({ target, payload });
    const { approvalId, sessionId } = await h.asked(body.command_id);
    return {
      command: `command/${body.command_id}`,
      approval: `approval/${approvalId}`,
      session: `session/${sessionId}`
    };
  }

  it('says what may be done to it now, as requests that do it, and whom it has to do with', async () => {
    const { h } = shared;
    const { command, approval, session } = await asked('ada');
    const waiting = await read(command);
    assert.deepEqual(waiting.relatives, [
      { as: 'approval', address: approval },
      { as: 'session', address: session }
    ]);
    assert.deepEqual(titles(waiting), ['Cancel the command']);
    assert.equal(offer(waiting, 'Cancel the command').scope, 'flow.run:asked');
    const { envelope } = waiting.context as { envelope: { type: string } };
    assert.equal(envelope.type, 'flow.run');

    const question = await read(approval);
    assert.deepEqual(titles(question), ['Allow', 'Deny']);
    assert.deepEqual((await take(offer(question, 'Allow'), { note: 'fine' })).body.note, 'fine');
    await h.ended(command.split('/')[1] as string);
    assert.deepEqual(titles(await read(approval)), []);
    assert.deepEqual(titles(await read(command)), []);

    // It hears of the end of its command a moment after everybody else.
    const isFree = await h.host.waitFor(session, ({ state }) => state === 'READY', { timeoutMs: 60_000 });
    assert.ok(isFree);
    const idle = await read(session);
    assert.deepEqual(titles(idle), ['Pause', 'Take over', 'Close']);
    assert.equal((await take(offer(idle, 'Pause'))).status, 202);
    const paused = await read(session);
    assert.deepEqual(titles(paused), ['Resume', 'Take over', 'Close']);
    assert.equal((await take(offer(paused, 'Close'))).status, 202);
  });

  it('cancels with a reason that fits the schema it gave, and is refused at the field when it does not', async () => {
    const { command } = await asked('bo');
    const cancel = offer(await read(command), 'Cancel the command');
    const refused = await take(cancel, { reason: 7 });
    assert.equal(refused.status, 400);
    assert.deepEqual(
      refused.body.errors.map(({ path }: { path: string }) => path),
      ['/reason']
    );
    assert.equal((await take(cancel, { reason: 'not today' })).status, 202);
  });

  it('keeps its context from who may not read its kind', async () => {
    const { command } = await asked('cleo');
    const eyes = await shared.h.token(['read:actors']);
    const actor = await read(command, eyes);
    assert.equal(actor.context, undefined);
    assert.ok(actor.offers && actor.relatives && actor.transitions);
    await take(offer(await read(command), 'Cancel the command'));
  });

  it('masks secrets by the name of their field and by what they look like, wherever they stand', () => {
    const token = `trp_${'x'.repeat(43)}`;
    const context = {
      params: { text: `use ${token} now`, password: 'hunter2', api_key: 'k', apiKey: null, hasToken: true },
      list: [{ Authorization: 'Bearer abcdefgh' }, `Bearer abcdefgh.ijk`],
      keyboard: 'qwerty',
      long: 'y'.repeat(20_000)
    };
    const safe = masked(context) as typeof context;
    assert.deepEqual(safe.params, {
      text: 'use ••• now',
      password: '•••',
      api_key: '•••',
      apiKey: null,
      hasToken: true
    });
    assert.deepEqual(safe.list, [{ Authorization: '•••' }, '•••']);
    assert.equal(safe.keyboard, 'qwerty');
    assert.match(safe.long, /^y{10000}… \(20000 characters\)$/);
    assert.doesNotMatch(JSON.stringify(safe), /hunter2|xxxx|abcdefgh/);
  });
});
