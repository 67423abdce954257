import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { packageRoot } from '../../actors/package-root.ts';
import { defaultLimits } from '../../machines/driver-limits.ts';
import { defaultSupervisorLimits } from '../../machines/supervisor.ts';
import { isControlError } from '../../schemas/errors.ts';
import { camelCase } from '../../server/camel-case.ts';
import { readConfig } from '../../server/config.ts';
import { driverLimits } from '../../server/driver-limits.ts';

const { properties } = JSON.parse(readFileSync(join(packageRoot(), 'schemas/config.schema.json'), 'utf8')).$defs
  .DriverLimits as { properties: Record<string, { default: unknown; description: string }> };

const refusal = (value: string) => {
  try {
    readConfig({ driver_limits: value }, {});
  } catch (error) {
    assert.ok(isControlError(error, 'CONFIG_INVALID'), String(error));
    return error.message;
  }
  return assert.fail('it was taken');
};

describe('driver_limits', () => {
  it('has each limit of the machines, with the default they have', () => {
    const inCode = { ...defaultSupervisorLimits, ...defaultLimits } as Record<string, unknown>;
    const inSchema = Object.fromEntries(
      Object.entries(properties).map(([name, { default: d }]) => [camelCase(name), d])
    );
    assert.deepEqual(inSchema, inCode);
  });

  it('is empty by default, and what is given goes to the line or to the slots', () => {
    assert.deepEqual(driverLimits(readConfig({}, {})), { line: {}, slots: {} });
    const config = readConfig(
      {},
      { TROUPE_DRIVER_LIMITS: '{"queue_length":3,"probe_page_ms":200,"paired_retry_ms":[1]}' }
    );
    assert.deepEqual(driverLimits(config), {
      line: { queueLength: 3 },
      slots: { probePageMs: 200, pairedRetryMs: [1] }
    });
  });

  it('is refused by the name of what is wrong in it', () => {
    assert.match(
      refusal('{"probe_pages_ms":1}'),
      /--driver-limits .*probe_pages_ms is none of it; there are queue_length/
    );
    assert.match(
      refusal('{"misses":0}'),
      /--driver-limits "0": misses must be >= 1; it is Misses of one probe in a row/
    );
    assert.match(refusal('{"misses":"3"}'), /misses must be integer/);
    for (const text of ['[1]', 'many', '{"misses":']) assert.match(refusal(text), /must be one JSON object, like/);
  });
});
