/** The document of the stream: what a client is sent is what it says. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';
import { Ajv } from 'ajv';
import ajvFormats from 'ajv-formats';
import { builtInMachines } from '../../actors/built-in-machines.ts';
import { eventTypesOf } from '../../actors/kernel/event-types.ts';
import { asyncapiDocument, payloadDefinition } from '../../server/openapi/asyncapi.ts';
import { readComponents } from '../../server/openapi/components.ts';
import { assertFrame, assertInspectFrame, assertServerSent } from '../support/described-frames.ts';
import { sharedHarness } from './harness.ts';

// biome-ignore lint/suspicious/noExplicitAny: a document is looked into freely
const committed: any = JSON.parse(readFileSync(new URL('../../docs/asyncapi.json', import.meta.url), 'utf8'));
const published = createRequire(import.meta.url)('@asyncapi/specs/schemas/3.0.0-without-$id.json') as object;

describe('the document of the stream', () => {
  const shared = sharedHarness();

  it('fits what AsyncAPI 3 publishes of itself, and a damaged one does not', () => {
    const ajv = new Ajv({ strict: false });
    (ajvFormats as unknown as (ajv: Ajv) => void)(ajv);
    const fits = ajv.compile(published);
    assert.equal(fits(committed), true, JSON.stringify(fits.errors));
    const damaged = structuredClone(committed);
    damaged.operations.hearClient.action = 'hear';
    assert.equal(fits(damaged), false, 'an action that there is not');
  });

  it('refers to nothing that is not in it', () => {
    const refs = [...JSON.stringify(committed).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path = '']) => path);
    assert.ok(refs.length > 100);
    for (const path of refs) {
      const at = path.split('/').reduce((node, key) => node?.[key.replaceAll('~1', '/')], committed);
      assert.ok(at !== undefined, path);
    }
  });

  it('is what is committed, and what a server answers with the events of its own machines', async () => {
    assert.deepEqual(JSON.parse(JSON.stringify(asyncapiDocument(builtInMachines))), committed);
    const { status, body } = await shared.h.api('GET', '/asyncapi.json', { token: null });
    assert.equal(status, 200);
    assert.ok(body.components.messages['event.note.added'], 'of a registered machine');
    assert.deepEqual(body.components.schemas['Payload.note.added'].required, ['text']);
  });

  it('has every type of event of the contract that a machine says, and what it carries', () => {
    for (const type of ['status.changed', 'action.attempted', 'action.verified', 'action.verification_failed']) {
      assert.ok(committed.components.messages[`event.${type}`], type);
      assert.ok(committed.components.messages[`sse.${type}`], type);
    }
    assert.ok('proofs' in committed.components.schemas['Payload.action.verified'].properties);
  });

  it('has a type for each field that an event of ours carries, and the schemas have no field that none carries', () => {
    const all = readComponents();
    const described: string[] = [];
    for (const { type, fields } of eventTypesOf(builtInMachines)) {
      const known = all[payloadDefinition(type)]?.properties ?? {};
      described.push(payloadDefinition(type));
      assert.deepEqual(fields.toSorted(), Object.keys(known).toSorted(), `${type} in schemas/payload.schema.json`);
      for (const name of fields) {
        const field = committed.components.schemas[`Payload.${type}`].properties[name];
        assert.ok(Object.keys(field).length > 0, `${type} says nothing of '${name}'`);
      }
    }
    const payloads = Object.keys(all).filter((name) => /^[A-Z].*Payload$/.test(name) && all[name]?.title === name);
    const ofNone = payloads.filter((name) => /: beside the transition\.$/.test(String(all[name]?.description)));
    assert.deepEqual(
      ofNone.filter((name) => !described.includes(name)),
      []
    );
  });

  it('finds a frame wanting whose field is of another type, on each of the ways to hear of it', () => {
    const [{ payload: frame }] = committed.components.messages['event.action.verified'].examples;
    const wrong = (field: object) => ({ ...frame.event, payload: { ...frame.event.payload, ...field } });
    for (const field of [{ attempts: 'one' }, { proofs: [{ kind: 'rumour' }] }, { effect: 'both' }]) {
      assert.throws(() => assertFrame({ ...frame, event: wrong(field) }), /is not as described/);
      assert.throws(() => assertServerSent('message', wrong(field)), /is not as described/);
    }
    assertServerSent('message', frame.event);
    assertServerSent('gap', { from: '1', to: '2', reason: 'retention' });
    assert.throws(() => assertServerSent('gap', { from: '1', to: '2', reason: 'whim' }), /reason/);
    const [createdAt, sessionId] = ['1700000000000', 'command/one'];
    const told = { rootId: sessionId, sessionId, createdAt, id: 'e', _version: '1', cursor: '7', event: { type: 'x' } };
    assertInspectFrame({ type: '@xstate.event', ...told });
    assert.throws(() => assertInspectFrame({ type: '@xstate.snapshot', ...told } as never), /snapshot/);
    assert.throws(() => assertInspectFrame({ type: '@xstate.rumour', ...told } as never), /rumour/);
  });

  it('leaves nothing open in what an event carries but what is a flow’s, a code’s or a registered machine’s', () => {
    const OPEN = /\/(details|extracted|params|changed|misses|settings|limits|attributes|reaches|result)$/;
    const open: string[] = [];
    // biome-ignore lint/suspicious/noExplicitAny: a schema is looked into freely
    const look = (node: any, at: string, seen: string[]): void => {
      if (node === null || typeof node !== 'object') return;
      if (typeof node.$ref === 'string') {
        const name = node.$ref.split('/').at(-1);
        if (!seen.includes(name)) look(committed.components.schemas[name], at, [...seen, name]);
      }
      const isObject = [node.type].flat().includes('object');
      if (isObject && node.additionalProperties !== false && !OPEN.test(at)) open.push(at);
      for (const [name, one] of Object.entries(node.properties ?? {})) look(one, `${at}/${name}`, seen);
      for (const one of [node.items, ...(node.anyOf ?? []), ...(node.oneOf ?? [])]) look(one, at, seen);
    };
    for (const { type } of eventTypesOf(builtInMachines)) {
      const { properties } = committed.components.schemas[`Payload.${type}`];
      for (const [name, field] of Object.entries(properties ?? {})) look(field, `${type}/${name}`, []);
    }
    assert.deepEqual(open, []);
  });

  it('finds a frame wanting that lacks what its type carries', () => {
    const [{ payload: frame }] = committed.components.messages['event.action.verified'].examples;
    assertFrame(frame);
    const { action: _, ...less } = frame.event.payload;
    assert.throws(() => assertFrame({ ...frame, event: { ...frame.event, payload: less } }), /action/);
    assert.throws(() => assertFrame({ type: 'caught_up' }), /cursor/);
    assert.throws(() => assertFrame({ type: 'no_such' }), /no_such/);
  });
});
