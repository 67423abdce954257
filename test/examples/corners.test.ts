// biome-ignore-all lint/suspicious/noExplicitAny: small machines whose events need no types
/**
 * Corners of XState that the examples do not come to, each a few lines of machine: the same here and under a plain
 * `createActor`, and the same again with the process crashed after every happening.
 */
import { describe, it } from 'node:test';
import {
  type AnyStateMachine,
  assign,
  cancel,
  createMachine,
  emit,
  enqueueActions,
  forwardTo,
  fromPromise,
  log,
  raise,
  sendParent,
  sendTo,
  setup,
  spawnChild,
  stopChild
} from 'xstate';
import type { Hands } from './hands.ts';
import { compare, type Happening } from './script.ts';
import { memory } from './storage.ts';

const send = (type: string, more: object = {}): Happening => ({ send: { type, ...more } });
const advance = (ms: number): Happening => ({ advance: ms });
const gives = (output: unknown, settle = 0): Happening => ({ settle, outcome: { output } });
const fails = (message: string, settle = 0): Happening => ({ settle, outcome: { fails: message } });

/** What each child and promise said, in the order it was heard. */
const heard = assign({ heard: ({ context, event }: any) => [...context.heard, event] });
const machine = (actors: Record<string, any>, config: any) =>
  setup({ actors } as any).createMachine({
    id: 'm',
    context: { heard: [] },
    ...config
  } as never) as any as AnyStateMachine;

function corner(name: string, make: (hands: Hands) => AnyStateMachine, ...happenings: Happening[]) {
  it(name, async () => {
    const subject = { kind: 'corner', machine: make, input: {} };
    await compare(subject, happenings, memory());
    await compare(
      subject,
      happenings.flatMap((it): Happening[] => [it, { crash: true }]),
      memory()
    );
  });
}

const atOnce = createMachine({ id: 'atOnce', initial: 'a', output: { n: 7 }, states: { a: { type: 'final' } } });
const echo = createMachine({
  id: 'echo',
  initial: 'a',
  states: {
    a: {
      on: {
        ping: { actions: sendParent({ type: 'pong' }) },
        end: 'b',
        throw: {
          actions: assign(() => {
            throw new Error('the child broke');
          })
        }
      }
    },
    b: { type: 'final' }
  }
});

describe('time', () => {
  corner(
    'after 0 waits for the clock, and one after the other',
    () =>
      machine(
        {},
        {
          initial: 'a',
          states: {
            a: { after: { 0: 'b' } },
            b: { after: { 10: 'd', 0: { guard: () => false, target: 'c' } } },
            c: {},
            d: {}
          }
        }
      ),
    advance(0),
    advance(0),
    advance(10)
  );
  corner(
    'of two timers due at once the first may clear the second',
    () => machine({}, { initial: 'a', states: { a: { after: { 5: 'b', 6: 'c' } }, b: { after: { 20: 'c' } }, c: {} } }),
    advance(100),
    advance(20)
  );
  corner(
    'a state entered again starts its time and its work anew',
    (hands) =>
      machine(
        { work: hands.work('work') },
        {
          initial: 'a',
          states: {
            a: {
              invoke: {
                id: 'w',
                src: 'work',
                input: ({ event }: any) => ({ by: event.type }),
                onDone: 'b',
                onError: 'c'
              },
              after: { 100: 'c' },
              on: { again: { target: 'a', reenter: true }, stay: { target: 'a' }, note: { actions: heard } }
            },
            b: {},
            c: {}
          }
        }
      ),
    advance(90),
    send('again'),
    { settleLate: 0, outcome: { output: 'of the first' } },
    advance(90),
    send('stay'),
    send('note'),
    advance(10)
  );
  corner(
    'a delayed raise and a delayed sendTo, cancelled or not',
    () =>
      machine(
        { echo },
        {
          invoke: { id: 'e', src: 'echo' },
          on: {
            later: {
              actions: [
                raise({ type: 'rung' }, { delay: 50, id: 'bell' }),
                sendTo('e', { type: 'ping' }, { delay: 60, id: 'mail' }),
                sendTo(({ self }: any) => self, { type: 'mine' }, { delay: 70 })
              ]
            },
            hush: { actions: [cancel('bell'), cancel('mail')] },
            '*': { actions: heard }
          }
        }
      ),
    send('later'),
    advance(50),
    advance(10),
    advance(10),
    send('later'),
    advance(49),
    send('hush'),
    advance(100)
  );
});

