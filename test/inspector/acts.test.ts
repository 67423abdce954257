/** What a person does in the inspector: forms, edits, search, links, things to take away. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it, type TestContext } from 'node:test';
import pino from 'pino';
import type { Browser } from 'playwright-core';
import { assign, setup } from 'xstate';
import type { ActorSummary, CommandView } from '../../schemas/generated/contracts.ts';
import { readConfig } from '../../server/config.ts';
import { startTroupe, type Troupe } from '../../server/start.ts';
import { readUserConfig } from '../../server/user-config/read.ts';
import { chromiumMissing, launchChromium } from '../support/chromium.ts';
import { message } from '../support/inspector-stage.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { openTab, type Tab, type TabOptions } from './page.ts';

/** Remembers the last event it was told, to the letter. */
const desk = setup({ actions: { keep: assign({ last: ({ event }) => event }) } }).createMachine({
  id: 'desk',
  context: { last: null, password: 'hunter2' },
  initial: 'open',
  states: {
    open: { on: { 'order.place': { actions: 'keep' }, 'desk.close': 'closed' }, after: { 3600000: 'closed' } },
    closed: { type: 'final' }
  }
});
const place = {
  type: 'object',
  additionalProperties: false,
  required: ['dish', 'guests', 'table'],
  properties: {
    dish: { type: 'string', minLength: 2, title: 'Dish' },
    guests: { type: 'integer', minimum: 1, default: 2 },
    spicy: { enum: ['mild', 'hot'] },
    takeaway: { type: 'boolean' },
    note: { type: 'string', maxLength: 500 },
    table: {
      type: 'object',
      additionalProperties: false,
      required: ['number'],
      properties: { number: { type: 'integer', description: 'as on its card' }, outside: { type: 'boolean' } }
    },
    extras: { type: 'array', maxItems: 3, items: { type: 'string' } },
    free: {}
  }
};

