import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assign, fromPromise, setup } from 'xstate';
import { hostActions } from '../../machines/protocol.ts';
import type { Trace } from '../../schemas/generated/contracts.ts';
import { definitionOf, type ReplayedKind, record, replay, type TraceMove } from '../../testing/trace.ts';

/** A door that opens for the right code, three times at most wrong, and closes by itself. */
const door = (change: { limit?: number; openMs?: number; told?: string } = {}) =>
  setup({
    types: {
      context: {} as { code: string; wrong: number; lit: boolean },
      input: {} as { code: string },
      events: {} as { type: 'door.try'; code: string } | { type: 'door.lock' }
    },
    actors: { light: fromPromise<{ lit: boolean }, { watts: number }>(async () => ({ lit: true })) },
    actions: { ...hostActions },
    guards: { isRight: ({ context, event }) => event.type === 'door.try' && event.code === context.code }
  }).createMachine({
    id: 'door',
    meta: { telemetry: { type: 'door.changed' } },
    context: ({ input }) => ({ code: input.code, wrong: 0, lit: false }),
    initial: 'SHUT',
    states: {
      SHUT: {
        on: {
          'door.try': [
            { guard: 'isRight', target: 'OPEN' },
            {
              guard: ({ context }) => context.wrong + 1 >= (change.limit ?? 3),
              target: 'BLOCKED'
            },
            { actions: assign({ wrong: ({ context }) => context.wrong + 1 }) }
          ]
        }
      },
      OPEN: {
        meta: { telemetry: { type: 'door.opened' } },
        entry: { type: 'tell', params: () => ({ to: 'bell/main', event: { type: change.told ?? 'bell.ring' } }) },
        invoke: {
          id: 'light',
          src: 'light',
          input: () => ({ watts: 40 }),
          onDone: { actions: assign({ lit: ({ event }) => event.output.lit }) }
        },
        after: { [change.openMs ?? 5000]: 'SHUT' },
        on: { 'door.lock': 'BLOCKED' }
      },
      BLOCKED: { type: 'final' }
    }
  });

const kind = (change = {}): ReplayedKind => ({ kind: 'door', machine: door(change) });
const moves: TraceMove[] = [
  { by: 'client', after_ms: 10, event: { type: 'door.try', code: '1' } },
  { by: 'client', after_ms: 10, event: { type: 'door.lock' } },
  { by: 'client', after_ms: 20, event: { type: 'door.try', code: '7' } },
  { by: 'effect', after_ms: 100, event: { type: 'xstate.done.actor.light', output: { lit: true }, actorId: 'light' } },
  { by: 'timer', after_ms: 4900, timer: 'xstate.after.5000.door.OPEN', event: { type: 'xstate.after.5000.door.OPEN' } },
  { by: 'effect', after_ms: 1, event: { type: 'xstate.done.actor.light', output: { lit: false }, actorId: 'light' } },
  { by: 'client', after_ms: 5, event: { type: 'door.try', code: '2' } },
  { by: 'client', after_ms: 5, event: { type: 'door.try', code: '3' } }
];
const written = (): Trace =>
  record(definitionOf('door', [kind()]), { start: { id: '1', at: 1_000, input: { code: '7' } }, moves });

