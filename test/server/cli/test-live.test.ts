import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { userProject } from '../../support/user-project.ts';
import { deploy } from '../../testing/deployed.ts';
import { tallyConfig } from '../../testing/tally.ts';
import { troupe } from './harness.ts';

describe('troupe test, of a deployment', () => {
  const ends: (() => unknown)[] = [];
  const t = { after: (end: () => unknown) => void ends.push(end) } as never;
  let folder: string;
  let file: string;
  let flags: string[];
  before(async () => {
    folder = await userProject(t, { 'troupe.config.ts': tallyConfig() });
    file = join(folder, 'troupe.config.ts');
    const { endpoints, adminToken } = await deploy(t, file);
    flags = ['--url', endpoints.control, '--telemetry-url', endpoints.telemetry, '--token', adminToken.token];
  });
  after(async () => {
    for (const end of ends.reverse()) await end();
  });
  const other = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  it('run walks the paths of a machine, and says what was reached', async () => {
    const ran = await troupe(['test', 'run', 'tally', ...flags, '--machines', file]);
    assert.equal(ran.code, 0, ran.err + ran.out);
    const result = ran.json.at(-1);
    assert.deepEqual([result.type, result.kind, result.deviations], ['result', 'tally', 0]);
    assert.equal(result.walked + result.notWalked, result.paths);
    assert.deepEqual(result.missing, []);
    assert.ok(ran.json.slice(0, -1).every(({ type, outcome }) => type === 'path' && outcome !== 'differs'));
  });

  it('run prints it for people', async () => {
    const ran = await troupe(['test', 'run', 'tally', ...flags, '--machines', file], { columns: 200 });
    assert.equal(ran.code, 0, ran.err);
    assert.match(ran.out, /walked .* tally\.close → xstate\.done\.actor\.write/);
    assert.match(ran.out, /coverage {2}3 of 3 transitions really reached/);
  });

  it('refuses another version of the machine, and holds it against this one when that is wanted', async () => {
    const [next, less] = [
      other('next.config.ts', tallyConfig({ version: '2' })),
      other('less.config.ts', tallyConfig({ version: '2', most: 2 }))
    ];
    const refused = await troupe(['test', 'run', 'tally', ...flags, '--machines', next]);
    assert.equal(refused.code, 2);
    assert.match(
      refused.err,
      /the deployment has version \w+ of 'tally', and the machine here is \w+; .*--any-version/
    );
    assert.equal((await troupe(['test', 'run', 'tally', ...flags, '--machines', next, '--any-version'])).code, 0);
    const held = [...flags, '--machines', less, '--any-version'];
    const asked = ['--seed', '3', '--max-commands', '8', '--clients', '1'];
    const differs = await troupe(['test', 'fuzz', 'tally', ...held, ...asked]);
    assert.equal(differs.code, 1, differs.err + differs.out);
    const [{ failure, again }] = differs.json;
    assert.deepEqual(
      failure.deviations.map(({ what }: { what: string }) => what),
      ['illegal event was taken']
    );
    assert.equal(failure.commands.length, 2, JSON.stringify(failure.commands));
    assert.match(failure.commands[1], /^send\(actor 0, tally\.add \d\)$/);
    assert.match(again, /^troupe test fuzz tally --seed 3 --path [\d:]+ --max-commands 8 --clients 1$/);
    const replayed = await troupe([...again.split(' ').slice(1), ...held]);
    assert.equal(replayed.code, 1);
    assert.deepEqual(replayed.json[0].failure.commands, failure.commands);
  });

  it('fuzz says so where a path is of other flags', async () => {
    const asked = ['--machines', file, '--seed', '1', '--path', '0:900:900'];
    const ran = await troupe(['test', 'fuzz', 'tally', ...flags, ...asked]);
    assert.equal(ran.code, 2, ran.out);
    assert.match(ran.err, /--path '0:900:900' leads nowhere: .* give the flags that it was printed with/);
  });

  it('fuzz finds nothing where there is nothing', async () => {
    const asked = ['--machines', file, '--seed', '5', '--runs', '4', '--max-commands', '10'];
    const ran = await troupe(['test', 'fuzz', 'tally', ...flags, ...asked], { columns: 200 });
    assert.equal(ran.code, 0, ran.err + ran.out);
    assert.match(ran.out, /done {6}4 sequences, \d+ commands, \d+ actors, \d+ steps judged/);
  });

  it('fuzz has a deployment of its own', async () => {
    const asked = ['--own', '--seed', '2', '--runs', '1', '--max-commands', '3'];
    const ran = await troupe(['test', 'fuzz', 'tally', '--machines', file, ...asked], {
      env: { ...process.env } as never
    });
    assert.equal(ran.code, 0, ran.err + ran.out);
    assert.equal(ran.json[0].runs, 1);
  });

  it('ends as others do where it cannot be', async () => {
    const codes = async (...argv: string[]) => {
      const { code, err } = await troupe(['test', ...argv, '--machines', file]);
      return [code, err];
    };
    const away = ['--url', 'http://127.0.0.1:9', '--token', 'x'];
    for (const [argv, code, said] of [
      [['run', 'tally', ...away], 3, /cannot be reached/],
      [['fuzz', 'tally', ...away], 3, /cannot be reached/],
      [['run', 'tally', ...flags.slice(0, 4), '--token', 'trp_no'], 4, /UNAUTHENTICATED/],
      [['run', 'none', ...flags], 2, /there is no kind 'none'/],
      [['run', 'tally', ...flags, '--wait', 'x'], 2, /--wait 'x'/],
      [['run', 'tally', ...flags, '--criterion', 'x'], 2, /criterion/],
      [['run', 'driver', ...flags], 2, /troupe test conform/],
      [['fuzz', 'session', ...flags], 2, /troupe test run/],
      [['fuzz', 'tally', ...flags, '--runs', '0'], 2, /--runs '0' must be a whole number of 1 or more/],
      [['fuzz', 'tally', ...flags, '--path', '3'], 2, /--path needs its --seed/],
      [['fuzz', 'tally', ...flags, '--seed', '1', '--path', 'x'], 2, /--path 'x' is not what a failure prints/],
      [['fuzz', 'tally', ...flags, '--own'], 2, /--own is a deployment of its own/],
      [['fuzz', 'tally', ...flags, '--kill-by', 'true'], 2, /--kill-by needs --restart-by/]
    ] as [string[], number, RegExp][]) {
      const [is, err] = await codes(...argv);
      assert.equal(is, code, `${argv.join(' ')}: ${err}`);
      assert.match(String(err), said);
    }
  });
});
