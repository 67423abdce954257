/** A process stopped with one version of its machines and started with another, on one journal. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { type AnyStateMachine, assign, createMachine, fromPromise, StateMachine, setup } from 'xstate';
import type { ActorHost, ActorKind, EventRow, Journal } from '../../../actors/host/contract.ts';
import { effect } from '../../../actors/host/effect.ts';
import { createEmbeddedHost, type EmbeddedHostOptions } from '../../../actors/host/embedded-host.ts';
import { openSqliteJournal } from '../../../actors/journal/sqlite-journal.ts';
import { approvalMachine } from '../../../machines/approval.ts';
import { hostActions } from '../../../machines/protocol.ts';
import { isControlError } from '../../../schemas/errors.ts';
import { MemoryJournal } from '../../support/memory-journal.ts';
import { StepClock } from '../../support/step-clock.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const HOUR = 3_600_000;

/** What ran outside: `<src> <effect id> [resumed]`; it never ends by itself. */
class Outside {
  readonly begun: string[] = [];
  readonly #answers = new Map<string, (output: unknown) => void>();

  hand = (src: string) =>
    effect<unknown, unknown>(
      ({ effect: { id, resumed }, signal }) =>
        new Promise((resolve, reject) => {
          this.begun.push(`${src} ${id}${resumed ? ' resumed' : ''}`);
          this.#answers.set(id, resolve);
          signal.addEventListener('abort', () => reject(signal.reason));
        })
    );

  answer(id: string, output: unknown = null) {
    this.#answers.get(id)?.(output);
  }
}

const notGiven = fromPromise<unknown, unknown>(async () => null);
// biome-ignore lint/suspicious/noExplicitAny: configs of many machines
const machine = (config: any, actors: object = {}): AnyStateMachine =>
  setup({
    types: { context: {} as Record<string, unknown> },
    actors: { work: notGiven, other: notGiven, ...actors },
    actions: { ...hostActions }
  }).createMachine({ id: 'job', ...config }) as AnyStateMachine;

const job = (of: AnyStateMachine, more: Partial<ActorKind> = {}): ActorKind => ({
  kind: 'job',
  machine: of,
  durable: true,
  ...more
});

/** Processes one after the other on one journal and one clock. */
class Place {
  readonly clock = new StepClock();
  readonly outside = new Outside();
  readonly rows: EventRow[] = [];
  troubles: string[] = [];
  journal = new MemoryJournal();
  host: ActorHost | undefined;

  constructor(t: TestContext) {
    t.after(() => this.host?.stop());
  }

  async start(kinds: ActorKind[], options: Partial<EmbeddedHostOptions> = {}): Promise<ActorHost> {
    if (this.host) this.journal = this.journal.crash({});
    const { journal } = this;
    const host = createEmbeddedHost({
      journal,
      kinds: kinds.map((kind) => this.#withHands(kind)),
      clock: this.clock.of(() => this.journal === journal),
      onTrouble: ({ message }, what) => this.troubles.push(`${what}: ${message}`),
      letGoMs: 10,
      ...options
    });
    host.onCommit((rows) => this.rows.push(...rows));
    this.host = host;
    await host.start();
    return host;
  }

  #withHands(kind: ActorKind): ActorKind {
    const armed = (one: AnyStateMachine): AnyStateMachine => {
      const actors = { work: this.outside.hand('work'), other: this.outside.hand('other') };
      return one.provide({ actors } as never) as AnyStateMachine;
    };
    return {
      ...kind,
      machine: armed(kind.machine),
      ...(kind.previous
        ? { previous: kind.previous.map((former) => ({ ...former, machine: armed(former.machine) })) }
        : {})
    };
  }

  upgrades() {
    return this.rows
      .filter(({ type }) => type === 'actor.upgraded')
      .map(({ actorId, payload }) => `${actorId} ${payload.from} → ${payload.to}`);
  }
}

const waiting = {
  initial: 'waiting',
  states: { waiting: { on: { go: 'over' }, after: { [HOUR]: 'late' } }, late: {}, over: { type: 'final' } }
};
const without = { initial: 'begun', states: { begun: { on: { go: 'over' } }, over: { type: 'final' } } };

