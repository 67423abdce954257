/** Both planes with certificates that are made here, and clients that believe in them or do not. */
import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { connect, type PeerCertificate } from 'node:tls';
import { pino } from 'pino';
import { createClient } from '../../client/client.ts';
import { TroupeError } from '../../client/errors.ts';
import { isControlError } from '../../schemas/errors.ts';
import { openTls, readCertificate } from '../../server/auth/tls.ts';
import { checksOf } from '../../server/cli/doctor-checks.ts';
import { readConfig } from '../../server/config.ts';
import { readEndpoints } from '../../server/endpoints.ts';
import { startTroupe, type Troupe } from '../../server/start.ts';
import { type Issued, issue } from '../support/certificates.ts';
import { temporaryFolder, troupe } from './cli/harness.ts';

const DAY_MS = 24 * 60 * 60_000;
const NAMES = ['localhost', '127.0.0.1'];
const authority = issue({ name: 'Test authority', isAuthority: true });
const server = issue({ name: 'troupe.test', names: NAMES, issuer: authority });
const clients = issue({ name: 'Authority of clients', isAuthority: true });
const orchestrator = issue({ name: 'orchestrator', issuer: clients });
const stranger = issue({ name: 'stranger' });

interface Files {
  folder: string;
  /** Its path. */
  write(name: string, content: string): string;
  pair(issued: Issued): { tls_cert: string; tls_key: string };
}

function filesIn(folder: string): Files {
  mkdirSync(folder, { recursive: true });
  const write = (name: string, content: string) => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  const pair = ({ cert, key }: Issued) => ({ tls_cert: write('server.crt', cert), tls_key: write('server.key', key) });
  return { folder, write, pair };
}

const NOWHERE = { control: '127.0.0.1:0', telemetry: '127.0.0.1:0', recipes: false };

async function instance(folder: string, options: Record<string, unknown>, log: string[] = []): Promise<Troupe> {
  const config = readConfig({ ...NOWHERE, data: join(folder, 'data'), driver: 'stub', ...options }, {});
  const logger = pino({ level: 'info' }, { write: (line: string) => void log.push(line) });
  return startTroupe(config, { logger, environment: {}, version: '0.0.0' });
}

/** What a new connection is shown. */
const shownAt = (url: string, tls: object = {}): Promise<PeerCertificate> =>
  new Promise((resolve, reject) => {
    const { hostname: host, port } = new URL(url);
    const socket = connect({ host, port: Number(port), ca: [authority.cert], ...tls }, () => {
      resolve(socket.getPeerCertificate());
      socket.destroy();
    });
    socket.once('error', reject);
  });