describe('a trace', () => {
  it('has what came of each step: states, context, events, effects, timers and what was told', () => {
    const { start, steps, ended } = written();
    assert.equal(start.expect?.state, 'SHUT');
    assert.deepEqual(start.expect?.context, { code: '7', wrong: 0, lit: false });
    assert.deepEqual(steps[0]?.expect.context, { wrong: 1 });
    assert.deepEqual(steps[1]?.expect, { state: 'SHUT', status: 'active', rejected: true });
    assert.deepEqual(steps[2]?.expect, {
      state: 'OPEN',
      status: 'active',
      events: ['door.opened'],
      effects: [{ child: 'light', src: 'light', input: { watts: 40 } }],
      stops: [],
      timers: { 'xstate.after.5000.door.OPEN': 5000 },
      tells: [{ to: 'bell/main', event: { type: 'bell.ring' } }],
      records: []
    });
    assert.deepEqual(steps[3]?.expect.stops, ['light']);
    assert.equal(steps[4]?.expect.state, 'SHUT');
    assert.equal(steps[5]?.expect.stale, true, 'its state was left');
    assert.equal(steps[7]?.expect.state, 'BLOCKED');
    assert.equal(ended, true);
  });

  it('is replayed by the machine that made it, also as JSON', () => {
    const { ok, steps, difference } = replay(JSON.parse(JSON.stringify(written())), kind());
    assert.deepEqual({ ok, steps, difference }, { ok: true, steps: 8, difference: null });
  });

  it('shows where another machine differs first, with what was expected and what is', () => {
    const guarded = replay(written(), kind({ limit: 1 }));
    assert.deepEqual(
      [guarded.difference?.step, guarded.difference?.at, guarded.difference?.expected, guarded.difference?.actual],
      [0, 'state', 'SHUT', 'BLOCKED']
    );
    const later = replay(written(), kind({ openMs: 6000 }));
    assert.equal(later.difference?.step, 2);
    assert.match(later.difference?.at ?? '', /^timers/);
    const told = replay(written(), kind({ told: 'bell.knock' }));
    assert.deepEqual(
      [told.difference?.where, told.difference?.at, told.difference?.expected, told.difference?.actual],
      ["step 3, client 'door.try' in SHUT", 'tells[0].event.type', 'bell.ring', 'bell.knock']
    );
    assert.equal(told.steps, 2);
  });

  it('need not expect more than a state of each step', () => {
    const { start, steps, ...rest } = written();
    const bare: Trace = {
      ...rest,
      start: { ...start, expect: { state: 'SHUT' } },
      steps: steps.map(({ expect: { state, rejected, stale }, ...move }) => ({
        ...move,
        expect: { state, ...(rejected ? { rejected } : {}), ...(stale ? { stale } : {}) }
      }))
    };
    assert.equal(replay(bare, kind({ told: 'bell.knock' })).ok, true);
    assert.equal(replay(bare, kind({ limit: 1 })).difference?.at, 'state');
  });

  it('is not passed by a machine that refuses what was taken', () => {
    const { start, steps, ...rest } = written();
    const first = { ...(steps[0] as Trace['steps'][number]), expect: { state: 'SHUT' } };
    const refused = { ...first, event: { type: 'door.lock' } };
    const { difference } = replay({ ...rest, start, steps: [refused] }, kind());
    assert.deepEqual([difference?.at, difference?.actual], ['rejected', true]);
  });

  it('goes on from a snapshot, and over an event that is not known whole', () => {
    const life = written();
    const cut = record(definitionOf('door', [kind()]), {
      start: {
        id: '1',
        at: 1_000,
        step: 1,
        snapshot: {
          value: 'SHUT',
          context: { code: '7', wrong: 2, lit: false },
          status: 'active',
          children: {},
          timers: {}
        }
      },
      moves: [
        {
          by: 'client',
          after_ms: 1,
          event: { type: 'door.try' },
          becomes: {
            value: 'OPEN',
            context: { code: '7', wrong: 2, lit: false },
            status: 'active',
            children: { light: { src: 'light', effect: 'door/1#2.0' } },
            timers: {}
          }
        },
        { by: 'client', after_ms: 1, event: { type: 'door.lock' } }
      ]
    });
    assert.deepEqual(
      cut.steps.map(({ expect }) => expect.state),
      ['OPEN', 'BLOCKED']
    );
    assert.ok(replay(cut, kind()).ok);
    const nowhere = { ...cut, steps: cut.steps.map((step) => ({ ...step, event: { type: 'door.knock' } })) };
    assert.equal(replay(nowhere, kind()).difference?.step, 0);
    assert.ok(life.steps.length > 0);
  });

  it('of another kind or format is refused with the kinds there are', () => {
    assert.throws(() => replay({ ...written(), kind: 'gate' }, kind()), /of the kind 'gate', and there is door/);
    assert.throws(() => replay({ ...written(), format: 'other/1' } as never, kind()), /format 'other\/1'/);
  });
});
