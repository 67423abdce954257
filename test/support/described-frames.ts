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

type Event = { type: string; payload: { actor?: { kind: string } } };

/** What the document has of a type of event: only of actors whose kind is never made up. */
const typeOf = (event: Event | undefined): string | undefined =>
  event && ours.has(event.payload.actor?.kind ?? '') && document.components.messages[`event.${event.type}`]
    ? event.type
    : undefined;

function assertFits(ref: string, value: unknown, what: string): void {
  const validate = ajv.getSchema(BASE + ref);
  assert.ok(validate, `no ${what} is described`);
  if (validate(value)) return;
  const places = (validate.errors ?? []).map(({ instancePath, message: says }) => `${instancePath || '/'} ${says}`);
  assert.fail(
    `a ${what} is not as described: ${places.slice(0, 5).join('; ')} in ${JSON.stringify(value).slice(0, 400)}`
  );
}

/** A frame of WS /v1/stream. @throws AssertionError with what does not fit */
export function assertFrame(frame: { type: string; event?: Event }): void {
  const { type, event } = frame;
  const own = typeOf(event);
  const message = own ? `event.${own}` : `server.${type}`;
  const ref = event && !own ? '#/components/schemas/EventFrame' : `#/components/messages/${message}/payload`;
  assertFits(ref, frame, `frame '${type}'`);
}

/** A Server-Sent Event: its name, 'message' of a row, and its data. @throws AssertionError with what does not fit */
export function assertServerSent(name: string, data: unknown): void {
  const own = name === 'message' ? typeOf(data as Event) : name;
  const ref = own ? `#/components/messages/sse.${own}/payload` : '#/components/schemas/EventEnvelope';
  assertFits(ref, data, `event '${own ?? name}'`);
}

/** A frame of WS /v1/inspect. @throws AssertionError with what does not fit */
export function assertInspectFrame(frame: { type: string }): void {
  assertFits(`#/components/messages/inspect.${frame.type.replace('@xstate.', '')}/payload`, frame, `'${frame.type}'`);
}