describe('both planes with a certificate', () => {
  const ends: (() => unknown)[] = [];
  const folder = temporaryFolder({ after: (end) => void ends.push(end as () => unknown) });
  const files = filesIn(folder);
  const ca = files.write('ca.crt', authority.cert);
  let up: Troupe;
  before(async () => {
    up = await instance(folder, files.pair(server));
  });
  after(async () => {
    await up.stop();
    for (const end of ends) await end();
  });
  const dataDir = () => ['--data', up.dataDir];

  it('say so in endpoints.json, and speak nothing else', async () => {
    const { control, telemetry } = readEndpoints(up.dataDir) ?? {};
    assert.match(control ?? '', /^https:\/\/127\.0\.0\.1:\d+$/);
    assert.match(telemetry ?? '', /^wss:\/\/127\.0\.0\.1:\d+$/);
    assert.match(up.inspector, /^https:/);
    const plain = new Promise((resolve, reject) =>
      request(`${control?.replace('https', 'http')}/health`, resolve)
        .once('error', reject)
        .end()
    );
    await assert.rejects(plain);
  });

  it('are reached by programs that know the authority', async () => {
    const { control: url, telemetry: telemetryUrl } = up.endpoints;
    const token = up.adminToken.token;
    const client = createClient({ url, telemetryUrl, token, tls: { ca: authority.cert } });
    const params = { post_url: 'https://x.test/1', text: 'hi' };
    const { command_id } = await client.run('comment_on_post', params, { platform: 'x', account_id: 'ada' });
    assert.equal((await client.wait(command_id)).state, 'SUCCEEDED');
    for await (const event of client.events({ cursor: '0', filters: { command_id } })) {
      if (event.payload.to === 'SUCCEEDED') break;
    }
    const unbelieving = createClient({ url, telemetryUrl, token, retries: 0 });
    await assert.rejects(
      unbelieving.head(),
      (error) => error instanceof TroupeError && /authority/.test(error.message)
    );
    const other = createClient({ url, telemetryUrl, token, retries: 0, tls: { ca: clients.cert } });
    await assert.rejects(other.head(), (error) => error instanceof TroupeError && error.code === 'UNREACHABLE');
    const listening = other.events({ cursor: '0', retries: 0 });
    await assert.rejects(listening.next(), (error) => error instanceof TroupeError && /authority/.test(error.message));
  });

  it('are reached by the command line with --ca, also from the environment, and it says so where that is missing', async () => {
    const listed = await troupe(['token', 'list', '--ca', ca, ...dataDir()]);
    assert.equal(listed.code, 0, listed.err);
    const env = { TROUPE_CA: ca };
    const tailed = await troupe(['tail', '--cursor', '0', '--until', 'caught-up', ...dataDir()], { env });
    assert.equal(tailed.code, 0, tailed.err);
    assert.ok(tailed.json.length > 0);
    const without = await troupe(['token', 'list', ...dataDir()]);
    assert.equal(without.code, 3);
    assert.match(without.err, /certificate is of no authority.*name the authority as ca/);
    const nowhere = await troupe(['token', 'list', '--ca', join(folder, 'no.crt'), ...dataDir()]);
    assert.equal(nowhere.code, 2);
    assert.match(nowhere.err, /--ca '.*no\.crt' cannot be read/);
    const half = await troupe(['token', 'list', '--ca', ca, '--cert', ca, ...dataDir()]);
    assert.equal(half.code, 2);
    assert.match(half.err, /--cert needs --key/);
  });

  it('are ready as long as it is good, and a scrape says until when', async () => {
    const client = createClient({ url: up.endpoints.control, token: up.adminToken.token, tls: { ca: authority.cert } });
    const { checks } = await client.request<{ checks: { name: string; why: string }[] }>('GET', '/ready');
    assert.match(checks.find(({ name }) => name === 'tls')?.why ?? '', /good until \d{4}-/);
    const { telemetry } = up.endpoints;
    assert.equal((await shownAt(telemetry)).subject.CN, 'troupe.test');
    const past = openTls(
      { ...files.pair(server), client_ca: '' },
      pino({ level: 'silent' }),
      // It was good when the process began.
      { now: later() }
    );
    assert.deepEqual((await past?.check.check())?.ok, false);
    past?.close();
  });
});

/** A clock that jumps two years after it was first read. */
function later(): () => number {
  let reads = 0;
  return () => Date.now() + (reads++ > 0 ? 730 * DAY_MS : 0);
}

describe('a certificate of the client', () => {
  it('of the authority is asked for before anything is heard, on both planes, and does not replace the token', async (t) => {
    const folder = temporaryFolder(t);
    const files = filesIn(folder);
    const client_ca = files.write('clients.crt', clients.cert);
    const up = await instance(folder, { ...files.pair(server), client_ca });
    t.after(() => up.stop());
    const { control: url, telemetry: telemetryUrl } = up.endpoints;
    const token = up.adminToken.token;
    const own = { ca: authority.cert, cert: orchestrator.cert, key: orchestrator.key };
    const client = createClient({ url, telemetryUrl, token, tls: own });
    await client.head();
    await client.events({ cursor: '0' }).next();
    const noToken = createClient({ url, token: 'trp_guess', tls: own, retries: 0 });
    await assert.rejects(noToken.head(), (error) => error instanceof TroupeError && error.code === 'UNAUTHENTICATED');
    for (const tls of [{ ca: authority.cert }, { ca: authority.cert, cert: stranger.cert, key: stranger.key }]) {
      const refused = createClient({ url, telemetryUrl, token, tls, retries: 0 });
      for (const attempt of [() => refused.head(), () => refused.events({ cursor: '0', retries: 0 }).next()]) {
        await assert.rejects(attempt, (error) => error instanceof TroupeError && error.code === 'UNREACHABLE');
      }
    }
    const [ca, cert, key] = [
      files.write('ca.crt', authority.cert),
      files.write('me.crt', orchestrator.cert),
      files.write('me.key', orchestrator.key)
    ];
    const asked = await troupe(['token', 'list', '--ca', ca, '--cert', cert, '--key', key, '--data', up.dataDir]);
    assert.equal(asked.code, 0, asked.err);
  });
});

