/**
 * Clients that go on over every death of the manager, as a careful orchestrator does: each wish has a key, is sent
 * again until it is answered, and what the answer promised is remembered here, apart from the program.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Random } from '../simulation/random.ts';
import { ask, NoAnswer, type Reply } from './ask.ts';
import type { Troupe, Up } from './process.ts';

export interface Promised {
  /** Idempotency key → command id, as the 202 said. */
  commands: Map<string, string>;
  /** Keys that were sent, answered or not. */
  keys: Set<string>;
  cancelled: Set<string>;
  /** Names of errands whose birth was answered. */
  errands: Set<string>;
  /** Ends that a client has read: command id → state. */
  ends: Map<string, string>;
}

/** What clients noticed themselves; empty when all is well. */
export interface Load {
  readonly promised: Promised;
  readonly wrong: string[];
  /** Answers by status, and how often there was none. */
  readonly answers: Record<string, number>;
  /** Resolves when each client has had its last wish answered. */
  stop(): Promise<void>;
}

export interface LoadOptions {
  clients?: number;
  accounts?: number;
  seed: number;
  /** Longest pause of a client between two wishes, ms. */
  pauseMs?: number;
  /** Default true: errands too, which need the machines of errand/. */
  errands?: boolean;
}

/** The manager is busy, starting, ending, or its disk is full: the same again, later. */
const LATER = [429, 503];

export function startLoad(troupe: Troupe, options: LoadOptions): Load {
  const { clients = 32, accounts = 8, seed, pauseMs = 150, errands = true } = options;
  const promised: Promised = {
    commands: new Map(),
    keys: new Set(),
    cancelled: new Set(),
    errands: new Set(),
    ends: new Map()
  };
  const wrong: string[] = [];
  const answers: Record<string, number> = {};
  let isStopping = false;

  async function tryOnce(up: Up, method: string, path: string, body?: unknown): Promise<Reply | null> {
    try {
      const reply = await ask(up.url, up.token, method, path, body);
      answers[reply.status] = (answers[reply.status] ?? 0) + 1;
      return reply;
    } catch (error) {
      if (error instanceof NoAnswer) wrong.push(error.message);
      answers.none = (answers.none ?? 0) + 1;
      return null;
    }
  }

  /** Asks until it is answered with something final; null when the test gives up. */
  async function insist(method: string, path: string, body?: unknown): Promise<(Reply & { tries: number }) | null> {
    for (let tries = 1; ; tries += 1) {
      const up = await troupe.whenUp();
      if (!up) return null;
      const reply = await tryOnce(up, method, path, body);
      if (reply && !LATER.includes(reply.status)) return { ...reply, tries };
      // Whoever was told to come later does; whoever was told nothing looks at once whether it is up again.
      await delay(reply ? 200 : 20);
    }
  }

  function promise(key: string, reply: Reply, commandId: string | undefined): string | null {
    const { status, body } = reply;
    // 200: it was there already, and has ended.
    if (status !== 202 && !(status === 200 && isReplay(reply))) {
      wrong.push(`key ${key} was answered ${status}: ${JSON.stringify(body)}`);
      return null;
    }
    const id = String(body.command_id);
    const before = promised.commands.get(key) ?? commandId ?? id;
    if (before !== id) wrong.push(`key ${key} was command ${before} and is now ${id}`);
    promised.commands.set(key, id);
    return id;
  }

  async function command(random: Random, client: number) {
    const key = `key-${client}-${randomUUID()}`;
    const commandId = random.chance(0.2) ? randomUUID() : undefined;
    const wish = {
      version: '1.0',
      requester: { service: 'admin', instance_id: `client-${client}` },
      idempotency_key: key,
      ...(commandId === undefined ? {} : { command_id: commandId }),
      type: 'flow.run',
      target: { platform: 'example', account_id: `account-${random.between(1, accounts)}` },
      payload: { flow: 'comment_on_post', params: { post_url: 'http://127.0.0.1:1/p/1', text: key } }
    };
    promised.keys.add(key);
    const send = () => insist('POST', '/v1/commands', wish);
    // Sometimes twice at once, as two instances of one orchestrator would.
    const replies = await Promise.all(random.chance(0.1) ? [send(), send()] : [send()]);
    let id: string | null = null;
    for (const reply of replies) {
      if (!reply) return;
      id = promise(key, reply, commandId);
    }
    if (id === null) return;
    if (replies.every((reply) => reply?.tries === 1 && !isReplay(reply)) && replies.length > 1) {
      wrong.push(`key ${key} was taken twice as new`);
    }
    const what = random.next();
    if (what < 0.15) {
      const again = await send();
      if (again && !isReplay(again)) wrong.push(`key ${key} was answered before and is not a replay`);
      if (again) promise(key, again, commandId);
    } else if (what < 0.2) {
      const other = {
        ...wish,
        payload: { flow: 'comment_on_post', params: { ...wish.payload.params, text: 'other' } }
      };
      const reply = await insist('POST', '/v1/commands', other);
      if (reply && (reply.status !== 409 || reply.body.code !== 'IDEMPOTENCY_CONFLICT')) {
        wrong.push(`key ${key} with another body was answered ${reply.status}`);
      }
    } else if (what < 0.25) {
      const reply = await insist('POST', `/v1/commands/${id}/cancel`);
      if (reply && reply.status < 300) promised.cancelled.add(id);
      else if (reply && reply.status !== 409) wrong.push(`the cancel of ${id} was answered ${reply.status}`);
    } else if (what < 0.4) {
      const reply = await insist('GET', `/v1/commands/${id}?wait=1`);
      if (reply && reply.status !== 200) wrong.push(`command ${id} was promised, and reading it is ${reply.status}`);
      const state = String(reply?.body.state);
      if (['SUCCEEDED', 'FAILED', 'CANCELLED'].includes(state)) promised.ends.set(id, state);
    }
  }

  async function errand(random: Random, client: number) {
    const name = `errand-${client}-${randomUUID()}`;
    const reply = await insist('POST', '/v1/actors/errand', {
      id: name,
      input: { name, rest_ms: random.between(0, 300) }
    });
    if (!reply) return;
    // The first answer was lost, and the errand is there.
    const isThere = reply.status === 409 && reply.body.code === 'ACTOR_EXISTS' && reply.tries > 1;
    if (reply.status === 201 || isThere) promised.errands.add(name);
    else wrong.push(`errand ${name} was answered ${reply.status}: ${JSON.stringify(reply.body)}`);
  }

  const running = Array.from({ length: clients }, async (_, client) => {
    const random = new Random(seed + client);
    while (!isStopping) {
      await (errands && random.chance(0.25) ? errand(random, client) : command(random, client));
      await delay(random.between(0, pauseMs));
    }
  });

  return {
    promised,
    wrong,
    answers,
    async stop() {
      isStopping = true;
      await Promise.all(running);
    }
  };
}

const isReplay = ({ headers }: Reply) => headers['idempotent-replayed'] === 'true';