describe('children', () => {
  corner(
    'one that ends in its first step, invoked and spawned',
    () =>
      machine(
        { atOnce },
        {
          initial: 'a',
          entry: spawnChild('atOnce', { id: 's' } as any),
          on: { 'xstate.done.actor.s': { actions: heard } },
          states: {
            a: { invoke: { id: 'i', src: 'atOnce', onDone: { target: 'b', actions: heard } } },
            b: { on: { go: 'a' } }
          }
        }
      ),
    send('go'),
    send('go')
  );
  corner(
    'what is sent to one that has just ended goes nowhere',
    () =>
      machine(
        { echo },
        {
          invoke: { id: 'e', src: 'echo' },
          on: {
            end: { actions: [sendTo('e', { type: 'end' }), sendTo('e', { type: 'ping' })] },
            ping: { actions: sendTo('e', { type: 'ping' }) },
            pong: { actions: heard }
          }
        }
      ),
    send('ping'),
    send('end'),
    send('ping')
  );
  corner(
    'what is sent to one that never was is an error of the machine',
    () => machine({ echo }, { on: { ping: { actions: sendTo('nobody', { type: 'ping' }) } } }),
    send('ping'),
    send('ping')
  );
  corner(
    'one that its parent writes to in the step that starts it',
    () =>
      machine(
        { echo },
        {
          initial: 'a',
          states: {
            a: { on: { go: 'b' } },
            b: {
              invoke: { id: 'e', src: 'echo' },
              entry: sendTo('e', { type: 'ping' }),
              on: { pong: { actions: heard } }
            }
          }
        }
      ),
    send('go')
  );
  corner(
    'one whose state is left in the step that enters it never starts',
    (hands) =>
      machine(
        { echo, work: hands.work('work') },
        {
          initial: 'a',
          states: {
            a: { on: { go: 'b' } },
            b: {
              invoke: [
                { id: 'e', src: 'echo' },
                { id: 'w', src: 'work' }
              ],
              always: 'c'
            },
            c: {}
          }
        }
      ),
    send('go')
  );
  corner(
    'word from a child of a child, handed on',
    () => {
      const middle = machine(
        { echo },
        {
          invoke: { id: 'e', src: 'echo' },
          on: {
            ping: { actions: forwardTo('e') },
            pong: { actions: [heard, sendParent(({ event }: any) => ({ type: 'far', was: event.type }))] }
          }
        }
      );
      return machine(
        { middle },
        { invoke: { id: 'm', src: 'middle' }, on: { ping: { actions: forwardTo('m') }, far: { actions: heard } } }
      );
    },
    send('ping'),
    send('ping')
  );
  corner(
    'one that is stopped and started again under its name',
    () =>
      machine(
        { echo },
        {
          on: {
            open: { actions: spawnChild('echo', { id: 'e' } as any) },
            again: { actions: [stopChild('e'), spawnChild('echo', { id: 'e' } as any)] },
            ping: { actions: sendTo('e', { type: 'ping' }) },
            pong: { actions: heard }
          }
        }
      ),
    send('open'),
    send('ping'),
    send('again'),
    send('ping')
  );
  corner(
    'one that breaks, with a handler',
    () =>
      machine(
        { echo },
        {
          initial: 'a',
          on: { break: { actions: sendTo('e', { type: 'throw' }) } },
          states: {
            a: {
              invoke: {
                id: 'e',
                src: 'echo',
                onError: { target: 'b', actions: assign({ heard: ({ event }: any) => [event.error.message] }) }
              }
            },
            b: {}
          }
        }
      ),
    send('break')
  );
  corner(
    'one that breaks, without',
    () =>
      machine(
        { echo },
        { invoke: { id: 'e', src: 'echo' }, on: { break: { actions: sendTo('e', { type: 'throw' }) } } }
      ),
    send('break'),
    send('break')
  );
  corner(
    'all of them end with their parent',
    (hands) => {
      const middle = machine(
        { echo, work: hands.work('work') },
        {
          invoke: [
            { id: 'e', src: 'echo' },
            { id: 'w', src: 'work' }
          ]
        }
      );
      return machine(
        { middle },
        {
          initial: 'a',
          entry: spawnChild('middle', { id: 's' } as any),
          states: {
            a: { invoke: { id: 'i', src: 'middle' }, on: { leave: 'b', end: 'c' } },
            b: { on: { end: 'c' } },
            c: { type: 'final' }
          }
        }
      );
    },
    send('leave'),
    send('end')
  );
  corner(
    'one that emits, and one that is given its input',
    () => {
      const child = setup({ types: { input: {} as { n: number } } }).createMachine({
        id: 'child',
        context: ({ input }: any) => ({ n: input.n }),
        entry: emit(({ context }: any) => ({ type: 'said', n: context.n }))
      } as any);
      return machine(
        { child },
        {
          entry: [
            emit({ type: 'first' }),
            spawnChild('child', { id: 'c', input: ({ context }: any) => ({ n: context.heard.length }) } as any)
          ],
          on: { say: { actions: [heard, emit({ type: 'second' })] } }
        }
      );
    },
    send('say')
  );
});

