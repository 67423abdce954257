/** Applications, keys and the Mac's interpreter, without a desktop: the interpreter is a script of ours. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { Apps, argumentsFor, splitExec } from '../../../actors/desktop/apps.ts';
import { Deadline, type DesktopCommand } from '../../../actors/desktop/contract.ts';
import { keysymOf, macKeyOf } from '../../../actors/desktop/keys.ts';
import { MacApps } from '../../../actors/desktop/macos/apps.ts';
import { MacDesktop } from '../../../actors/desktop/macos/desktop.ts';
import { Targets } from '../../../actors/desktop/targets.ts';

const temporary = (t: TestContext) => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'troupe-desktop-')));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

describe('applications', () => {
  it('are found by entry, by shown name, on the PATH and by path, and only those that may be', (t) => {
    const folder = temporary(t);
    const program = join(folder, 'edit');
    writeFileSync(program, '#!/bin/sh\n');
    chmodSync(program, 0o755);
    mkdirSync(join(folder, 'applications'));
    writeFileSync(
      join(folder, 'applications/org.example.edit.desktop'),
      `[Desktop Entry]\nName=Text Editor\nName[de]=Nope\nExec=${program} --new %i "a \\"b\\"" %F\n[Desktop Action x]\nExec=/bin/false\n`
    );
    const environment = { PATH: folder, XDG_DATA_HOME: folder, XDG_DATA_DIRS: folder };
    const apps = new Apps(environment);
    for (const name of ['org.example.edit', 'text editor']) {
      assert.deepEqual(apps.find(name).args, ['--new', 'a "b"', '%F'], name);
    }
    for (const name of ['edit', program]) assert.equal(apps.find(name).program, program);
    for (const name of ['Nope', '../edit', 'edit; rm', '/etc/passwd', '']) {
      assert.throws(() => apps.find(name), { code: 'app_not_found' }, name);
    }
    assert.throws(() => new Apps(environment, ['other']).find('edit'), { code: 'not_permitted' });
    for (const allowed of ['edit', 'text editor', program]) {
      assert.equal(new Apps(environment, [allowed]).find('Text Editor').program, program);
    }
    assert.equal(new Apps(environment, ['edit']).find(program).program, program);
    // Another program of that name is another program.
    const other = join(temporary(t), 'edit');
    writeFileSync(other, '#!/bin/sh\n');
    chmodSync(other, 0o755);
    assert.throws(() => new Apps(environment, ['edit']).find(other), { code: 'not_permitted' });
    assert.throws(() => new Apps(environment, [other]).find('edit'), { code: 'not_permitted' });
  });

  it('get their target where the entry wants it', () => {
    assert.deepEqual(argumentsFor({ args: ['-a', '%u', '%%'] }, 'x'), ['-a', 'x', '%']);
    assert.deepEqual(argumentsFor({ args: ['-a', '%u'] }), ['-a']);
    assert.deepEqual(argumentsFor({ args: ['-a'] }, 'x'), ['-a', 'x']);
    assert.deepEqual(splitExec('prog "two words" $HOME `id`'), ['prog', 'two words', '$HOME', '`id`']);
  });

  it('open web addresses and files that there are', (t) => {
    const file = join(temporary(t), 'a b');
    writeFileSync(file, '');
    const resolve = (target: string) => new Targets().resolve(target);
    assert.equal(resolve(file), file);
    assert.equal(resolve(`file://${file.replace(' ', '%20')}`), file);
    assert.equal(resolve('https://example.org/x y'), 'https://example.org/x%20y');
    for (const target of ['-x', 'a b', 'javascript:1', '/no/such', 'file://host/x', 'http://']) {
      assert.throws(() => resolve(target), { code: 'invalid_argument' }, target);
    }
  });
});

describe('targets', () => {
  it('are those that are listed, by their real path and origin', (t) => {
    const folder = temporary(t);
    for (const name of ['open', 'open/in', 'opened']) mkdirSync(join(folder, name));
    for (const name of ['open/in/a', '..b', 'opened/c', 'open/..d']) writeFileSync(join(folder, name), '');
    symlinkSync(join(folder, 'opened/c'), join(folder, 'open/link'));
    symlinkSync(join(folder, 'open'), join(folder, 'way'));
    const targets = new Targets([
      join(folder, 'way'),
      join(folder, '..b'),
      'https://example.org',
      '/no/such',
      'relative'
    ]);
    for (const good of [
      join(folder, 'open/in/a'),
      join(folder, 'open/..d'),
      join(folder, 'open'),
      join(folder, '..b')
    ]) {
      assert.equal(targets.resolve(good), good);
    }
    assert.equal(targets.resolve('https://example.org:443/x'), 'https://example.org/x');
    for (const bad of [
      join(folder, 'opened/c'),
      join(folder, 'open/link'),
      join(folder, 'open/../opened/c'),
      folder,
      'http://example.org/',
      'https://example.org.evil.net/',
      'https://example.org@evil.net/'
    ]) {
      assert.throws(() => targets.resolve(bad), { code: 'not_permitted' }, bad);
    }
    assert.throws(() => targets.resolve('/no/such'), { code: 'invalid_argument' });
  });
});

describe('keys', () => {
  it('have names, or stand for themselves', () => {
    assert.deepEqual(['Return', 'f24', 'a', 'ß', '€'].map(keysymOf), [0xff0d, 0xffd5, 0x61, 0xdf, 0x010020ac]);
    assert.deepEqual(['Return', 'F20', 'a'].map(macKeyOf), [{ code: 36 }, { code: 90 }, { text: 'a' }]);
    for (const key of ['\n', 'ab', 'F25', '\ud800']) {
      assert.throws(() => keysymOf(key), { code: 'invalid_argument' }, JSON.stringify(key));
    }
  });
});

describe('a desktop of macOS, as far as it can be seen here', () => {
  /** Answers as `recipes.jxa.js` does, and says which process it is. */
  const SCRIPT = `
    const { appendFileSync } = require('node:fs');
    require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
      const request = JSON.parse(line);
      appendFileSync(process.argv[2], JSON.stringify({ pid: process.pid, ...request }) + '\\n');
      if (request.text === 'hang') return;
      if (request.text === 'die') process.exit(3);
      if (request.text === 'forbid') return console.log(JSON.stringify({ id: request.id, ok: false, code: 'not_permitted', message: 'no' }));
      console.log(JSON.stringify({ id: request.id, ok: true, state: request.app === 'Notes' ? 'shown' : null }));
    });`;

  async function mac(t: TestContext, allowed: string[] = []) {
    const folder = temporary(t);
    const [script, log, open] = ['jxa.cjs', 'log', 'open'].map((name) => join(folder, name)) as [
      string,
      string,
      string
    ];
    writeFileSync(script, SCRIPT);
    writeFileSync(log, '');
    writeFileSync(
      open,
      `#!/bin/sh\ncase "$2" in */none.app) echo "Unable to find application named 'none'" >&2; exit 1;; esac\nprintf '{"opened":"%s"}\\n' "$*" >>'${log}'\n`
    );
    chmodSync(open, 0o755);
    for (const name of ['Notes', 'Utilities/Maps; rm', 'none'])
      mkdirSync(join(folder, `${name}.app`), { recursive: true });
    const apps = new MacApps({ allowed, home: undefined, folders: [folder] });
    const desktop = new MacDesktop({
      apps,
      targets: new Targets(),
      interpreter: [process.execPath, script, log],
      open
    });
    t.after(() => desktop.close());
    const { readFileSync } = await import('node:fs');
    return {
      folder,
      run: async (command: DesktopCommand, deadline = new Deadline(performance.now() + 20_000)) =>
        desktop.run(command, deadline),
      lines: () =>
        readFileSync(log, 'utf8')
          .split('\n')
          .slice(0, -1)
          .map((line) => JSON.parse(line))
    };
  }

  it('asks one interpreter for keys and text', async (t) => {
    const { run, lines } = await mac(t);
    await run({ type: 'keystroke', key: 'k', mods: ['cmd', 'shift'] });
    await run({ type: 'enter', text: 'Grüße 🎭' });
    const [first, ...rest] = lines();
    assert.deepEqual([first.op, first.key, first.mods], ['press', { text: 'k' }, ['cmd', 'shift']]);
    assert.deepEqual(
      rest.map(({ op, text, key }) => [op, text ?? key]),
      [
        ['paste', 'Grüße 🎭'],
        ['press', { code: 36 }]
      ]
    );
    assert.equal(new Set(lines().map(({ pid }) => pid)).size, 1);
  });

  it('starts another when it dies or hangs, and says what it is not permitted', async (t) => {
    const { run, lines } = await mac(t);
    await assert.rejects(run({ type: 'paste', text: 'forbid' }), { code: 'not_permitted' });
    await assert.rejects(run({ type: 'paste', text: 'die' }), { code: 'internal', message: /ended with 3/ });
    const deadline = new Deadline(performance.now() + 20_000);
    const hanging = run({ type: 'paste', text: 'hang' }, deadline);
    while (lines().length < 3) await new Promise((resolve) => setTimeout(resolve, 10));
    deadline.abort();
    await assert.rejects(hanging, { code: 'internal', message: /given up/ });
    await run({ type: 'paste', text: 'fine' });
    assert.equal(new Set(lines().map(({ pid }) => pid)).size, 3);
  });

  it('shows what runs, and opens what does not, without a shell', async (t) => {
    const { run, lines, folder } = await mac(t);
    assert.deepEqual(await run({ type: 'open_app', app: 'Notes' }), { state: 'shown' });
    assert.deepEqual(await run({ type: 'open_app', app: 'Maps; rm' }), { state: 'started' });
    assert.equal(lines().at(-1).opened, `-a ${folder}/Utilities/Maps; rm.app`);
    await run({ type: 'open_with_app', app: join(folder, 'Notes.app'), target: '/etc/../etc/passwd' });
    assert.equal(lines().at(-1).opened, `-a ${folder}/Notes.app ${realpathSync('/etc/passwd')}`);
    await assert.rejects(run({ type: 'open_app', app: 'none' }), { code: 'app_not_found' });
    for (const app of ['-x', '../Notes', '/etc/passwd', '']) {
      await assert.rejects(run({ type: 'open_app', app }), { code: 'app_not_found' }, app);
    }
    const { run: narrow } = await mac(t, ['Notes']);
    await assert.rejects(narrow({ type: 'open_app', app: 'Maps; rm' }), { code: 'not_permitted' });
    // Another bundle of that name is another application.
    await assert.rejects(narrow({ type: 'open_app', app: join(folder, 'Notes.app') }), { code: 'not_permitted' });
    assert.deepEqual(await narrow({ type: 'open_app', app: 'Notes' }), { state: 'shown' });
  });
});
