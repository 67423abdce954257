import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fromPromise, setup } from 'xstate';
import { defineConfig } from '../../actors/user-config/define.ts';
import { readUserConfig } from '../../server/user-config/read.ts';
import { builtInTestedKinds, testedKind } from '../../testing/kinds.ts';
import { valuesOfSchema } from '../../testing/schema-samples.ts';

describe('values of a JSON Schema', () => {
  const cases: [name: string, schema: Record<string, unknown>, values: unknown[]][] = [
    ['a constant', { const: 7 }, [7]],
    ['each of an enumeration', { enum: ['a', 'b', null] }, ['a', 'b', null]],
    ['examples and default before what is made up', { type: 'integer', examples: [5], default: 3 }, [5, 3, 0, 1]],
    ['the edges of a number', { type: 'integer', minimum: 2, maximum: 9 }, [2, 9, 3, 8]],
    ['edges that are not in it', { type: 'integer', exclusiveMinimum: 2, exclusiveMaximum: 4 }, [3]],
    ['steps', { type: 'number', minimum: 1, maximum: 7, multipleOf: 3 }, [3, 6]],
    ['the shortest and a longer text', { type: 'string', minLength: 1, maxLength: 6 }, ['text', 'x', 'xxxxxx']],
    ['a format', { type: 'string', format: 'date-time' }, ['2026-01-01T00:00:00Z']],
    ['none and some of a list', { type: 'array', items: { const: 1 } }, [[1], [], [1, 1]]],
    ['each type of several', { type: ['boolean', 'null'] }, [true, null, false]],
    ['each branch', { oneOf: [{ const: 1 }, { const: 2 }] }, [1, 2]],
    ['what a definition says', { $ref: '#/$defs/n', $defs: { n: { const: 4 } } }, [4]],
    ['nothing where nothing can be', { allOf: [{ const: 1 }, { const: 2, type: 'string' }] }, []]
  ];
  for (const [name, schema, values] of cases) {
    it(`are ${name}`, () => assert.deepEqual(valuesOfSchema(schema), values));
  }

  it('are an object with all fields, with the required ones, and with each field varied', () => {
    const schema = {
      type: 'object',
      required: ['to'],
      properties: { to: { enum: ['ann', 'bob'] }, urgent: { type: 'boolean' } }
    };
    assert.deepEqual(valuesOfSchema(schema), [
      { to: 'ann', urgent: true },
      { to: 'ann' },
      { to: 'bob', urgent: true },
      { to: 'ann', urgent: false }
    ]);
  });

  it('have the defaults that REST fills in', () => {
    const schema = { type: 'object', properties: { n: { type: 'integer', default: 5 } } };
    assert.deepEqual(valuesOfSchema(schema)[1], { n: 0 });
    assert.deepEqual(valuesOfSchema(schema)[0], { n: 5 });
  });

  it('match a pattern, the same ones each time', () => {
    const schema = { type: 'string', pattern: '^[a-z]{2}-[0-9]+$' };
    const values = valuesOfSchema(schema) as string[];
    assert.ok(values.length > 0);
    for (const value of values) assert.match(value, /^[a-z]{2}-[0-9]+$/);
    assert.deepEqual(valuesOfSchema(schema), values);
  });

  it('follow a condition to both sides', () => {
    const schema = {
      type: 'object',
      required: ['how'],
      properties: { how: { enum: ['mail', 'post'] } },
      if: { properties: { how: { const: 'mail' } } },
      // biome-ignore lint/suspicious/noThenProperty: it is a word of JSON Schema
      then: { required: ['address'], properties: { address: { type: 'string', format: 'email' } } }
    };
    const values = valuesOfSchema(schema);
    assert.ok(values.some((value) => JSON.stringify(value) === '{"how":"post"}'));
    assert.ok(values.some((value) => (value as { address?: string }).address === 'ann@example.org'));
  });
});

