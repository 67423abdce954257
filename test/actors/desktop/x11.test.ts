/** Recipes' commands on a real X server, seen by the program whose window they reach. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Apps } from '../../../actors/desktop/apps.ts';
import { Deadline, type DesktopCommand } from '../../../actors/desktop/contract.ts';
import { Targets } from '../../../actors/desktop/targets.ts';
import { X11Desktop } from '../../../actors/desktop/x11/desktop.ts';
import { packageRoot } from '../../../actors/package-root.ts';
import { createRecipeClient } from '../../../client/recipes.ts';
import { open, recipesFor } from '../../server/recipes/harness.ts';
import { startXvfb, type Xvfb } from './xvfb.ts';

const SHIFT = 1;
const CONTROL = 4;
const ALT = 8;

describe('an X11 desktop', () => {
  let xvfb: Xvfb;
  let folder: string;
  let desktop: X11Desktop;
  let seen = 0;
  const logs = () => join(folder, 'seen.jsonl');
  const run = (command: DesktopCommand, withinMs = 20_000) =>
    desktop.run(command, new Deadline(performance.now() + withinMs));

  interface Line {
    event: string;
    keysym?: number;
    state?: number;
    text?: string;
    target?: string;
  }
  /** Those that are whole: of a long one only the beginning may be written yet. */
  const lines = (): Line[] =>
    existsSync(logs())
      ? readFileSync(logs(), 'utf8')
          .split('\n')
          .slice(0, -1)
          .map((line) => JSON.parse(line))
      : [];
  /** The next lines of the window that `holds`, from where the last call ended. */
  async function saw(holds: (line: Line) => boolean): Promise<Line> {
    for (;;) {
      const index = lines().findIndex((line, n) => n >= seen && holds(line));
      if (index >= 0) {
        seen = index + 1;
        return lines()[index] as Line;
      }
      await delay(10);
    }
  }

  before(async () => {
    xvfb = await startXvfb();
    folder = mkdtempSync(join(tmpdir(), 'troupe-x11-'));
    const entries = join(folder, 'share/applications');
    mkdirSync(entries, { recursive: true });
    const program = join(folder, 'notes');
    const words = [
      process.execPath,
      '--import',
      import.meta.resolve('tsx'),
      join(packageRoot(), 'test/actors/desktop/window.ts')
    ];
    writeFileSync(program, `#!/bin/sh\nexec ${words.map((word) => `'${word}'`).join(' ')} "$@"\n`);
    chmodSync(program, 0o755);
    writeFileSync(
      join(entries, 'org.example.notes.desktop'),
      `[Desktop Entry]\nType=Application\nName=Small Notes\nExec="${program}" "${logs()}" smallnotes %u\nStartupWMClass=smallnotes\n`
    );
    const environment = { PATH: process.env.PATH, HOME: folder, XDG_DATA_HOME: join(folder, 'share') };
    desktop = new X11Desktop({
      display: xvfb.display,
      apps: new Apps(environment),
      targets: new Targets(),
      environment
    });
  });
  after(async () => {
    await desktop.close();
    await xvfb.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    if (lines().length === 0) {
      assert.deepEqual(await run({ type: 'open_app', app: 'Small Notes' }), { state: 'started' });
      await saw(({ event }) => event === 'shown');
    }
  });

  it('opens an app that does not run by the name that people see, and shows it by its id when it does', async () => {
    assert.deepEqual(await run({ type: 'open_app', app: 'org.example.notes' }), { state: 'shown' });
  });

  it('presses a key', async () => {
    await run({ type: 'keystroke', key: 'a' });
    assert.deepEqual(await saw(({ event }) => event === 'key'), { event: 'key', keysym: 0x61, state: 0 });
  });

  it('presses a key that needs shift, with the modifiers that are asked for, and lets all of them go', async () => {
    await run({ type: 'keystroke', key: 'A' });
    assert.equal((await saw(({ keysym }) => keysym === 0x41)).state, SHIFT);
    await run({ type: 'keystroke', key: 'k', mods: ['ctrl', 'alt'] });
    assert.equal((await saw(({ keysym }) => keysym === 0x6b)).state, CONTROL | ALT);
    await run({ type: 'keystroke', key: 'PageDown' });
    assert.equal((await saw(({ keysym }) => keysym === 0xff56)).state, 0);
  });

  it('presses a character that the keyboard does not have', async () => {
    for (const [key, keysym] of [
      ['ß', 0xdf],
      ['🎭', 0x0101f3ad]
    ] as const) {
      await run({ type: 'keystroke', key });
      await saw((line) => line.keysym === keysym);
    }
  });

  it('pastes text of any length and script', async () => {
    for (const text of ['Grüße 🎭\nzweite Zeile', 'x'.repeat(262_144), '€'.repeat(262_144)]) {
      await run({ type: 'paste', text });
      assert.ok((await saw(({ event }) => event === 'paste')).text === text, `${text.length} characters`);
    }
  });

  it('enters text: pastes it and presses Return', async () => {
    await run({ type: 'enter', text: 'send this' });
    assert.equal((await saw(({ event }) => event === 'paste')).text, 'send this');
    await saw(({ keysym }) => keysym === 0xff0d);
  });

  it('does over the recipe sockets what they say: a macro by datagram, stream, line and the older JSON', async (t) => {
    const { path, dataDir } = await recipesFor(t, { run: (command, deadline) => desktop.run(command, deadline) });
    mkdirSync(join(dataDir, 'macros'));
    const steps = [
      { type: 'open_app', app: 'Small Notes' },
      { type: 'keystroke', key: 'm' },
      { type: 'enter', text: 'from a macro' }
    ];
    writeFileSync(join(dataDir, 'macros/greet.json'), JSON.stringify({ steps }));
    const sawAll = async () => {
      await saw(({ keysym }) => keysym === 0x6d);
      assert.equal((await saw(({ event }) => event === 'paste')).text, 'from a macro');
      await saw(({ keysym }) => keysym === 0xff0d);
    };
    for (const datagrams of [true, false]) {
      const client = createRecipeClient({ path, datagrams, ackMs: 60_000 });
      t.after(() => client.close());
      const reply = await client.send({ type: 'run_macro', name: 'greet' }, { timeoutMs: 60_000 });
      assert.deepEqual([reply?.ok, reply?.results?.[0]?.state], [true, 'shown']);
      await sawAll();
    }
    const { socket, next } = await open(t, path);
    socket.write('RUN greet\n');
    assert.equal(await next(), 'OK');
    await sawAll();
    socket.write('{"op":"run_macro","request_id":"r","args":{"name":"greet"}}\n');
    assert.equal(JSON.parse(await next()).ok, true);
    await sawAll();
  });

  it('hides the app in front when it is toggled, and shows it the next time', async () => {
    const toggle = { type: 'open_app', app: 'Small Notes', toggle: true } as const;
    assert.deepEqual(await run(toggle), { state: 'hidden' });
    await saw(({ event }) => event === 'hidden');
    assert.deepEqual(await run(toggle), { state: 'shown' });
    await saw(({ event }) => event === 'shown');
    await run({ type: 'keystroke', key: 'z' });
    await saw(({ keysym }) => keysym === 0x7a);
  });

  it('says what it cannot open', async () => {
    await assert.rejects(run({ type: 'open_app', app: 'no such app' }), { code: 'app_not_found' });
    await assert.rejects(run({ type: 'open_with_app', app: 'Small Notes', target: '/no/such' }), {
      code: 'invalid_argument'
    });
  });

  it('says that nobody took what it pasted, and goes on', async () => {
    await run({ type: 'open_app', app: 'Small Notes', toggle: true });
    await saw(({ event }) => event === 'hidden');
    await assert.rejects(run({ type: 'paste', text: 'lost' }), { code: 'internal', message: /nobody took the text/ });
    await run({ type: 'open_app', app: 'Small Notes' });
    await saw(({ event }) => event === 'shown');
    await run({ type: 'paste', text: 'found' });
    assert.equal((await saw(({ event }) => event === 'paste')).text, 'found');
  });

  it('opens a file with an app, by its real path', async () => {
    const file = join(folder, 'a file; touch gone.txt');
    writeFileSync(file, '');
    await run({ type: 'open_with_app', app: 'Small Notes', target: file });
    assert.equal((await saw(({ target }) => target !== undefined)).target, file);
    await run({ type: 'keystroke', key: 'Escape' });
  });

  it('fails while there is no X server, and works with the next one', async () => {
    const second = await startXvfb();
    const environment = { PATH: process.env.PATH, HOME: folder };
    const lost = new X11Desktop({
      display: second.display,
      apps: new Apps(environment),
      targets: new Targets(),
      environment
    });
    const press = () => lost.run({ type: 'keystroke', key: 'a' }, new Deadline(performance.now() + 5_000));
    await press();
    await second.stop();
    await assert.rejects(Promise.resolve(press()), { code: 'internal' });
    await lost.close();
  });
});