describe('living actors of a former version', () => {
  it('go on in the newest, with a row, and are found for nothing at the start after', async (t) => {
    const place = new Place(t);
    const first = await place.start([job(machine(waiting))]);
    const born = await first.create('job/a', {});
    await first.create('job/ended', {});
    await first.send('job/ended', { type: 'go' });
    const newest = machine({ ...waiting, states: { ...waiting.states, more: {} } });
    const second = await place.start([job(newest)]);
    assert.deepEqual(second.status.versions, { wentOn: 1, migrated: 0, stayed: 0, held: [] });
    const went = await second.read('job/a');
    assert.notEqual(went?.version, born.version);
    assert.deepEqual([went?.state, went?.held, went?.deadlineAt], ['waiting', null, born.deadlineAt]);
    assert.equal((await second.read('job/ended'))?.version, born.version, 'who has ended is history');
    assert.deepEqual(place.upgrades(), ['a waiting → waiting']);
    const third = await place.start([job(newest)]);
    assert.deepEqual(third.status.versions, { wentOn: 0, migrated: 0, stayed: 0, held: [] });
    place.clock.move(HOUR);
    assert.equal(
      (await third.waitFor('job/a', ({ state }) => state === 'late', { timeoutMs: 2 * HOUR }))?.state,
      'late'
    );
    assert.deepEqual(place.troubles, []);
  });

  it('of which one has ended answer as ended, also when their state is gone', async (t) => {
    const place = new Place(t);
    const first = await place.start([job(machine(waiting))]);
    await first.create('job/a', {});
    await first.send('job/a', { type: 'go' });
    const second = await place.start([job(machine({ initial: 'x', states: { x: { on: { go: 'x' } } } }))]);
    await assert.rejects(second.send('job/a', { type: 'go' }), (error) => isControlError(error, 'EVENT_REJECTED'));
    assert.deepEqual([(await second.read('job/a'))?.state, (await second.read('job/a'))?.status], ['over', 'done']);
  });
});

