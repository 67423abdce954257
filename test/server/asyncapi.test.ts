/** The document of the stream: what a client is sent is what it says. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';
import { Ajv } from 'ajv';
import ajvFormats from 'ajv-formats';
import { builtInMachines } from '../../actors/built-in-machines.ts';
import { asyncapiDocument } from '../../server/openapi/asyncapi.ts';
import { assertFrame } from '../support/described-frames.ts';
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

  it('finds a frame wanting that lacks what its type carries', () => {
    const [{ payload: frame }] = committed.components.messages['event.action.verified'].examples;
    assertFrame(frame);
    const { action: _, ...less } = frame.event.payload;
    assert.throws(() => assertFrame({ ...frame, event: { ...frame.event, payload: less } }), /action/);
    assert.throws(() => assertFrame({ type: 'caught_up' }), /cursor/);
    assert.throws(() => assertFrame({ type: 'no_such' }), /no_such/);
  });
});
