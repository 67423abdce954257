import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { startDisplay } from '../../../actors/driver/display.ts';
import { freePort } from '../../../actors/driver/free-port.ts';
import { LEDGER_VARIABLE, ProcessLedger, SLOT_VARIABLE } from '../../../actors/driver/ledger.ts';
import { platformOf } from '../../../actors/driver/platform.ts';
import { environmentOf } from '../../../actors/process/identity.ts';
import type { Fault } from '../../../actors/safaridriver/faults.ts';
import { isDriverError, WebDriverClient, type WebDriverSession } from '../../../actors/webdriver/client.ts';
import { isControlError } from '../../../schemas/errors.ts';
import { browserMissing, eventually } from '../driver/stage.ts';

const run = promisify(execFile);
const button = 'data:text/html,<button onclick="document.title=Number(document.title)%2B1">go</button><title>0</title>';

interface Running {
  child: ChildProcess;
  client: WebDriverClient;
  ledger: ProcessLedger;
  program: string;
  port: number;
  fault(fault: Fault): void;
  session(): Promise<WebDriverSession>;
}

function installed(t: TestContext) {
  const dataDir = mkdtempSync(join(tmpdir(), 'troupe-safaridriver-'));
  const ledger = new ProcessLedger(join(dataDir, 'processes'));
  t.after(async () => {
    await ledger.sweep({ graceMs: 0 });
    rmSync(dataDir, { recursive: true, force: true });
  });
  return { dataDir, ledger, program: join(platformOf('linux').installDriver(dataDir) as string, 'safaridriver') };
}

/** The executable as Appium starts it, with an X server of its own. */
async function running(t: TestContext): Promise<Running> {
  const { dataDir, ledger, program } = installed(t);
  const display = await startDisplay('slot-1', { ledger, environment: process.env, limitMs: 10_000 });
  const control = join(dataDir, 'fault.json');
  const port = await freePort();
  const child = spawn(program, ['-p', String(port), '--diagnose'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...process.env,
      DISPLAY: display.name,
      [LEDGER_VARIABLE]: ledger.folder,
      [SLOT_VARIABLE]: 'slot-1',
      TROUPE_SAFARIDRIVER_CONTROL: control
    }
  });
  const client = new WebDriverClient(`http://127.0.0.1:${port}`, { slot: 'slot-1' });
  t.after(() => client.close());
  await eventually('it listens', () =>
    client
      .status()
      .then(({ ready }) => ready)
      .catch(() => false)
  );
  return {
    child,
    client,
    ledger,
    program,
    port,
    fault: (fault) => writeFileSync(control, JSON.stringify(fault)),
    session: () => client.newSession({ alwaysMatch: { browserName: 'Safari', platformName: 'mac' }, firstMatch: [{}] })
  };
}

const browsers = (ledger: ProcessLedger): number =>
  ledger.living().filter(({ command }) => /WebKit|MiniBrowser/.test(command)).length;

