import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { type ControlError, isControlError } from '../../schemas/errors.ts';
import { configOptions, readConfig } from '../../server/config.ts';

const folder = mkdtempSync(join(tmpdir(), 'troupe-config-'));
after(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
function file(content: unknown): string {
  const path = join(folder, `${++files}.json`);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

function refusal(read: () => unknown): ControlError<'CONFIG_INVALID'> {
  try {
    read();
  } catch (error) {
    assert.ok(isControlError(error, 'CONFIG_INVALID'), String(error));
    return error as ControlError<'CONFIG_INVALID'>;
  }
  assert.fail('it was taken');
}

describe('the configuration', () => {
  it('has a default for everything', () => {
    assert.deepEqual(readConfig({}, {}), {
      data: './data',
      control: '127.0.0.1:7070',
      telemetry: '127.0.0.1:7071',
      driver: 'safari',
      machines: '',
      slots: 1,
      driver_limits: {},
      request_limit: 1000,
      profile_keys: '',
      retention_days: 30,
      retention_events: 10_000_000,
      audit_days: 365,
      recipes: true,
      recipe_apps: '',
      recipe_targets: '',
      hosts: '',
      tls_cert: '',
      tls_key: '',
      client_ca: '',
      insecure: false,
      log_level: 'info'
    });
  });

  it('takes a flag before the environment, that before the file, and that before the default', () => {
    const path = file({ slots: 2, driver: 'stub', data: '/from/file', log_level: 'error' });
    const env = { TROUPE_SLOTS: '3', TROUPE_DATA: '/from/env' };
    const config = readConfig({ data: '/from/flag' }, env, path);
    assert.deepEqual(
      [config.data, config.slots, config.driver, config.log_level, config.control],
      ['/from/flag', 3, 'stub', 'error', '127.0.0.1:7070']
    );
  });

  it('finds the file by TROUPE_CONFIG too', () => {
    assert.equal(readConfig({}, { TROUPE_CONFIG: file({ slots: 7 }) }).slots, 7);
  });

  it('reads numbers and booleans from text, and an empty variable as none', () => {
    const config = readConfig({}, { TROUPE_SLOTS: '4', TROUPE_INSECURE: 'true', TROUPE_LOG_LEVEL: '' });
    assert.deepEqual([config.slots, config.insecure, config.log_level], [4, true, 'info']);
    assert.equal(readConfig({ insecure: true }, { TROUPE_INSECURE: 'false' }).insecure, true);
  });

  const wrong: [what: string, read: () => unknown, option: string, reason: RegExp][] = [
    ['a flag', () => readConfig({ slots: 'many' }, {}), '--slots', /whole number from 1 to 64/],
    ['a flag out of range', () => readConfig({ slots: '0' }, {}), '--slots', /whole number from 1 to 64/],
    ['a variable', () => readConfig({}, { TROUPE_DRIVER: 'netscape' }), 'TROUPE_DRIVER', /safari, stub/],
    ['a boolean', () => readConfig({}, { TROUPE_INSECURE: 'maybe' }), 'TROUPE_INSECURE', /true or false/],
    ['an address', () => readConfig({ control: '7070' }, {}), '--control', /HOST:PORT/],
    ['a port', () => readConfig({ telemetry: '127.0.0.1:70000' }, {}), '--telemetry', /HOST:PORT/]
  ];
  for (const [what, read, option, reason] of wrong) {
    it(`refuses ${what} that is wrong by the name its user gave it`, () => {
      const { details } = refusal(read);
      assert.equal(details.option, option);
      assert.match(details.reason, reason);
    });
  }

  it('refuses a variable that is no option, and leaves those alone that are of clients', () => {
    const { details } = refusal(() => readConfig({}, { TROUPE_SLOTZ: '3' }));
    assert.equal(details.option, 'TROUPE_SLOTZ');
    assert.match(details.reason, /TROUPE_SLOTS/);
    readConfig({}, { TROUPE_TOKEN: 'trp_x', TROUPE_URL: 'http://127.0.0.1:1', TROUPE_CA: 'ca.crt', HOME: '/root' });
  });

  it('refuses a key of the file that is no option, and says which there are', () => {
    const path = file({ slotz: 3 });
    const { details } = refusal(() => readConfig({}, {}, path));
    assert.equal(details.option, `'slotz' in ${path}`);
    assert.match(details.reason, /slots/);
  });

  it('refuses a key of the file of the wrong type', () => {
    const path = file({ slots: '3' });
    assert.equal(refusal(() => readConfig({}, {}, path)).details.option, `'slots' in ${path}`);
  });

  for (const [what, content] of [
    ['is not JSON', '{ slots: 3 }'],
    ['must hold one JSON object', '[]'],
    ['must hold one JSON object', 'null']
  ] as const) {
    it(`refuses a file that ${what}: ${content}`, () => {
      const { details } = refusal(() => readConfig({}, {}, file(content)));
      assert.equal(details.option, '--config');
      assert.match(details.reason, new RegExp(what));
    });
  }

  it('refuses a file that is not there', () => {
    assert.match(refusal(() => readConfig({}, {}, join(folder, 'none.json'))).details.reason, /cannot be read/);
  });

  it('gives each option one name in each place', () => {
    const names = configOptions.map(({ key, flag, variable }) => [key, flag, variable]);
    assert.deepEqual(names.at(-1), ['log_level', '--log-level', 'TROUPE_LOG_LEVEL']);
  });
});
