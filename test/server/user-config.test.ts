import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import {
  type AnyStateMachine,
  assign,
  createMachine,
  fromCallback,
  fromObservable,
  fromPromise,
  fromTransition,
  setup
} from 'xstate';
import { defineConfig } from '../../actors/user-config/define.ts';
import { type ErrorCode, isControlError } from '../../schemas/errors.ts';
import { loadFile, userConfigPath } from '../../server/user-config/file.ts';
import { readUserConfig } from '../../server/user-config/read.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { userProject } from '../support/user-project.ts';

const light = createMachine({ id: 'light', initial: 'off', states: { off: { on: { toggle: 'on' } }, on: {} } });
const ringing = setup({ actors: { ring: fromPromise(async () => 1) } }).createMachine({
  id: 'bell',
  initial: 'ringing',
  states: { ringing: { invoke: { src: 'ring' } } }
});
const tower = setup({ actors: { bell: ringing } }).createMachine({
  id: 'tower',
  initial: 'up',
  states: { up: { invoke: { src: 'bell' } } }
});
const running = (src: unknown) =>
  createMachine({ id: 'm', initial: 'a', states: { a: { invoke: { id: 'i', src: src as never } } } });
// biome-ignore lint/suspicious/noExplicitAny: what a user wrote wrongly
const machine = (config: any): AnyStateMachine => createMachine(config);

const refusal = (config: unknown): { code: ErrorCode; message: string } => {
  try {
    readUserConfig(config, '/x/troupe.config.ts');
  } catch (error) {
    assert.ok(isControlError(error), String(error));
    return error;
  }
  assert.fail('it was taken');
};
const one = (entry: object) => ({ machines: [{ kind: 'light', machine: light, ...entry }] });
type Case = [name: string, config: unknown, code: ErrorCode, says: RegExp];
const events = (declared: unknown) => one({ schema: { events: declared } });

