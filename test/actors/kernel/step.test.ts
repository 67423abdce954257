import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assign, createMachine, fromCallback, fromPromise, setup } from 'xstate';
import { define } from '../../../actors/kernel/definition.ts';
import { hostActions } from '../../../machines/protocol.ts';
import { isControlError } from '../../../schemas/errors.ts';
import { Rehearsal } from '../../support/rehearsal.ts';

const job = setup({
  types: { context: {} as { tries: number; limitMs: number }, input: {} as { limitMs: number; at: number } },
  actors: { work: fromPromise<string, { n: number }>(async () => 'done') },
  actions: { ...hostActions, count: assign({ tries: ({ context }) => context.tries + 1 }) },
  delays: { limit: ({ context }) => context.limitMs }
}).createMachine({
  id: 'job',
  meta: {
    telemetry: { type: 'job.changed', take: { limitMs: 'limitMs', counted: 'tries' } },
    subject: { command_id: 'missing' }
  },
  context: ({ input }) => ({ tries: 0, limitMs: input.limitMs }),
  initial: 'idle',
  states: {
    idle: { on: { 'job.start': { target: 'working', actions: 'count' }, note: { actions: 'count' }, ignore: {} } },
    working: {
      meta: { telemetry: { type: 'job.working', severity: 'warn', take: { tries: 'tries' } } },
      entry: {
        type: 'tell',
        params: ({ context }) => ({ to: 'clerk/1', event: { type: 'job.begun', n: context.tries } })
      },
      invoke: {
        id: 'work',
        src: 'work',
        input: ({ context }) => ({ n: context.tries }),
        onDone: 'passing',
        onError: 'idle'
      },
      on: { 'job.again': { target: 'working', reenter: true }, 'job.stop': 'idle' },
      after: { limit: 'late' }
    },
    passing: { always: 'over' },
    over: { type: 'final' },
    late: { on: { 'job.start': 'working' } }
  }
});

const make = () => new Rehearsal('job', job, { limitMs: 1000 }, 'one');