describe('a migration', () => {
  const renamed = {
    initial: 'WAITING',
    states: {
      WAITING: { on: { go: 'over' }, after: { [HOUR]: 'late' }, invoke: { src: 'work', onDone: 'over' } },
      late: {},
      over: { type: 'final' }
    }
  };
  const former = {
    ...waiting,
    states: { ...waiting.states, waiting: { ...waiting.states.waiting, invoke: { src: 'work', onDone: 'over' } } }
  };
  const migrations = (version: string) => [
    {
      from: version,
      migrate: ({ context }: { context: Record<string, unknown> }) => ({
        value: 'WAITING',
        context: { ...context, migrated: true }
      })
    }
  ];

  it('is applied once, and what ran goes on: the timer with its time, the effect with its id', async (t) => {
    const place = new Place(t);
    const first = await place.start([job(machine(former))]);
    const born = await first.create('job/a', {});
    const newest = job(machine(renamed), { migrations: migrations(born.version) });
    const second = await place.start([newest]);
    assert.deepEqual(second.status.versions, { wentOn: 0, migrated: 1, stayed: 0, held: [] });
    const went = await second.read('job/a');
    assert.deepEqual([went?.state, went?.context, went?.deadlineAt], ['WAITING', { migrated: true }, born.deadlineAt]);
    assert.deepEqual(place.outside.begun, ['work job/a#1.0', 'work job/a#1.0 resumed']);
    const third = await place.start([newest]);
    assert.equal(third.status.versions.migrated, 0);
    place.outside.answer('job/a#1.0');
    assert.equal((await third.waitFor('job/a', ({ status }) => status === 'done', { timeoutMs: HOUR }))?.state, 'over');
    assert.deepEqual(place.upgrades(), ['a waiting → WAITING']);
  });

  it('that gives another state begins what runs there, not resumed, and ends what does not', async (t) => {
    const place = new Place(t);
    const first = await place.start([job(machine(former))]);
    const { version } = await first.create('job/a', {});
    const elsewhere = machine({ initial: 'x', states: { x: {}, y: { invoke: { src: 'other' }, after: { 5: 'x' } } } });
    const kind = job(elsewhere, {
      migrations: [{ from: version, migrate: ({ context }) => ({ value: 'y', context }) }]
    });
    await place.start([kind]);
    assert.deepEqual(place.outside.begun, ['work job/a#1.0', 'other job/a#2.0']);
    const third = await place.start([kind]);
    assert.deepEqual(
      place.outside.begun.slice(2),
      ['other job/a#2.0 resumed'],
      'what was ended is not in the journal either'
    );
    place.clock.move(5);
    assert.equal((await third.waitFor('job/a', ({ state }) => state === 'x', { timeoutMs: HOUR }))?.state, 'x');
  });

  it('that fails leaves the actor held, with the reason; one that is mended carries it on', async (t) => {
    const place = new Place(t);
    const first = await place.start([job(machine(former))]);
    const { version } = await first.create('job/a', {});
    const broken = [
      {
        from: version,
        migrate: () => {
          throw new Error('no such thing');
        }
      }
    ];
    const second = await place.start([job(machine(renamed), { migrations: broken })]);
    assert.match(
      (await second.read('job/a'))?.held ?? '',
      /the migration from '[0-9a-f]{16}' does not do: no such thing.*mend the migration/
    );
    assert.match(place.troubles.join(), /1 actors of kind 'job', version [0-9a-f]{16}, are held: job\/a is held/);
    const third = await place.start([job(machine(renamed), { migrations: migrations(version) })]);
    assert.equal((await third.read('job/a'))?.state, 'WAITING');
  });

  it('is found by a label that only the journal knows', async (t) => {
    const place = new Place(t);
    const first = await place.start([job(machine({ ...former, version: 'v1' }))]);
    await first.create('job/a', {});
    const second = await place.start([job(machine({ ...renamed, version: 'v2' }), { migrations: migrations('v1') })]);
    assert.equal((await second.read('job/a'))?.state, 'WAITING');
    const rows = await place.journal.find('machines', { kind: 'job' });
    assert.deepEqual(
      rows.map(({ label }) => label),
      ['v2', 'v1']
    );
  });

  it('killed between two transactions goes on with those that are left, and none is migrated twice', async (t) => {
    const place = new Place(t);
    const first = await place.start([job(machine(former))]);
    let version = '';
    for (let i = 0; i < 40; i++) ({ version } = await first.create(`job/${i}`, {}));
    let runs = 0;
    const counting = migrations(version).map(({ from, migrate }) => ({
      from,
      migrate: (actor: { context: Record<string, unknown> }) => {
        runs++;
        assert.equal(actor.context.migrated, undefined, 'migrated twice');
        return migrate(actor);
      }
    }));
    const kind = job(machine(renamed), { migrations: counting });
    // Ten actors a transaction; the third is the last that reaches the disk.
    let commits = 0;
    const dying = place.journal.crash({
      onCommit: async (apply) => {
        commits += 1;
        if (commits > 4) return new Promise<void>(() => {});
        apply();
      }
    });
    place.journal = dying;
    const second = createEmbeddedHost({
      journal: dying,
      kinds: [kind],
      maxBatch: 10,
      clock: place.clock.of(() => false)
    });
    second.onCommit((rows) => place.rows.push(...rows));
    void second.start();
    while (commits < 5) await new Promise(setImmediate);
    const third = await place.start([kind]);
    assert.equal(third.status.versions.migrated, 10);
    assert.equal(runs, 50, 'those of the transaction that was lost once more');
    assert.equal(place.upgrades().length, 40);
    for (let i = 0; i < 40; i++) assert.deepEqual((await third.read(`job/${i}`))?.context, { migrated: true });
  });
});

