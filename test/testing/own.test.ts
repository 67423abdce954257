import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { ownDeployment } from '../../server/cli/own-deployment.ts';
import { testedKinds } from '../../server/cli/tested-kinds.ts';
import { World } from '../../testing/fuzz/world.ts';
import { userProject } from '../support/user-project.ts';
import { tallyConfig } from './tally.ts';

const project = async (t: TestContext) =>
  join(await userProject(t, { 'troupe.config.ts': tallyConfig() }), 'troupe.config.ts');

describe('a deployment of one’s own', () => {
  it('is killed in the middle of what clients send, and has all of it that it had answered', async (t) => {
    const file = await project(t);
    const [tally] = (await testedKinds(file)).filter(({ kind }) => kind === 'tally');
    const own = await ownDeployment(file, process.env);
    t.after(() => own.close());
    const { target } = own;
    const world = await World.open(target, tally!, 'killed');
    t.after(() => world.close());
    await world.make(0);
    for (let n = 0; n < 3; n++) await world.send(0, { type: 'tally.add', n: 1 });
    const sent = Promise.all([1, 2, 3].map((n) => world.send(0, { type: 'tally.add', n })));
    await target.kill!();
    await sent;
    await target.start!();
    await world.send(0, { type: 'tally.close' });
    const taken = await world.finish();
    const adds = taken.filter(({ event }) => event.type === 'tally.add');
    assert.ok(adds.length >= 3 && adds.length <= 6, `${adds.length} were taken`);
    assert.ok(taken.some(({ after }) => after.state === 'WRITING'));
  });
});
