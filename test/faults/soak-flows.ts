/** Orchestrators and people: they comment, like and look, cancel, send twice, and take a session over. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { CommandView, SessionView } from '../../schemas/generated/contracts.ts';
import { Tally } from '../crash/figures.ts';
import { readLog } from '../e2e/log.ts';
import { body, putFlow } from '../e2e/stage.ts';
import type { Random } from '../simulation/random.ts';
import type { Site } from '../site/site.ts';
import type { Manager } from '../support/manager.ts';

/** Each is a session of its own; more than there are slots, so that they take turns. Only the first likes. */
const ACCOUNTS = ['alice', 'account-b', 'account-c'];
const POSTS = 8;
const ENDED = ['SUCCEEDED', 'FAILED', 'CANCELLED'];

interface Sent {
  kind: 'comment' | 'like' | 'look';
  commandId: string;
  text: string;
}

export interface SoakFlows {
  summary(): string;
  table(): string;
  /** Sends no more, waits until all has ended, and says what is broken. */
  finish(limitMs: number): Promise<string[]>;
}

export async function startFlows(manager: Manager, site: Site, random: Random): Promise<SoakFlows> {
  await putFlow({ site, manager }, 'look', (actions) => {
    actions.splice(1);
  });
  const sent: Sent[] = [];
  const ends = new Tally();
  const acts = new Tally();
  const wrong: string[] = [];
  /** Sessions that a person has or has asked for. */
  const taken = new Set<string>();
  let isStopping = false;

  async function run(account: string, own: Random): Promise<void> {
    const chosen = own.next();
    const kind = chosen < 0.65 ? 'comment' : chosen < 0.75 && account === ACCOUNTS[0] ? 'like' : 'look';
    const text = `soak ${randomUUID()}`;
    const url = site.postUrl(own.between(1, POSTS));
    const wish = body({
      idempotency_key: randomUUID(),
      target: { platform: 'example', account_id: account },
      payload:
        kind === 'like'
          ? { flow: 'like_post', params: { post_url: url } }
          : { flow: kind === 'look' ? 'look' : 'comment_on_post', params: { post_url: url, text } }
    });
    const post = () => manager.request<CommandView>('POST', '/v1/commands', wish);
    const answer = await post();
    if (answer.status !== 202) {
      acts.add(`refused with ${answer.status}`);
      return;
    }
    const commandId = answer.body.command_id;
    sent.push({ kind, commandId, text });
    if (own.chance(0.15)) {
      const again = await post();
      acts.add('sent twice');
      if (again.body.command_id !== commandId)
        wrong.push(`sent twice with one key: ${commandId} and ${again.body.command_id}`);
    }
    const cancels = own.chance(0.1);
    const takes = own.chance(0.06);
    if (cancels) await delay(own.between(0, 3_000));
    if (cancels) acts.add(`cancel: ${(await manager.request('POST', `/v1/commands/${commandId}/cancel`)).status}`);
    if (takes) await takeOver(answer.body.session_id, own.between(200, 3_000));
    const end = await manager.commandEnd(commandId, { timeoutMs: 10 * 60_000 });
    ends.add(`${kind} ${end.error?.code ?? end.state}`);
  }

  async function takeOver(sessionId: string | null, forMs: number): Promise<void> {
    // One person at a time: who hands back what another has taken too waits for a turn that never comes.
    if (taken.has(String(sessionId))) return;
    taken.add(String(sessionId));
    const answer = await manager.request('POST', `/v1/sessions/${sessionId}/takeover`);
    acts.add(`takeover: ${answer.status}`);
    if (answer.status === 202) {
      await delay(forMs);
      await handBack(String(sessionId));
    }
    taken.delete(String(sessionId));
  }

  /** A session that is taken over while its command runs is the person's only after it. */
  async function handBack(sessionId: string): Promise<void> {
    for (;;) {
      const { body: session } = await manager.request<SessionView>('GET', `/v1/sessions/${sessionId}`);
      if (['CLOSED', 'FAILED'].includes(session.state)) return;
      if (session.state === 'HUMAN_DRIVING') {
        const { status } = await manager.request('POST', `/v1/sessions/${sessionId}/handback`);
        acts.add(`handback: ${status}`);
        if (status === 202) return;
      }
      await delay(250);
    }
  }

  const clients = ACCOUNTS.map(async (account) => {
    const own = random.fork(account);
    while (!isStopping) {
      // Sometimes several at once, which wait in its session's line.
      const burst = own.chance(0.2) ? 3 : 1;
      await Promise.all(Array.from({ length: burst }, () => run(account, own)));
      await delay(own.between(0, 500));
    }
  }).map((client) => client.catch((error: unknown) => void wrong.push(`a client gave up: ${error}`)));

  /** What the command says of its write is so at the site. */
  function untruths({ kind, text }: Sent, end: CommandView, asked: Set<string>): string[] {
    const of = `${kind} ${end.command_id} is ${end.state}`;
    if (!ENDED.includes(end.state)) return [`${of}: it never ended`];
    if (kind !== 'comment') return [];
    const made = site.counts({ kind: 'comment', text }).comment;
    const outcome = end.actions.find(({ name }) => name === 'COMMENT_CREATE')?.outcome ?? null;
    const found: string[] = [];
    if (made > 1) found.push(`${of}: done ${made} times`);
    if ((end.state === 'SUCCEEDED' || outcome === 'VERIFIED') && made !== 1) found.push(`${of}, ${outcome}: not done`);
    if ((outcome === null || outcome === 'VERIFICATION_FAILED') && made !== 0) found.push(`${of}, ${outcome}: done`);
    if (outcome === 'UNKNOWN' && !asked.has(end.command_id)) found.push(`${of}, UNKNOWN: nobody was asked`);
    return found;
  }

  return {
    summary: () => `${sent.length} commands, ${Object.values(ends.counts).reduce((sum, n) => sum + n, 0)} ended`,
    table: () =>
      [...Object.entries(ends.counts).sort(([, a], [, b]) => b - a), ...Object.entries(acts.counts)]
        .map(([what, n]) => `${String(n).padStart(5)}  ${what}`)
        .join('\n'),
    async finish(limitMs) {
      isStopping = true;
      const inTime = await Promise.race([Promise.all(clients).then(() => true), delay(limitMs, false, { ref: false })]);
      if (!inTime) wrong.push(`not all had ended ${limitMs} ms after the last fault`);
      const people = await readLog(manager, 'event_types=human.required');
      const asked = new Set(people.map(({ command_id }) => String(command_id)));
      for (const one of sent) {
        const { status, body: end } = await manager.request<CommandView>('GET', `/v1/commands/${one.commandId}`);
        wrong.push(...(status === 200 ? untruths(one, end, asked) : [`command ${one.commandId} is lost: ${status}`]));
      }
      for (let post = 1; post <= POSTS; post += 1) {
        const { like, unlike } = site.counts({ post: String(post) });
        if (like > 1 || unlike > 0) wrong.push(`post ${post} was liked ${like} times and unliked ${unlike} times`);
      }
      return wrong;
    }
  };
}
