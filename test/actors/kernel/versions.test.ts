import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type AnyStateMachine, assign, createMachine, fromPromise, raise, setup } from 'xstate';
import { labelOf, outlineOf, versionOf } from '../../../actors/kernel/outline.ts';
import { Machines } from '../../../actors/kernel/versions.ts';
import { approvalMachine } from '../../../machines/approval.ts';
import { isControlError } from '../../../schemas/errors.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const version = (machine: AnyStateMachine, schema?: object) => versionOf('lamp', machine, schema);
const lamp = (config: object) => createMachine({ id: 'lamp', initial: 'off', ...config } as never);
const states = { off: { on: { toggle: 'on' } }, on: { on: { toggle: 'off' }, after: { 100: 'off' } } };
const plain = version(lamp({ states }));

describe('the version of a machine', () => {
  it('is 16 hex digits, and 8 more where its contexts have a schema', () => {
    assert.match(plain, /^[0-9a-f]{16}$/);
    const ofObject = version(lamp({ states }), { type: 'object', properties: { n: { type: 'number' } } });
    assert.match(ofObject, new RegExp(`^${plain}-[0-9a-f]{8}$`));
    assert.equal(version(lamp({ states }), { properties: { n: { type: 'number' } }, type: 'object' }), ofObject);
    assert.notEqual(version(lamp({ states }), { type: 'object' }), ofObject);
  });

  it('is the same whatever the order of keys, and in every process', async () => {
    const { on, off } = states;
    assert.equal(version(lamp({ states: { on: { after: on.after, on: on.on }, off } })), plain);
    const here = versionOf('approval', approvalMachine);
    const program = `
      import { versionOf } from './actors/kernel/outline.ts';
import { approvalMachine } from './machines/approval.ts';
      console.log(versionOf('approval', approvalMachine));`;
    const args = ['--import', 'tsx', '--input-type=module', '--eval', program];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
    assert.equal(stdout.trim(), here);
  });

  const { on, off } = states;
  const changes: [what: string, config: object][] = [
    ['a state', { states: { ...states, broken: {} } }],
    ['a target', { states: { on, off: { on: { toggle: 'off' } } } }],
    ['an event', { states: { on, off: { on: { toggle: 'on', hit: 'on' } } } }],
    ['a delay', { states: { off, on: { ...on, after: { 200: 'off' } } } }],
    ['a guard', { states: { on, off: { on: { toggle: { target: 'on', guard: 'mayShine' } } } } }],
    [
      'what a guard is given',
      { states: { on, off: { on: { toggle: { target: 'on', guard: { type: 'mayShine', params: { n: 1 } } } } } } }
    ],
    ['a named action', { states: { on, off: { ...off, entry: 'dim' } } }],
    ['what is assigned', { states: { on, off: { ...off, entry: assign({ n: 1 }) } } }],
    ['what is raised', { states: { on, off: { ...off, entry: raise({ type: 'toggle' }, { delay: 5 }) } } }],
    ['an invoke', { states: { on, off: { ...off, invoke: { src: 'work' } } } }],
    ['an always', { states: { on, off: { ...off, always: { target: 'on', guard: 'isDark' } } } }],
    ['a tag', { states: { on, off: { ...off, tags: ['dark'] } } }],
    ['telemetry', { states: { on, off: { ...off, meta: { telemetry: { type: 'lamp.off' } } } } }],
    ['the type of a state', { states: { off, on: { type: 'final' } } }],
    ['where it begins', { initial: 'on', states }],
    [
      'that a transition enters anew',
      { states: { off, on: { ...on, on: { toggle: { target: 'off', reenter: true } } } } }
    ],
    ['its id', { id: 'light', states }],
    ['its label', { version: '2', states }]
  ];
  for (const [what, config] of changes) {
    it(`changes with ${what}`, () => assert.notEqual(version(lamp(config)), plain));
  }
  it('changes with the order of the transitions of one event', () => {
    const one = { target: 'on', guard: 'a' };
    const two = { target: 'off', guard: 'b' };
    const of = (list: object[]) => version(lamp({ states: { on, off: { on: { toggle: list } } } }));
    assert.notEqual(of([one, two]), of([two, one]));
  });

  it('is not of code: what a function does, what a promise is, what context begins with, what is described', () => {
    const work = (run: () => Promise<number>, n: number) =>
      version(
        setup({ actors: { work: fromPromise(run) }, guards: { isDark: () => n > 1 } }).createMachine({
          context: { n },
          description: `the ${n}th`,
          initial: 'a',
          states: { a: { invoke: { src: 'work', onDone: { guard: () => n > 1, target: 'b' } } }, b: {} }
        })
      );
    assert.equal(
      work(async () => 1, 1),
      work(async () => 2 + 2, 2)
    );
  });

  it('counts that some code is there', () => {
    const withGuard = lamp({ states: { on, off: { on: { toggle: { target: 'on', guard: () => true } } } } });
    assert.notEqual(version(withGuard), plain);
  });

  it('has the label of the machine', () => {
    assert.deepEqual([labelOf(lamp({ states })), labelOf(lamp({ version: '2.1', states }))], [null, '2.1']);
  });

  it('refuses a machine that is not data and functions', () => {
    const meta: Record<string, unknown> = {};
    meta.self = meta;
    assert.throws(
      () => version(lamp({ meta, states })),
      (error) => isControlError(error, 'MACHINE_UNFIT') && /its config/.test(error.message)
    );
  });

  it('outlines a machine for who draws it', () => {
    const outline = outlineOf(lamp({ states }));
    assert.deepEqual(
      outline.states.map(({ id }) => id),
      ['lamp.off', 'lamp.on']
    );
    assert.deepEqual(
      outline.states[1]?.after.map(({ delay, targets }) => [delay, targets]),
      [['100', ['lamp.off']]]
    );
  });
});

