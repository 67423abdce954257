/** Who asked for what and what came of it, over the planes: what is recorded, what is not in it, and who may read it. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import pino from 'pino';
import { canonical } from '../../machines/action-hash.ts';
import type { AuditRecord } from '../../schemas/generated/contracts.ts';
import { conforms } from '../../server/contracts.ts';
import { createRefusalLog } from '../../server/control/refused.ts';
import { envelope, type Harness, openHarness, sharedHarness, uuid } from './harness.ts';
import { Stream } from './stream.ts';

const records = async (h: Harness, query: string, token?: string): Promise<AuditRecord[]> => {
  const { status, body } = await h.api('GET', `/v1/audit?${query}`, token === undefined ? {} : { token });
  assert.equal(status, 200, JSON.stringify(body));
  return body.items;
};
const said = (found: AuditRecord[]) =>
  found.map(({ action, outcome, service }) => [action, outcome, service]).reverse();

describe('the audit log', () => {
  const shared = sharedHarness();
  const tokenOf = async (h: Harness, scopes = ['flow.run:*', 'read:*', 'approve:*', 'session:*']) => h.token(scopes);

  it('has of a command who sent it, the hash of what they sent, and what came of it', async () => {
    const { h } = shared;
    const correlation_id = uuid();
    const sent = envelope({ correlation_id, payload: { flow: 'greet', params: { text: 'a-private-word' } } });
    const { body } = await h.api('POST', '/v1/commands', { body: sent, token: await tokenOf(h) });
    await h.ended(body.command_id);
    const found = await records(h, `correlation_id=${correlation_id}`);
    assert.deepEqual(said(found), [
      ['command.accepted', 'accepted', 'orchestrator'],
      ['command.ended', 'SUCCEEDED', null]
    ]);
    for (const record of found) assert.deepEqual(conforms('troupe:record#/$defs/AuditRecord', record), []);
    const [ended, accepted] = found as [AuditRecord, AuditRecord];
    assert.equal(accepted.detail.body_hash, createHash('sha256').update(canonical(sent)).digest('hex'));
    assert.deepEqual(
      [accepted.subject, accepted.command_id, accepted.account_id, accepted.platform],
      [`command/${body.command_id}`, body.command_id, 'ada', 'instagram']
    );
    assert.deepEqual(ended.detail.actions, [{ name: 'GREET', outcome: 'VERIFIED', attempts: 1 }]);
    assert.ok(!JSON.stringify(found).includes('a-private-word'), 'what people write to each other is not in it');
  });

  it('has each record on the stream, of the actor whose step left it', async () => {
    const { h } = shared;
    const { body } = await h.api('POST', '/v1/commands', { body: envelope(), token: await tokenOf(h) });
    await h.ended(body.command_id);
    const [ended] = await records(h, `command_id=${body.command_id}&action=command.ended`);
    const page = (await h.api('GET', `/v1/events?limit=500&event_types=audit.recorded&command_id=${body.command_id}`))
      .body;
    const last = page.items.at(-1);
    assert.deepEqual(last.payload.actor, { kind: 'command', id: body.command_id });
    assert.deepEqual([last.payload.record.seq, last.payload.record.hash], [ended?.seq, ended?.hash]);
  });

  it('has who allowed what, by its hash, and who cancelled', async () => {
    const { h } = shared;
    const token = await tokenOf(h);
    const ask = async () => {
      const payload = { flow: 'asked', params: { text: 'hello' } };
      const { body } = await h.api('POST', '/v1/commands', { body: envelope({ payload }), token });
      const { approvalId } = await h.asked(body.command_id);
      return { commandId: body.command_id as string, approvalId };
    };
    const first = await ask();
    await h.api('POST', `/v1/approvals/${first.approvalId}`, { body: { decision: 'allow' }, token });
    await h.ended(first.commandId);
    const allowed = await records(h, `command_id=${first.commandId}`);
    assert.deepEqual(said(allowed), [
      ['command.accepted', 'accepted', 'orchestrator'],
      ['approval.asked', 'PENDING', null],
      ['approval.decided', 'ALLOWED', 'orchestrator'],
      ['command.ended', 'SUCCEEDED', null]
    ]);
    assert.match(String(allowed[1]?.detail.action_hash), /^[0-9a-f]{64}$/);
    const second = await ask();
    await h.api('POST', `/v1/commands/${second.commandId}/cancel`, { token });
    await h.host.waitFor(`approval/${second.approvalId}`, ({ status }) => status !== 'active', { timeoutMs: 60_000 });
    const cancelled = said(await records(h, `command_id=${second.commandId}`));
    assert.deepEqual(cancelled[2], ['command.cancel', 'accepted', 'orchestrator']);
    assert.deepEqual(
      cancelled
        .slice(3)
        .map(([action, outcome]) => [action, outcome])
        .toSorted(),
      [
        ['approval.withdrawn', 'WITHDRAWN'],
        ['command.ended', 'CANCELLED']
      ]
    );
  });

  it('has tokens that are made, rotated and ended, sign-ins, accounts and flows that are changed; no secret of them', async () => {
    const { h } = shared;
    const made = (await h.api('POST', '/v1/tokens', { body: { service: 'paul', scopes: ['read:*'] } })).body;
    const rotated = (await h.api('POST', `/v1/tokens/${made.token_id}/rotate`)).body;
    await h.api('DELETE', `/v1/tokens/${rotated.token_id}`);
    const { code } = (await h.api('POST', '/v1/sign-in/links', { token: await h.token(['read:*'], 'quinn') })).body;
    const signedIn = (await h.api('POST', '/v1/sign-in', { body: { code } })).body;
    await h.api('PUT', '/v1/accounts/rita', { body: { platform: 'x', home: 'https://x.example/secret-home' } });
    const flow = { name: 'audited', platforms: ['*'], actions: [{ attempt: 'A', effect: 'read', steps: [] }] };
    const { version: _, ...put } = (await h.api('GET', '/v1/flows/look')).body;
    await h.api('PUT', '/v1/flows/audited', { body: { ...put, name: flow.name } });
    const of = async (action: string) => (await records(h, `action=${action}&limit=1`))[0];
    const expected: Record<string, [service: string, subject: string]> = {
      'token.created': ['admin', `token/${made.token_id}`],
      'token.rotated': ['admin', `token/${rotated.token_id}`],
      'token.revoked': ['admin', `token/${rotated.token_id}`],
      'client.signed_in': ['quinn', `token/${signedIn.token_id}`],
      'account.set': ['admin', 'account/rita'],
      'flow.put': ['admin', 'flow/audited']
    };
    const all = JSON.stringify(await records(h, 'limit=500'));
    for (const [action, [service, subject]] of Object.entries(expected)) {
      if (action === 'token.created') continue;
      const record = await of(action);
      assert.deepEqual([record?.service, record?.subject], [service, subject], action);
    }
    const created = (await records(h, 'action=token.created&service=admin')).find(
      ({ subject }) => subject === `token/${made.token_id}`
    );
    assert.deepEqual(created?.detail.scopes, ['read:*']);
    for (const secret of [made.token, rotated.token, signedIn.token, code, 'secret-home', h.admin]) {
      assert.ok(!all.includes(secret), 'no secret is in it');
    }
  });

  it('has who took a session over and gave it back, how much they did, and who closed it', async () => {
    const { h } = shared;
    const token = await tokenOf(h);
    const body = { account_id: 'sue', platform: 'x' };
    const { session_id } = (await h.api('POST', '/v1/sessions', { body, token })).body;
    const address = `session/${session_id}`;
    const until = async (state: string) =>
      assert.ok(await h.host.waitFor(address, (view) => view.state.startsWith(state), { timeoutMs: 60_000 }), state);
    await until('READY');
    await h.api('POST', `/v1/sessions/${session_id}/takeover`, { token });
    await until('HUMAN_DRIVING');
    for (let i = 0; i < 2; i++) {
      await h.host.send(address, { type: 'session.input', input: { type: 'click', x: 1, y: 1 }, by: 'orchestrator' });
      await h.host.send(address, { type: 'session.input_done', code: null });
    }
    await h.api('POST', `/v1/sessions/${session_id}/handback`, { token });
    await until('READY');
    await h.api('DELETE', `/v1/sessions/${session_id}`, { token });
    const found = (await records(h, 'account_id=sue')).filter(({ subject }) => subject === address);
    assert.deepEqual(said(found), [
      ['session.create', 'accepted', 'orchestrator'],
      ['session.takeover', 'accepted', 'orchestrator'],
      ['session.handback', 'accepted', 'orchestrator'],
      ['session.driven', 'done', 'orchestrator'],
      ['session.close', 'accepted', 'orchestrator']
    ]);
    assert.deepEqual(found.find(({ action }) => action === 'session.driven')?.detail, { inputs: 2 });
  });

  it('has who was refused, and what they wanted', async () => {
    const { h } = shared;
    const token = await h.token(['read:commands'], 'nosy');
    assert.equal((await h.api('GET', '/v1/sessions', { token })).status, 403);
    assert.equal((await h.api('GET', '/v1/sessions', { token: 'trp_guessed' })).status, 401);
    const [known] = await records(h, 'action=access.refused&service=nosy');
    assert.deepEqual(
      [known?.outcome, known?.detail.code, known?.detail.needs, known?.detail.path],
      ['refused', 'FORBIDDEN', 'read:sessions', '/v1/sessions']
    );
    const guessed = (await records(h, 'action=access.refused')).find(({ detail }) => detail.code === 'UNAUTHENTICATED');
    assert.equal(guessed?.service, null);
    assert.ok(!JSON.stringify(guessed).includes('trp_guessed'));
  });

  it('has who was refused on the stream: their token, their scope, their account, or the door already', async () => {
    const { h } = shared;
    const refused = async (service: string | null, code: string) => {
      for (;;) {
        const found = (await records(h, 'action=access.refused&limit=500')).filter(
          (record) =>
            record.subject === 'request/websocket' && record.detail.code === code && record.service === service
        );
        if (found[0]) return found;
        // It is written beside the answer, not before it.
        await pause(20);
      }
    };
    const guessing = new Stream(h, { token: 'trp_streamed' });
    assert.equal((await guessing.closed).code, 4001);
    const [guessed] = await refused(null, 'UNAUTHENTICATED');
    assert.deepEqual(
      [guessed?.outcome, guessed?.detail.path, guessed?.detail.method, typeof guessed?.detail.from],
      ['refused', '/v1/stream', 'GET', 'string']
    );
    assert.ok(!JSON.stringify(guessed).includes('trp_streamed'));

    const narrow = new Stream(h, { token: await h.token(['read:commands'], 'narrow') });
    assert.equal((await narrow.closed).code, 4003);
    assert.equal((await refused('narrow', 'FORBIDDEN'))[0]?.detail.needs, 'read:events');

    const bound = new Stream(h, { token: await h.token(['read:*'], 'bound', ['una']), query: '?account_id=vera' });
    assert.equal((await bound.closed).code, 4003);
    assert.equal((await refused('bound', 'ACCOUNT_FORBIDDEN'))[0]?.detail.account, 'vera');

    for (const [headers, code, told] of [
      [{ host: 'rebound.example' }, 'HOST_UNKNOWN', { host: 'rebound.example' }],
      [{ origin: 'https://elsewhere.example' }, 'ORIGIN_REFUSED', { origin: 'https://elsewhere.example' }]
    ] as const) {
      await new Stream(h, { headers: { ...headers, authorization: `Bearer ${h.admin}` } }).closed;
      const [{ detail } = { detail: {} }] = await refused(null, code);
      assert.deepEqual({ ...detail, ...told }, detail);
    }
    assert.deepEqual(conforms('troupe:record#/$defs/AuditRecord', guessed), []);
  });

  it('has of a flood of refused streams no more than of a flood of requests', async (t) => {
    const h = await openHarness(t);
    await Promise.all(Array.from({ length: 100 }, () => new Stream(h, { token: 'trp_streamed' }).closed));
    // Written by the same hand, after them all.
    await h.api('PUT', '/v1/accounts/last', { body: { platform: 'x', home: null } });
    const { length } = await records(h, 'action=access.refused&limit=500');
    // Ten, however fast it is; a minute later ten more may be.
    assert.ok(length >= 10 && length < 60, `${length} records of 100 refusals`);
  });

  it('is walked in pages and narrowed, unknown parameters refused', async () => {
    const { h } = shared;
    const seqs: number[] = [];
    for (let page: string | null = ''; page !== null; ) {
      const { body }: { body: { items: AuditRecord[]; next_page: string | null } } = await h.api(
        'GET',
        `/v1/audit?limit=3${page === '' ? '' : `&page=${page}`}`
      );
      seqs.push(...body.items.map(({ seq }) => seq));
      page = body.next_page;
      // Records that come meanwhile are of the next walk.
      if (page !== null) await h.host.write([], { action: 'light.switched', outcome: 'done' });
    }
    assert.deepEqual(
      seqs,
      Array.from({ length: seqs.length }, (_, i) => seqs.length - i)
    );
    assert.deepEqual(await records(h, 'since=2999-01-01T00:00:00Z'), []);
    const { status, body } = await h.api('GET', '/v1/audit?who=me');
    assert.deepEqual([status, body.details.parameter], [400, 'who']);
  });

  it('shows a client that is bound to accounts what is about those alone, and verifies nothing for it', async () => {
    const { h } = shared;
    await h.api('PUT', '/v1/accounts/tess', { body: { platform: 'x', home: null } });
    const token = await h.token(['read:*'], 'reporter', ['tess']);
    const found = await records(h, 'limit=500', token);
    assert.ok(found.length > 0);
    assert.ok(found.every(({ account_id }) => account_id === 'tess'));
    assert.equal((await h.api('GET', '/v1/audit/verify', { token })).body.code, 'ACCOUNT_FORBIDDEN');
  });

  it('is verified, which it records, and held to what somebody kept', async () => {
    const { h } = shared;
    const { status, body } = await h.api('GET', '/v1/audit/verify');
    assert.equal(status, 200);
    assert.deepEqual(conforms('troupe:record#/$defs/AuditVerification', body), []);
    assert.deepEqual([body.ok, body.fault, body.checked], [true, null, body.head.seq]);
    const [verified] = await records(h, 'action=audit.verified');
    assert.deepEqual([verified?.outcome, verified?.detail.checked], ['whole', body.checked]);
    const { seq, hash } = body.head;
    assert.equal((await h.api('GET', `/v1/audit/verify?seq=${seq}&hash=${hash}`)).body.ok, true);
    const other = (await h.api('GET', `/v1/audit/verify?seq=${seq}&hash=${'a'.repeat(64)}`)).body;
    assert.deepEqual([other.ok, other.fault.seq, other.fault.problem], [false, seq, 'anchor']);
    for (const [query, parameter] of [
      [`seq=${seq}`, 'hash'],
      [`hash=${hash}`, 'seq'],
      ['seq=1&hash=no', 'hash']
    ]) {
      const refused = await h.api('GET', `/v1/audit/verify?${query}`);
      assert.deepEqual([refused.status, refused.body.details.parameter], [400, parameter]);
    }
  });
});

describe('refusals by the thousand', () => {
  const shared = sharedHarness();

  it('are so many records a minute, of one and of all, and one that says how many more there were', async (t) => {
    const { h } = shared;
    const log = createRefusalLog(h.host, pino({ level: 'silent' }));
    t.after(() => log.flush());
    const entry = { action: 'access.refused', outcome: 'refused', subject: 'request/test' };
    for (let i = 0; i < 1_000; i++) await log.note('one', entry);
    assert.equal((await records(h, 'action=access.refused&limit=500')).length, 10);
    for (let i = 0; i < 1_000; i++) await log.note(`address-${i}`, entry);
    assert.equal((await records(h, 'action=access.refused&limit=500')).length, 60);
    await log.flush();
    const [last, ...others] = await records(h, 'action=access.refused&limit=500');
    assert.equal(others.length, 60);
    assert.deepEqual(last?.detail, { more: 1_940 });
    await log.note('one', entry);
    assert.equal((await records(h, 'action=access.refused&limit=500')).length, 62, 'the next minute has its own');
  });

  it('are counted up by themselves when the minute is over', async () => {
    const { h } = shared;
    const log = createRefusalLog(h.host, pino({ level: 'silent' }), { minuteMs: 20 });
    const entry = { action: 'access.refused', outcome: 'refused', subject: 'request/short' };
    await Promise.all(Array.from({ length: 200 }, () => log.note('short', entry)));
    for (let left = 3_000; left > 0; left--) {
      const found = (await records(h, 'action=access.refused&limit=1'))[0];
      if (found?.detail.more === 190) return;
      await pause(20);
    }
    assert.fail('nobody said how many there were');
  });
});