describe('a person in the inspector', { skip: chromiumMissing }, () => {
  const ends: (() => unknown)[] = [];
  let browser: Browser;
  let troupe: Troupe;
  let at: { url: string; wsUrl: string; token: string };

  before(async () => {
    const t = { after: (end: () => unknown) => ends.push(end) };
    const config = readConfig(
      {
        data: await temporaryFolder(t as never),
        driver: 'stub',
        slots: '2',
        recipes: false,
        control: '127.0.0.1:0',
        telemetry: '127.0.0.1:0'
      } as never,
      {}
    );
    const schema = { events: { 'order.place': place, 'desk.close': { type: 'object', additionalProperties: false } } };
    const registered = readUserConfig({ machines: [{ kind: 'desk', machine: desk, schema }] }, '/x/troupe.config.ts');
    troupe = await startTroupe(config, {
      logger: pino({ level: 'silent' }),
      environment: {},
      version: '0.0.0',
      registered
    });
    ends.push(() => troupe.stop());
    const { control, telemetry } = troupe.endpoints;
    at = { url: control, wsUrl: telemetry, token: troupe.adminToken.token };
    browser = await launchChromium();
    ends.push(() => browser.close());
    await ask('PUT', `/v1/flows/${message.name}`, message);
  });
  after(async () => {
    for (const end of ends.reverse()) await end();
  });

  async function tab(t: TestContext, options: TabOptions & { expected?: RegExp; token?: string } = {}): Promise<Tab> {
    const opened = await openTab(browser, { ...at, token: options.token ?? at.token }, options);
    t.after(async () => {
      await opened.close();
      opened.isClean(options.expected);
    });
    return opened;
  }

  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers freely
  async function ask(method: string, path: string, body?: unknown): Promise<any> {
    const response = await fetch(at.url + path, {
      method,
      headers: { authorization: `Bearer ${at.token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    });
    const answer = await response.json();
    assert.ok(response.ok, `${method} ${path}: ${JSON.stringify(answer)}`);
    return answer;
  }

  const command = (account_id: string, payload: object) =>
    ask('POST', '/v1/commands', {
      version: '1.0',
      type: 'flow.run',
      requester: { service: 'admin', instance_id: 'test' },
      target: { platform: 'example', account_id },
      payload
    });

  async function waiting(account: string, text: string): Promise<string> {
    const { command_id } = await command(account, { flow: message.name, params: { to: 'grace', text } });
    for (let view: CommandView; ; ) {
      view = await ask('GET', `/v1/commands/${command_id}`);
      // What it asks with is there a moment after it waits.
      if ((await ask('GET', `/v1/approvals?command_id=${command_id}`)).items.length > 0) return command_id;
      assert.equal(view.error, null);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  const commented = async (account: string) => {
    const params = { post_url: 'http://127.0.0.1:8080/post/1', text: 'Lovely' };
    const { command_id } = await command(account, { flow: 'comment_on_post', params });
    return (await ask('GET', `/v1/commands/${command_id}?wait=60`)) as CommandView;
  };

  it('fills in a form made of the schema of an event, is told at the field what is wrong, and sends it', async (t) => {
    await ask('POST', '/v1/actors/desk', { id: 'front' });
    const { page, open, isAccessible } = await tab(t, { expected: /400/ });
    await open('/actors/desk/front');
    await page.getByText(/59:\d\d left/).waitFor();
    await page.getByRole('button', { name: 'order.place' }).click();
    const form = page.getByRole('form', { name: 'order.place' });
    assert.equal(await form.getByLabel('guests').inputValue(), '2', 'the default of the schema');
    await form.getByLabel('number').fill('7');
    await form.getByLabel('Dish').fill('X');
    await isAccessible();
    // Past what the browser checks itself, to hear what the server says.
    await form.evaluate((element) => {
      element.setAttribute('novalidate', '');
    });
    await form.getByRole('button', { name: 'order.place' }).click();
    const dish = form.locator('.form-field').filter({ hasText: 'Dish' });
    await dish.getByRole('alert').waitFor();
    assert.match(await dish.getByRole('alert').innerText(), /2 characters/);
    assert.equal(await form.getByLabel('Dish').getAttribute('aria-invalid'), 'true');
    await isAccessible();

    await form.getByLabel('Dish').fill('Dal');
    await form.getByLabel('spicy').selectOption('hot');
    await form.getByLabel('takeaway').selectOption('no');
    await form.getByRole('button', { name: 'Add to extras' }).click();
    await form.getByRole('textbox', { name: 'extras 1' }).fill('rice');
    await form.getByRole('button', { name: 'Add to extras' }).click();
    await form.getByRole('button', { name: 'Remove extras 2' }).click();
    await form.getByLabel('free').fill('{"a": [1]}');
    await form.getByRole('button', { name: 'order.place' }).click();
    await form.waitFor({ state: 'detached' });
    const { context } = (await ask('GET', '/v1/actors/desk/front')) as { context: { last: Record<string, unknown> } };
    const { at: _, ...last } = context.last;
    assert.deepEqual(last, {
      type: 'order.place',
      dish: 'Dal',
      guests: 2,
      spicy: 'hot',
      takeaway: false,
      table: { number: 7 },
      extras: ['rice'],
      free: { a: [1] }
    });
    await page.getByText('•••').waitFor();
    assert.equal(await page.getByText('hunter2').count(), 0);

    await page.getByRole('button', { name: 'desk.close' }).click();
    await page.getByRole('button', { name: 'desk.close' }).waitFor({ state: 'detached' });
    assert.equal(((await ask('GET', '/v1/actors/desk/front')) as ActorSummary).state, 'closed');
  });

  it('sees why a button is none of theirs', async (t) => {
    await ask('POST', '/v1/actors/desk', { id: 'back' });
    const { token } = await ask('POST', '/v1/tokens', { service: 'eyes', scopes: ['read:*'] });
    const { page, open } = await tab(t, { token });
    await open('/actors/desk/back');
    await page.getByText('Your token lacks the scope actor:desk').waitFor();
    assert.equal(await page.getByRole('button', { name: 'order.place' }).isDisabled(), true);
  });

  it('sees what a command did and how that is known, and goes to its relatives', async (t) => {
    const done = await commented('ada');
    const { page, open, isAccessible } = await tab(t);
    await open(`/actors/command/${done.command_id}`);
    const effects = page.getByRole('region', { name: 'Effects' });
    for (const { name } of done.actions) {
      const effect = effects.getByRole('article').filter({ hasText: name });
      await effect.getByText('VERIFIED', { exact: true }).waitFor();
    }
    await isAccessible();
    const session = page.getByRole('region', { name: 'Relatives' }).getByRole('link', { name: /^session/ });
    await session.click();
    await page.getByRole('heading', { name: /^session\// }).waitFor();
    assert.match(page.url(), new RegExp(`/actors/session/${done.session_id}$`));
    await page
      .getByRole('region', { name: 'Relatives' })
      .getByRole('link', { name: /^driver/ })
      .waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.getByRole('button', { name: 'Pause' }).waitFor();
  });

  it('finds anything by how its id begins, from the keyboard', async (t) => {
    const { command_id } = await commented('bo');
    const { page, open, isAccessible } = await tab(t);
    await open('');
    await page.getByText('live', { exact: true }).waitFor();
    await page.keyboard.press('/');
    const field = page.getByRole('combobox', { name: /Any id/ });
    await field.fill(command_id.slice(0, 10));
    await page.getByRole('option', { name: 'actor command' }).waitFor();
    await isAccessible();
    await field.press('Enter');
    await page.getByRole('heading', { name: `command/${command_id.slice(0, 8)}` }).waitFor();
    await page.keyboard.press('Control+k');
    await field.fill('bo');
    await page.getByRole('option', { name: 'account bo' }).click();
    await page.waitForURL(/timeline\?account_id=bo/);
    // The address changes before the field is gone; a key pressed between the two is written into it.
    await field.waitFor({ state: 'detached' });
    await page.keyboard.press('/');
    await field.fill('comment_on');
    await page.getByRole('option', { name: 'flow comment_on_post' }).waitFor();
    await field.press('Enter');
    await page.getByRole('heading', { name: 'Takes' }).waitFor();
    await page.keyboard.press('/');
    await field.fill('nothing-begins-so');
    await page.getByText('Nothing that you may see begins so.').waitFor();
    await field.press('Escape');
    await field.waitFor({ state: 'detached' });
  });

  it('opens a link, signs in, and is where it leads, with no token in any address', async (t) => {
    const id = await waiting('ada', 'Linked');
    const { page, open } = await tab(t, { signedIn: false });
    await open(`/actors/command/${id}?look=here`);
    await page.getByLabel('Token').fill(at.token);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: `command/${id.slice(0, 8)}` }).waitFor();
    assert.match(page.url(), /\?look=here$/);
    await page.getByRole('link', { name: 'Actors' }).click();
    await page.getByRole('link', { name: 'Wait for a person' }).click();
    await page.waitForURL(/actors\?tone=ask/);
    await page.goBack();
    await page.goBack();
    await page.getByRole('heading', { name: `command/${id.slice(0, 8)}` }).waitFor();
    assert.ok(!page.url().includes(at.token));
    await ask('POST', `/v1/commands/${id}/cancel`);
  });

  it('takes machines and the timeline away as files', async (t) => {
    const { page, open } = await tab(t);
    const saved = async (name: string) => {
      const download = page.waitForEvent('download');
      await page.getByRole('button', { name, exact: true }).click();
      const file = await download;
      return { name: file.suggestedFilename(), text: readFileSync(await file.path(), 'utf8') };
    };
    await open('/machines/approval');
    const mermaid = await saved('mermaid');
    assert.equal(mermaid.name, 'approval.mmd');
    assert.match(mermaid.text, /stateDiagram-v2/);
    assert.match((await saved('scxml')).text, /<scxml /);
    await open('/timeline?actor_kinds=supervisor');
    const lines = await saved('JSON lines');
    assert.ok(
      lines.text
        .trimEnd()
        .split('\n')
        .every((line) => JSON.parse(line).payload.actor.kind === 'supervisor')
    );
    const html = await saved('a page');
    assert.match(html.text, /^<!doctype html>/);
    // What was saved stands by itself: it asks nobody for anything.
    const asked: string[] = [];
    const alone = await browser.newPage();
    t.after(() => alone.close());
    alone.on('request', (request) => asked.push(request.url()));
    await alone.setContent(html.text);
    assert.equal(await alone.getByRole('row').count(), lines.text.trimEnd().split('\n').length + 1);
    assert.deepEqual(asked, []);
  });

  it('edits what would go out, is told what may not be written, and allows what it is then', async (t) => {
    const id = await waiting('ada', 'Come on Friday');
    const { page, open, isAccessible } = await tab(t, { expected: /400/ });
    await open('/approvals');
    const card = page.getByRole('listitem').filter({ has: page.getByRole('link', { name: id }) });
    await card.getByText('a comment that others read').waitFor();
    await card.getByRole('button', { name: 'Edit…' }).click();
    const form = card.getByRole('form', { name: 'Edit, then allow' });
    const allow = form.getByRole('button', { name: 'Allow as edited' });
    assert.equal(await allow.isDisabled(), true, 'nothing is different yet');
    const text = form.getByLabel('text');
    // Longer than the field lets anybody type.
    await text.evaluate((element) => element.removeAttribute('maxlength'));
    await text.fill('x'.repeat(201));
    await allow.click();
    await form.locator('.form-field').filter({ hasText: 'text' }).getByRole('alert').waitFor();
    await isAccessible();
    await text.fill('Come on Saturday');
    await allow.click();
    await page.getByRole('heading', { name: 'Nothing waits for you' }).waitFor();
    const { items } = await ask('GET', `/v1/approvals?command_id=${id}`);
    assert.equal(items[0].state, 'ALLOWED');
    assert.deepEqual(items[0].edited.params, { text: 'Come on Saturday' });
    assert.equal(((await ask('GET', `/v1/commands/${id}?wait=60`)) as CommandView).state, 'SUCCEEDED');
  });

  it('adds a note to a no', async (t) => {
    const id = await waiting('bo', 'Buy my book');
    const { page, open, isAccessible } = await tab(t);
    await open('/approvals');
    const card = page.getByRole('listitem').filter({ has: page.getByRole('link', { name: id }) });
    await card.getByText('No page was open yet when it asked.').waitFor();
    await card.getByLabel('Note').fill('not our tone');
    await isAccessible();
    await card.getByRole('button', { name: 'Deny' }).click();
    await page.getByRole('heading', { name: 'Nothing waits for you' }).waitFor();
    const { items } = await ask('GET', `/v1/approvals?command_id=${id}`);
    assert.deepEqual([items[0].state, items[0].note], ['DENIED', 'not our tone']);
  });
});
