import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { checksOf } from '../../../server/cli/doctor-checks.ts';
import { readConfig } from '../../../server/config.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** Programs that print what those of a Mac print, on a PATH of their own. */
async function macWith(t: TestContext, programs: Record<string, string>): Promise<string> {
  const folder = await temporaryFolder(t);
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  return folder;
}

async function findings(PATH: string, slots = 1) {
  const checks = checksOf({ config: { ...readConfig({}, {}), slots }, env: { PATH }, system: 'darwin' });
  const own = checks.slice(checks.findIndex(({ name }) => name === 'safaridriver'));
  return Object.fromEntries(await Promise.all(own.map(async ({ name, run }) => [name, await run()] as const)));
}

describe('troupe doctor on a Mac', () => {
  it('is content with one that has everything', async (t) => {
    const path = await macWith(t, {
      safaridriver: 'echo "Included with Safari 18.3 (20620.2.4.11.5)"',
      defaults: '[ "$*" = "read com.apple.Safari AllowRemoteAutomation" ] && echo 1',
      launchctl: '[ "$1" = managername ] && echo Aqua',
      xcrun: `case "$1" in
simctl) echo '{"devices":{"com.apple.CoreSimulator.SimRuntime.iOS-18-2":[{"name":"iPhone 16"},{"name":"iPad"}],"com.apple.CoreSimulator.SimRuntime.watchOS-11-2":[{"name":"Watch"}]}}';;
xctrace) printf '== Devices ==\\nMac mini (8D1C)\\nPhone (18.2) (0000-01)\\n\\n== Devices Offline ==\\nOther (17.1) (0000-02)\\n\\n== Simulators ==\\niPhone 16 (18.2) (AA)\\n';;
esac`
    });
    const found = await findings(path);
    assert.deepEqual(
      Object.entries(found).map(([name, { state }]) => `${name} ${state}`),
      ['safaridriver ok', 'Remote Automation ok', 'desktop ok', 'slots ok', 'simulators ok', 'devices ok']
    );
    assert.match(found.safaridriver?.detail ?? '', /safaridriver, Included with Safari 18\.3/);
    assert.equal(found.simulators?.detail, '2 available');
    assert.equal(found.devices?.detail, '1 connected');
  });

  it('says what is missing and how to get it, of one that has nothing', async (t) => {
    const found = await findings(await macWith(t, { launchctl: 'echo Background' }), 3);
    assert.deepEqual(
      Object.entries(found).map(([name, { state }]) => `${name} ${state}`),
      ['safaridriver fail', 'Remote Automation warn', 'desktop warn', 'slots warn', 'simulators warn', 'devices warn']
    );
    assert.match(found['Remote Automation']?.cure ?? '', /sudo safaridriver --enable/);
    assert.match(found.desktop?.detail ?? '', /'Background' session/);
    assert.match(found.slots?.detail ?? '', /one serves desktop sessions, the others only simulators/);
  });
});
