import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Deployment, type Endpoint, NotTested } from '../../testing/live/deployment.ts';
import type { Deviation } from '../../testing/live/life.ts';
import { type LiveReport, type RunOptions, runLive } from '../../testing/live/run.ts';
import { deploy, endpointOf, type Lies, lyingDeployment, ordersHere } from './deployed.ts';
import { orderConfig } from './orders.ts';

const found = ({ deviations }: LiveReport) => new Set(deviations.map(({ what }) => what));

describe('a machine that is walked on a deployment', () => {
  const ends: (() => unknown)[] = [];
  const t = { after: (end: () => unknown) => void ends.push(end) } as never;
  let honest: Endpoint;
  before(async () => {
    honest = endpointOf(await deploy(t, orderConfig()));
  });
  after(async () => {
    for (const end of ends.reverse()) await end();
  });
  const run = (endpoint: Endpoint, options: RunOptions = {}) =>
    runLive(new Deployment(endpoint), ordersHere(), { waitMs: 30_000, ...options });

  it('is as it says, and what cannot be brought about from outside is named', async () => {
    const report = await run(honest);
    assert.deepEqual(report.deviations, []);
    assert.deepEqual([report.walked + report.notWalked, report.notWalked], [report.walks.length, 2]);
    assert.ok(report.walked > 0);
    const why = report.walks.flatMap(({ why }) => why ?? []).sort();
    assert.match(why[0]!, /'xstate\.error\.actor\.charge': 'xstate\.done\.actor\.charge' came, .* led to PAID/);
    assert.match(why[1]!, /'xstate\.after\.3600000\.order\.PAID': its timer is due 3600 s after PAID began, and 30 s/);
    assert.deepEqual([report.covered, report.total], [5, 7]);
    assert.deepEqual(report.missing, [
      'PAYING xstate.error.actor.charge → FAILED',
      'PAID xstate.after.3600000.order.PAID → KEPT'
    ]);
    assert.equal(report.unknown, 0, 'what an effect gave is read from the past');
    const refusals = report.walks.flatMap(({ life }) => life.rows.filter(({ type }) => type === 'event.rejected'));
    assert.deepEqual(
      new Set(refusals.map(({ payload }) => `${payload.from} ${payload.event}`)),
      new Set(['CANCELLED order.cancel', 'CANCELLED order.pay', 'PAID order.pay'])
    );
  });

  it('follows the machine where the outside does otherwise', async (t) => {
    const failing = await deploy(
      t,
      orderConfig({}, () => Promise.reject(new Error('no money')))
    );
    const report = await run(endpointOf(failing));
    assert.deepEqual(report.deviations, []);
    assert.ok(!report.missing.includes('PAYING xstate.error.actor.charge → FAILED'));
    assert.ok(report.missing.includes('PAYING xstate.done.actor.charge → PAID'));
    assert.deepEqual(
      report.walks.find(({ path }) => path.steps.some(({ event }) => event.type === 'xstate.error.actor.charge'))
        ?.outcome,
      'walked'
    );
  });

  it('covers what another criterion asks for', async () => {
    const report = await run(honest, { criterion: 'states' });
    assert.deepEqual([report.deviations, report.missing.toSorted()], [[], ['FAILED', 'KEPT']]);
  });

  it('is not walked on another version of it, unless that is wanted', async (t) => {
    const other = endpointOf(await deploy(t, orderConfig({ label: '2' })));
    await assert.rejects(run(other), (error: NotTested) => {
      assert.ok(error instanceof NotTested);
      assert.deepEqual([error.why, /--any-version/.test(error.message)], ['usage', true]);
      return true;
    });
    assert.deepEqual((await run(other, { anyVersion: true })).deviations, []);
  });

  it('is held against what is there: a guard that is another, an event that is taken beside', async (t) => {
    const strict = endpointOf(await deploy(t, orderConfig({ enough: 100 })));
    assert.deepEqual(found(await run(strict, { anyVersion: true })), new Set(['transition is wrong']));
    const loose = endpointOf(await deploy(t, orderConfig({ paysTwice: true })));
    assert.deepEqual(found(await run(loose, { anyVersion: true })), new Set(['accepts is wrong']));
    const silent = await lyingDeployment(t, loose, {
      answer: (_method, _path, status, body) =>
        body.state === 'PAID' ? { status, body: { ...body, accepts: ['order.cancel'] } } : undefined
    });
    assert.deepEqual(found(await run(silent, { anyVersion: true })), new Set(['illegal event was taken']));
  });

  const isEvent = (method: string, path: string) => method === 'POST' && path.endsWith('/events');
  const isMove = (frame: { type: string; event?: { type: string; payload: { to: string } } }, to: string) =>
    frame.type === 'event' && frame.event?.type === 'order.changed' && frame.event.payload.to === to;
  /** Of those that are OPEN, as the liar has seen them. */
  const stepOf = new Map<string, number>();
  const idIn = (path: string) => path.split('/')[4] ?? '';
  const isCancelledOpen = (path: string, sent?: { type?: string }) =>
    sent?.type === 'order.cancel' && stepOf.has(idIn(path));
  const lies: Record<string, { lies: Lies; found: Deviation['what'][] }> = {
    'shows another state': {
      lies: {
        answer: (method, path, status, body) =>
          isEvent(method, path) && body.state === 'CANCELLED' ? { status, body: { ...body, state: 'OPEN' } } : undefined
      },
      found: ['state is wrong']
    },
    'shows other events than it takes': {
      lies: {
        answer: (method, path, status, body) =>
          isEvent(method, path) && body.state === 'OPEN'
            ? { status, body: { ...body, accepts: ['order.pay'] } }
            : undefined
      },
      found: ['accepts is wrong']
    },
    'loses a transition': {
      lies: { frame: (frame) => (isMove(frame, 'PAYING') ? [] : [frame]) },
      found: ['transition is lost']
    },
    'loses the last transition': {
      lies: { frame: (frame) => (isMove(frame, 'CANCELLED') ? [] : [frame]) },
      found: ['transition is lost']
    },
    'says a transition twice': {
      lies: { frame: (frame) => (isMove(frame, 'CANCELLED') ? [frame, frame] : [frame]) },
      found: ['row came twice']
    },
    'sends an event twice': {
      lies: { times: (method, path, sent) => (isEvent(method, path) && sent.amount === 4 ? 2 : 1) },
      found: ['nobody sent it']
    },
    'accepts and does nothing': {
      lies: {
        times: (method, path, sent) => (isEvent(method, path) && isCancelledOpen(path, sent) ? 0 : 1),
        answer: (method, path, status, body, sent) => {
          if (method === 'GET' || body.code !== undefined) return undefined;
          if (isEvent(method, path) && isCancelledOpen(path, sent)) {
            const step = stepOf.get(idIn(path)) as number;
            return {
              status,
              body: { step: step + 1, state: 'CANCELLED', status: 'done', accepts: [], last_cursor: '0' }
            };
          }
          if (body.state === 'OPEN') stepOf.set(body.id, body.step);
          else stepOf.delete(body.id);
          return undefined;
        }
      },
      found: ['transition is lost']
    },
    'refuses what is legal': {
      lies: {
        times: (method, path, sent) => (isEvent(method, path) && sent.type === 'order.cancel' ? 0 : 1),
        answer: (_m, _p, _s, _b, sent) =>
          sent?.type === 'order.cancel'
            ? {
                status: 409,
                body: { code: 'EVENT_REJECTED', detail: 'no', details: { state: 'OPEN', legal: ['order.pay'] } }
              }
            : undefined
      },
      found: ['refusal is not in the log']
    },
    'refuses with other alternatives': {
      lies: {
        answer: (_m, _p, status, body) =>
          body.code === 'EVENT_REJECTED' && body.details.state === 'PAID'
            ? { status, body: { ...body, details: { ...body.details, legal: [] } } }
            : undefined
      },
      found: ['alternatives are wrong']
    },
    'refuses what fits': {
      lies: {
        answer: (method, path) =>
          isEvent(method, path) ? { status: 400, body: { code: 'VALIDATION_FAILED', detail: 'no' } } : undefined
      },
      found: ['fit was refused']
    },
    'says another chain': {
      lies: {
        frame: (frame) =>
          isMove(frame, 'CANCELLED')
            ? [{ ...frame, event: { ...frame.event, payload: { ...frame.event.payload, from: 'PAYING' } } }]
            : [frame]
      },
      found: ['chain is broken']
    },
    'counts backwards': {
      lies: {
        frame: (frame) =>
          isMove(frame, 'CANCELLED') ? [{ ...frame, event: { ...frame.event, cursor: '1' } }] : [frame]
      },
      found: ['cursor went back']
    }
  };
  for (const [what, { lies: told, found: expected }] of Object.entries(lies)) {
    // What is hidden is waited for in vain, and found when all is over.
    const waitMs = told.frame ? 2_000 : 30_000;
    it(`is not what a deployment has that ${what}`, async (t) => {
      const report = await run(await lyingDeployment(t, honest, told), { waitMs });
      assert.deepEqual(found(report), new Set(expected), JSON.stringify(report.deviations, null, 1));
    });
  }
});