describe('promises', () => {
  corner(
    'one that fails where nobody listens ends the machine',
    (hands) => machine({ work: hands.work('work') }, { invoke: { id: 'w', src: 'work', onDone: { actions: heard } } }),
    fails('the disk is full'),
    send('anything')
  );
  corner(
    'one that fails in a child ends both, where nobody listens',
    (hands) => {
      const child = machine({ work: hands.work('work') }, { invoke: { id: 'w', src: 'work' } });
      return machine({ child }, { invoke: { id: 'c', src: 'child' } });
    },
    fails('the disk is full')
  );
  corner(
    'one without a result, one with null, one of two',
    (hands) =>
      machine(
        { work: hands.work('work') },
        {
          invoke: [
            {
              id: 'v',
              src: 'work',
              input: { n: 1 },
              onDone: {
                actions: assign({
                  heard: ({ event, context }: any) => [
                    ...context.heard,
                    event.output === undefined,
                    event.output === null
                  ]
                })
              }
            },
            { id: 'w', src: 'work', input: { n: 2 }, onDone: { actions: heard } }
          ]
        }
      ),
    gives(null, 1),
    gives(undefined)
  );
  corner(
    'one that is spawned, stopped, and answers too late',
    (hands) =>
      machine(
        { work: hands.work('work') },
        {
          on: {
            open: {
              actions: spawnChild('work', {
                id: ({ event }: any) => event.id,
                input: ({ event }: any) => event.id
              } as any)
            },
            stop: { actions: stopChild(({ event }: any) => event.id) },
            'xstate.done.actor.*': {
              actions: assign({ heard: ({ context, event }: any) => [...context.heard, event.output] })
            }
          }
        }
      ),
    send('open', { id: 'one' }),
    send('open', { id: 'two' }),
    send('stop', { id: 'one' }),
    { settleLate: 0, outcome: { output: 'too late' } },
    gives('in time')
  );
  corner('one written where it is invoked', () =>
    machine(
      {},
      {
        initial: 'a',
        states: {
          a: {
            invoke: {
              src: fromPromise(async () => 'at once'),
              onDone: { target: 'b', actions: assign({ heard: ({ event }: any) => [event.output] }) }
            }
          },
          b: {}
        }
      }
    )
  );
});