describe('safaridriver on Linux', { skip: browserMissing }, () => {
  it('says its version, enables itself without ado, and refuses a port that is none', async (t) => {
    const { program } = installed(t);
    assert.match((await run(program, ['--version'])).stdout, /safaridriver of troupe \d+\.\d+\.\d+, for WebKitGTK/);
    await run(program, ['--enable']);
    await assert.rejects(run(program, ['-p', 'none']), (error: { code: number; stderr: string }) => {
      assert.equal(error.code, 64);
      assert.match(error.stderr, /usage: safaridriver -p PORT/);
      return true;
    });
  });

  it('says that its port is taken', async (t) => {
    const { program, port } = await running(t);
    await assert.rejects(run(program, ['-p', String(port)]), (error: { code: number; stderr: string }) => {
      assert.equal(error.code, 71);
      assert.match(error.stderr, new RegExp(`cannot listen on port ${port}.*EADDRINUSE`));
      return true;
    });
  });

  it('gives one session after another, each in a browser that is gone when it is deleted', async (t) => {
    const { session, ledger, client } = await running(t);
    for (let n = 0; n < 2; n++) {
      const first = await session();
      assert.equal(first.capabilities.browserName, 'Safari');
      const [upstream] = ledger.entries().filter(({ role }) => role === 'browser');
      assert.equal(environmentOf(upstream!.pid, 'NO_AT_BRIDGE'), '1', 'or each start waits for a bus there is not');
      await assert.rejects(session(), /already paired with another WebDriver session/);
      await first.navigate(button);
      await first.delete();
      assert.equal(browsers(ledger), 0);
      assert.equal((await client.status()).ready, true);
    }
  });

  it('ends its browser when it is told to stop', async (t) => {
    const { session, ledger, child } = await running(t);
    await session();
    assert.ok(browsers(ledger) >= 3);
    child.kill('SIGTERM');
    assert.deepEqual(await once(child, 'exit'), [0, null]);
    assert.equal(browsers(ledger), 0);
  });

  it('ends itself and what is left of the browser when WebKitWebDriver dies', async (t) => {
    const { session, ledger, child } = await running(t);
    await session();
    const [upstream] = ledger.entries().filter(({ role }) => role === 'browser');
    process.kill(upstream!.pid, 'SIGKILL');
    assert.deepEqual(await once(child, 'exit'), [1, null]);
    assert.equal(browsers(ledger), 0);
  });

  it('ends with its parent', async (t) => {
    const { ledger, program } = installed(t);
    const port = await freePort();
    const script = `require('child_process').spawn(${JSON.stringify(program)}, ['-p', '${port}'], { stdio: 'ignore' }); setInterval(() => {}, 60000)`;
    const parent = spawn(process.execPath, ['-e', script], {
      env: { ...process.env, [LEDGER_VARIABLE]: ledger.folder },
      stdio: 'ignore'
    });
    const client = new WebDriverClient(`http://127.0.0.1:${port}`);
    t.after(() => client.close());
    await eventually('it listens', () =>
      client
        .status()
        .then(() => true)
        .catch(() => false)
    );
    parent.kill('SIGKILL');
    await eventually('it has ended', () => ledger.living().length === 0);
  });
});

describe('a fault on purpose', { skip: browserMissing }, () => {
  const click = 'POST .*/element/[^/]+/click';
  const at = async (r: Running) => {
    const session = await r.session();
    await session.navigate(button);
    const [element] = await session.findElements('css selector', 'button');
    return { session, click: () => session.elementClick(element!, { timeoutMs: 3000 }) };
  };

  it('loses a click, once', async (t) => {
    const r = await running(t);
    const on = await at(r);
    r.fault({ id: '1', kind: 'lose-click', match: click });
    await on.click();
    assert.equal(await on.session.title(), '0');
    await on.click();
    assert.equal(await on.session.title(), '1');
  });

  it('answers 500 and does nothing', async (t) => {
    const r = await running(t);
    const on = await at(r);
    r.fault({ id: '1', kind: 'error', match: click });
    await assert.rejects(on.click(), (error) => isDriverError(error, 'unknown error'));
    assert.equal(await on.session.title(), '0');
  });

  it('drops the answer to what was done', async (t) => {
    const r = await running(t);
    const on = await at(r);
    r.fault({ id: '1', kind: 'drop', match: click });
    await assert.rejects(on.click(), (error) => isControlError(error, 'DRIVER_LOST'));
    await eventually('the click was done', async () => (await on.session.title()) === '1');
  });

  it('slows a command down, and does it', async (t) => {
    const r = await running(t);
    const on = await at(r);
    r.fault({ id: '1', kind: 'slow', match: click, delayMs: 5000 });
    await assert.rejects(on.click(), (error) => isControlError(error, 'DRIVER_TIMEOUT'));
  });

  it('crashes and orphans its browser, which its ledger still names', async (t) => {
    const r = await running(t);
    const on = await at(r);
    r.fault({ id: '1', kind: 'crash', match: click });
    await assert.rejects(on.click(), (error) => isControlError(error, 'DRIVER_LOST'));
    assert.ok(browsers(r.ledger) >= 3);
    await r.ledger.sweep({ roles: ['driver', 'browser'] });
    assert.equal(browsers(r.ledger), 0);
  });

  it('hangs with everything behind it, and dies by force', async (t) => {
    const r = await running(t);
    const on = await at(r);
    r.fault({ id: '1', kind: 'hang', match: click });
    await assert.rejects(on.click(), (error) => isControlError(error, 'DRIVER_TIMEOUT'));
    await assert.rejects(r.client.status({ timeoutMs: 500 }), (error) => isControlError(error, 'DRIVER_TIMEOUT'));
    await r.ledger.sweep({ roles: ['driver', 'browser'], graceMs: 500 });
    assert.equal(browsers(r.ledger), 0);
  });
});
