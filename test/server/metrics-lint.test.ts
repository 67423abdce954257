/** What is scraped by the conventions of Prometheus, and what the dashboard asks for of it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { packageRoot } from '../../actors/package-root.ts';
import { openHarness } from './harness.ts';
import { Stream } from './stream.ts';

interface Family {
  name: string;
  type: string;
  help: string;
  labels: Set<string>;
}

/** Text format 0.0.4 as families, with the labels of their samples. */
function familiesOf(text: string): Map<string, Family> {
  const families = new Map<string, Family>();
  const of = (name: string) => {
    const family = families.get(name) ?? { name, type: '', help: '', labels: new Set<string>() };
    families.set(name, family);
    return family;
  };
  for (const line of text.split('\n')) {
    const [, what, name = '', rest = ''] = /^# (HELP|TYPE) (\w+) ?(.*)$/.exec(line) ?? [];
    if (what === 'HELP') of(name).help = rest;
    if (what === 'TYPE') of(name).type = rest;
    const [, sample, labels = ''] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? \S+$/.exec(line) ?? [];
    if (!sample) continue;
    const base = sample.replace(/_(bucket|sum|count)$/, '');
    const family = of(
      families.get(base)?.type === 'histogram' || families.get(base)?.type === 'summary' ? base : sample
    );
    for (const [, label = ''] of labels.matchAll(/(\w+)="/g)) family.labels.add(label);
  }
  return families;
}

/** The rules of `promtool check metrics` and of the naming page, as far as they can be seen in what is scraped. */
function lint({ name, type, help, labels }: Family): string[] {
  const wrong: string[] = [];
  const say = (isWrong: boolean, what: string) => void (isWrong && wrong.push(`${name}: ${what}`));
  say(help === '', 'has no help');
  say(!['counter', 'gauge', 'histogram', 'summary'].includes(type), `is of type '${type}'`);
  say(type === 'counter' && !name.endsWith('_total'), 'is a counter and does not end in _total');
  say(type !== 'counter' && name.endsWith('_total'), 'ends in _total and is no counter');
  say(/_(count|sum|bucket|info)$/.test(name) && !name.endsWith('_build_info'), 'has the ending of something else');
  say(/_(gauge|counter|histogram|summary)(_|$)/.test(name), 'says its type');
  say(/[A-Z:]/.test(name), 'is no snake_case, or has a colon, which is for recording rules');
  say(
    /_(ms|msec|milliseconds|us|minutes|mins|hours|days|secs?|kb|mb|kib|mib|kilobytes|megabytes|percent)(_|$)/.test(
      name
    ),
    'is in no base unit'
  );
  const unit = /_(seconds|bytes|ratio|celsius|meters|volts)(_\w+)?$/.exec(name);
  say(unit !== null && unit[2] !== undefined && unit[2] !== '_total', 'has its unit not at its end');
  say(
    ['le', 'quantile'].some((label) => labels.has(label)) && !['histogram', 'summary'].includes(type),
    'uses a label that is reserved'
  );
  say(
    [...labels].some((label) => /^__|[A-Z]/.test(label) || label === name),
    'has a label that is none'
  );
  return wrong;
}

describe('metrics', () => {
  it('are named, typed, explained and measured in base units', async (t) => {
    const h = await openHarness(t);
    const { body } = await h.send();
    await h.ended(body.command_id);
    const families = familiesOf(String((await h.api('GET', '/metrics')).body));
    const ours = [...families.values()].filter(({ name }) => name.startsWith('troupe_'));
    assert.ok(ours.length >= 18);
    assert.deepEqual(ours.flatMap(lint), []);
    for (const name of [
      'troupe_commands',
      'troupe_state_duration_seconds',
      'troupe_driver_queue_length',
      'troupe_driver_slots',
      'troupe_journal_commit_lag_seconds',
      'troupe_stream_clients',
      'troupe_stream_lag_rows',
      'troupe_approvals_waiting'
    ]) {
      assert.ok(families.has(name), name);
    }
  });

  it('that break a rule are found', () => {
    const good = { name: 'troupe_waits_seconds', type: 'histogram', help: 'x', labels: new Set(['kind']) };
    assert.deepEqual(lint(good), []);
    for (const wrong of [
      { help: '' },
      { type: 'untyped' },
      { type: 'counter' },
      { name: 'troupe_waits_total', type: 'gauge' },
      { name: 'troupe_wait_count', type: 'gauge' },
      { name: 'troupe_wait_gauge', type: 'gauge' },
      { name: 'troupe_waitTime', type: 'gauge' },
      { name: 'troupe:waits', type: 'gauge' },
      { name: 'troupe_wait_ms', type: 'gauge' },
      { name: 'troupe_seconds_waited', type: 'gauge' },
      { type: 'gauge', labels: new Set(['le']) },
      { labels: new Set(['Kind']) }
    ]) {
      assert.equal(lint({ ...good, ...wrong }).length, 1, JSON.stringify(wrong));
    }
  });
});

interface Dashboard {
  panels: { title: string; targets: { expr: string }[] }[];
  templating: { list: { query: string | { query: string } }[] };
}

describe('the dashboard in docs/grafana', () => {
  it('asks for metrics and labels that there are, and for all that an operator looks at', async (t) => {
    const h = await openHarness(t);
    const { body } = await h.send();
    await h.ended(body.command_id);
    const stream = await new Stream(h).send({ type: 'subscribe' });
    await stream.frame('caught_up');
    const families = familiesOf(String((await h.api('GET', '/metrics')).body));
    stream.end();
    const path = join(packageRoot(), 'docs/grafana/troupe.json');
    const { panels, templating } = JSON.parse(readFileSync(path, 'utf8')) as Dashboard;
    const queries = templating.list.map(({ query }) => (typeof query === 'string' ? query : query.query));
    const asked = new Set<string>();
    for (const { title, targets } of panels) {
      for (const { expr } of targets) queries.push(expr);
      assert.ok(targets.length > 0, title);
    }
    for (const query of queries) {
      const names = [...query.matchAll(/\b((?:troupe|process|nodejs)_\w+)/g)].map(([, name = '']) => name);
      assert.ok(names.length > 0 || query === 'prometheus', query);
      for (const name of names) {
        const family = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ''));
        assert.ok(family, `${name} of ${query} is not scraped`);
        asked.add(family.name);
        const used = [
          ...[...query.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(',')),
          ...[...query.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"/g)].map(([, label = '']) => label)
        ].map((label) => label.trim());
        // The scraper adds these.
        const there = [...family.labels, 'job', 'instance'];
        // A gauge that has no sample now says nothing of its labels.
        const unseen = family.labels.size === 0 ? ['state', 'health'] : [];
        for (const label of used) assert.ok([...there, ...unseen].includes(label), `${label} in ${query}`);
      }
    }
    const left = [...families.keys()].filter((name) => name.startsWith('troupe_') && !asked.has(name));
    assert.deepEqual(left.toSorted(), ['troupe_actors', 'troupe_log_head'], 'metrics that no panel shows');
  });
});
