/**
 * The documents that were released, in docs/api/released, hold for as long as the major version is theirs. A break is
 * declared by a new MAJOR in server/openapi/version.ts and `npm run generate -- --release`, which releases the present ones.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { API_VERSION } from '../../server/openapi/version.ts';
import { asyncapiBreaks, openapiBreaks } from '../support/api-breaks.ts';

// biome-ignore lint/suspicious/noExplicitAny: a document is looked into freely
type Any = any;
const read = (path: string): Any => JSON.parse(readFileSync(new URL(`../../docs/${path}`, import.meta.url), 'utf8'));
const majorOf = (version: string) => Number(version.split('.')[0]);

const openapi = read('openapi.json');
const asyncapi = read('asyncapi.json');
const released = { openapi: read('api/released/openapi.json'), asyncapi: read('api/released/asyncapi.json') };
const view = (document: Any, name: string) => document.components.schemas[name];

describe('the documents', () => {
  it('break nothing that was released, unless the major version says so', () => {
    const was = majorOf(released.openapi.info.version);
    assert.ok(majorOf(API_VERSION) >= was, `${API_VERSION} is no later than ${released.openapi.info.version}`);
    assert.equal(released.asyncapi.info.version, released.openapi.info.version);
    if (majorOf(API_VERSION) > was) return;
    const breaks = [...openapiBreaks(released.openapi, openapi), ...asyncapiBreaks(released.asyncapi, asyncapi)];
    assert.deepEqual(breaks, [], 'undo it, or declare it: see the head of this file');
  });
});

const changes: { what: string; change(document: Any): void; says: RegExp | null }[] = [
  { what: 'nothing', change: () => {}, says: null },
  { what: 'a new operation', change: (d) => put(d.paths, '/v1/new', { get: { responses: {} } }), says: null },
  { what: 'a new field of an answer', change: (d) => put(view(d, 'CommandView').properties, 'more', {}), says: null },
  {
    what: 'a new field of a request, not needed',
    change: (d) => put(view(d, 'CommandEnvelope').properties, 'more', {}),
    says: null
  },
  { what: 'a new error code', change: (d) => void codes(d).push('NEW_CODE'), says: null },
  {
    what: 'an operation less',
    change: (d) => void delete d.paths['/v1/commands'].get,
    says: /GET \/v1\/commands: the operation is gone/
  },
  {
    what: 'another operationId',
    change: (d) => put(d.paths['/health'].get, 'operationId', 'alive'),
    says: /operationId was health/
  },
  {
    what: 'a field less in an answer',
    change: (d) => void delete view(d, 'CommandView').properties.why,
    says: /field why is gone/
  },
  {
    what: 'a field of an answer that may be absent',
    change: (d) => void view(d, 'CommandView').required.pop(),
    says: /may be absent now/
  },
  {
    what: 'a value less in an answer',
    change: (d) => void view(d, 'CommandState').enum.pop(),
    says: /value CANCELLED is gone/
  },
  {
    what: 'another type in an answer',
    change: (d) => put(view(d, 'CommandView').properties.priority, 'type', 'string'),
    says: /priority: type integer is string now/
  },
  {
    what: 'a field that a request now needs',
    change: (d) => void view(d, 'SessionCreate').required.push('account_id'),
    says: /account_id is needed now/
  },
  {
    what: 'a field that a request no longer takes',
    change: (d) => void delete view(d, 'CommandEnvelope').properties.dry_run,
    says: /field dry_run is gone/
  },
  {
    what: 'a narrower limit in a request',
    change: (d) => put(view(d, 'ApprovalDecision').properties.note, 'maxLength', 10),
    says: /note: maxLength is 10 now/
  },
  {
    what: 'a value less in a request',
    change: (d) => void view(d, 'ApprovalDecision').properties.decision.enum.pop(),
    says: /value deny is gone/
  },
  {
    what: 'a parameter less',
    change: (d) => void d.paths['/v1/commands'].get.parameters.shift(),
    says: /parameter query state is gone/
  },
  {
    what: 'a body that is needed now',
    change: (d) => put(d.paths['/v1/commands/{id}/cancel'].post.requestBody, 'required', true),
    says: /a body is needed now/
  },
  { what: 'an error code less', change: (d) => void codes(d).shift(), says: /value \w+ is gone/ },
  {
    what: 'another status',
    change: (d) => renamed(d.paths['/v1/sessions'].post.responses, '201', '200'),
    says: /status 201 is gone/
  },
  {
    what: 'another media type',
    change: (d) => renamed(d.paths['/metrics'].get.responses['200'].content, 'text/plain', 'text/html'),
    says: /text\/plain is gone/
  }
];

/** Those of a command that is not as it should be. */
function codes(document: Any): string[] {
  const ref: string = document.paths['/v1/commands'].post.responses['400'].$ref;
  return document.components.responses[ref.split('/').at(-1) ?? ''].content['application/problem+json'].schema.allOf[1]
    .properties.code.enum;
}

function put(object: Any, key: string, value: unknown): void {
  object[key] = value;
}

function renamed(object: Any, from: string, to: string): void {
  object[to] = object[from];
  delete object[from];
}

describe('a client of the document before', () => {
  for (const { what, change, says } of changes) {
    it(`${says ? 'trips over' : 'does not mind'} ${what}`, () => {
      const after = structuredClone(openapi);
      change(after);
      const breaks = openapiBreaks(openapi, after);
      if (says === null) assert.deepEqual(breaks, []);
      else
        assert.ok(
          breaks.some((one) => says.test(one)),
          `said: ${JSON.stringify(breaks)}`
        );
    });
  }

  it('trips over a message less, and over what an event carries no longer', () => {
    const less = structuredClone(asyncapi);
    delete less.components.messages['event.action.verified'];
    assert.match(asyncapiBreaks(asyncapi, less).join(), /message event\.action\.verified is gone/);
    const poorer = structuredClone(asyncapi);
    delete poorer.components.schemas['Payload.action.verified'].properties.proofs;
    assert.match(asyncapiBreaks(asyncapi, poorer).join(), /proofs is gone/);
    const stricter = structuredClone(asyncapi);
    stricter.components.schemas.SubscribeFrame.required.push('cursor');
    assert.match(asyncapiBreaks(asyncapi, stricter).join(), /cursor is needed now/);
  });
});
