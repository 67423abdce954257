import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { userProject } from '../../support/user-project.ts';
import { troupe } from './harness.ts';

const GATE = (guard: string) => `
import { setup } from 'xstate';
const gate = setup({ guards: { pays: ({ event }) => ${guard} } }).createMachine({
  id: 'gate', initial: 'shut',
  states: { shut: { on: { coin: { guard: 'pays', target: 'open' } } }, open: { type: 'final' } }
});
export default { machines: [{ kind: 'gate', machine: gate, schema: {
  events: { coin: { type: 'object', required: ['value'], properties: { value: { type: 'integer', minimum: 1, maximum: 2 } } } }
} }] };`;

describe('troupe test paths', () => {
  it('prints each path as a trace, then what is covered, in a pipe', async (t) => {
    const folder = await userProject(t, { 'troupe.config.ts': GATE('event.value === 2') });
    const machines = ['--machines', join(folder, 'troupe.config.ts')];
    const { code, json } = await troupe(['test', 'paths', 'gate', '--criterion', 'guards', ...machines]);
    const [first, result, ...rest] = json;
    assert.deepEqual(rest, []);
    const { kind, steps } = first.path as { kind: string; steps: { event: object; expect: { state: string } }[] };
    assert.equal(kind, 'gate');
    assert.deepEqual(
      steps.map(({ event, expect }) => [event, expect.state]),
      [
        [{ type: 'coin', value: 1 }, 'shut'],
        [{ type: 'coin', value: 2 }, 'open']
      ]
    );
    const { covered, total, uncovered, paths } = result;
    assert.deepEqual({ covered, total, uncovered, paths }, { covered: 2, total: 2, uncovered: [], paths: 1 });
    assert.equal(code, 0);
  });

  it('says on a terminal what is not reached, and ends with 1', async (t) => {
    const folder = await userProject(t, { 'troupe.config.ts': GATE('event.value === 3') });
    const machines = ['--machines', join(folder, 'troupe.config.ts')];
    const { code, out } = await troupe(['test', 'paths', 'gate', '--criterion', 'states', ...machines], {
      columns: 120
    });
    assert.match(out, /1 {2}gate → shut/);
    assert.match(out, /not reachable with these samples: 1.*\n {2}open/);
    assert.match(out, /states: 1 of 2 by 1 paths with 0 events; 1 places looked at, all there are/);
    assert.equal(code, 1);
  });

  it('ends with 1 where the machine throws, also where all is covered', async (t) => {
    const thrown = "{ target: 'open', actions: assign(() => { throw new Error('it jams'); }) }";
    const jammed = GATE('true')
      .replace("{ guard: 'pays', target: 'open' }", thrown)
      .replace('{ setup }', '{ assign, setup }');
    const folder = await userProject(t, { 'troupe.config.ts': jammed });
    const { code, json } = await troupe(['test', 'paths', 'gate', '--machines', join(folder, 'troupe.config.ts')]);
    const { uncovered, failures } = json.at(-1);
    assert.deepEqual([uncovered, failures], [[], [{ path: 1, why: 'coin in shut: it jams' }]]);
    assert.equal(code, 1);
  });

  it('says that the bound was reached', async () => {
    const { code, json } = await troupe(['test', 'paths', 'command', '--limit', '1']);
    const { uncovered } = json.at(-1) as { uncovered: { why: string }[] };
    assert.ok(uncovered.length > 0);
    assert.ok(uncovered.every(({ why }) => why === 'bound'));
    assert.equal(code, 1);
  });

  it('knows the kinds there are, and refuses what is none of its words', async () => {
    const wrong: [args: string[], said: RegExp][] = [
      [['door'], /there is no kind 'door'; there are command, session, approval/],
      [
        ['approval', '--criterion', 'lines'],
        /--criterion 'lines' is none; there are states, transitions, pairs, guards/
      ],
      [['approval', '--limit', '0'], /--limit '0' is not a whole number above 0/]
    ];
    for (const [args, said] of wrong) {
      const { code, err } = await troupe(['test', 'paths', ...args]);
      assert.equal(code, 2);
      assert.match(err, said);
    }
  });
});