describe('a step', () => {
  it('names an effect after its actor, step and place, so that a crash does not rename it', () => {
    const actor = make();
    actor.send({ type: 'job.start' });
    assert.match(actor.effect('work').id, /^job\/one#2\.\d+$/);
    assert.deepEqual(actor.effect('work').input, { n: 1 });
  });

  it('is the same for the same arguments', () => {
    const [a, b] = [make(), make()];
    for (const actor of [a, b]) actor.send({ type: 'job.start' });
    assert.deepEqual(a.record, b.record);
    assert.deepEqual(a.rows, b.rows);
  });

  it('shows every state it passes through, also those left at once', () => {
    const actor = make();
    actor.send({ type: 'job.start' });
    actor.done('work', 'x');
    assert.deepEqual(actor.path, ['idle', 'working', 'passing', 'over']);
    assert.deepEqual(
      actor.rows.map(({ payload }) => payload.from),
      [null, 'idle', 'working', 'passing']
    );
  });

  it('says of an entered state what its meta says', () => {
    const actor = make();
    actor.send({ type: 'job.start' });
    const row = actor.rows.at(-1);
    assert.equal(row?.type, 'job.working');
    assert.equal(row?.severity, 'warn');
    assert.equal(row?.payload.tries, 1);
    assert.equal(row?.payload.event, 'job.start');
    assert.deepEqual(row?.payload.actor, { kind: 'job', id: 'one' });
  });

  it('logs a change of context alone as debug, with what the root takes of it', () => {
    const actor = make();
    actor.send({ type: 'note' });
    assert.equal(actor.rows.at(-1)?.severity, 'debug');
    assert.equal(actor.rows.at(-1)?.payload.counted, 1);
    assert.equal(actor.context.tries, 1);
  });

  it('rejects what the state does not accept, with what it does', () => {
    const actor = make();
    assert.equal(actor.send({ type: 'job.stop' }), false);
    const row = actor.rows.at(-1);
    assert.equal(row?.type, 'event.rejected');
    assert.deepEqual(row?.payload.legal, ['job.start', 'note']);
    assert.equal(actor.state, 'idle');
    assert.equal(actor.record.step, 1);
  });

  it('ends the effect and clears the timer of a state that is left', () => {
    const actor = make();
    actor.send({ type: 'job.start' });
    assert.deepEqual(Object.keys(actor.record.snapshot.timers), ['xstate.after.limit.job.working']);
    assert.equal(actor.record.deadlineAt, actor.now + 1000);
    actor.send({ type: 'job.stop' });
    assert.deepEqual(actor.running, []);
    assert.deepEqual(actor.record.snapshot.timers, {});
    assert.equal(actor.record.deadlineAt, null);
  });

  it('starts both anew in a state that is entered again', () => {
    const actor = make();
    actor.send({ type: 'job.start' });
    const before = actor.effect('work').id;
    actor.now += 400;
    actor.send({ type: 'job.again' });
    assert.deepEqual(actor.running, ['work']);
    assert.notEqual(actor.effect('work').id, before);
    assert.equal(actor.record.deadlineAt, actor.now + 1000);
  });

  it('drops the result of an effect that is over, and takes the new one', () => {
    const actor = make();
    actor.send({ type: 'job.start' });
    const { id } = actor.effect('work');
    actor.send({ type: 'job.again' });
    const late = { type: 'xstate.done.actor.work', output: 'old', actorId: 'work' };
    assert.equal(actor.send(late, { effect: id }), false);
    assert.equal(actor.state, 'working');
    assert.equal(actor.rows.at(-1)?.type, 'job.changed', 'a stale result is no event');
  });

  it('fires what falls due, and only once', () => {
    const actor = make();
    actor.send({ type: 'job.start' });
    actor.advance(999);
    assert.equal(actor.state, 'working');
    actor.advance(1);
    assert.equal(actor.state, 'late');
  });

  it('knows the firing of a timer from that of its namesake, set anew while the first was on the way', () => {
    const actor = make();
    actor.send({ type: 'job.start' });
    const [id, dueAt] = Object.entries(actor.record.snapshot.timers)[0] as [string, number];
    actor.send({ type: 'job.again' });
    assert.equal(actor.send({ type: id }, { timer: id, dueAt }), false);
    assert.equal(actor.state, 'working');
    const anew = actor.record.snapshot.timers[id] as number;
    assert.equal(actor.send({ type: id }, { timer: id, dueAt: anew }), true);
    assert.equal(actor.state, 'late');
  });

  it('takes an event that only an always listens for, and still rejects any other', () => {
    const machine = createMachine({
      id: 'ear',
      initial: 'a',
      states: { a: { always: { guard: ({ event }) => event.type === 'psst', target: 'b' } }, b: {} }
    });
    const actor = new Rehearsal('ear', machine, {});
    assert.equal(actor.send({ type: 'other' }), false);
    assert.equal(actor.send({ type: 'xstate.error.actor.x', error: { code: 'X' } }), false);
    assert.equal(actor.send({ type: 'psst' }), true);
    assert.equal(actor.state, 'b');
  });

  it('declares what it tells in the order it tells it', () => {
    const actor = make();
    actor.send({ type: 'job.start' });
    assert.deepEqual(
      actor.tells.map(({ id, from, to, event }) => [id.replace(/\.\d+$/, ''), from, to, event.type]),
      [['job/one#2', 'job/one', 'clerk/1', 'job.begun']]
    );
  });

  it('ends an actor whose machine throws with the failure, never half a step', () => {
    const machine = createMachine({
      id: 'trap',
      initial: 'a',
      states: {
        a: {
          on: {
            go: {
              guard: () => {
                throw new Error('a guard broke');
              },
              target: 'b'
            }
          }
        },
        b: {}
      }
    });
    const actor = new Rehearsal('trap', machine, {});
    actor.send({ type: 'go' });
    assert.equal(actor.record.status, 'error');
    assert.equal(actor.state, 'a');
    assert.match(JSON.stringify(actor.record.snapshot.error), /a guard broke/);
    assert.equal(actor.rows.at(-1)?.type, 'actor.failed');
  });

  it('ends an actor that handles no error of its effect', () => {
    const machine = setup({ actors: { work: fromPromise(async () => 1) } }).createMachine({
      id: 'bare',
      initial: 'a',
      states: { a: { invoke: { id: 'work', src: 'work' } } }
    });
    const actor = new Rehearsal('bare', machine, {});
    actor.broke('work', { code: 'EFFECT_FAILED', message: 'no luck' });
    assert.equal(actor.record.status, 'error');
    assert.match(actor.rows.at(-1)?.payload.why ?? '', /no luck/);
  });
});

describe('a snapshot in the journal', () => {
  it('comes back with parallel regions, history and nested states', () => {
    const machine = createMachine({
      id: 'player',
      type: 'parallel',
      states: {
        sound: { initial: 'on', states: { on: { on: { mute: 'off' } }, off: { on: { mute: 'on' } } } },
        track: {
          initial: 'playing',
          states: {
            playing: {
              initial: 'verse',
              states: { verse: { on: { next: 'chorus' } }, chorus: {}, past: { type: 'history', history: 'deep' } },
              on: { pause: 'paused' }
            },
            paused: { on: { play: 'playing.past' } }
          }
        }
      }
    });
    const actor = new Rehearsal('player', machine, {});
    for (const type of ['next', 'mute', 'pause']) assert.ok(actor.send({ type }));
    assert.equal(actor.state, 'sound.off,track.paused');
    actor.record = JSON.parse(JSON.stringify(actor.record));
    actor.send({ type: 'play' });
    assert.equal(actor.state, 'sound.off,track.playing.chorus');
  });
});

describe('a machine', () => {
  it('is refused with place and cure when it invokes what a crash would lose', () => {
    const machine = setup({ actors: { listen: fromCallback(() => {}) } }).createMachine({
      id: 'ears',
      initial: 'on',
      states: { on: { invoke: { id: 'l', src: 'listen' } } }
    });
    assert.throws(
      () => define({ kind: 'ears', machine, durable: true }),
      (error) =>
        isControlError(error, 'MACHINE_UNFIT') &&
        /actor 'listen'/.test(error.message) &&
        /fromPromise/.test(error.message)
    );
  });

  it('has a version that changes with its states and not with its implementations', () => {
    const version = (machine: typeof job) => define({ kind: 'job', machine, durable: true }).version;
    const other = job.provide({ actors: { work: fromPromise(async () => 'other') } });
    assert.equal(version(other as typeof job), version(job));
    const changed = createMachine({ id: 'job', initial: 'idle', states: { idle: {} } });
    assert.notEqual(define({ kind: 'job', machine: changed, durable: true }).version, version(job));
  });
});
