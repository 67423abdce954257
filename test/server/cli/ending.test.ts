import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { ProcessLedger } from '../../../actors/driver/ledger.ts';
import { createApi } from '../../../server/cli/api.ts';
import { events } from '../../../server/cli/events.ts';
import { readEndpoints } from '../../../server/endpoints.ts';
import { startSite } from '../../site/site.ts';
import { program } from '../../support/manager.ts';
import { webkitMissing } from '../../support/webkit.ts';
import { temporaryFolder } from './harness.ts';

const skip = webkitMissing() ?? false;

/** A process whose browser is in the middle of opening a page that does not come. */
async function inTheMiddle(t: TestContext): Promise<{ child: ChildProcess; data: string }> {
  const site = await startSite({ visitor: 'alice' });
  t.after(() => site.close());
  let child: ChildProcess | undefined;
  // Hooks run in the order they are set: nothing may be left of the processes when the folder goes.
  t.after(() => {
    child?.kill('SIGKILL');
    new ProcessLedger(join(data, 'processes')).sweepNow();
  });
  const data = join(temporaryFolder(t), 'data');
  const ports = ['--control', '127.0.0.1:0', '--telemetry', '127.0.0.1:0'];
  child = spawn(process.execPath, [...program(), 'start', '--data', data, ...ports], {
    stdio: ['ignore', 'pipe', 'ignore']
  });
  for (let text = ''; !text.includes('Ctrl-C ends it'); ) text += (await once(child.stdout!, 'data'))[0];
  const token = readFileSync(join(data, 'admin.token'), 'utf8').trim();
  const connection = { ...readEndpoints(data)!, token };
  await createApi(connection).call('POST', '/v1/commands', {
    version: '1.0',
    requester: { service: 'admin', instance_id: 'test' },
    target: { platform: 'example', account_id: 'alice' },
    type: 'flow.run',
    payload: { flow: 'comment_on_post', params: { post_url: site.postUrl(1, 'variant=never-answer'), text: 'hi' } }
  });
  await site.waitForRequest(({ url }) => url.includes('never-answer'));
  const stop = new AbortController();
  for await (const frame of events(connection, { cursor: '0', signal: stop.signal })) {
    if (frame.type === 'event' && frame.event.type === 'action.attempted') stop.abort();
  }
  assert.ok(new ProcessLedger(join(data, 'processes')).living().length >= 3, 'display, Appium, driver, browser');
  return { child, data };
}

const left = (data: string) => new ProcessLedger(join(data, 'processes')).living();

describe('a process that is told to end while its browser works', { skip }, () => {
  it('ends in order, and no browser is left', async (t) => {
    const { child, data } = await inTheMiddle(t);
    child.kill('SIGTERM');
    assert.deepEqual(await once(child, 'exit'), [0, null]);
    assert.deepEqual(left(data), []);
    assert.equal(readEndpoints(data), undefined);
  });

  it('ends at once when it is told again, and no browser is left then either', async (t) => {
    const { child, data } = await inTheMiddle(t);
    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    // Sooner it would be taken for the first one passed on; it is still draining by then.
    const again = setInterval(() => child.kill('SIGTERM'), 600);
    t.after(() => clearInterval(again));
    assert.deepEqual(await exit, [128 + 15, null]);
    assert.deepEqual(left(data), []);
  });
});
