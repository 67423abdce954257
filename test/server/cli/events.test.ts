import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createApi } from '../../../server/cli/api.ts';
import type { Connection } from '../../../server/cli/connection.ts';
import { events } from '../../../server/cli/events.ts';
import { cuttingProxy } from '../../support/cutting-proxy.ts';
import { stubInstance, temporaryFolder } from './harness.ts';

const COMMANDS = 4;

describe('the stream of a command', () => {
  it('comes back where it was when its connection is cut again and again, without a gap or a repeat', async (t) => {
    const folder = temporaryFolder(t);
    const instance = await stubInstance(folder);
    t.after(() => instance.stop());
    const direct = { ...instance.endpoints, token: instance.adminToken.token };
    const proxy = await cuttingProxy(t, Number(new URL(direct.telemetry).port));
    const connection: Connection = { ...direct, telemetry: `ws://${proxy.host}` };

    const listening = new AbortController();
    let lost = 0;
    let ended = 0;
    const cursors: number[] = [];
    const heard = (async () => {
      const stream = events(connection, { cursor: '0', signal: listening.signal, onLost: () => lost++ });
      for await (const frame of stream) {
        assert.notEqual(frame.type, 'gap');
        if (frame.type !== 'event') continue;
        cursors.push(Number(frame.event.cursor));
        // In the middle of what is on its way: a replay, then the live stream.
        if (cursors.length % 9 === 0) proxy.cut();
        if (frame.event.payload.to === 'SUCCEEDED' && ++ended === COMMANDS) listening.abort();
      }
    })();
    const api = createApi(direct);
    for (let i = 0; i < COMMANDS; i++) {
      await api.call('POST', '/v1/commands', {
        version: '1.0',
        requester: { service: 'admin', instance_id: 'test' },
        target: { platform: 'example', account_id: 'alice' },
        type: 'flow.run',
        payload: { flow: 'comment_on_post', params: { post_url: 'http://127.0.0.1:9/post/1', text: `number ${i}` } }
      });
    }
    await heard;

    assert.ok(lost > 0, 'it was cut at least once');
    assert.deepEqual(
      cursors,
      Array.from(cursors, (_, i) => i + 1)
    );
  });

  it('says after some tries that nobody answers', async (t) => {
    const proxy = await cuttingProxy(t, 1);
    const connection = { control: 'http://127.0.0.1:1', telemetry: `ws://${proxy.host}`, token: 't' };
    const signal = new AbortController().signal;
    const stream = events(connection, { signal, retries: 2 });
    await assert.rejects(stream.next(), { name: 'CliError', exitCode: 3 });
  });
});
