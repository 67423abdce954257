import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sharedHarness } from '../harness.ts';
import { troupe } from './harness.ts';

const TIMEOUT = { timeout: 300_000 };
const shared = sharedHarness();
const env = () => ({ TROUPE_URL: shared.h.url, TROUPE_TOKEN: shared.h.admin, NO_COLOR: '1' });
const piped = (...argv: string[]) => troupe(argv, { env: env() });
const shown = (columns: number, ...argv: string[]) => troupe(argv, { env: env(), columns });
const asked = async (account_id: string) => {
  const sent = await shared.h.send({
    target: { platform: 'instagram', account_id },
    payload: { flow: 'asked', params: { text: 'hi \u001b[2J' } }
  });
  for (;;) {
    const { json } = await piped('approvals', '--command', sent.body.command_id, '--state', 'PENDING');
    if (json.length > 0)
      return { commandId: sent.body.command_id as string, approvalId: json[0].approval_id as string };
  }
};

describe('the lists of the command line', () => {
  it('are JSON lines in a pipe, over more than one page, and filtered at the server', TIMEOUT, async () => {
    for (let i = 0; i < 3; i++) await shared.h.send({ target: { platform: 'x', account_id: 'lister' } });
    const { json, code } = await piped('commands', '--account', 'lister', '--limit', '2');
    assert.equal(code, 0);
    assert.equal(json.length, 2);
    assert.equal((await piped('commands', '--account', 'lister')).json.length, 3);
    assert.equal((await piped('commands', '--account', 'nobody')).out, '');
    const [session] = (await piped('sessions', '--account', 'lister')).json;
    assert.equal(session.account_id, 'lister');
    assert.deepEqual(
      (await piped('commands', '--session', session.session_id)).json.map((each) => each.session_id),
      [session.session_id, session.session_id, session.session_id]
    );
    const flows = (await piped('flows', '--platform', 'x')).json.map(({ name }) => name);
    assert.ok(flows.includes('greet'));
  });

  it('are tables for a person, as wide as the terminal, without control characters', TIMEOUT, async () => {
    await asked('shown');
    const wide = await shown(300, 'approvals', '--account', 'shown');
    assert.match(wide.out, /^APPROVAL +STATE +FLOW/);
    assert.match(wide.out, /^[0-9a-f]{8} +PENDING +asked +shown/m);
    assert.ok(!wide.out.includes('\u001b'));
    const narrow = await shown(30, 'approvals', '--account', 'shown');
    for (const line of narrow.out.trimEnd().split('\n')) assert.ok(line.length <= 30, line);
    const none = await shown(80, 'sessions', '--account', 'nobody');
    assert.deepEqual([none.out, none.err], ['', 'no sessions\n']);
    assert.match((await shown(200, 'flows')).out, /^greet +3 +write +instagram,x +Say something$/m);
    assert.equal((await shown(80, 'commands', '--account', 'shown', '--json')).json[0].state, 'AWAITING_APPROVAL');
  });

  it('end with 2 for what is wrong', TIMEOUT, async () => {
    for (const argv of [
      ['commands', '--limit', '0'],
      ['commands', '--limit', 'many'],
      ['sessions', '--state', 'HAPPY'],
      ['approve'],
      ['approve', 'abc'],
      ['cancel', 'ffffffff'],
      ['cancel', '../tokens']
    ]) {
      const { code, err } = await piped(...argv);
      assert.equal(code, 2, argv.join(' '));
      assert.notEqual(err, '');
    }
  });
});

describe('one thing by its id', () => {
  it('is approved by the beginning of its id, and a later answer loses', TIMEOUT, async () => {
    const { commandId, approvalId } = await asked('ada');
    const { json, code } = await piped('approve', approvalId.slice(0, 8).toUpperCase(), '--note', 'fine');
    assert.equal(code, 0);
    assert.deepEqual([json[0].state, json[0].note, json[0].decided_by], ['ALLOWED', 'fine', 'admin']);
    assert.equal((await shared.h.ended(commandId)).state, 'SUCCEEDED');
    const late = await piped('deny', approvalId);
    assert.equal(late.code, 1);
    assert.match(late.err, /APPROVAL_DECIDED/);
  });

  it('is denied, and says so to a person', TIMEOUT, async () => {
    const { commandId, approvalId } = await asked('bob');
    assert.equal((await shown(80, 'deny', approvalId)).out, `DENIED  ${approvalId}\n`);
    assert.equal((await shared.h.ended(commandId)).error?.code, 'APPROVAL_DENIED');
  });

  it('is cancelled once', TIMEOUT, async () => {
    const { commandId } = await asked('carl');
    assert.equal((await piped('cancel', commandId.slice(0, 13), '--reason', 'no')).code, 0);
    assert.equal((await shared.h.ended(commandId)).state, 'CANCELLED');
    assert.match((await piped('cancel', commandId)).err, /COMMAND_ENDED/);
  });

  it('is taken over and handed back', TIMEOUT, async () => {
    await shared.h.ended((await shared.h.send({ target: { platform: 'x', account_id: 'eve' } })).body.command_id);
    const [{ session_id }] = (await piped('sessions', '--account', 'eve')).json;
    const taken = await piped('takeover', session_id.slice(0, 8));
    assert.equal(taken.code, 0, taken.err);
    assert.equal(taken.json[0].driven_by, 'admin');
    const back = await piped('handback', session_id);
    assert.equal(back.code, 0, back.err);
    assert.notEqual(back.json[0].state, 'HUMAN_DRIVING');
  });

  it('is not touched with a token that may not', TIMEOUT, async () => {
    const { approvalId } = await asked('dora');
    const token = await shared.h.token(['read:*']);
    const refused = await troupe(['approve', approvalId], { env: { ...env(), TROUPE_TOKEN: token } });
    assert.equal(refused.code, 4);
  });
});