describe('an actor that fits no machine', () => {
  it('is held: no step, its mail and timers kept, and goes on when a later start can carry it', async (t) => {
    const place = new Place(t);
    const tells = machine({
      id: 'teller',
      initial: 'a',
      states: { a: { on: { tell: { actions: { type: 'tell', params: { to: 'job/a', event: { type: 'go' } } } } } } }
    });
    const teller: ActorKind = { kind: 'teller', machine: tells, durable: true };
    const old = machine(waiting);
    const first = await place.start([job(old), teller]);
    const born = await first.create('job/a', {});
    await first.create('job/b', {});
    await first.create('teller/t', {});

    const second = await place.start([job(machine(without)), teller]);
    const { held } = second.status.versions;
    assert.deepEqual(
      held.map(({ kind, version, count }) => [kind, version, count]),
      [['job', born.version, 2]]
    );
    const why = new RegExp(
      `made by version ${born.version}; the newest is [0-9a-f]+: state 'waiting' is not in the machine; the machine has begun, over; register the machine of that version under previous of 'job', or give a migration from '${born.version}'`
    );
    assert.match(held[0]!.why, why);
    const view = (await second.read('job/a'))!;
    assert.match(view.held ?? '', why);
    assert.deepEqual([view.why, view.accepts, view.status, view.state], [view.held, [], 'active', 'waiting']);
    await assert.rejects(
      second.send('job/a', { type: 'go' }),
      (error) => isControlError(error, 'ACTOR_HELD') && error.status === 503 && why.test(error.message)
    );
    await assert.rejects(second.create('job/a', {}), (error) => isControlError(error, 'ACTOR_EXISTS'));
    const { head } = second;
    await second.send('teller/t', { type: 'tell' });
    place.clock.move(HOUR);
    await second.write([]);
    assert.deepEqual(
      place.rows.filter(({ cursor, actorKind }) => cursor > head && actorKind === 'job'),
      [],
      'nothing of it moves'
    );
    assert.equal((await second.create('job/c', {})).state, 'begun', 'new ones are of the newest');

    // A start that cannot carry it either loses nothing.
    await place.start([job(machine(without)), teller]);
    const fourth = await place.start([job(machine(without), { previous: [{ machine: old }] }), teller]);
    assert.deepEqual([fourth.status.versions.stayed, fourth.status.versions.held], [2, []]);
    assert.equal(
      (await fourth.waitFor('job/a', ({ status }) => status === 'done', { timeoutMs: HOUR }))?.state,
      'over'
    );
    place.clock.move(0);
    assert.equal((await fourth.waitFor('job/b', ({ state }) => state === 'late', { timeoutMs: HOUR }))?.state, 'late');
  });

  it('starts no effect, and keeps it', async (t) => {
    const place = new Place(t);
    const works = machine({ initial: 'a', states: { a: { invoke: { id: 'w', src: 'work', onDone: 'b' } }, b: {} } });
    const first = await place.start([job(works)]);
    await first.create('job/a', {});
    await place.start([job(machine(without))]);
    assert.deepEqual(place.outside.begun, ['work job/a#1.0']);
    const third = await place.start([job(works)]);
    assert.deepEqual(place.outside.begun.slice(1), ['work job/a#1.0 resumed']);
    place.outside.answer('job/a#1.0');
    assert.equal((await third.waitFor('job/a', ({ state }) => state === 'b', { timeoutMs: HOUR }))?.state, 'b');
  });
});

describe('a former machine beside the newest', () => {
  const child = (state: string) =>
    createMachine({
      id: 'child',
      initial: state,
      states: { [state]: { on: { end: 'over' } }, over: { type: 'final' } }
    } as never) as unknown as AnyStateMachine;
  const parent = (of: AnyStateMachine, effectName: string, more: object = {}) =>
    machine(
      {
        initial: 'idle',
        states: {
          idle: { on: { go: 'working' }, after: { [HOUR]: 'late' } },
          working: { invoke: { id: 'w', src: effectName, onDone: 'deep' } },
          deep: { invoke: { id: 'c', src: 'child', onDone: 'over' } },
          late: {},
          over: { type: 'final' }
        },
        ...more
      },
      { child: of }
    );

  it('keeps its actors with their effects, timers and child machines, beside new ones of the newest', async (t) => {
    const place = new Place(t);
    const v1 = parent(child('one'), 'work');
    const v2 = parent(child('two'), 'other', { version: '2' });
    const first = await place.start([job(v1)]);
    const old = await first.create('job/old', {});
    const second = await place.start([job(v2, { previous: [{ machine: v1 }] })]);
    assert.deepEqual([second.status.versions.stayed, place.upgrades()], [1, []]);
    const young = await second.create('job/young', {});
    assert.notEqual(young.version, old.version);
    const ran = (name: string) => place.outside.begun.filter((line) => line.includes(`job/${name}#`));
    for (const [name, src, state] of [
      ['old', 'work', 'one'],
      ['young', 'other', 'two']
    ] as const) {
      await second.send(`job/${name}`, { type: 'go' });
      assert.deepEqual(ran(name), [`${src} job/${name}#2.0`]);
      place.outside.answer(`job/${name}#2.0`);
      await second.waitFor(`job/${name}`, (view) => view.state === 'deep', { timeoutMs: HOUR });
      const made = await second.waitFor(`job_child/${name}.c.3`, () => true, { timeoutMs: HOUR });
      assert.equal(made?.state, state);
    }
    assert.equal((await second.read('job/old'))?.version, old.version);
    // And after a start more, with the parent in the middle.
    const third = await place.start([job(v2, { previous: [{ machine: v1 }] })]);
    for (const name of ['old', 'young']) {
      await third.send(`job_child/${name}.c.3`, { type: 'end' });
      assert.equal(
        (await third.waitFor(`job/${name}`, ({ status }) => status === 'done', { timeoutMs: HOUR }))?.state,
        'over'
      );
    }
    assert.deepEqual(place.troubles, []);
  });

  it('keeps a child that the newest has no more, and is held without it while its child goes on', async (t) => {
    const place = new Place(t);
    const v1 = parent(child('one'), 'work');
    const first = await place.start([job(v1)]);
    await first.create('job/a', {});
    await first.send('job/a', { type: 'go' });
    place.outside.answer('job/a#2.0');
    await first.waitFor('job_child/a.c.3', () => true, { timeoutMs: HOUR });
    const v2 = parent(child('one'), 'other', { initial: 'late' });
    const changed = { ...v2.config, states: { late: {} } };
    const second = await place.start([job(machine(changed, { child: child('one') }))]);
    assert.ok((await second.read('job/a'))?.held);
    assert.equal((await second.read('job_child/a.c.3'))?.held, null, 'its machine is the same');
    assert.equal((await second.send('job_child/a.c.3', { type: 'end' })).status, 'done');
    const third = await place.start([
      job(machine({ initial: 'x', states: { x: {} } }), { previous: [{ machine: v1 }] })
    ]);
    assert.equal(
      (await third.waitFor('job/a', ({ status }) => status === 'done', { timeoutMs: HOUR }))?.state,
      'over',
      'the word of its child was kept'
    );
  });
});