const cases: Case[] = [
  [
    'a bigint in its config',
    one({ machine: machine({ id: 'm', output: 1n }) }),
    'MACHINE_UNFIT',
    /its config: .*BigInt/
  ],
  ['nothing', undefined, 'CONFIG_INVALID', /"the default export": must be an object .* is missing/],
  ['a list', [], 'CONFIG_INVALID', /a list/],
  ['an unknown key', { machnies: [] }, 'CONFIG_INVALID', /'machnies' is no key of it; there are machines, effects/],
  ['machines that are no list', { machines: {} }, 'CONFIG_INVALID', /"machines": must be a list/],
  ['a machine that is null', { machines: [null] }, 'CONFIG_INVALID', /"machines\[0\]": must be an object .* null/],
  ['an unknown key of a machine', one({ schemas: {} }), 'CONFIG_INVALID', /"machines\[0\]": 'schemas' is no key/],
  ['no kind', one({ kind: undefined }), 'CONFIG_INVALID', /"machines\[0\]\.kind"/],
  ['a kind with capitals', one({ kind: 'Light' }), 'CONFIG_INVALID', /"Light\\*" must be small letters/],
  ['a kind with a slash', one({ kind: 'a/b' }), 'CONFIG_INVALID', /must be small letters/],
  ['a built-in kind', one({ kind: 'session' }), 'CONFIG_INVALID', /'session' is built in/],
  ['a kind twice', { machines: [...one({}).machines, ...one({}).machines] }, 'CONFIG_INVALID', /machines\[1\].*twice/],
  [
    'a kind that a child machine has',
    {
      machines: [
        { kind: 'tower', machine: tower },
        { kind: 'tower_bell', machine: light }
      ]
    },
    'CONFIG_INVALID',
    /machines\[1\].*'tower_bell'/
  ],
  ['no machine', one({ machine: undefined }), 'CONFIG_INVALID', /machines\[0\]\.machine": must be what createMachine/],
  ['the config of one', one({ machine: { initial: 'a' } }), 'CONFIG_INVALID', /must be what createMachine .* object/],
  ['another copy’s machine', one({ machine: { resolveState() {} } }), 'CONFIG_INVALID', /another copy of xstate/],
  ['a callback', one({ machine: running(fromCallback(() => {})) }), 'MACHINE_UNFIT', /'m\.a', invoke 'i'.*fromPromise/],
  ['an observable', one({ machine: running(fromObservable(() => undefined as never)) }), 'MACHINE_UNFIT', /invoke 'i'/],
  ['a reducer', one({ machine: running(fromTransition((s) => s, {})) }), 'MACHINE_UNFIT', /invoke 'i'/],
  ['an effect nobody provides', one({ machine: running('mail') }), 'MACHINE_UNFIT', /no implementation of 'mail'/],
  [
    'code as an action',
    one({ machine: machine({ id: 'm', initial: 'a', states: { a: { entry: () => {} } } }) }),
    'MACHINE_UNFIT',
    /state 'm\.a'.*fromPromise/
  ],
  [
    'an action without code',
    one({ machine: machine({ id: 'm', on: { go: { actions: 'shout' } } }) }),
    'MACHINE_UNFIT',
    /state 'm': the action 'shout' has no implementation; give it in setup\(\{ actions \}\)/
  ],
  [
    'a guard without code',
    one({ machine: machine({ id: 'm', on: { go: { guard: 'isOpen', actions: [] } } }) }),
    'MACHINE_UNFIT',
    /the guard 'isOpen'/
  ],
  [
    'a delay without a length',
    one({ machine: machine({ id: 'm', initial: 'a', states: { a: { after: { patience: 'a' } } } }) }),
    'MACHINE_UNFIT',
    /state 'm\.a': the delay 'patience'/
  ],
  ...(
    [
      [{ log: { write() {} } }, /context \/log\/write.*a function/],
      [{ seen: [1, new Date(0)] }, /context \/seen\/1.*an instance of Date/],
      [{ 'a/b': Number.NaN }, /context \/a~1b.*NaN/],
      [{ list: [undefined] }, /context \/list\/0.*undefined/],
      [{ ids: new Set() }, /an instance of Set/],
      [{ big: 1n }, /a bigint/]
    ] as [context: object, says: RegExp][]
  ).map(
    ([context, says]): Case => [
      `context with ${says}`,
      one({ machine: machine({ id: 'm', context }) }),
      'MACHINE_UNFIT',
      says
    ]
  ),
  [
    'schema of nothing',
    one({ schema: null }),
    'CONFIG_INVALID',
    /machines\[0\]\.schema": must be an object with input/
  ],
  ['schema with output', one({ schema: { output: {} } }), 'CONFIG_INVALID', /'output' is no key/],
  ['an input that is no schema', one({ schema: { input: { type: 'objekt' } } }), 'CONFIG_INVALID', /schema\.input/],
  ['an input that is text', one({ schema: { input: 'object' } }), 'CONFIG_INVALID', /schema\.input/],
  ['events in a list', events(['toggle']), 'CONFIG_INVALID', /schema\.events": must be an object/],
  ['an event nobody hears', events({ togle: {} }), 'CONFIG_INVALID', /togle.*listens for toggle/],
  ['an event of XState', events({ 'xstate.done.actor.x': {} }), 'CONFIG_INVALID', /a word of the runtime/],
  ['an event of the host', events({ 'host.resumed': {} }), 'CONFIG_INVALID', /a word of the runtime/],
  ['an event of actors', events({ 'actor.stop': {} }), 'CONFIG_INVALID', /a word of the runtime/],
  ['an event with at', events({ toggle: { properties: { at: {} } } }), 'CONFIG_INVALID', /'at'/],
  ['effects of no machine', { effects: { light: {} } }, 'CONFIG_INVALID', /"effects": 'light' is no key/],
  [
    'an effect no machine names',
    { machines: [{ kind: 'bell', machine: ringing }], effects: { bell: { rign: async () => 1 } } },
    'CONFIG_INVALID',
    /"effects\.bell": 'rign' is no key of it; there are ring/
  ],
  [
    'an effect that is no function',
    { machines: [{ kind: 'bell', machine: ringing }], effects: { bell: { ring: fromPromise(async () => 1) } } },
    'CONFIG_INVALID',
    /"effects\.bell\.ring": must be an async function, and is an object/
  ],
  [
    'an effect over a child machine',
    { machines: [{ kind: 'tower', machine: tower }], effects: { tower: { bell: async () => 1 } } },
    'CONFIG_INVALID',
    /is a child machine/
  ],
  ['a flow that does not fit', { flows: [{ name: 'f' }] }, 'CONFIG_INVALID', /"flows\[0\]": .*\/actions is missing/],
  ['a platform that does not fit', { platforms: ['x'] }, 'CONFIG_INVALID', /"platforms\[0\]": .*must be object/]
];

describe('a config', () => {
  for (const [name, config, code, says] of cases) {
    it(`with ${name} is refused`, () => {
      const error = refusal(config);
      assert.equal(error.code, code, error.message);
      assert.match(error.message, says);
      if (code === 'CONFIG_INVALID') assert.match(error.message, /^\/x\/troupe\.config\.ts "/);
    });
  }

  it('may be empty', () => {
    const { kinds, flows, platforms } = readUserConfig(defineConfig({}), 'x');
    assert.deepEqual([kinds, flows, platforms], [[], [], []]);
  });

  it('takes patterns for the events it declares, and fills in the defaults of schemas', () => {
    const pattern = createMachine({ id: 'm', on: { 'order.*': { actions: assign({}) } } });
    const input = { type: 'object', properties: { n: { type: 'integer', default: 3 } } };
    const { intakes } = readUserConfig(
      { machines: [{ kind: 'm', machine: pattern, schema: { input, events: { 'order.paid': {} } } }] },
      'x'
    );
    assert.deepEqual(intakes.get('m')!.input({}), { n: 3 });
    assert.deepEqual(intakes.get('m')!.event({ type: 'order.paid', by: 'card' }), { type: 'order.paid', by: 'card' });
  });

  it('lets the schema of an event speak of its type too', () => {
    const schema = { type: 'object', required: ['type'], properties: { type: { const: 'toggle' } } };
    const { intakes } = readUserConfig(events({ toggle: schema }), 'x');
    assert.deepEqual(intakes.get('light')!.event({ type: 'toggle' }), { type: 'toggle' });
  });

  it('gives effects to child machines by their kinds', () => {
    const ring = async () => 2;
    const { kinds } = readUserConfig(
      { machines: [{ kind: 'tower', machine: tower }], effects: { tower_bell: { ring } } },
      'x'
    );
    const bell = kinds[0]!.machine.implementations.actors.bell as AnyStateMachine;
    assert.notEqual(bell.implementations.actors.ring, ringing.implementations.actors.ring);
  });
});

describe('the file of a config', () => {
  it('is the one that is named, or that of the folder, or none', async (t) => {
    const folder = await temporaryFolder(t);
    assert.equal(userConfigPath('', folder), null);
    writeFileSync(join(folder, 'troupe.config.mjs'), '');
    assert.equal(userConfigPath('', folder), join(folder, 'troupe.config.mjs'));
    writeFileSync(join(folder, 'troupe.config.ts'), '');
    assert.equal(userConfigPath('', folder), join(folder, 'troupe.config.ts'));
    assert.equal(userConfigPath('other.ts', folder), join(folder, 'other.ts'));
  });

  const source = 'export default { machines: [] };';
  for (const [name, files] of Object.entries<Record<string, string>>({
    'a.ts': { 'a.ts': 'const value: { machines: never[] } = { machines: [] };\nexport default value;' },
    'a.mts': { 'a.mts': source },
    'a.mjs': { 'a.mjs': source },
    'a.js': { 'a.js': source },
    'b.ts': { 'b.ts': source, 'package.json': '{}' },
    'b.js': { 'b.js': 'module.exports = { machines: [] };', 'package.json': '{}' }
  })) {
    it(`may be ${name}, ${'package.json' in files ? 'CommonJS' : 'a module'}`, async (t) => {
      const folder = await userProject(t, files);
      assert.deepEqual(await loadFile(join(folder, name)), { machines: [] });
    });
  }

  it('is refused with its own words when it cannot be loaded', async (t) => {
    const folder = await userProject(t, {
      'syntax.ts': 'export default {',
      'throws.ts': "throw new Error('no such key');",
      'lacks.ts': "import './nowhere.ts';",
      'empty.ts': 'export const x = 1;'
    });
    const refused = (name: string, says: RegExp) =>
      assert.rejects(loadFile(join(folder, name)), (error) => {
        assert.ok(isControlError(error, 'CONFIG_INVALID'), String(error));
        assert.ok(error.message.includes(name));
        assert.match(error.message, says);
        return true;
      });
    await refused('none.ts', /there is no such file/);
    await refused('syntax.ts', /could not be loaded: /);
    await refused('throws.ts', /no such key/);
    await refused('lacks.ts', /nowhere/);
    await refused('empty.ts', /no default export/);
  });
});
