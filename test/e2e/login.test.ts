/** A person logs in where a program cannot, and the login is kept: real browsers, the example site, its second factor. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type {
  AccountView,
  CommandView,
  EventEnvelope,
  EventPage,
  Problem,
  ProfileKeyRotated,
  ProfileKeyView,
  SessionView
} from '../../schemas/generated/contracts.ts';
import { accounts } from '../site/seed.ts';
import { type Site, startSite } from '../site/site.ts';
import { type Manager, startManager } from '../support/manager.ts';
import { comment, commentsOf, needsBrowser } from './stage.ts';

const password = accounts.find(({ name }) => name === 'alice')!.password;

describe('the login of an account', needsBrowser(), () => {
  let site: Site;
  let manager: Manager;
  const undo: (() => unknown)[] = [];
  /** What must be nowhere: cookies of alice, as the site set them. */
  const secrets: string[] = [];

  before(async () => {
    site = await startSite({ secondFactor: ['alice'] });
    manager = await startManager({ after: (fn) => undo.push(fn) }, { driver: 'safari' });
  });
  after(async () => {
    for (const end of undo.reverse()) await end();
    await site?.close();
  });

  const get = async <T>(path: string): Promise<T> => {
    const { status, body } = await manager.request<T>('GET', path);
    assert.equal(status, 200, JSON.stringify(body));
    return body;
  };
  const post = async <T>(path: string, body?: unknown): Promise<T> => {
    const answer = await manager.request<T>('POST', path, body);
    assert.ok(answer.status < 300, `${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  /** What `look` finds, once it does. */
  async function until<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
    for (const deadline = Date.now() + 120_000; ; await new Promise((resolve) => setTimeout(resolve, 100))) {
      const found = await look();
      if (found) return found;
      assert.ok(Date.now() < deadline, `never: ${what}\n${manager.output()}`);
    }
  }
  const sessionIn = (id: string, state: string) =>
    until(`session ${id} ${state}`, async () => {
      const session = await get<SessionView>(`/v1/sessions/${id}`);
      assert.ok(state === 'FAILED' || session.state !== 'FAILED', JSON.stringify(session));
      return session.state === state && session;
    });
  const account = (id = 'alice') => get<AccountView>(`/v1/accounts/${id}`);
  const events = async (query: string): Promise<EventEnvelope[]> =>
    (await get<EventPage>(`/v1/events?limit=500&${query}`)).items;
  const commandWaits = (id: string) =>
    until(`command ${id} waits for a person`, async () => {
      const command = await get<CommandView>(`/v1/commands/${id}`);
      assert.ok(!['FAILED', 'SUCCEEDED'].includes(command.state), JSON.stringify(command));
      return /a person|no longer logged in/.test(command.why ?? '') && command;
    });
  async function close(id: string) {
    await manager.request('DELETE', `/v1/sessions/${id}`);
    return sessionIn(id, 'CLOSED');
  }

  const input = (id: string, body: unknown) => manager.request<Problem>('POST', `/v1/sessions/${id}/input`, body);
  async function does(id: string, body: unknown) {
    const answer = await input(id, body);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
  }
  /** As soon as a field has the cursor. */
  const types = (id: string, text: string) =>
    until('a field with the cursor', async () => {
      const { status, body } = await input(id, { type: 'text', text });
      assert.ok(status === 200 || body.code === 'ELEMENT_NOT_ACTIONABLE', JSON.stringify(body));
      return status === 200;
    });
  async function takesOver(id: string) {
    await post(`/v1/sessions/${id}/takeover`);
    return sessionIn(id, 'HUMAN_DRIVING');
  }
  /** Name, password and the code that was sent, by keyboard. */
  async function logsIn(id: string) {
    const before = site.counts({ kind: 'login', account: 'alice' }).login;
    const codePages = () =>
      site
        .requests()
        .filter(({ method, url, ended }) => method === 'GET' && /^\/login\/code/.test(url) && ended !== null);
    const seen = codePages().length;
    await does(id, { type: 'open', url: `${site.url}/login?next=/post/1` });
    await types(id, 'alice');
    await does(id, { type: 'key', key: 'Tab' });
    await types(id, password);
    await does(id, { type: 'key', key: 'Enter' });
    const page = await until('the page for the code', async () => codePages()[seen]);
    const code = await until('a code', async () => site.codeOf('alice'));
    const isIn = () => site.counts({ kind: 'login', account: 'alice' }).login > before;
    // Answered is not shown: what is typed before goes into the page that is left, and is typed again, as a person does.
    await until('the login', async () => {
      await input(id, { type: 'open', url: site.url + page.url });
      const typed = await input(id, { type: 'text', text: code });
      if (typed.status !== 200) return false;
      await input(id, { type: 'key', key: 'Enter' });
      for (let looks = 0; looks < 100 && !isIn(); looks += 1) await new Promise((resolve) => setTimeout(resolve, 100));
      return isIn();
    });
    secrets.push(...site.sessionsOf('alice'), code);
  }

  let first = '';

  it('is asked of a person when a flow meets the wall, and the command goes on when they hand back', async () => {
    const text = 'after a person logged in';
    const sent = await manager.send(comment(site, { text }));
    const waiting = await commandWaits(sent.command_id);
    assert.equal(waiting.state, 'RUNNING');
    assert.match(waiting.why!, /the site asks to log in; take session .* over/);
    first = waiting.session_id!;
    const session = await sessionIn(first, 'HUMAN_REQUIRED');
    assert.equal(session.needs?.code, 'HUMAN_REQUIRED');
    assert.equal(session.current_command_id, sent.command_id);
    assert.ok(session.deadline_at, 'it does not wait for ever');
    // Another command of the account waits in line, and says for what.
    const second = await manager.send(comment(site, { text: 'waited in line' }));
    assert.match((await commandWaits(second.command_id)).why!, /a person is needed/);

    const [asked] = await events(`command_id=${sent.command_id}&event_types=human.required`);
    assert.equal(asked?.payload.action, 'COMMENT_CREATE');
    const [picture] = asked!.payload.artifacts as { id: string }[];
    const shot = await manager.request('GET', `/v1/artifacts/${picture!.id}`);
    assert.equal(shot.headers.get('content-type'), 'image/png');

    const early = await input(first, { type: 'text', text: 'nobody drives yet' });
    assert.deepEqual([early.status, early.body.code], [409, 'SESSION_NOT_DRIVEN']);
    const seen = await manager.request('GET', `/v1/sessions/${first}/screen`);
    assert.deepEqual([seen.status, seen.headers.get('content-type')], [200, 'image/png'], 'who is asked sees the wall');
    const driven = await manager.request<Problem>('GET', `/v1/sessions/${first}/screen?driven=true`);
    assert.equal(driven.body.code, 'SESSION_NOT_DRIVEN');

    assert.equal((await takesOver(first)).driven_by, 'admin');
    await logsIn(first);
    await post(`/v1/sessions/${first}/handback`);
    const done = await manager.commandEnd(sent.command_id);
    assert.equal(done.state, 'SUCCEEDED', JSON.stringify(done));
    assert.equal(commentsOf(site, text), 1);
    assert.equal((await manager.commandEnd(second.command_id)).state, 'SUCCEEDED');
    assert.equal(commentsOf(site, 'waited in line'), 1);
    const resolved = await events(`command_id=${sent.command_id}&event_types=human.resolved`);
    assert.equal(resolved.length, 1);
  });

  it('shows the person what they do, and the log how much and not what', async () => {
    await takesOver(first);
    const screen = await manager.request('GET', `/v1/sessions/${first}/screen`);
    assert.equal(screen.status, 200);
    assert.equal(screen.headers.get('content-type'), 'image/png');
    const etag = screen.headers.get('etag')!;
    await until('a screen that stands still', async () => {
      const again = await manager.request('GET', `/v1/sessions/${first}/screen`, undefined, { 'if-none-match': etag });
      return again.status === 304;
    });
    const reader = await post<{ token: string }>('/v1/tokens', { service: 'reader', scopes: ['read:*'] });
    for (const [method, path] of [
      ['GET', 'screen'],
      ['POST', 'input']
    ] as const) {
      const answer = await manager.request<Problem>(
        method,
        `/v1/sessions/${first}/${path}`,
        method === 'POST' ? { type: 'key', key: 'Tab' } : undefined,
        { authorization: `Bearer ${reader.token}` }
      );
      assert.equal(answer.body.code, 'FORBIDDEN', path);
    }
    await post(`/v1/sessions/${first}/handback`);
    await sessionIn(first, 'READY');
    const acts = (await events(`session_id=${first}&event_types=session.changed`))
      .filter(({ payload }) => payload.to === 'HUMAN_DRIVING.acting')
      .map(({ payload }) => payload.input as { type: string; length?: number });
    assert.ok(acts.some(({ type, length }) => type === 'text' && length === password.length));
    assert.ok(acts.some(({ type }) => type === 'open'));
  });

  it('is kept sealed, with what is known of it to be read and never the login itself', async () => {
    const { profile, platform } = await account();
    assert.equal(platform, 'example');
    assert.equal(profile.state, 'saved');
    assert.ok(profile.proved_at, 'seen to be logged in');
    assert.deepEqual(profile.origins, [site.url]);
    assert.ok(profile.cookies >= 1);
    const [verified] = (await events('event_types=action.verified')).filter(({ payload }) => payload.profile !== null);
    assert.ok(verified, 'a verified step says what became of it');
  });

  it('is put into a new browser and proved, without anybody', async () => {
    await close(first);
    const text = 'from the stored login';
    const sent = await manager.send(comment(site, { text }));
    const done = await manager.commandEnd(sent.command_id);
    assert.equal(done.state, 'SUCCEEDED', JSON.stringify(done));
    assert.notEqual(done.session_id, first);
    const session = await get<SessionView>(`/v1/sessions/${done.session_id}`);
    assert.equal(session.profile?.state, 'proved', JSON.stringify(session.profile));
    assert.deepEqual(
      site.writes({ kind: 'comment', text }).map((row) => row.account),
      ['alice']
    );
    assert.equal(site.counts({ kind: 'login', account: 'alice' }).login, 1);
    await close(done.session_id!);
  });

  it('of another account is not in its browser', async () => {
    const session = await post<SessionView>('/v1/sessions', { platform: 'example', account_id: 'bob' });
    const ready = await sessionIn(session.session_id, 'READY');
    assert.equal(ready.profile?.state, 'none');
    const sent = await manager.send(
      comment(site, { text: 'as nobody', target: { platform: 'example', account_id: 'bob' } })
    );
    await commandWaits(sent.command_id);
    assert.equal(commentsOf(site, 'as nobody'), 0);
    await manager.request('POST', `/v1/commands/${sent.command_id}/cancel`);
    assert.equal((await manager.commandEnd(sent.command_id)).state, 'CANCELLED');
    await close(session.session_id);
  });

  it('that has expired at the site asks for a person before anything runs', async () => {
    site.expire('alice');
    const text = 'after the login had expired';
    const sent = await manager.send(comment(site, { text }));
    const waiting = await commandWaits(sent.command_id);
    assert.equal(waiting.state, 'QUEUED');
    assert.match(waiting.why!, /no longer logged in/);
    const session = await sessionIn(waiting.session_id!, 'HUMAN_REQUIRED');
    assert.equal(session.needs?.code, 'LOGIN_EXPIRED');
    assert.equal(session.profile?.state, 'expired');
    assert.equal((await account()).profile.state, 'expired');
    const [asked] = await events(`session_id=${waiting.session_id}&event_types=human.required`);
    assert.equal((asked!.payload.artifacts as unknown[]).length, 1);
    const shot = await manager.request('GET', `/v1/artifacts/${session.needs?.artifact_id}`);
    assert.equal(shot.status, 200);

    // Handed back with nothing done: nothing is assumed.
    await takesOver(waiting.session_id!);
    await post(`/v1/sessions/${waiting.session_id}/handback`);
    await sessionIn(waiting.session_id!, 'HUMAN_REQUIRED');
    assert.equal(commentsOf(site, text), 0);

    await takesOver(waiting.session_id!);
    await logsIn(waiting.session_id!);
    await post(`/v1/sessions/${waiting.session_id}/handback`);
    const done = await manager.commandEnd(sent.command_id);
    assert.equal(done.state, 'SUCCEEDED', JSON.stringify(done));
    assert.equal(commentsOf(site, text), 1);
    assert.equal((await account()).profile.state, 'saved');
    assert.equal((await events(`session_id=${waiting.session_id}&event_types=human.resolved`)).length, 1);
    await close(waiting.session_id!);
  });

  it('and a captcha is a person’s too', async () => {
    const text = 'past the captcha';
    const sent = await manager.send(comment(site, { text, url: site.postUrl(1, 'variant=captcha') }));
    const waiting = await commandWaits(sent.command_id);
    assert.match(waiting.why!, /captcha/);
    await takesOver(waiting.session_id!);
    // The cursor stands on its button.
    await does(waiting.session_id!, { type: 'key', key: 'Enter' });
    await site.waitForRequest(({ method, url }) => method === 'POST' && url === '/person');
    await post(`/v1/sessions/${waiting.session_id}/handback`);
    const done = await manager.commandEnd(sent.command_id);
    assert.equal(done.state, 'SUCCEEDED', JSON.stringify(done));
    assert.equal(commentsOf(site, text), 1);
    await close(waiting.session_id!);
  });

  it('is sealed anew with a new key, and the old one can go', async () => {
    const [old] = (await get<{ items: ProfileKeyView[] }>('/v1/profile_keys')).items;
    const rotated = await post<ProfileKeyRotated>('/v1/profile_keys/rotate');
    assert.deepEqual([rotated.resealed, rotated.failed], [1, []]);
    assert.equal((await account()).profile.key_id, rotated.key_id);
    const gone = await manager.request('DELETE', `/v1/profile_keys/${old!.key_id}`);
    assert.equal(gone.status, 204);
    const refused = await manager.request<Problem>('DELETE', `/v1/profile_keys/${rotated.key_id}`);
    assert.equal(refused.body.code, 'PROFILE_KEY_IN_USE');
    const session = await post<SessionView>('/v1/sessions', { platform: 'example', account_id: 'alice' });
    assert.equal((await sessionIn(session.session_id, 'READY')).profile?.state, 'proved');
    await close(session.session_id);
  });

  it('stands nowhere in plain text: no file, no event, no log', async () => {
    assert.ok(secrets.length >= 4, 'cookies and codes of two logins');
    // Also as a driver may spell what is typed: key by key.
    const texts = [...secrets, password].flatMap((one) => [one, [...one].join('","')]);
    let said = '';
    for (let cursor = '0'; ; ) {
      const page = await get<EventPage>(`/v1/events?limit=500&cursor=${cursor}`);
      said += JSON.stringify(page.items);
      if (page.next_cursor === cursor) break;
      cursor = page.next_cursor;
    }
    for (const path of [
      'audit',
      'sessions',
      'commands',
      'accounts',
      'actions',
      'artifacts',
      'actors',
      'profile_keys'
    ]) {
      said += JSON.stringify(await get(`/v1/${path}`));
    }
    assert.match(said, /HUMAN_DRIVING\.acting/, 'what was typed was told of');
    assert.deepEqual(
      texts.filter((one) => said.includes(one)),
      []
    );
    await manager.stop();
    const wanted = texts.map((secret) => Buffer.from(secret));
    const files = filesUnder(manager.data);
    const logs = files.filter((file) => /[\\/]logs[\\/]appium-.*\.log$/.test(file));
    assert.ok(logs.length > 0 && logs.every((file) => statSync(file).size > 0), 'Appium and the driver have a log');
    const found = files.flatMap((file) => {
      const content = readFileSync(file);
      return wanted.filter((secret) => content.includes(secret)).map((secret) => `${secret} in ${file}`);
    });
    assert.deepEqual(found, []);
    assert.ok(!wanted.some((secret) => manager.output().includes(secret.toString())), 'the process has said it');
  });
});

describe('a process killed while its command waits for a person', needsBrowser(), () => {
  it('still waits when it is started again, and the command goes on when somebody has logged in', async (t) => {
    const site = await startSite({});
    t.after(() => site.close());
    const data = mkdtempSync(join(tmpdir(), 'troupe-login-'));
    t.after(() => rmSync(data, { recursive: true, force: true }));
    let manager = await startManager(t, { driver: 'safari', data });
    const text = 'after a crash and a login';
    const sent = await manager.send(comment(site, { text }));
    const command = async () => (await manager.request<CommandView>('GET', `/v1/commands/${sent.command_id}`)).body;
    const session = async () =>
      (await manager.request<SessionView>('GET', `/v1/sessions/${(await command()).session_id}`)).body;
    const until = async (what: string, holds: () => Promise<boolean>) => {
      for (const deadline = Date.now() + 120_000; !(await holds()); await new Promise((r) => setTimeout(r, 100))) {
        assert.ok(Date.now() < deadline, `never: ${what}; ${JSON.stringify([await command(), await session()])}`);
      }
    };
    await until('waits for a person', async () => (await session())?.state === 'HUMAN_REQUIRED');
    await manager.kill();
    manager = await startManager(t, { driver: 'safari', data });
    assert.match((await command()).why ?? '', /waiting for a person: the site asks to log in/);
    const parked = await session();
    assert.deepEqual([parked.state, parked.needs?.code], ['PARKED', 'HUMAN_REQUIRED']);
    const at = `/v1/sessions/${parked.session_id}`;
    assert.equal((await manager.request('POST', `${at}/takeover`)).status, 202);
    await until('a browser for the person', async () => (await session()).state === 'HUMAN_DRIVING');
    const url = site.loginUrl('alice', '/');
    assert.equal((await manager.request('POST', `${at}/input`, { type: 'open', url })).status, 200);
    await site.waitForWrite({ kind: 'login', account: 'alice' });
    assert.equal((await manager.request('POST', `${at}/handback`)).status, 202);
    const done = await manager.commandEnd(sent.command_id);
    assert.equal(done.state, 'SUCCEEDED', JSON.stringify(done));
    assert.equal(commentsOf(site, text), 1);
    await manager.stop();
  });
});

const filesUnder = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile());