const machine = setup({ actors: { deliver: fromPromise(async () => null) } }).createMachine({
  id: 'parcel',
  initial: 'SENDING',
  states: {
    SENDING: {
      invoke: { id: 'deliver', src: 'deliver', onDone: 'SENT', onError: 'LOST' },
      on: { 'parcel.stop': 'LOST' }
    },
    SENT: { type: 'final', on: { 'clerk.says': {} } },
    LOST: { type: 'final' }
  }
});
const schema = {
  input: { type: 'object', properties: { grams: { type: 'integer', minimum: 1, default: 500 } } },
  events: { 'parcel.stop': { type: 'object', required: ['by'], properties: { by: { enum: ['ann', 'bob'] } } } }
};

describe('a kind to be tested', () => {
  it('has its inputs and events by their schemas, and an end of each kind for what it invokes', () => {
    const { samples } = testedKind({ kind: 'parcel', machine, schema });
    assert.deepEqual(samples, {
      inputs: [{ grams: 500 }, { grams: 1 }, { grams: 2 }],
      events: { 'parcel.stop': [{ by: 'ann' }, { by: 'bob' }] },
      told: { 'clerk.says': [{}] },
      outcomes: { deliver: { done: [{}], error: [{ code: 'EFFECT_FAILED', message: 'it failed' }] } }
    });
  });

  it('takes what is said for it in place of what would be derived', () => {
    const config = defineConfig({
      machines: [
        {
          kind: 'parcel',
          machine,
          schema,
          samples: { inputs: [{}], outcomes: { deliver: { error: [{ code: 'GONE', message: 'nobody lives there' }] } } }
        }
      ]
    });
    const registered = readUserConfig(config, 'troupe.config.ts');
    const { samples } = testedKind({ kind: 'parcel', machine, schema, samples: registered.samples.get('parcel') });
    assert.deepEqual(samples.inputs, [{ grams: 500 }], 'with the defaults of its schema');
    assert.deepEqual(config.machines?.[0]?.samples?.inputs, [{}], 'and what the file exports is as it was');
    assert.deepEqual(samples.events, { 'parcel.stop': [{ by: 'ann' }, { by: 'bob' }] });
    assert.deepEqual(samples.outcomes.deliver, {
      done: [{}],
      error: [{ code: 'GONE', message: 'nobody lives there' }]
    });
  });

  it('is there for each of the kinds that are always there', () => {
    assert.deepEqual(
      builtInTestedKinds().map(({ kind }) => kind),
      ['command', 'session', 'approval', 'account', 'selector', 'recipe', 'alert', 'supervisor', 'driver']
    );
  });

  const wrong: [name: string, samples: unknown, said: RegExp][] = [
    ['an unknown key', { input: [] }, /machines\[0\]\.samples.*'input' is no key of it/],
    ['an input its schema refuses', { inputs: [{ grams: 0 }] }, /samples\.inputs\[0\].*\/input\/grams must be >= 1/],
    [
      'an event that is not declared',
      { events: { 'parcel.go': [{}] } },
      /samples\.events.*'parcel\.go' is no key of it/
    ],
    [
      'an event its schema refuses',
      { events: { 'parcel.stop': [{}] } },
      /samples\.events\['parcel\.stop'\]\[0\].*\/by is missing/
    ],
    [
      'word from inside that is from outside',
      { told: { 'parcel.stop': [{}] } },
      /samples\.told.*there are clerk\.says/
    ],
    [
      'an end of what it does not invoke',
      { outcomes: { send: {} } },
      /samples\.outcomes.*'send' is no key of it; there are deliver/
    ],
    [
      'a failure without a code',
      { outcomes: { deliver: { error: [{ message: 'x' }] } } },
      /error\[0\]\.code.*must be a text, and is missing/
    ],
    ['no input at all', { inputs: [] }, /samples\.inputs.*has nothing in it/],
    ['a list that is none', { inputs: {} }, /samples\.inputs.*must be a list/]
  ];
  for (const [name, samples, said] of wrong) {
    it(`is refused with ${name}`, () => {
      const config = { machines: [{ kind: 'parcel', machine, schema, samples }] };
      assert.throws(() => readUserConfig(config, 'troupe.config.ts'), said);
    });
  }
});
