// biome-ignore-all lint/suspicious/noExplicitAny: small machines whose events need no types
/** Where a machine here is not what it is under a plain `createActor`: each has its place in examples/README.md. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import {
  type AnyStateMachine,
  assign,
  createMachine,
  forwardTo,
  fromPromise,
  raise,
  sendParent,
  sendTo,
  setup
} from 'xstate';
import type { Hands } from './hands.ts';
import { both, type Happening } from './script.ts';
import { memory } from './storage.ts';

const readme = readFileSync(new URL('../../examples/README.md', import.meta.url), 'utf8');
const send = (type: string, more: object = {}): Happening => ({ send: { type, ...more } });
const machine = (actors: Record<string, any>, config: any) =>
  setup({ actors } as any).createMachine({
    id: 'm',
    context: { heard: [] },
    ...config
  } as never) as any as AnyStateMachine;
const heard = assign({ heard: ({ context, event }: any) => [...context.heard, event.type] });

/** `title` is the difference's heading in the README. */
function difference(
  title: string,
  make: (hands: Hands) => AnyStateMachine,
  happenings: Happening[],
  expect: (seen: Awaited<ReturnType<typeof both>>) => void
) {
  it(title, async () => {
    assert.ok(readme.includes(`### ${title}\n`), `examples/README.md says nothing of '${title}'`);
    expect(await both({ kind: 'odd', machine: make, input: {} }, happenings, memory()));
  });
}

const root = (picture: { lives: Record<string, any> }) => picture.lives[''];

describe('known differences', () => {
  difference(
    'An event that no state accepts is a row',
    () => machine({}, { on: { known: { actions: heard } } }),
    [send('unknown'), send('known')],
    ({ there, here, rows }) => {
      assert.deepEqual(here, there);
      const [row] = rows.filter(({ type }) => type === 'event.rejected');
      assert.deepEqual([row?.payload.event, row?.payload.legal], ['unknown', ['known']]);
    }
  );

  const near = createMachine({ id: 'near', on: { ask: { actions: sendParent({ type: 'near' }) } } });
  const far = setup({ actors: { near } }).createMachine({
    id: 'far',
    invoke: { id: 'n', src: 'near' },
    on: { ask: { actions: forwardTo('n') }, near: { actions: sendParent({ type: 'far' }) } }
  });
  difference(
    'Between two actors order is kept, among three it is not',
    () =>
      machine(
        { near, far },
        {
          invoke: [
            { id: 'f', src: 'far' },
            { id: 'n', src: 'near' }
          ],
          on: {
            go: { actions: [sendTo('f', { type: 'ask' }), sendTo('n', { type: 'ask' })] },
            '*': { actions: heard }
          }
        }
      ),
    [send('go')],
    ({ there, here }) => {
      assert.deepEqual(root(there).context, { heard: ['far', 'near'] });
      assert.deepEqual(root(here).context, { heard: ['near', 'far'] });
    }
  );

  difference(
    'A delayed event has one timer to its id',
    () =>
      machine(
        {},
        {
          on: { go: { actions: raise({ type: 'bell' }, { id: 'bell', delay: 10 }) }, bell: { actions: heard } }
        }
      ),
    [send('go'), { advance: 5 }, send('go'), { advance: 20 }],
    ({ there, here }) => {
      assert.deepEqual(root(there).context, { heard: ['bell', 'bell'] });
      assert.deepEqual(root(here).context, { heard: ['bell'] });
    }
  );

  const child = createMachine({ id: 'child' });
  difference(
    'A machine that throws takes its children with it',
    () =>
      machine(
        { child },
        {
          invoke: { id: 'c', src: 'child' },
          on: {
            go: {
              actions: assign(() => {
                throw new Error('broken');
              })
            }
          }
        }
      ),
    [send('go')],
    ({ there, here }) => {
      assert.deepEqual(root(here), root(there));
      assert.equal(there.lives['c[0]']?.status, 'active');
      assert.equal(here.lives['c[0]']?.status, 'stopped');
    }
  );

  difference(
    'An error is data',
    (hands) =>
      machine(
        { work: hands.work('work') },
        {
          invoke: {
            src: 'work',
            onError: {
              actions: assign({
                heard: ({ event }: any) => [event.error instanceof Error, event.error.code ?? null, event.error.message]
              })
            }
          }
        }
      ),
    [{ settle: 0, outcome: { fails: 'no route' } }],
    ({ there, here }) => {
      assert.deepEqual(root(there).context.heard, [true, null, 'no route']);
      assert.deepEqual(root(here).context.heard, [false, 'EFFECT_FAILED', 'no route']);
    }
  );

  difference(
    'What comes from outside is JSON',
    () =>
      machine(
        { when: fromPromise(async () => ({ at: new Date(0) })) },
        {
          invoke: { src: 'when', onDone: { actions: assign({ heard: ({ event }: any) => [typeof event.output.at] }) } }
        }
      ),
    [],
    ({ there, here }) => {
      assert.deepEqual(root(there).context.heard, ['object']);
      assert.deepEqual(root(here).context.heard, ['string']);
    }
  );

  difference(
    'What is kept is JSON',
    () => machine({}, { on: { go: { actions: assign({ heard: () => new Map([[1, 2]]) }) } } }),
    [send('go')],
    ({ there, here }) => {
      assert.equal(root(there).status, 'active');
      assert.equal(root(here).status, 'error');
      assert.match(root(here).error, /context \/heard.*Map/);
    }
  );

  difference(
    'A child without input is given an empty one',
    () => {
      const bare = setup({}).createMachine({ id: 'bare', context: ({ input }: any) => ({ is: typeof input }) } as any);
      return machine({ bare }, { invoke: { id: 'b', src: 'bare' } });
    },
    [],
    ({ there, here }) => {
      assert.deepEqual(there.lives['b[0]']?.context, { is: 'undefined' });
      assert.deepEqual(here.lives['b[0]']?.context, { is: 'object' });
    }
  );

  difference(
    'Work that is left is waited for',
    () => {
      const stubborn = fromPromise(({ input }) => (input === 'first' ? new Promise(() => {}) : Promise.resolve()));
      return machine(
        { stubborn },
        {
          initial: 'a',
          states: {
            a: { invoke: { src: 'stubborn', input: 'first' }, on: { go: 'b' } },
            b: { invoke: { src: 'stubborn', input: 'second', onDone: 'c' } },
            c: {}
          }
        }
      );
    },
    [send('go')],
    ({ there, here }) => assert.deepEqual([root(there).value, root(here).value], ['c', 'b'])
  );
});