describe('parents and children of former versions', () => {
  const child = (states: object, more: object = {}) =>
    createMachine({ id: 'child', initial: 'one', context: {}, states, ...more } as never) as unknown as AnyStateMachine;
  const one = child({ one: { on: { end: 'over' } }, over: { type: 'final' } });
  const family = (of: AnyStateMachine, invoke: object, state = 'a') =>
    machine(
      {
        initial: state,
        states: { [state]: { invoke: { src: 'child', onDone: 'over', ...invoke } }, over: { type: 'final' } }
      },
      { child: of }
    );

  it('go over each by itself, and find each other under the new names', async (t) => {
    const place = new Place(t);
    const first = await place.start([job(family(one, {}))]);
    const { version } = await first.create('job/a', {});
    const address = 'job_child/a.0.job.a.1';
    await first.waitFor(address, () => true, { timeoutMs: HOUR });
    const two = child({ ONE: { on: { end: 'over' } }, over: { type: 'final' } }, { initial: 'ONE' });
    const childVersion = (await first.read(address))!.version;
    const second = await place.start([
      job(family(two, { id: 'c' }, 'A'), {
        migrations: [
          { from: version, migrate: ({ context }) => ({ value: 'A', context }) },
          { kind: 'job_child', from: childVersion, migrate: ({ context }) => ({ value: 'ONE', context }) }
        ]
      })
    ]);
    assert.deepEqual(place.upgrades().toSorted(), ['a a → A', 'a.0.job.a.1 one → ONE']);
    await second.send(address, { type: 'end' });
    assert.equal(
      (await second.waitFor('job/a', ({ status }) => status === 'done', { timeoutMs: HOUR }))?.state,
      'over'
    );
  });

  it('stop who is wanted no more, also when it fits no machine', async (t) => {
    const place = new Place(t);
    const first = await place.start([job(family(one, {}))]);
    const { version } = await first.create('job/a', {});
    const address = 'job_child/a.0.job.a.1';
    await first.waitFor(address, () => true, { timeoutMs: HOUR });
    const other = child({ x: {} }, { initial: 'x' });
    const lone = machine({ initial: 'b', states: { b: {} } }, { child: other });
    const second = await place.start([
      job(lone, { migrations: [{ from: version, migrate: ({ context }) => ({ value: 'b', context }) }] })
    ]);
    assert.equal((await second.read('job/a'))?.state, 'b');
    assert.match((await second.read(address))?.held ?? '', /state 'one' is not/);
    const third = await place.start([job(lone, { previous: [{ machine: family(one, {}) }] })]);
    const end = await third.waitFor(address, ({ status }) => status === 'done', { timeoutMs: HOUR });
    assert.equal(end?.state, 'one', 'it was stopped where it was');
  });
});

