/** `WS /v1/inspect`, with Stately's own receiver on the other end of a real socket. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { createWebSocketReceiver, type StatelyInspectionEvent } from '@statelyai/inspect';
import pino from 'pino';
import { WebSocket } from 'ws';
import { assign, createMachine, setup } from 'xstate';
import { readConfig } from '../../server/config.ts';
import { startTroupe, type Troupe } from '../../server/start.ts';
import { stateValue } from '../../server/telemetry/inspect-events.ts';
import { readUserConfig } from '../../server/user-config/read.ts';
import { assertInspectFrame } from '../support/described-frames.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { openHarness } from './harness.ts';

const lamp = setup({ actions: { count: assign({ n: ({ context }) => context.n + 1 }) } }).createMachine({
  id: 'lamp',
  context: { n: 0 },
  initial: 'off',
  states: {
    off: { on: { 'lamp.press': { target: 'on', actions: 'count' } } },
    on: {
      type: 'parallel',
      states: { light: { initial: 'dim', states: { dim: { on: { brighter: 'bright' } }, bright: {} } }, heat: {} },
      on: { 'lamp.press': 'off', 'lamp.break': 'broken' },
      after: { 3600000: 'off' }
    },
    broken: { type: 'final' }
  }
});

type Event = StatelyInspectionEvent & { cursor: string };
/** Of what comes over an inspector's socket, whatever it is. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into frames freely
type Said = any;

describe("Stately's inspector", () => {
  const ends: (() => unknown)[] = [];
  let troupe: Troupe;
  let server: string;

  before(async () => {
    const folder = await temporaryFolder({ after: (end: () => unknown) => void ends.push(end) } as never);
    const config = readConfig(
      { data: folder, driver: 'stub', recipes: false, control: '127.0.0.1:0', telemetry: '127.0.0.1:0' } as never,
      {}
    );
    const closed = { type: 'object', additionalProperties: false };
    const events = { 'lamp.press': closed, 'lamp.break': closed, brighter: closed };
    const registered = readUserConfig({ machines: [{ kind: 'lamp', machine: lamp, schema: { events } }] }, '/x/c.ts');
    const logger = pino({ level: 'silent' });
    troupe = await startTroupe(config, { logger, environment: {}, version: '0.0.0', registered });
    ends.push(() => troupe.stop());
    server = `${troupe.endpoints.telemetry}/v1/inspect`;
  });
  after(async () => {
    for (const end of ends.reverse()) await end();
  });

  async function ask(method: string, path: string, body?: unknown): Promise<Said> {
    const response = await fetch(troupe.endpoints.control + path, {
      method,
      headers: { authorization: `Bearer ${troupe.adminToken.token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    });
    assert.ok(response.ok, `${method} ${path}: ${response.status}`);
    return response.json();
  }
  const press = (id: string, type = 'lamp.press') => ask('POST', `/v1/actors/lamp/${id}/events`, { type });
  const linked = async () => (await ask('POST', '/v1/sign-in/links')).code as string;

  /** What it says, one after the other. */
  function heard() {
    const said: Said[] = [];
    let woken = () => {};
    /** Why one is not as the document of the stream has it. */
    let undescribed: unknown;
    return {
      said,
      take(one: Said) {
        said.push(one);
        try {
          assertInspectFrame(one);
        } catch (error) {
          undescribed ??= error;
        }
        woken();
      },
      async until(found: (one: Said) => boolean): Promise<Said> {
        for (;;) {
          if (undescribed) throw undescribed;
          const one = said.find(found);
          if (one) return one;
          await new Promise<void>((resolve) => {
            woken = resolve;
          });
        }
      }
    };
  }

  /** A socket of ours, for what Stately's receiver cannot do: say something, have a header, go away. */
  async function socketTo(t: { after(end: () => void): void }, query = '', token: string = troupe.adminToken.token) {
    const ears = heard();
    const socket = new WebSocket(server + query, { headers: { authorization: `Bearer ${token}` } });
    t.after(() => socket.terminate());
    socket.on('message', (data) => ears.take(JSON.parse(data.toString())));
    const closed = once(socket, 'close');
    await once(socket, 'open');
    return { ...ears, socket, closed, send: (frame: unknown) => socket.send(JSON.stringify(frame)) };
  }

  it('meets what lives, and then hears of all that happens, in its own words', async () => {
    await ask('POST', '/v1/actors/lamp', { id: 'desk' });
    const ears = heard();
    createWebSocketReceiver({ server: `${server}?actor_kinds=lamp&code=${await linked()}` }).subscribe(ears.take);
    const met = await ears.until(({ sessionId }) => sessionId === 'lamp/desk');
    assert.equal(met.type, '@xstate.actor');
    assert.deepEqual([met.name, met.rootId, met._version], ['lamp/desk', 'lamp/desk', '0.7.2']);
    assert.ok(Number(met.createdAt) > 1_600_000_000_000);
    assert.equal(met.snapshot.value, 'off');
    // What it is told is a machine to XState, and where it is a place in it.
    const machine = createMachine(JSON.parse(met.definition));
    assert.deepEqual(machine.resolveState({ value: met.snapshot.value }).value, 'off');

    await press('desk');
    await press('desk', 'brighter');
    await press('desk', 'lamp.break');
    const last = await ears.until(({ snapshot }) => snapshot?.value === 'broken');
    assert.equal(last.snapshot.status, 'done');
    const moves = (ears.said as Event[]).slice(1).map(({ type, ...more }) => {
      const { event, snapshot } = more as { event: { type: string }; snapshot?: { value: unknown } };
      return [type, event.type, ...(snapshot ? [snapshot.value] : [])];
    });
    assert.deepEqual(moves, [
      ['@xstate.event', 'lamp.press'],
      ['@xstate.snapshot', 'lamp.press', { on: { heat: {}, light: 'dim' } }],
      ['@xstate.event', 'brighter'],
      ['@xstate.snapshot', 'brighter', { on: { heat: {}, light: 'bright' } }],
      ['@xstate.event', 'lamp.break'],
      ['@xstate.snapshot', 'lamp.break', 'broken']
    ]);
    for (const { snapshot } of ears.said.slice(1)) {
      if (snapshot) assert.deepEqual(machine.resolveState({ value: snapshot.value }).value, snapshot.value);
    }
    assert.equal(new Set(ears.said.map(({ id }) => id)).size, ears.said.length, 'each has an id of its own');

    await ask('POST', '/v1/actors/lamp', { id: 'floor' });
    const [born] = [await ears.until(({ sessionId }) => sessionId === 'lamp/floor')];
    assert.equal(born.type, '@xstate.actor');
  });

  it('goes on from a cursor without gap or repeat', async (t) => {
    await ask('POST', '/v1/actors/lamp', { id: 'again' });
    for (let n = 0; n < 5; n++) await press('again');
    const of = ({ sessionId, type }: Said) => sessionId === 'lamp/again' && type === '@xstate.event';
    const page = await ask('GET', '/v1/events?actor_kinds=lamp&limit=500');
    const items = page.items.filter(({ type }: Said) => type !== 'audit.recorded');
    const rows = items.filter((row: Said) => row.payload.actor.id === 'again').map((row: Said) => row.cursor);
    const whole = await socketTo(t, '?cursor=0');
    await whole.until(({ id }) => id === items.at(-1).event_id);
    assert.deepEqual(
      whole.said.filter(of).map(({ cursor }) => cursor),
      rows
    );
    const rest = await socketTo(t, `?cursor=${rows[2]}`);
    await rest.until(({ id }) => id === items.at(-1).event_id);
    assert.deepEqual(
      rest.said.filter(of).map(({ cursor }) => cursor),
      rows.slice(3)
    );
    const first = rest.said.find(({ sessionId }) => sessionId === 'lamp/again');
    assert.equal(first.type, '@xstate.actor', 'who is met in the middle is introduced first');
  });

  it('tells an actor an event in every way it may be said, and answers what is refused', async (t) => {
    await ask('POST', '/v1/actors/lamp', { id: 'told' });
    const { token } = await ask('POST', '/v1/tokens', { service: 'stately', scopes: ['read:events', 'actor:lamp'] });
    const client = await socketTo(t, '?actor_kinds=lamp', token);
    const sessionId = 'lamp/told';
    const said = (value: unknown) =>
      client.until(
        ({ sessionId: id, type, snapshot }) =>
          id === sessionId && type === '@xstate.snapshot' && JSON.stringify(snapshot.value) === JSON.stringify(value)
      );
    client.send({ type: 'xstate.event', sessionId, event: { type: 'lamp.press' } });
    await said({ on: { heat: {}, light: 'dim' } });
    client.send({ type: 'xstate.event', sessionId, event: 'brighter' });
    await said({ on: { heat: {}, light: 'bright' } });
    const v4 = { name: 'lamp.press', data: { type: 'lamp.press' }, $$type: 'scxml', type: 'external' };
    client.send({ type: 'xstate.event', sessionId, event: v4 });
    await said('off');
    client.said.length = 0;
    client.send({ type: 'xstate.event', sessionId, event: '{"type":"lamp.press"}' });
    await said({ on: { heat: {}, light: 'dim' } });

    const refusals: [frame: object, code: string][] = [
      [{ sessionId, event: { type: 'lamp.throw' } }, 'EVENT_UNKNOWN'],
      [{ sessionId, event: { type: 'lamp.press', hard: true } }, 'VALIDATION_FAILED'],
      [{ sessionId: 'lamp/nobody', event: 'lamp.press' }, 'ACTOR_NOT_FOUND'],
      [{ sessionId: 'supervisor/main', event: 'supervisor.drain' }, 'FORBIDDEN']
    ];
    for (const [frame, code] of refusals) {
      client.said.length = 0;
      client.send({ type: 'xstate.event', ...frame });
      assert.equal((await client.until(({ type }) => type === 'error')).code, code);
    }
    const admin = await socketTo(t);
    admin.send({ type: 'xstate.event', sessionId: 'command/x', event: 'command.cancel' });
    assert.equal((await admin.until(({ type }) => type === 'error')).code, 'KIND_CLOSED');
    assert.equal(client.socket.readyState, WebSocket.OPEN, 'it stays');
    client.send({ type: 'xstate.event', event: {} });
    assert.equal((await client.closed)[0], 4009);
  });

  it('is let in by a token that reads events, or by a code that is good once', async (t) => {
    const code = await linked();
    const first = new WebSocket(`${server}?code=${code}`);
    t.after(() => first.terminate());
    await once(first, 'message');
    for (const [query, headers, close] of [
      [`?code=${code}`, {}, 4001],
      ['', {}, 4001],
      ['', { authorization: 'Bearer trp_guess' }, 4001],
      ['?cursor=x', { authorization: `Bearer ${troupe.adminToken.token}` }, 4009]
    ] as const) {
      const socket = new WebSocket(server + query, { headers });
      assert.equal((await once(socket, 'close'))[0], close, query);
    }
    const { token } = await ask('POST', '/v1/tokens', { service: 'blind', scopes: ['read:actors'] });
    const blind = new WebSocket(server, { headers: { authorization: `Bearer ${token}` } });
    assert.equal((await once(blind, 'close'))[0], 4003);
  });

  it('that reads slowly holds up nobody, and misses nothing', async (t) => {
    const h = await openHarness({ after: (end) => t.after(end) }, { telemetry: { highWaterBytes: 16_384 } });
    const at = h.stream.replace('/v1/stream', '/v1/inspect');
    const connect = async () => {
      const ears = heard();
      const socket = new WebSocket(`${at}?cursor=0`, {
        headers: { authorization: `Bearer ${h.admin}` }
      });
      t.after(() => socket.terminate());
      socket.on('message', (data) => ears.take(JSON.parse(data.toString())));
      await once(socket, 'open');
      return { ...ears, socket };
    };
    const [slow, quick] = [await connect(), await connect()];
    slow.socket.pause();
    const texts = Array.from({ length: 300 }, (_, n) => `${n} ${'x'.repeat(20_000)}`);
    for (let n = 0; n < texts.length; n += 50) await h.note(...texts.slice(n, n + 50));
    const { head } = h.host;
    const isLast = ({ type, cursor }: Said) => type === '@xstate.snapshot' && Number(cursor) === head;
    await quick.until(isLast);
    assert.ok(h.plane.mostBehind > 0, 'what it has not read is not kept for it');
    slow.socket.resume();
    await slow.until(isLast);
    const told = (said: Said[]) =>
      said.flatMap(({ snapshot }) => snapshot?.context.text || []).map((text) => text.length);
    const cursors = (said: Said[]) => said.map(({ id, cursor }) => `${cursor} ${id}`);
    assert.equal(told(slow.said).length, texts.length);
    assert.deepEqual(cursors(slow.said), cursors(quick.said));
  });

  it('shows a client that is bound to an account nothing of another', async (t) => {
    const h = await openHarness({ after: (end) => t.after(end) });
    const target = (account_id: string) => ({ target: { platform: 'instagram', account_id } });
    for (const account of ['ada', 'bo']) await h.ended((await h.send(target(account))).body.command_id);
    const { token } = await h.tokens.create({ service: 'bound', scopes: ['read:*'], accounts: ['bo'] });
    for (const query of ['', '?cursor=0']) {
      const ears = heard();
      const socket = new WebSocket(h.stream.replace('/v1/stream', '/v1/inspect') + query, {
        headers: { authorization: `Bearer ${token}` }
      });
      t.after(() => socket.terminate());
      socket.on('message', (data) => ears.take(JSON.parse(data.toString())));
      const { command_id } = (await h.send(target('bo'))).body;
      await ears.until(
        ({ sessionId, snapshot }) => sessionId === `command/${command_id}` && snapshot?.status === 'done'
      );
      const { items } = (await h.api('GET', '/v1/events?account_id=ada&limit=500')).body;
      const theirs = new Set(items.map((row: Said) => `${row.payload.actor.kind}/${row.payload.actor.id}`));
      assert.ok(theirs.size > 1);
      assert.deepEqual(
        ears.said.filter(({ sessionId }) => theirs.has(sessionId)),
        []
      );
      assert.ok(ears.said.every(({ sessionId }) => !/^(supervisor|notes)/.test(sessionId)));
    }
  });

  it('has a state as XState has it', () => {
    assert.equal(stateValue('off'), 'off');
    assert.deepEqual(stateValue('a.b.c'), { a: { b: 'c' } });
    assert.deepEqual(stateValue('health.healthy,slot.READY.idle'), { health: 'healthy', slot: { READY: 'idle' } });
    assert.deepEqual(stateValue('p.x.one,p.y'), { p: { x: 'one', y: {} } });
    assert.deepEqual(stateValue('p.x,p.y'), { p: { x: {}, y: {} } });
  });
});
