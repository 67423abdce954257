/** The manager as these tests need it: started again and again on one data directory, told where to die. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Ended, type Endpoints, type LaunchOptions, launch, whereItListens } from '../support/manager.ts';
import { killAllOf } from '../support/processes.ts';
import type { Place } from './places.ts';

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

export interface Up {
  url: string;
  wsUrl: string;
  token: string;
}

/** One life of the process. */
export interface Life {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Where it listens, or how it ended before it did. */
  readonly up: Promise<Up | Ended>;
  output(): string;
}

export interface TroupeOptions extends LaunchOptions {
  data: string;
  /** `data` as this process sees it, when the manager has another view of the file system. */
  seenAs?: string;
  args?: string[];
  env?: Record<string, string>;
}

/** A manager with many lives. `whenUp` is for those who want to go on over all of them. */
export class Troupe {
  readonly data: string;
  readonly #options: TroupeOptions;
  #life: Life | undefined;
  #up: Up | undefined;
  #waiting: ((up: Up | null) => void)[] = [];
  #over = false;
  lives = 0;

  constructor(t: Pick<TestContext, 'after'>, options: TroupeOptions) {
    this.#options = options;
    this.data = options.seenAs ?? options.data;
    t.after(async () => {
      this.giveUp();
      this.#life?.child.kill('SIGKILL');
      await this.#life?.ended;
      await killAllOf(options.data);
    });
  }

  get life(): Life {
    assert.ok(this.#life, 'it was started');
    return this.#life;
  }

  /** @param place where it is to die by itself */
  start(place?: Place): Life {
    const { data, args = [], env = {}, nodeArgs = [], wrapper = [] } = this.#options;
    const dying = place ? dyingAt(place, this.data) : { env: {}, nodeArgs: [] };
    const flags = ['--data', data, '--control', '127.0.0.1:0', '--telemetry', '127.0.0.1:0', '--driver', 'stub'];
    const { child, ended, output } = launch(
      ['start', ...flags, ...args],
      { ...env, TROUPE_DATA: data, ...dying.env },
      { nodeArgs: [...dying.nodeArgs, ...nodeArgs], wrapper }
    );
    const up = whereItListens(this.data, child.pid!, ended, 120_000).then((found): Up | Ended => {
      if ('code' in found) return found;
      assert.ok(!('late' in found), `the manager did not come up:\n${output()}`);
      return this.#hasComeUp(life, found);
    });
    const life: Life = { child, ended, up, output };
    this.#life = life;
    this.lives += 1;
    void ended.then(() => {
      if (this.#life === life) this.#up = undefined;
    });
    return life;
  }

  #hasComeUp(life: Life, { control, telemetry }: Endpoints): Up {
    const token = readFileSync(join(this.data, 'admin.token'), 'utf8').trim();
    const up = { url: control, wsUrl: telemetry, token };
    if (this.#life === life && life.child.exitCode === null && life.child.signalCode === null) {
      this.#up = up;
      for (const resolve of this.#waiting.splice(0)) resolve(up);
    }
    return up;
  }

  /** @throws AssertionError with what it wrote, when it ended instead */
  async started(): Promise<Up> {
    const life = this.start();
    const up = await life.up;
    assert.ok('url' in up, `the manager ended with ${'code' in up ? (up.code ?? up.signal) : ''}:\n${life.output()}`);
    return up;
  }

  /** The one that is up, or the next; null once the test gives up. */
  whenUp(): Promise<Up | null> {
    if (this.#over) return Promise.resolve(null);
    if (this.#up) return Promise.resolve(this.#up);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  giveUp() {
    this.#over = true;
    for (const resolve of this.#waiting.splice(0)) resolve(null);
  }

  /** SIGKILL, and its end. */
  async kill(): Promise<void> {
    this.life.child.kill('SIGKILL');
    await this.life.ended;
  }

  /** SIGTERM, and its end. @throws AssertionError when that is not 0 */
  async stop(): Promise<void> {
    this.life.child.kill('SIGTERM');
    const { code, signal } = await this.life.ended;
    assert.equal(code ?? signal, 0, this.life.output());
  }

  /**
   * A start that must be refused.
   * @returns what it wrote on stderr
   * @throws AssertionError when it comes up, or says something else than `code`, the path and the cure
   */
  async refused(code: string, says: RegExp[]): Promise<string> {
    const life = this.start();
    const ended = await life.up;
    if ('url' in ended) await this.kill();
    const output = life.output();
    assert.ok('code' in ended, `it was to refuse with ${code} and came up:\n${output}`);
    assert.equal(ended.code, 1, output);
    assert.match(output, new RegExp(`troupe: ${code}: `));
    for (const word of says) assert.match(output, word);
    assert.doesNotMatch(output, /\n\s+at /, 'a person reads no stack');
    return output;
  }

  /**
   * It has died, and where it was told to.
   * @throws AssertionError when it died otherwise
   */
  async diedAt(place: Place): Promise<void> {
    const { code, signal } = await this.life.ended;
    const context = `it was to die ${place.name}:\n${this.life.output()}`;
    assert.equal(signal ?? code, 'SIGKILL', context);
    assert.ok(existsSync(markOf(this.data)), `it was killed by somebody else; ${context}`);
  }
}

/** Beside the data, not in it: what is in a data directory is the manager's. */
const markOf = (data: string) => `${data.replace(/\/+$/, '')}.mark`;

function dyingAt({ at, shim, powerSeed }: Place, data: string): { env: Record<string, string>; nodeArgs: string[] } {
  const mark = markOf(data);
  rmSync(mark, { force: true });
  const env: Record<string, string> = {};
  if (at) env.CRASH_AT = JSON.stringify({ ...at, mark });
  if (shim || powerSeed !== undefined) {
    const built = buildShim();
    assert.ok('path' in built, 'a place that needs the shim is only asked for where there is one');
    env.LD_PRELOAD = built.path;
    env.CRASH_SHIM_MARK = mark;
    if (shim) env.CRASH_SHIM_AT = `${shim.call} ${shim.when} ${shim.file} ${shim.nth}`;
    if (powerSeed !== undefined) env.CRASH_SHIM_POWER = String(powerSeed);
  }
  return { env, nodeArgs: at ? ['--import', here('./preload.mjs')] : [] };
}

let shim: { path: string } | { why: string } | undefined;

/** Compiles shim.c, once a process; or says why it cannot be had here. */
export function buildShim(): { path: string } | { why: string } {
  shim ??= compiled();
  return shim;
}

function compiled(): { path: string } | { why: string } {
  if (process.platform !== 'linux') return { why: 'LD_PRELOAD with /proc is of Linux' };
  const folder = mkdtempSync(join(tmpdir(), 'troupe-shim-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'shim.so');
  const args = [
    '-O2',
    '-Wall',
    '-Wextra',
    '-Werror',
    '-shared',
    '-fPIC',
    '-o',
    path,
    here('./shim.c'),
    '-ldl',
    '-pthread'
  ];
  const { status, error, stderr } = spawnSync('cc', args, { encoding: 'utf8' });
  if (error) return { why: `no C compiler: ${error.message}` };
  assert.equal(status, 0, stderr);
  return { path };
}

/** A folder for data, and room beside it for marks; gone afterwards. */
export function dataFolder(t: Pick<TestContext, 'after'>): string {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-crash-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const data = join(folder, 'data');
  mkdirSync(data);
  return data;
}

export const touch = (path: string, bytes: string | Uint8Array = '') => writeFileSync(path, bytes);