describe('transitions', () => {
  corner(
    'wildcards, whole and partial, nearest first',
    () =>
      machine(
        {},
        {
          initial: 'a',
          on: { '*': { actions: assign({ heard: ({ context }: any) => [...context.heard, 'root'] }) } },
          states: {
            a: {
              on: {
                'user.*': { actions: assign({ heard: ({ context }: any) => [...context.heard, 'user'] }) },
                'user.name.*': { actions: assign({ heard: ({ context }: any) => [...context.heard, 'name'] }) },
                'user.gone': undefined,
                forbidden: {}
              }
            }
          }
        }
      ),
    send('user.name.first'),
    send('user.age'),
    send('user'),
    send('userland'),
    send('forbidden'),
    send('user.gone')
  );
  corner(
    'onDone of a compound and of a parallel state, with the output of the final one',
    () =>
      machine(
        {},
        {
          initial: 'a',
          states: {
            a: {
              initial: 'x',
              states: {
                x: { on: { go: 'y' } },
                y: { type: 'final', output: ({ event }: any) => ({ by: event.type }) }
              },
              onDone: { target: 'p', actions: heard }
            },
            p: {
              type: 'parallel',
              states: {
                l: { initial: 'x', states: { x: { on: { left: 'y' } }, y: { type: 'final', output: 'l' } } },
                r: { initial: 'x', states: { x: { on: { right: 'y' } }, y: { type: 'final' } } }
              },
              onDone: { target: 'end', actions: heard }
            },
            end: { type: 'final', output: ({ context }: any) => context.heard.length }
          },
          output: ({ event }: any) => ({ last: event.type, n: event.output })
        }
      ),
    send('go'),
    send('right'),
    send('left'),
    send('left')
  );
  corner(
    'an always that a guard on the event lets through',
    () =>
      machine(
        {},
        {
          initial: 'a',
          states: { a: { always: { guard: ({ event }: any) => event.type === 'psst', target: 'b' } }, b: {} }
        }
      ),
    send('loud'),
    send('psst')
  );
  corner(
    'enqueueActions, raise, log and a send to itself, in their order',
    () =>
      machine(
        {},
        {
          on: {
            go: {
              actions: [
                enqueueActions(({ enqueue, check }: any) => {
                  enqueue.assign({ heard: ['first'] });
                  if (check(({ context }: any) => context.heard.length === 1)) enqueue.raise({ type: 'inner' });
                  enqueue.sendTo(({ self }: any) => self, { type: 'outer' });
                }),
                log('said'),
                heard
              ]
            },
            '*': { actions: heard }
          }
        }
      ),
    send('go')
  );
  corner(
    'a machine that throws ends where it was',
    () =>
      machine(
        {},
        {
          initial: 'a',
          states: {
            a: {
              on: {
                go: {
                  target: 'b',
                  actions: assign(() => {
                    throw new Error('broken');
                  })
                }
              }
            },
            b: {}
          }
        }
      ),
    send('go'),
    send('go')
  );
  corner(
    'deep and shallow history, with a default',
    () =>
      machine(
        {},
        {
          initial: 'off',
          states: {
            off: { on: { shallow: 'on.s', deep: 'on.d', fresh: 'on.t' } },
            on: {
              initial: 'a',
              on: { off: 'off' },
              states: {
                a: { initial: 'x', on: { b: 'b' }, states: { x: { on: { next: 'y' } }, y: {} } },
                b: { initial: 'x', on: { a: 'a' }, states: { x: { on: { next: 'y' } }, y: {} } },
                s: { type: 'history' },
                d: { type: 'history', history: 'deep' },
                t: { type: 'history', target: 'b' }
              }
            }
          }
        }
      ),
    send('fresh'),
    send('next'),
    send('off'),
    send('shallow'),
    send('next'),
    send('off'),
    send('deep'),
    send('a'),
    send('next'),
    send('off'),
    send('fresh')
  );
});
