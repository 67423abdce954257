import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { builtInTestedKinds } from '../../testing/kinds.ts';
import { runStories, STORY_KINDS } from '../../testing/live/built-in.ts';
import { Deployment, type Endpoint, NotTested } from '../../testing/live/deployment.ts';
import { deploy, endpointOf, type Lies, lyingDeployment } from './deployed.ts';

const here = (name: string) => builtInTestedKinds().find(({ kind }) => kind === name)!;

describe('commands, sessions and approvals of a deployment', () => {
  const ends: (() => unknown)[] = [];
  const t = { after: (end: () => unknown) => void ends.push(end) } as never;
  let honest: Endpoint;
  before(async () => {
    honest = endpointOf(await deploy(t, {}));
  });
  after(async () => {
    for (const end of ends.reverse()) await end();
  });

  for (const kind of STORY_KINDS) {
    it(`are as the machine '${kind}' says, whatever clients do with them`, async () => {
      const report = await runStories(new Deployment(honest), here(kind));
      assert.deepEqual(report.deviations, []);
      assert.ok(report.stories.some(({ actors }) => actors > 0));
      assert.ok(report.covered > (kind === 'approval' ? 2 : 10), `${report.covered} of ${report.total}`);
    });
  }

  it('are not as a deployment has them that hides a move, shows another state, or is told what nobody said', async (t) => {
    const found = async (lies: Lies, kind: string) => {
      const report = await runStories(new Deployment(await lyingDeployment(t, honest, lies)), here(kind));
      return new Set(report.deviations.map(({ what }) => what));
    };
    const isPaused = (frame: { type: string; event?: { payload: { event: string } } }) =>
      frame.type === 'event' && frame.event?.payload.event === 'session.pause';
    assert.deepEqual(
      await found({ frame: (frame) => (isPaused(frame) ? [] : [frame]) }, 'session'),
      new Set(['chain is broken'])
    );
    const shown: Lies['answer'] = (method, path, status, body) =>
      method === 'GET' && /^\/v1\/actors\/approval\/[^?]*$/.test(path)
        ? { status, body: { ...body, state: 'PENDING' } }
        : undefined;
    assert.deepEqual(await found({ answer: shown }, 'approval'), new Set(['state is wrong']));
    const twice: Lies['times'] = (method, path) => (method === 'POST' && path.endsWith('/resume') ? 2 : 1);
    assert.ok((await found({ times: twice }, 'session')).has('nobody sent it'));
  });

  it('are left alone where real browsers are driven', async (t) => {
    const real = await lyingDeployment(t, honest, {
      answer: (_method, path, status, { driver: _, ...body }) => (path === '/health' ? { status, body } : undefined)
    });
    await assert.rejects(runStories(new Deployment(real), here('command')), (error) => {
      assert.ok(error instanceof NotTested);
      assert.match(error.message, /--driver stub/);
      return true;
    });
  });
});