describe('a certificate that is renewed', () => {
  it('is shown to the next connection, without a restart, and what is open stays open', async (t) => {
    const folder = temporaryFolder(t);
    const files = filesIn(folder);
    const log: string[] = [];
    const up = await instance(folder, files.pair(server), log);
    t.after(() => up.stop());
    const { control: url, telemetry: telemetryUrl } = up.endpoints;
    const client = createClient({ url, telemetryUrl, token: up.adminToken.token, tls: { ca: authority.cert } });
    const lost: string[] = [];
    const events = client.events({ cursor: '0', onLost: (why) => void lost.push(why) });
    const first = await events.next();
    assert.ok(!first.done);

    const next = issue({ name: 'renewed.test', names: NAMES, issuer: authority });
    // Half of it first, as a renewal may be seen: the former pair goes on.
    files.write('server.crt', next.cert);
    await until(() => log.some((line) => line.includes('the former one stays') && line.includes('is not the key of')));
    assert.equal((await shownAt(url)).subject.CN, 'troupe.test');
    files.write('server.key', next.key);
    await until(async () => (await shownAt(url)).subject.CN === 'renewed.test');
    await until(async () => (await shownAt(telemetryUrl)).subject.CN === 'renewed.test');
    assert.ok(log.some((line) => line.includes('the certificate was renewed')));
    const params = { post_url: 'https://x.test/1', text: 'hi' };
    const { command_id } = await client.run('comment_on_post', params, { platform: 'x', account_id: 'ada' });
    for await (const event of events) {
      if (event.command_id === command_id && event.payload.to === 'SUCCEEDED') break;
    }
    assert.deepEqual(lost, []);
  });
});

