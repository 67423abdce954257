/** `previous`, `migrations` and `schema.context` of a registered machine: what is taken, and what is refused, with place and cure. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type AnyStateMachine, createMachine, fromCallback, fromPromise, setup } from 'xstate';
import { logicOf } from '../../actors/kernel/fitness.ts';
import { shapePart, versionOf } from '../../actors/kernel/outline.ts';
import { type ErrorCode, isControlError } from '../../schemas/errors.ts';
import { readUserConfig } from '../../server/user-config/read.ts';

const ring = fromPromise<number, unknown>(async () => 1);
const bell = (states: object, more: object = {}): AnyStateMachine =>
  setup({ actors: { ring, toll: ring } }).createMachine({
    id: 'bell',
    initial: Object.keys(states)[0],
    states,
    ...more
  } as never) as unknown as AnyStateMachine;
const rings = { up: { invoke: { src: 'ring' }, on: { stop: 'down' } }, down: {} };
const newest = bell({ ...rings, away: {} }, { version: '2' });
const former = bell(rings);
const migrate = ({ value, context }: { value: unknown; context: object }) => ({ value, context });

const config = (entry: object, more: object = {}) => ({
  machines: [{ kind: 'bell', machine: newest, ...entry }],
  ...more
});
const taken = (entry: object, more?: object) => readUserConfig(config(entry, more), '/x/troupe.config.ts');
const refusal = (entry: object, more?: object): { code: ErrorCode; message: string } => {
  try {
    taken(entry, more);
  } catch (error) {
    assert.ok(isControlError(error), String(error));
    return error;
  }
  assert.fail('it was taken');
};
const previous = (...list: unknown[]) => ({ previous: list });
const migrations = (...list: unknown[]) => ({ migrations: list });

describe('versions of a registered machine', () => {
  const cases: [what: string, entry: object, says: RegExp, code?: ErrorCode][] = [
    ['previous that is no list', { previous: {} }, /machines\[0\]\.previous": must be a list, and is an object/],
    [
      'previous that is a machine itself',
      previous(former),
      /machines\[0\]\.previous\[0\]": '.*' is no key of it; there are machine, schema, effects/
    ],
    [
      'previous without a machine',
      previous({}),
      /machines\[0\]\.previous\[0\]\.machine": must be what createMachine .* missing/
    ],
    [
      'previous of another copy',
      previous({ machine: { resolveState() {} } }),
      /previous\[0\]\.machine.*another copy of xstate/
    ],
    [
      'previous that cannot run',
      previous({
        machine: createMachine({ id: 'm', initial: 'a', states: { a: { invoke: { src: fromCallback(() => {}) } } } })
      }),
      /machine 'bell'.*state 'm\.a'.*fromPromise/,
      'MACHINE_UNFIT'
    ],
    [
      'previous that is the newest',
      previous({ machine: newest }),
      /machines\[0\]\.previous\[0\]": it is the same machine as another of the kind .*leave it out, or give it a `version`/
    ],
    [
      'previous whose schema has what nobody hears',
      previous({ machine: former, schema: { events: { toll: {} } } }),
      /previous\[0\]\.schema\.events\['toll'\]": is heard in no state/
    ],
    [
      'previous with a context that is no schema',
      previous({ machine: former, schema: { context: { type: 'objekt' } } }),
      /previous\[0\]\.schema\.context": is not a JSON Schema/
    ],
    [
      'previous with effects it does not name',
      previous({ machine: former, effects: { bell: { chime: async () => 1 } } }),
      /previous\[0\]\.effects\.bell": 'chime' is no key of it; there are ring, toll/
    ],
    [
      'previous with an effect that is none',
      previous({ machine: former, effects: { bell: { ring: 1 } } }),
      /previous\[0\]\.effects\.bell\.ring": must be an async function/
    ],
    [
      'a child of previous with a taken name',
      previous({ machine: setup({ actors: { x: former } }).createMachine({ id: 'bell' }) }),
      /its child machine would be the kind 'bell_x', which is taken/
    ],
    [
      'context that is text',
      { schema: { context: 'object' } },
      /machines\[0\]\.schema\.context": must be a JSON Schema, an object, and is a string/
    ],
    [
      'migrations that are no list',
      { migrations: migrate },
      /machines\[0\]\.migrations": must be a list, and is a function/
    ],
    [
      'a migration that is a function',
      migrations(migrate),
      /migrations\[0\]": must be an object with kind, from, to, migrate, and is a function/
    ],
    [
      'a migration from nowhere',
      migrations({ migrate }),
      /migrations\[0\]\.from": must be a version or its label, a text, and is missing/
    ],
    ['a migration from a number', migrations({ from: 1, migrate }), /migrations\[0\]\.from": must be .* a number/],
    ['a migration to nothing', migrations({ from: '1', to: '', migrate }), /migrations\[0\]\.to"/],
    [
      'a migration without code',
      migrations({ from: '1' }),
      /migrations\[0\]\.migrate": must be a function of \{ value, context \}/
    ],
    [
      'a migration that leads nowhere',
      migrations({ from: '1', to: '1.5', migrate }),
      /migrations\[0\]": to '1\.5' is not the newest version/
    ],
    [
      'a migration of another kind',
      migrations({ kind: 'lamp', from: '1', migrate }),
      /migrations\[0\]": 'lamp' is neither 'bell' nor a child/
    ],
    [
      'a migration from the newest',
      migrations({ from: '2', migrate }),
      /migrations\[0\]": from '2' is the newest version itself/
    ]
  ];
  cases.push([
    'what a former one takes, where the newest takes nothing',
    previous({ machine: former, schema: { events: { stop: {} } } }),
    /machines\[0\]\.schema": is missing, so nothing reaches actors of former machines either/
  ]);
  for (const [what, entry, says, code = 'CONFIG_INVALID'] of cases) {
    it(`refuses ${what}`, () => {
      const more = what.includes('taken name')
        ? { machines: [...config(entry).machines, { kind: 'bell_x', machine: former }] }
        : {};
      const { code: is, message } = refusal(entry, more);
      assert.match(message.replaceAll('\\"', '"'), says);
      assert.equal(is, code);
    });
  }

  it('are hosted with hands, the former ones with their own over those of the config', async () => {
    const said: string[] = [];
    const hand = (name: string) => async () => said.push(name);
    const { kinds } = taken(previous({ machine: former, effects: { bell: { ring: hand('old') } } }), {
      effects: { bell: { ring: hand('new'), toll: hand('toll') } }
    });
    const [kind] = kinds;
    const run = async (machine: AnyStateMachine, src: string) => {
      const { config: code } = logicOf(machine, src) as unknown as { config: (args: object) => Promise<unknown> };
      await code({ input: {}, signal: new AbortController().signal, self: { id: 'x' } });
    };
    await run(kind!.machine, 'ring');
    await run(kind!.previous![0]!.machine, 'ring');
    await run(kind!.previous![0]!.machine, 'toll');
    assert.deepEqual(said, ['new', 'old', 'toll']);
  });

  it('take an effect that only a former one names', () => {
    const lone = createMachine({ id: 'bell' });
    assert.equal(
      taken({ machine: lone, ...previous({ machine: former }) }, { effects: { bell: { ring: async () => 1 } } }).kinds
        .length,
      1
    );
  });

  it('take over REST each its own', () => {
    const events = (name: string) => ({ events: { [name]: { type: 'object' } } });
    const { intakes } = taken({ schema: { events: {} }, ...previous({ machine: former, schema: events('stop') }) });
    const intake = intakes.get('bell')!;
    const own = intake.former.get(shapePart(versionOf('bell', former)))!;
    assert.deepEqual(own.event({ type: 'stop' }), { type: 'stop' });
    assert.throws(
      () => intake.event({ type: 'stop' }),
      (error) => isControlError(error, 'EVENT_UNKNOWN')
    );
  });

  it('check a context without changing the one that is given', () => {
    const { kinds } = taken({
      schema: { context: { type: 'object', properties: { n: { type: 'number', default: 1 } } } }
    });
    const given = {};
    assert.deepEqual(kinds[0]!.context!.check(given), { context: { n: 1 }, errors: [] });
    assert.deepEqual(given, {});
    assert.deepEqual(kinds[0]!.context!.check({ n: 'x' }).errors, ['/n must be number']);
  });
});
