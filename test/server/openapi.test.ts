/** The document of the API, and the server: each says what the other does. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import type { Door } from '../../server/control/request.ts';
import { routeOf, templateOf } from '../../server/openapi/document.ts';
import { examples } from '../../server/openapi/examples.ts';
import type { Operation } from '../../server/openapi/operation.ts';
import { operations, pages } from '../../server/openapi/operations/index.ts';
import { assertFits, document } from '../support/described.ts';
import { sharedHarness } from './harness.ts';
import { pathOf, routesOf } from './routes.ts';

const committed = readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8');

describe('the document of the API', () => {
  const shared = sharedHarness();

  it('has an operation for every route, and a route for every operation', () => {
    const routes = routesOf(shared.h).map(({ method, pattern }) => `${method} ${pattern}`);
    const described = [...Object.keys(operations), ...pages];
    const more = (a: string[], b: string[]) => a.filter((one) => !b.includes(one));
    assert.deepEqual(more(routes, described), [], 'routes without an operation in server/openapi/operations');
    assert.deepEqual(more(described, routes), [], 'operations without a route');
  });

  it('says of every operation which scope its door wants', () => {
    for (const { method, pattern, door } of routesOf(shared.h)) {
      const operation = operations[`${method} ${pattern}`];
      if (operation)
        assert.ok(isOf(operation, door), `${method} ${pattern}: ${JSON.stringify([operation.scope, door])}`);
    }
  });

  it('names the parameters that the server takes, and no others', async () => {
    for (const [key, operation] of Object.entries(operations)) {
      const { method, pattern } = routeOf(key);
      if (operation.scope === 'open' || (typeof operation.scope === 'object' && operation.scope)) continue;
      const path = pathOf(pattern, (name) => ({ kind: 'command', name: 'greet', platform: 'x' })[name] ?? 'x');
      const headers: Record<string, string> = pattern === '/v1/stream' ? { accept: 'text/event-stream' } : {};
      const { body } = await shared.h.api(method, `${path}?no_such=1`, { headers });
      const known = /there are (?!none)(.*)$/.exec(body.details?.expected ?? '')?.[1]?.split(', ') ?? [];
      const isRead = body.code === 'QUERY_INVALID';
      // With a body, that may be what is refused first.
      if (!operation.query || method === 'GET')
        assert.ok(isRead, `${key} refuses what it does not know: ${JSON.stringify(body)}`);
      if (isRead) assert.deepEqual(known.toSorted(), Object.keys(operation.query ?? {}).toSorted(), key);
    }
  });

  it('is what is committed, and what the server answers', async () => {
    const { status, body, headers } = await shared.h.api('GET', '/openapi.json', { token: null });
    assert.equal(status, 200);
    assert.match(headers.get('content-type') ?? '', /^application\/json/);
    assert.deepEqual(body, JSON.parse(committed));
    assert.deepEqual(body, document);
  });

  it('passes the linter without an error', async () => {
    const config = await createConfig({ extends: ['recommended'] });
    const found = await lintFromString({ source: committed, absoluteRef: '/openapi.json', config });
    const said = found.map(({ ruleId, severity, message, location }) => ({
      ruleId,
      severity,
      message,
      at: location[0]?.pointer
    }));
    // An `if` that only asks whether a field is there defines no field, and need not.
    assert.deepEqual(
      said.filter(({ ruleId }) => ruleId !== 'no-required-schema-properties-undefined'),
      []
    );
  });

  it('is found wanting by the linter when it is damaged', async () => {
    const config = await createConfig({ extends: ['recommended'] });
    const source = committed.replace('"operationId": "listCommands"', '"operationId": "sendCommand"');
    const found = await lintFromString({ source, absoluteRef: '/openapi.json', config });
    assert.ok(found.some(({ ruleId }) => ruleId === 'operation-operationId-unique'));
  });

  it('has examples that fit, for every body that goes in or out as JSON', () => {
    for (const [name, example] of Object.entries(examples)) {
      if (document.components.schemas[name]) assertFits(name, { $ref: `#/components/schemas/${name}` }, example);
      else assert.fail(`'${name}' is an example of nothing`);
    }
    for (const [key, { answers }] of Object.entries(operations)) {
      const { method, pattern } = routeOf(key);
      const { requestBody, responses } = document.paths[templateOf(pattern)][method.toLowerCase()];
      const contents = [requestBody?.content, ...Object.keys(answers).map((status) => responses[status].content)];
      for (const content of contents) {
        const json = content?.['application/json'];
        if (!json?.schema) continue;
        assert.ok(json.example, `${key} has an example`);
        assertFits(key, json.schema, json.example);
      }
    }
  });
});

/** What the operation says, and what the door does. */
function isOf({ scope }: Operation, door: Door | undefined): boolean {
  if (scope === 'open') return door === undefined;
  if (!door) return false;
  if (scope === null) return door.needs === null;
  if (typeof scope === 'object') return door.openOnLoopback && door.needs === scope.afar;
  return scope.includes('{') ? door.needs === null : door.needs === scope && !door.openOnLoopback;
}
