import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadFlows } from '../../actors/executor/registry.ts';
import { compileForeign, parse } from '../../server/contracts.ts';
import { checkFlow } from '../../server/control/flow-registry.ts';

describe('a contract', () => {
  // Compiled when the first value comes: that none is missing shows only then.
  for (const [name, check] of Object.entries(parse)) {
    it(`of ${name} refuses what no contract takes`, () => {
      assert.throws(() => check(7), { code: 'VALIDATION_FAILED' });
    });
  }

  it('of flows is kept by every flow that ships, beyond its schema too: no start looks at that again', () => {
    const shipped = loadFlows();
    assert.ok(shipped.length > 0);
    for (const flow of shipped) assert.deepEqual(checkFlow(structuredClone(flow)), flow);
  });

  it('of somebody else is one only when it is a schema', () => {
    assert.throws(() => compileForeign({ type: 'strnig' }), /schema is invalid: data\/type/);
    assert.throws(() => compileForeign({ $schema: 'http://json-schema.org/draft-07/schema#' }), /draft-07/);
    assert.throws(() => compileForeign({ $ref: 'troupe:flow#/$defs/Flow' }), /troupe:flow/);
    assert.deepEqual(compileForeign({ type: 'string' })(7, '/at'), [{ path: '/at', message: 'must be string' }]);
  });
});
