import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openDataDirectory } from '../../../actors/journal/data-directory.ts';
import { startOf } from '../../../actors/process/identity.ts';
import { type ErrorDetails, isControlError } from '../../../schemas/errors.ts';
import { startChild } from '../../support/child.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const taking = fileURLToPath(new URL('./child-takes.ts', import.meta.url));

const inUseBy = (pid: number) => (error: unknown) => {
  assert.ok(isControlError(error, 'DATA_DIR_IN_USE'), String(error));
  const details = error.details as ErrorDetails<'DATA_DIR_IN_USE'>;
  assert.equal(details.pid, pid);
  assert.ok(Math.abs(Date.parse(details.since) - Date.now()) < 3_600_000, `since ${details.since}`);
  assert.match(error.message, new RegExp(`process ${pid}, started .*; stop it`));
  return true;
};

/** A process that has taken `directory`. */
async function takenByAnother(t: TestContext, directory: string) {
  const child = startChild(taking, [directory]);
  t.after(() => child.kill());
  writeFileSync(`${directory}.go`, '');
  await child.until((lines) => lines.includes('taken'));
  return child;
}

/** The only thing a release leaves is what others put there. */
const filesIn = (directory: string) => readdirSync(directory).sort();

describe('a data directory', () => {
  const fresh = async (t: TestContext) => join(await temporaryFolder(t), 'data');

  it('is made for its owner only, and says who that is', async (t) => {
    const path = await fresh(t);
    const directory = await openDataDirectory(path);
    assert.equal(directory.path, path);
    assert.equal(statSync(path).mode & 0o777, 0o700);
    const lock = JSON.parse(readFileSync(join(path, 'troupe.lock'), 'utf8'));
    assert.equal(lock.pid, process.pid);
    assert.equal(lock.start, startOf(process.pid));
    assert.equal(statSync(join(path, 'troupe.lock')).mode & 0o777, 0o600);
    assert.deepEqual(filesIn(path), ['troupe.lock']);
    await directory.release();
  });

  it('is refused to a second one in the same process', async (t) => {
    const path = await fresh(t);
    await openDataDirectory(path);
    await assert.rejects(openDataDirectory(path), inUseBy(process.pid));
    assert.deepEqual(filesIn(path), ['troupe.lock']);
  });

  it('is free again once released, in either way, and a second release takes nothing from the next owner', async (t) => {
    const path = await fresh(t);
    const first = await openDataDirectory(path);
    await first.release();
    assert.deepEqual(filesIn(path), []);
    const second = await openDataDirectory(path);
    await first.release();
    first.releaseSync();
    await assert.rejects(openDataDirectory(path), inUseBy(process.pid));
    second.releaseSync();
    await (await openDataDirectory(path)).release();
  });

  it('is refused while another process has it, naming that one, and free when it was killed with -9', async (t) => {
    const path = await fresh(t);
    const child = await takenByAnother(t, path);
    await assert.rejects(openDataDirectory(path), inUseBy(child.process.pid!));
    await child.kill();
    const directory = await openDataDirectory(path);
    assert.deepEqual(filesIn(path), ['troupe.lock']);
    await directory.release();
  });

  it('is free when the pid in its lock is of a process that started at another time', async (t) => {
    const path = await fresh(t);
    const child = await takenByAnother(t, path);
    const lock = JSON.parse(readFileSync(join(path, 'troupe.lock'), 'utf8'));
    writeFileSync(join(path, 'troupe.lock'), JSON.stringify({ ...lock, start: 'another boot 12345' }));
    assert.ok(child.process.exitCode === null, 'the process lives');
    await (await openDataDirectory(path)).release();
  });

  for (const [what, content] of [
    ['is empty', ''],
    ['is no JSON', '{"pid":'],
    ['is null', 'null'],
    ['has no pid', '{"pid":"1"}'],
    ['has a pid that is a process group', '{"pid":-1}']
  ]) {
    it(`is free when its lock ${what}, as a machine that lost power may leave it`, async (t) => {
      const path = await fresh(t);
      mkdirSync(path);
      writeFileSync(join(path, 'troupe.lock'), content!);
      const directory = await openDataDirectory(path);
      assert.equal(JSON.parse(readFileSync(join(path, 'troupe.lock'), 'utf8')).pid, process.pid);
      await directory.release();
      assert.deepEqual(filesIn(path), []);
    });
  }

  it('is taken by exactly one of several processes that start at once', async (t) => {
    const folder = await temporaryFolder(t);
    // Every other one was left behind by a process that is dead.
    const directories = Array.from({ length: 24 }, (_, index) => join(folder, `data${index}`));
    const dead = { pid: 2 ** 22 + 1, start: 'boot 1', since: new Date().toISOString(), nonce: 'n' };
    for (const [index, directory] of directories.entries()) {
      mkdirSync(directory);
      if (index % 2 === 1) writeFileSync(join(directory, 'troupe.lock'), JSON.stringify(dead));
    }
    const children = Array.from({ length: 4 }, () => startChild(taking, directories));
    t.after(() => Promise.all(children.map((child) => child.kill())));
    for (const child of children) await child.until((lines) => lines.includes('ready'));
    for (const [index, directory] of directories.entries()) {
      writeFileSync(`${directory}.go`, '');
      for (const child of children) await child.until((lines) => lines.length >= index + 2);
      const answers = children.map((child) => child.lines[index + 1]).sort();
      assert.deepEqual(answers, ['DATA_DIR_IN_USE', 'DATA_DIR_IN_USE', 'DATA_DIR_IN_USE', 'taken'], directory);
      const { pid } = JSON.parse(readFileSync(join(directory, 'troupe.lock'), 'utf8'));
      assert.equal(pid, children.find((child) => child.lines[index + 1] === 'taken')?.process.pid);
      assert.deepEqual(filesIn(directory), ['troupe.lock']);
    }
  });

  it('cannot be made where a file is in the way', async (t) => {
    const folder = await temporaryFolder(t);
    writeFileSync(join(folder, 'file'), '');
    for (const path of [join(folder, 'file'), join(folder, 'file', 'data')]) {
      await assert.rejects(openDataDirectory(path), (error) => isControlError(error, 'DATA_DIR_UNWRITABLE'));
    }
  });
});

describe('when a process started', () => {
  it('is the same each time it is asked, and unlike that of another', () => {
    assert.equal(startOf(process.pid), startOf(process.pid));
    assert.notEqual(startOf(process.pid), startOf(process.ppid));
  });

  it('is null for one that is not there', () => {
    assert.equal(startOf(2 ** 22 + 1), null);
  });
});
