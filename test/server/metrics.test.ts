import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openHarness } from './harness.ts';
import { Stream } from './stream.ts';

/** `name{label="value"} 1` as name with sorted labels → value. */
function samplesOf(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const [, name = '', labels = '', value = ''] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      return [`${name}${labels === '' ? '' : `{${labels.split(',').sort().join(',')}}`}`, Number(value)];
    })
  );
}

describe('metrics', () => {
  it('count what is in the journal and what went by', async (t) => {
    const h = await openHarness(t);
    const { body } = await h.send();
    await h.ended(body.command_id);
    const [session] = (await h.host.journal.queryActors({ kind: 'session' })).items;
    assert.ok(session);
    const isReady = await h.host.waitFor(session.address, ({ state }) => state === 'READY', { timeoutMs: 60_000 });
    assert.ok(isReady, 'its session has let go of it');
    const stream = await new Stream(h).send({ type: 'subscribe', cursor: '0' });
    await stream.frame('caught_up');
    // The registry of selectors still hears of it.
    const before = h.host.head;
    const { status, headers, body: text } = await h.api('GET', '/metrics', { token: null });
    const after = h.host.head;
    assert.equal(status, 200);
    assert.match(headers.get('content-type') ?? '', /^text\/plain/);
    const samples = samplesOf(String(text));
    assert.equal(samples.get('troupe_commands{state="SUCCEEDED"}'), 1);
    assert.equal(samples.get('troupe_commands_ended_total{state="SUCCEEDED"}'), 1);
    assert.equal(samples.get('troupe_actors{kind="session",state="READY"}'), 1);
    assert.equal(samples.get('troupe_stream_clients'), 1);
    assert.ok((samples.get('troupe_stream_lag_rows') ?? Number.NaN) <= after - before);
    assert.equal(samples.get('troupe_approvals_waiting'), 0);
    assert.equal(samples.get('troupe_journal_writable'), 1);
    const head = samples.get('troupe_log_head') ?? Number.NaN;
    assert.ok(before <= head && head <= after, `${head} is none of ${before} to ${after}`);
    const stays = samples.get('troupe_state_duration_seconds_count{kind="command",state="RUNNING"}');
    assert.equal(stays, 1, 'it left RUNNING once');
    assert.ok((samples.get('troupe_journal_commit_lag_seconds_count') ?? 0) > 0);
    stream.end();
  });

  it('count an approval that waits, and a request by its route', async (t) => {
    const h = await openHarness(t);
    const { body } = await h.send({ payload: { flow: 'asked', params: { text: 'hi' } } });
    await h.asked(body.command_id);
    await h.api('GET', `/v1/commands/${body.command_id}`);
    const samples = samplesOf(String((await h.api('GET', '/metrics')).body));
    assert.equal(samples.get('troupe_approvals_waiting'), 1);
    const route = '{method="GET",route="/v1/commands/:id",status="200"}';
    assert.equal(samples.get(`troupe_http_request_duration_seconds_count${route}`), 1);
  });

  it('have names, units and help as Prometheus asks, and no id in any label', async (t) => {
    const h = await openHarness(t);
    const { body: command } = await h.send();
    await h.ended(command.command_id);
    const { body } = await h.api('GET', '/metrics');
    const text = String(body);
    const types = [...text.matchAll(/^# TYPE (troupe_\w+) (\w+)$/gm)];
    assert.ok(types.length > 10);
    for (const [, name = '', type] of types) {
      assert.match(name, /^troupe(_[a-z]+)+$/);
      assert.equal(name.endsWith('_total'), type === 'counter', `${name} is a ${type}`);
      assert.doesNotMatch(name, /_(ms|milliseconds|minutes|kb|percent)(_|$)/, 'base units only');
      assert.match(text, new RegExp(`^# HELP ${name} \\S.*$`, 'm'));
      if (type === 'histogram') assert.match(name, /_(seconds|bytes)$/);
    }
    assert.ok(!text.includes(command.command_id) && !text.includes(command.session_id));
  });
});
