/** Holds frames of the stream against its document. */
import assert from 'node:assert/strict';
import { Ajv2020 } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import { builtInMachines } from '../../actors/built-in-machines.ts';
import { asyncapiDocument } from '../../server/openapi/asyncapi.ts';

// biome-ignore lint/suspicious/noExplicitAny: a document is looked into freely
const document = asyncapiDocument(builtInMachines) as any;
const BASE = 'troupe:asyncapi';
const ajv = new Ajv2020({ allErrors: true, strict: false, validateSchema: false });
(ajvFormats as unknown as (ajv: Ajv2020) => void)(ajv);
ajv.addSchema({ $id: BASE, components: document.components });

/** Kinds that are never made up in a test: what others say under a name of theirs is theirs. */
const ours = new Set(builtInMachines.filter(({ durable }) => durable).map(({ kind }) => kind));

/** @throws AssertionError with what does not fit */
export function assertFrame(frame: {
  type: string;
  event?: { type: string; payload: { actor?: { kind: string } } };
}): void {
  const { type, event } = frame;
  const own =
    event && ours.has(event.payload.actor?.kind ?? '')
      ? document.components.messages[`event.${event.type}`]
      : undefined;
  const message = own ? `event.${event?.type}` : `server.${type}`;
  const ref = event && !own ? '#/components/schemas/EventFrame' : `#/components/messages/${message}/payload`;
  const validate = ajv.getSchema(BASE + ref);
  assert.ok(validate, `no frame '${type}' is described`);
  if (validate(frame)) return;
  const places = (validate.errors ?? []).map(({ instancePath, message: says }) => `${instancePath || '/'} ${says}`);
  assert.fail(
    `a frame is not as described: ${places.slice(0, 5).join('; ')} in ${JSON.stringify(frame).slice(0, 400)}`
  );
}
