import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { commandsOf } from '../../testing/fuzz/commands.ts';
import { type FuzzOptions, type FuzzReport, fuzzLive, sequenceOf } from '../../testing/fuzz/fuzz.ts';
import { openProxy } from '../../testing/fuzz/proxy.ts';
import type { Target } from '../../testing/fuzz/target.ts';
import { Found, World } from '../../testing/fuzz/world.ts';
import { type Endpoint, NotTested } from '../../testing/live/deployment.ts';
import { deploy, endpointOf, lyingDeployment, ordersHere } from './deployed.ts';
import { orderConfig } from './orders.ts';

const found = ({ failure }: FuzzReport) => new Set(failure?.deviations.map(({ what }) => what));

describe('a deployment that is fuzzed', () => {
  const ends: (() => unknown)[] = [];
  const t = { after: (end: () => unknown) => void ends.push(end) } as never;
  let honest: Endpoint;
  before(async () => {
    honest = endpointOf(await deploy(t, orderConfig()));
  });
  after(async () => {
    for (const end of ends.reverse()) await end();
  });
  const fuzz = (endpoint: Endpoint, options: Partial<FuzzOptions> = {}, target: Partial<Target> = {}) =>
    fuzzLive({ endpoint, alone: true, ...target }, ordersHere(), { seed: 1, runs: 6, ...options });

  it('is as its machine says, whatever races, comes twice, late or without an answer', async (t) => {
    const proxy = await openProxy(honest);
    t.after(() => proxy.close());
    const report = await fuzz(
      { ...honest, url: proxy.url, telemetryUrl: proxy.telemetryUrl },
      { clients: 3 },
      { proxy }
    );
    assert.equal(report.failure, null, JSON.stringify(report.failure, null, 1));
    assert.deepEqual([report.runs, report.missing.length < report.total], [6, true]);
    assert.ok(report.actors > 0 && report.steps > report.actors, JSON.stringify(report));
  });

  it('is found out where its guard is another, in the fewest commands there are, and again by what was printed', async (t) => {
    const other = endpointOf(await deploy(t, orderConfig({ enough: 8 })));
    const report = await fuzz(other, { anyVersion: true, runs: 100, clients: 1 });
    assert.deepEqual(found(report), new Set(['transition is wrong']));
    const { commands, path } = report.failure!;
    // 4 and 4 are enough there, and not here.
    assert.deepEqual(commands, ['make(input 0)', 'send(actor 0, order.pay 0)', 'send(actor 0, order.pay 0)']);
    const again = await fuzz(other, { anyVersion: true, path, clients: 1 });
    assert.deepEqual([again.failure?.commands, found(again)], [commands, found(report)]);
    const elsewhere = await fuzz(honest, { path, clients: 1 });
    assert.equal(elsewhere.failure, null);
  });

  it('is found out where it makes what it was asked for again', async (t) => {
    const twice = await lyingDeployment(t, honest, {
      answer: (method, path, status, body) =>
        method === 'POST' && path === '/v1/actors/order' && status === 409
          ? { status: 201, body: { ...body, step: 1 } }
          : undefined
    });
    const report = await fuzz(twice, { runs: 100, clients: 1 });
    assert.deepEqual(found(report), new Set(['made twice']));
    assert.deepEqual(report.failure?.commands, ['make(input 0)', 'make again(actor 0)']);
  });

  it('is found out where it takes what does not fit', async (t) => {
    const lax = await lyingDeployment(t, honest, {
      answer: (_method, _path, status, body) =>
        status === 400 ? { status: 202, body: { ...body, step: 99 } } : undefined
    });
    const report = await fuzz(lax, { runs: 100, clients: 1 });
    assert.deepEqual(found(report), new Set(['unfit was taken']));
    assert.equal(report.failure?.commands.length, 2);
    assert.match(report.failure!.commands[1]!, /^send unfit\(actor 0, order\.(pay|cancel) \d /);
  });

  it('is found out where a row has gone, though nobody was told of it', async (t) => {
    const world = await World.open({ endpoint: honest, alone: true }, ordersHere(), 'gone');
    t.after(() => world.close());
    await world.make(0);
    await world.send(0, { type: 'order.pay', amount: 4 });
    await world.send(0, { type: 'order.cancel' });
    const life = world.lives[0]!;
    const replay = world.deployment.replay.bind(world.deployment);
    world.deployment.replay = async (...asked) =>
      (await replay(...asked)).filter(({ payload }) => payload.to !== 'CANCELLED');
    await assert.rejects(world.finish(), (error) => {
      assert.ok(error instanceof Found);
      assert.equal(error.deviations[0]?.what, 'transition is lost');
      assert.equal(error.deviations[0]?.address, life.address);
      return true;
    });
  });

  it('gets the same sequences for the same seed', () => {
    const target = { endpoint: honest, alone: true };
    const sequences = (seed: number) =>
      fc
        .sample(sequenceOf(fc.oneof(...commandsOf(ordersHere(), target, { clients: 2 })), 20), { seed, numRuns: 5 })
        .map((commands) => [...commands].map(String));
    assert.deepEqual(sequences(7), sequences(7));
    assert.notDeepEqual(sequences(7), sequences(8));
    assert.ok(
      sequences(7)
        .flat()
        .some((text) => text.startsWith('race('))
    );
  });

  it('says what is wrong with a path that nobody printed', async () => {
    await assert.rejects(fuzz(honest, { path: '3:x' }), (error) => error instanceof NotTested && error.why === 'usage');
  });
});