/** Asked again and again; the test runner's own limit is the only one. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 50));
}

describe('a file that is no good', () => {
  const missing = '/nowhere/at/all.pem';
  type Case = [what: string, wrong: (files: Files) => Record<string, string>, option: string, reason: RegExp];
  const cases: Case[] = [
    ['is not there', (f) => ({ ...f.pair(server), tls_cert: missing }), '--tls-cert', /cannot be read.*ENOENT/],
    ['is not there', (f) => ({ ...f.pair(server), tls_key: missing }), '--tls-key', /cannot be read.*ENOENT/],
    ['is not there', (f) => ({ ...f.pair(server), client_ca: missing }), '--client-ca', /cannot be read.*ENOENT/],
    ['is a folder', (f) => ({ ...f.pair(server), tls_cert: f.folder }), '--tls-cert', /cannot be read.*EISDIR/],
    [
      'has no certificate',
      (f) => ({ ...f.pair(server), tls_cert: f.write('x', 'hi') }),
      '--tls-cert',
      /no certificate/
    ],
    ['is a key', (f) => ({ ...f.pair(server), tls_cert: f.write('x', server.key) }), '--tls-cert', /no certificate/],
    [
      'is damaged',
      (f) => ({ ...f.pair(server), tls_cert: f.write('x', server.cert.replace(/M[\s\S]{40}/, 'AAAA')) }),
      '--tls-cert',
      /certificate 1 in it is damaged/
    ],
    ['has no key', (f) => ({ ...f.pair(server), tls_key: f.write('x', server.cert) }), '--tls-key', /no private key/],
    [
      'is locked',
      (f) => ({ ...f.pair(server), tls_key: f.write('x', locked(server.key)) }),
      '--tls-key',
      /locked with a passphrase/
    ],
    [
      'is of another certificate',
      (f) => ({ ...f.pair(server), tls_key: f.write('x', stranger.key) }),
      '--tls-key',
      /is not the key of .*server\.crt, which begins with 'troupe\.test'/
    ],
    ['is over', (f) => f.pair(issue({ name: 'old', until: Date.now() - DAY_MS })), '--tls-cert', /expired \d{4}-/],
    ['is early', (f) => f.pair(issue({ name: 'new', from: Date.now() + DAY_MS })), '--tls-cert', /not good before/],
    ['has no key beside it', (f) => ({ tls_cert: f.pair(server).tls_cert }), '--tls-cert', /pass --tls-key/],
    ['has no certificate beside it', (f) => ({ tls_key: f.pair(server).tls_key }), '--tls-key', /pass --tls-cert/],
    [
      'is there without TLS',
      (f) => ({ client_ca: f.write('x', clients.cert) }),
      '--client-ca',
      /there is no TLS without/
    ],
    [
      'is no authority',
      (f) => ({ ...f.pair(server), client_ca: f.write('x', clients.cert + orchestrator.cert) }),
      '--client-ca',
      /'orchestrator' in it is no authority/
    ]
  ];
  for (const [what, wrong, option, reason] of cases) {
    it(`and ${what} is refused as ${option}, with its path and the cure`, async (t) => {
      const folder = temporaryFolder(t);
      const options = wrong(filesIn(folder));
      const config = readConfig(options, {});
      const key = option.slice(2).replace('-', '_') as 'tls_cert';
      assert.throws(
        () => readCertificate(config),
        (error) =>
          isControlError(error, 'CONFIG_INVALID') &&
          error.message.includes(option) &&
          error.message.includes(config[key]) &&
          reason.test(error.message)
      );
      const [check] = checksOf({ config, env: {}, system: 'win32' }).filter(({ name }) => name === 'TLS');
      assert.equal((await check?.run())?.state, 'fail');
    });
  }

  it('keeps a process from starting, with exit code 2 and nothing left behind', async (t) => {
    const folder = temporaryFolder(t);
    const data = join(folder, 'data');
    const argv = ['start', '--driver', 'stub', '--data', data, '--tls-cert', missing, '--tls-key', missing];
    const { code, err } = await troupe(argv);
    assert.equal(code, 2);
    assert.match(err, /CONFIG_INVALID: .*--tls-cert/);
    assert.equal(existsSync(data), false);
  });
});

const locked = (key: string): string =>
  createPrivateKey(key).export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' }) as string;

describe('an address that others reach', () => {
  const everywhere = { control: '0.0.0.0:0', telemetry: '0.0.0.0:0' };

  it('is bound with a certificate, or when it is insisted on, which the log says', async (t) => {
    const bind = async (options: Record<string, unknown>) => {
      const log: string[] = [];
      const up = await instance(temporaryFolder(t), { ...everywhere, ...options }, log);
      await up.stop();
      return log.join('');
    };
    await assert.rejects(
      bind({}),
      (error) => isControlError(error, 'BIND_REFUSED') && /--tls-cert/.test(error.message)
    );
    const secure = await bind(filesIn(join(temporaryFolder(t), 'tls')).pair(server));
    assert.ok(!secure.includes('--insecure'));
    assert.match(await bind({ insecure: true }), /--insecure.*unencrypted/);
  });

  it('is looked at by the doctor', async (t) => {
    const finding = async (options: Record<string, unknown>) => {
      const config = readConfig(options, {});
      const [check] = checksOf({ config, env: {}, system: 'win32' }).filter(({ name }) => name === 'TLS');
      const { state, detail } = (await check?.run()) ?? {};
      return `${state}: ${detail}`;
    };
    const files = filesIn(temporaryFolder(t));
    assert.match(await finding({}), /^ok: off/);
    assert.match(await finding(everywhere), /^fail: off, and 0\.0\.0\.0:0, 0\.0\.0\.0:0 will not be bound/);
    assert.match(await finding({ ...everywhere, insecure: true }), /^warn: off/);
    assert.match(
      await finding({ ...everywhere, ...files.pair(server) }),
      /^ok: 'troupe\.test' until \d{4}-.*need none/
    );
    const soon = issue({ name: 'soon', until: Date.now() + 3 * DAY_MS });
    assert.match(await finding(files.pair(soon)), /^warn: .*: [23] days left/);
  });
});