describe('the machines of a kind', () => {
  const payment = (config: object) => createMachine({ id: 'payment', ...config } as never);
  const order = (child: AnyStateMachine, more: object = {}) =>
    setup({ actors: { payment: child } }).createMachine({
      id: 'order',
      invoke: { id: 'payment', src: 'payment' },
      ...more
    } as never) as unknown as AnyStateMachine;
  const one = order(payment({ initial: 'a', states: { a: {} } }));
  const two = order(payment({ initial: 'b', states: { b: {} } }));
  const three = order(payment({ initial: 'b', states: { b: {} } }), { version: '3' });
  const kind = { kind: 'order', durable: true, foreign: true };
  const migrate = ({ value, context }: { value: unknown; context: Record<string, unknown> }) => ({ value, context });
  const record = (name: string, machineVersion: string, status: 'active' | 'done' = 'active') => ({
    kind: name,
    machineVersion,
    status
  });

  it('are the newest and the former ones, child machines too; what did not change is one', () => {
    const machines = new Machines([{ ...kind, machine: three, previous: [{ machine: two }, { machine: one }] }]);
    const [of, ofChild] = [machines.get('order')!, machines.get('order_payment')!];
    assert.equal(of.current?.label, '3');
    assert.equal(of.previous.length, 1, 'one and two differ in their child alone');
    assert.equal(ofChild.previous.length, 1);
    const formerChild = ofChild.previous[0]!.version;
    assert.equal(machines.of(record('order_payment', formerChild)), ofChild.previous[0]);
    assert.equal(machines.of(record('order_payment', ofChild.current!.version)), ofChild.current);
    assert.equal(machines.of(record('order', 'feed')), undefined);
    assert.equal(machines.of(record('order', 'feed', 'done')), of.current, 'one that has ended takes no step');
    assert.equal(machines.of(record('other', 'feed')), undefined);
    assert.equal(machines.forBirth('order_payment', formerChild), ofChild.previous[0]);
    assert.equal(machines.forBirth('order_payment', 'feed'), ofChild.current);
    assert.equal(
      machines.of(record('order', `${of.previous[0]!.version}-01234567`)),
      of.previous[0],
      'by another schema'
    );
  });

  it('keep a child that only a former one has', () => {
    const lone = createMachine({ id: 'order' }) as AnyStateMachine;
    const machines = new Machines([{ ...kind, machine: lone, previous: [{ machine: one }] }]);
    const child = machines.get('order_payment')!;
    assert.equal(child.current, undefined);
    assert.equal(machines.of(record('order_payment', child.previous[0]!.version)), child.previous[0]);
  });

  const wrong: [what: string, more: object, message: RegExp][] = [
    [
      'the same machine beside itself',
      { previous: [{ machine: three }] },
      /order', previous\[0\]: it is the same machine as another/
    ],
    ['one twice', { previous: [{ machine: two }, { machine: two }] }, /previous\[1\]: it is the same machine/],
    [
      'a migration from the newest',
      { migrations: [{ from: '3', migrate }] },
      /migrations\[0\]: from '3' is the newest version itself/
    ],
    [
      'two from one',
      {
        migrations: [
          { from: 'x', migrate },
          { from: 'x', migrate }
        ]
      },
      /migrations\[1\]: from 'x' is there twice/
    ],
    [
      'one that leads nowhere',
      { migrations: [{ from: 'x', to: 'y', migrate }] },
      /to 'y' is not the newest version .*no migration goes on/
    ],
    [
      'ones that go round',
      {
        migrations: [
          { from: 'x', to: 'y', migrate },
          { from: 'y', to: 'x', migrate }
        ]
      },
      /migrations\[0\]: it goes round in a circle/
    ],
    [
      'one of no child',
      { migrations: [{ kind: 'order_refund', from: 'x', migrate }] },
      /'order_refund' is neither 'order' nor a child/
    ]
  ];
  for (const [what, more, message] of wrong) {
    it(`refuse ${what}`, () => {
      assert.throws(
        () => new Machines([{ ...kind, machine: three, ...more }]),
        (error) => isControlError(error, 'VERSIONS_UNCLEAR') && message.test(error.message)
      );
    });
  }
});