describe('a kind that is always there', () => {
  const input = {
    approvalId: 'a',
    commandId: 'c',
    correlationId: 'k',
    sessionId: null,
    accountId: null,
    platform: 'example',
    actionHash: 'f',
    preview: {},
    expiresAt: 1_700_000_000_000 + HOUR
  };
  const approval = (more: Partial<ActorKind> = {}): ActorKind => ({
    kind: 'approval',
    machine: approvalMachine,
    durable: true,
    ...more
  });
  // biome-ignore lint/suspicious/noExplicitAny: the config of another release
  const release = (change: (config: any) => object): AnyStateMachine =>
    new StateMachine(
      change(approvalMachine.config) as never,
      approvalMachine.implementations as never
    ) as unknown as AnyStateMachine;

  it('goes on with another release of this program, and keeps its deadline', async (t) => {
    const place = new Place(t);
    const first = await place.start([approval()]);
    const born = await first.create('approval/a', input);
    const second = await place.start([approval({ machine: release((config) => ({ ...config, version: '2' })) })]);
    assert.equal(second.status.versions.wentOn, 1);
    assert.equal((await second.read('approval/a'))?.deadlineAt, born.deadlineAt);
    place.clock.move(HOUR);
    assert.equal(
      (await second.waitFor('approval/a', ({ status }) => status === 'done', { timeoutMs: 2 * HOUR }))?.state,
      'EXPIRED'
    );
  });

  it('can be shipped with migrations, and with its former machine', async (t) => {
    const renamed = release((config) => {
      const { PENDING, ...states } = config.states;
      return { ...config, initial: 'OPEN', states: { OPEN: PENDING, ...states } };
    });
    for (const more of ['migrations', 'previous']) {
      const place = new Place(t);
      const first = await place.start([approval()]);
      const { version } = await first.create('approval/a', input);
      const migrations = [
        { from: version, migrate: ({ context }: { context: Record<string, unknown> }) => ({ value: 'OPEN', context }) }
      ];
      const kind = approval({
        machine: renamed,
        ...(more === 'migrations' ? { migrations } : { previous: [{ machine: approvalMachine }] })
      });
      const second = await place.start([kind]);
      assert.equal((await second.read('approval/a'))?.state, more === 'migrations' ? 'OPEN' : 'PENDING');
      const decided = await second.send('approval/a', { type: 'approval.decide', decision: 'allow', by: 'ann' });
      assert.equal(decided.state, 'ALLOWED');
    }
  });
});

describe('ten thousand actors of a former version', () => {
  it('go over in slices, between which others run, found by an index', async (t) => {
    const directory = await temporaryFolder(t);
    const open = (): Journal => openSqliteJournal({ directory, synchronous: 'OFF' });
    const of = (more: object) =>
      createMachine({
        id: 'job',
        context: { n: 0 },
        initial: 'a',
        states: { a: {}, ...more }
      } as never) as unknown as AnyStateMachine;
    const count = 10_000;
    const first = createEmbeddedHost({ journal: open(), kinds: [job(of({}))] });
    await first.start();
    let version = '';
    await Promise.all(
      Array.from({ length: count }, async (_, i) => ({ version } = await first.create(`job/${i}`, {})))
    );
    await first.stop();

    const longest = { ms: 0 };
    const sizes: number[] = [];
    const second = createEmbeddedHost({
      journal: open(),
      kinds: [
        job(of({ b: { entry: assign({ n: 1 }) } }), {
          migrations: [{ from: version, migrate: ({ context }) => ({ value: 'b', context }) }]
        })
      ]
    });
    t.after(() => second.stop());
    second.onCommit((rows) => sizes.push(rows.length));
    let [turns, at] = [0, performance.now()];
    const turn = () => {
      turns += 1;
      longest.ms = Math.max(longest.ms, performance.now() - at);
      at = performance.now();
      if (second.status.state !== 'running') setImmediate(turn);
    };
    setImmediate(turn);
    await second.start();
    assert.deepEqual(second.status.versions, { wentOn: 0, migrated: count, stayed: 0, held: [] });
    assert.ok(Math.max(...sizes) <= 500, `batches of ${Math.max(...sizes)}`);
    assert.ok(turns > count / 500, `${turns} turns of the loop, the longest ${longest.ms} ms`);
    assert.deepEqual(await second.journal.livingVersions(), [
      { kind: 'job', version: (await second.read('job/0'))!.version, count }
    ]);
  });
});
