/** Alerts over REST: raised once, however often they are raised, until a person has seen them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ActorOffer, AlertView } from '../../schemas/generated/contracts.ts';
import { conforms } from '../../server/contracts.ts';
import { sharedHarness } from './harness.ts';

const found = (over: Record<string, unknown> = {}) => ({
  rule: 'every move is one of the machine',
  about: ['command/c1', 'account/example:alice'],
  cursor: '7',
  why: 'there is no transition QUEUED ─▶ SUCCEEDED',
  ...over
});

describe('/v1/alerts', () => {
  const shared = sharedHarness();
  const raise = (body: unknown, token = shared.h.admin) => shared.h.api('POST', '/v1/alerts', { body, token });
  const eventsOf = async (
    id: string
  ): Promise<{ type: string; severity: string; payload: Record<string, unknown> }[]> =>
    (await shared.h.api('GET', `/v1/actors/alert/${id}/events?cursor=0`)).body.items.filter(
      ({ type }: { type: string }) => type !== 'audit.recorded'
    );

  it('raises one, which the log tells of, and again answers the same without another event', async () => {
    const first = await raise(found({ source: 'a monitor' }));
    assert.equal(first.status, 201, JSON.stringify(first.body));
    const view: AlertView = first.body;
    assert.deepEqual(conforms('troupe:alert#/$defs/AlertView', view), []);
    assert.equal(first.headers.get('location'), `/v1/alerts/${view.alert_id}`);
    assert.deepEqual([view.state, view.raised_by, view.source, view.cursor], ['RAISED', 'admin', 'a monitor', '7']);
    assert.equal(Date.parse(view.expires_at) - Date.parse(view.created_at), 30 * 86_400_000);

    // Another program words it otherwise and names the actors in another order: it is the same finding.
    const again = await raise(found({ about: found().about.toReversed(), why: 'said in other words' }));
    assert.equal(again.status, 200);
    assert.deepEqual(again.body, view);
    const both = await Promise.all([raise(found({ cursor: '8' })), raise(found({ cursor: '8' }))]);
    assert.deepEqual(both.map(({ status }) => status).toSorted(), [200, 201]);

    const [event, ...more] = await eventsOf(view.alert_id);
    assert.deepEqual(more, []);
    assert.deepEqual([event?.type, event?.severity], ['alert.raised', 'error']);
    const { rule, about, at_cursor, found: seen } = (event ?? assert.fail('there is none')).payload;
    assert.deepEqual([rule, about, at_cursor, seen], [view.rule, view.about, '7', found().why]);
    const audit = (await shared.h.api('GET', '/v1/audit?limit=100')).body.items as { action: string }[];
    assert.equal(audit.filter(({ action }) => action === 'alert.raised').length, 2);
  });

  it('is another for another rule, another row or another actor', async () => {
    const ids = new Set<string>();
    for (const over of [
      { cursor: '20' },
      { cursor: '21' },
      { cursor: '20', rule: 'other' },
      { cursor: '20', about: ['x/y'] }
    ])
      ids.add((await raise(found(over))).body.alert_id);
    assert.equal(ids.size, 4);
  });

  it('is acknowledged by a person, once, as what the actor offers does', async () => {
    const { alert_id } = (await raise(found({ cursor: '30' }))).body;
    const { offers } = (await shared.h.api('GET', `/v1/actors/alert/${alert_id}`)).body as { offers: ActorOffer[] };
    const [offer] = offers;
    assert.deepEqual([offer?.title, offer?.scope], ['Acknowledge', 'alerts:decide']);
    const answer = await shared.h.api('POST', offer?.path as string, { body: { ...offer?.body, note: 'the proxy' } });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    assert.deepEqual(
      [answer.body.state, answer.body.acknowledged_by, answer.body.note],
      ['ACKNOWLEDGED', 'admin', 'the proxy']
    );
    assert.ok(answer.body.acknowledged_at);
    const again = await shared.h.api('POST', `/v1/alerts/${alert_id}`, {
      body: { decision: 'acknowledge', note: 'no' }
    });
    assert.deepEqual([again.status, again.body], [200, answer.body]);
    assert.deepEqual(
      (await eventsOf(alert_id)).map(({ type }) => type).filter((type) => type !== 'event.rejected'),
      ['alert.raised', 'alert.acknowledged']
    );
    assert.equal((await raise(found({ cursor: '30' }))).body.state, 'ACKNOWLEDGED', 'and it is not raised anew');
  });

  it('are listed newest first, by state and in pages', async () => {
    const ids: string[] = [];
    for (const cursor of ['40', '41', '42']) ids.unshift((await raise(found({ cursor }))).body.alert_id);
    const { items, next_page } = (await shared.h.api('GET', '/v1/alerts?state=RAISED&limit=2')).body;
    assert.deepEqual(
      items.map((one: AlertView) => one.alert_id),
      ids.slice(0, 2)
    );
    const rest = (await shared.h.api('GET', `/v1/alerts?state=RAISED&limit=500&page=${encodeURIComponent(next_page)}`))
      .body;
    assert.equal(rest.items[0].alert_id, ids[2]);
    const seen = (await shared.h.api('GET', '/v1/alerts?state=ACKNOWLEDGED')).body.items as AlertView[];
    assert.ok(seen.every(({ state }) => state === 'ACKNOWLEDGED'));
    assert.equal((await shared.h.api('GET', '/v1/alerts?state=LOUD')).status, 400);
    assert.equal((await shared.h.api('GET', '/v1/alerts/none')).body.code, 'ALERT_NOT_FOUND');
  });

  it('refuses what is none, by its place', async () => {
    const wrong: [over: Record<string, unknown>, path: string][] = [
      [{ rule: '' }, '/rule'],
      [{ rule: 'r'.repeat(201) }, '/rule'],
      [{ about: [] }, '/about'],
      [{ about: Array.from({ length: 21 }, (_, n) => `command/${n}`) }, '/about'],
      [{ about: ['x'.repeat(301)] }, '/about/0'],
      [{ cursor: 7 }, '/cursor'],
      [{ cursor: '-1' }, '/cursor'],
      [{ why: 'w'.repeat(2001) }, '/why'],
      [{ severity: 'info' }, '/severity']
    ];
    for (const [over, path] of wrong) {
      const { status, body } = await raise(found(over));
      assert.deepEqual([status, body.code], [400, 'VALIDATION_FAILED'], JSON.stringify(over).slice(0, 60));
      assert.ok(
        body.errors.some((one: { path: string }) => one.path === path),
        JSON.stringify(body.details)
      );
    }
    const { alert_id } = (await raise(found({ cursor: '50' }))).body;
    for (const body of [{}, { decision: 'ignore' }, { decision: 'acknowledge', note: 'n'.repeat(2001) }])
      assert.equal((await shared.h.api('POST', `/v1/alerts/${alert_id}`, { body })).status, 400);
  });

  it('needs scopes of its own, which no token that is bound to accounts can have', async () => {
    const { h } = shared;
    const watcher = await h.token(['alerts:raise', 'read:alerts'], 'watcher');
    const { status, body } = await raise(found({ cursor: '60' }), watcher);
    assert.deepEqual([status, body.raised_by], [201, 'watcher']);
    const refused = await h.api('POST', `/v1/alerts/${body.alert_id}`, {
      body: { decision: 'acknowledge' },
      token: watcher
    });
    assert.deepEqual([refused.status, refused.body.details.needs], [403, 'alerts:decide']);
    const ask = { service: 's', scopes: ['alerts:raise'], accounts: ['ada'] };
    assert.equal((await h.api('POST', '/v1/tokens', { body: ask })).status, 400);
    const bound = await h.token(['read:alerts'], 's', ['ada']);
    assert.deepEqual((await h.api('GET', '/v1/alerts', { token: bound })).body.items, []);
    assert.equal((await h.api('GET', `/v1/alerts/${body.alert_id}`, { token: bound })).status, 404);
  });
});
