import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type AnyStateMachine, assign, createMachine, fromPromise, setup } from 'xstate';
import { define } from '../../../actors/kernel/definition.ts';
import { firstNonJson } from '../../../actors/kernel/json.ts';
import { birth, step } from '../../../actors/kernel/step.ts';
import { isControlError } from '../../../schemas/errors.ts';

const NOW = 1_700_000_000_000;
const foreign = (machine: AnyStateMachine) => define({ kind: 'order', machine, durable: true, foreign: true });

/** The actor after one event. */
function after(machine: AnyStateMachine, event: { type: string; [field: string]: unknown }) {
  const definition = foreign(machine);
  const { record } = birth(definition, 'order/o1', {}, NOW);
  const result = step(definition, record, event, {}, NOW + 1);
  assert.equal(result.kind, 'stepped');
  return (result as { step: ReturnType<typeof birth> }).step;
}

const idle = setup({}).createMachine({ id: 'idle' });
const keeping = (make: () => unknown) =>
  createMachine({ id: 'm', context: { held: null as unknown }, on: { go: { actions: assign({ held: make }) } } });

describe('what a snapshot cannot keep', () => {
  for (const [name, make, place, what] of [
    ['a function', () => () => 1, 'context /held', 'a function'],
    ['a Map', () => ({ by: new Map() }), 'context /held/by', 'an instance of Map'],
    ['a hole in a list', () => [1, undefined], 'context /held/1', 'undefined'],
    ['not a number', () => [{ 'a/b': 0 / 0 }], 'context /held/0/a~1b', 'NaN'],
    ['itself', () => ((o) => Object.assign(o, { o }))({}), 'context /held/o', 'an object that holds itself']
  ] as const) {
    it(`ends an actor that puts ${name} into context, naming where`, () => {
      const { record, rows, effects } = after(keeping(make), { type: 'go' });
      assert.equal(record.status, 'error');
      assert.deepEqual(record.snapshot.context, { held: null }, 'it stays where it was');
      const failure = record.snapshot.error as { code: string; details: { place: string; reason: string } };
      assert.deepEqual([failure.code, failure.details.place], ['MACHINE_UNFIT', place]);
      assert.ok(failure.details.reason.includes(what), failure.details.reason);
      assert.deepEqual([rows.at(-1)?.type, rows.at(-1)?.severity, effects], ['actor.failed', 'error', []]);
    });
  }

  it('is an actor’s reference, as spawn in an assign gives it', () => {
    const machine = setup({ actors: { idle } }).createMachine({
      context: { ref: null as unknown },
      on: { go: { actions: assign({ ref: ({ spawn }) => spawn('idle', { id: 'child' }) }) } }
    });
    const { record, tells } = after(machine, { type: 'go' });
    assert.equal(record.status, 'error');
    assert.match((record.snapshot.error as { message: string }).message, /^machine 'order' cannot be hosted: .*spawn/);
    assert.ok(!tells.some(({ event }) => event.type === 'actor.create'), 'no child is left of it');
  });

  it('refuses the birth of an actor whose first context has it', () => {
    const machine = createMachine({ context: () => ({ since: new Date(0) }) });
    assert.throws(
      () => birth(foreign(machine), 'order/o1', {}, NOW),
      (error) => isControlError(error, 'MACHINE_UNFIT') && /context \/since: .*Date/.test(error.message)
    );
  });

  it('is not handed to an effect either, nor given as output', () => {
    const machine = setup({ actors: { work: fromPromise(async () => 1) } }).createMachine({
      id: 'm',
      initial: 'a',
      states: { a: { on: { go: 'b' } }, b: { invoke: { src: 'work', input: { when: new Date(0) } } } }
    });
    const { record } = after(machine, { type: 'go' });
    assert.match((record.snapshot.error as { message: string }).message, /input of 'work' \/when/);
    const ending = createMachine({
      id: 'm',
      initial: 'a',
      output: () => ({ count: 1n }),
      states: { a: { on: { go: 'b' } }, b: { type: 'final' } }
    });
    assert.match(
      (after(ending, { type: 'go' }).record.snapshot.error as { message: string }).message,
      /output \/count: .*bigint/
    );
  });

  it('is nothing that JSON gives back as it is', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => assert.equal(firstNonJson(value), undefined)));
    const shared = { a: 1 };
    assert.equal(firstNonJson({ one: shared, two: [shared, shared], none: undefined }), undefined);
    assert.equal(firstNonJson(Object.assign(Object.create(null), { a: 1 })), undefined);
  });

  it('is found where it is, however deep', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.nat(5)), { maxLength: 8 }), (path) => {
        const value = path.reduceRight<unknown>(
          (inner, key) => (typeof key === 'number' ? [...Array(key).fill(0), inner] : { ok: 1, ...own(key, inner) }),
          () => 1
        );
        const pointer = path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
        assert.deepEqual(firstNonJson(value), { path: pointer, what: 'a function' });
      })
    );
  });
});

/** Also when the key is `__proto__`. */
const own = (key: string, value: unknown) =>
  Object.defineProperty({}, key, { value, enumerable: true, writable: true, configurable: true });
