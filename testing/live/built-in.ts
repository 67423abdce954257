/**
 * The kinds that clients make and move by paths of their own: commands, sessions, approvals. What sessions, drivers and
 * effects bring them cannot be commanded, so they are not walked along paths: what clients do with them is done, story
 * by story, and every row of it is held against the transitions of their machine.
 */
import { randomUUID } from 'node:crypto';
import { TroupeError } from '../../client/errors.ts';
import type { ActorSummary, CommandView, EventEnvelope, SessionView } from '../../schemas/generated/contracts.ts';
import type { TestedKind } from '../kinds.ts';
import type { Criterion } from '../paths.ts';
import { type Deployment, isOf, NotTested } from './deployment.ts';
import { type Deviation, deviation, type Life } from './life.ts';
import { Reached } from './reached.ts';
import { assertSame, definitionOf, type RunOptions } from './run.ts';
import { settle } from './settle.ts';

/** Whose events come from clients, by kind. */
const FROM_CLIENTS: Record<string, string[]> = {
  command: ['command.cancel'],
  session: ['session.close', 'session.pause', 'session.resume', 'session.takeover', 'session.handback'],
  approval: ['approval.decide']
};
export const STORY_KINDS = Object.keys(FROM_CLIENTS);

export interface StoryReport {
  kind: string;
  version: { here: string; there: string };
  criterion: Criterion;
  stories: { story: string; actors: number; deviations: Deviation[] }[];
  deviations: Deviation[];
  covered: number;
  total: number;
  missing: string[];
  steps: number;
}

/** @throws NotTested where real browsers are driven: stories write, to people too */
export async function runStories(
  deployment: Deployment,
  kind: TestedKind,
  options: RunOptions & { onStory?(story: StoryReport['stories'][number]): void } = {}
): Promise<StoryReport> {
  const { criterion = 'transitions', anyVersion = false, timeoutMs = 600_000, signal, onStory } = options;
  const { driver } = await deployment.asked(() => deployment.client.request<{ driver?: string }>('GET', '/health'));
  if (driver !== 'stub') {
    const why = 'its stories like, comment and send messages; let it start with --driver stub';
    throw new NotTested(`the deployment drives real browsers, and is not tested with '${kind.kind}': ${why}`, 'usage');
  }
  const { version: there } = await assertSame(deployment, kind, anyVersion);
  const definition = definitionOf(kind);
  const reached = new Reached(criterion, definition);
  const until = AbortSignal.timeout(timeoutMs);
  const against = { definition, samples: kind.samples, fromClients: FROM_CLIENTS[kind.kind] ?? [] };
  const told: StoryReport['stories'] = [];
  let steps = 0;
  for (const [name, tell] of Object.entries(STORIES)) {
    signal?.throwIfAborted();
    const cursor = await deployment.asked(() => deployment.client.head());
    const teller = new Teller(deployment, cursor, signal ? AbortSignal.any([signal, until]) : until);
    await deployment
      .asked(() => teller.tell(tell))
      .catch((error) => {
        if (until.aborted)
          throw new NotTested(`'${name}' was not over when ${timeoutMs / 1000} s were`, 'timed out', error);
        throw error;
      });
    const deviations = [...teller.deviations];
    const lives = await deployment.asked(() => teller.livesOf(kind.kind));
    const rows = await deployment.asked(() => deployment.replay(cursor, [kind.kind]));
    for (const life of lives) {
      const { deviations: found, taken } = await settle(deployment, against, life, rows, []);
      deviations.push(...found, ...(found.length > 0 ? [] : unheard(life)));
      reached.add(taken);
      steps += taken.length;
    }
    const story = { story: name, actors: lives.length, deviations };
    told.push(story);
    onStory?.(story);
  }
  return {
    kind: kind.kind,
    version: { here: definition.version, there },
    criterion,
    stories: told,
    deviations: told.flatMap(({ deviations }) => deviations),
    covered: reached.count,
    total: reached.total,
    missing: reached.missing,
    steps
  };
}

const NO_STEP = 'its answer names no step';

/** Events that were taken, of which no row tells. */
function unheard(life: Life): Deviation[] {
  const taken = life.requests.filter(({ answer }) => answer.kind === 'lost' && answer.why === NO_STEP);
  return [...new Set(taken.map(({ event }) => event.type))].flatMap((type) => {
    const sent = taken.filter(({ event }) => event.type === type).length;
    const rows = life.rows.filter((row) => row.type !== 'event.rejected' && row.payload.event === type).length;
    if (rows >= sent) return [];
    return [deviation('acknowledged and lost', life, `'${type}' was taken ${sent} times, and ${rows} rows tell of it`)];
  });
}

interface Asked {
  method: 'POST' | 'PUT' | 'DELETE';
  path: string;
  body?: unknown;
  /** The actor it is for, and the event that it becomes. */
  tells?: { address: string; event: string };
  /** The code it must be refused with; undefined: it must not be. */
  refused?: string;
}

/** Does what a client does in a story, and remembers of whom it was. */
class Teller {
  readonly deviations: Deviation[] = [];
  readonly account = `test-${randomUUID().slice(0, 8)}`;
  readonly signal: AbortSignal;
  readonly #deployment: Deployment;
  readonly #from: string;
  readonly #lives = new Map<string, Life>();

  /** @param from cursor: what comes after it is of the story */
  constructor(deployment: Deployment, from: string, signal: AbortSignal) {
    this.#deployment = deployment;
    this.#from = from;
    this.signal = signal;
  }

  tell = (story: (teller: Teller) => Promise<void>) => story(this);

  /** Those that were met, each as it is now. */
  async livesOf(kind: string): Promise<Life[]> {
    const lives = [...this.#lives.values()].filter(({ address }) => address.startsWith(`${kind}/`));
    for (const life of lives) {
      const look = await this.#deployment.look(life.address);
      if (look) life.looks.push(look);
    }
    return lives;
  }

  life(address: string): Life {
    const life = this.#lives.get(address) ?? { address, input: undefined, requests: [], rows: [], looks: [] };
    this.#lives.set(address, life);
    return life;
  }

  async ask<T>({ method, path, body, tells, refused }: Asked): Promise<T> {
    const { client, tick } = this.#deployment;
    const life = tells ? this.life(tells.address) : undefined;
    const begun = tick();
    // The answer is a view of its own and names no step: a row of its event is looked for.
    const note = (answer: Life['requests'][number]['answer']) =>
      tells && life?.requests.push({ event: { type: tells.event }, begun, ended: tick(), answer });
    const said = `${method} ${path}`;
    try {
      const answer = await client.request<T>(method, path, { signal: this.signal, ...(body ? { body } : {}) });
      note({ kind: 'lost', why: NO_STEP });
      if (refused)
        this.#differ(`${said} was to be refused with ${refused} and was taken`, 'illegal event was taken', life);
      return answer;
    } catch (error) {
      if (!(error instanceof TroupeError) || error.status < 400 || error.status >= 500) throw error;
      const { code, details } = error;
      if (code === 'EVENT_REJECTED') {
        note({ kind: 'rejected', state: String(details.state), legal: (details.legal ?? []) as string[] });
      }
      if (code !== refused) {
        const wanted = refused ? `refused with ${refused}` : 'taken';
        this.#differ(`${said} was to be ${wanted}: ${code}: ${error.message}`, 'legal event was refused', life);
      }
      return undefined as T;
    }
  }

  #differ(why: string, what: Deviation['what'], life: Life | undefined) {
    this.deviations.push(deviation(what, life ?? { address: '' }, why));
  }

  async command(flow: string, params: object, more: object = {}): Promise<string> {
    const envelope = {
      version: '1.0',
      type: 'flow.run',
      requester: { service: (await this.#self()).service, instance_id: 'test' },
      target: { platform: 'x', account_id: this.account },
      payload: { flow, params },
      ...more
    };
    const accepted = await this.ask<{ command_id: string } | undefined>({
      method: 'POST',
      path: '/v1/commands',
      body: envelope
    });
    if (!accepted) throw new NotTested('the deployment takes no command of ours', 'denied');
    this.life(`command/${accepted.command_id}`);
    return accepted.command_id;
  }

  #self = () => this.#deployment.client.request<{ service: string }>('GET', '/v1/tokens/self', { signal: this.signal });

  /** The command once it is in one of these states, or has ended. */
  async until(id: string, ...states: string[]): Promise<CommandView> {
    const row = await this.#heard(`command/${id}`, (to) => [...states, ...ENDS].some((state) => to.startsWith(state)));
    const view = await this.#deployment.client.command(id, { signal: this.signal });
    if (view.session_id) this.life(`session/${view.session_id}`);
    if (!row) throw new NotTested(`command ${id} did not come to ${states.join(' or ')}`, 'timed out');
    return view;
  }

  async reaches(address: string, ...states: string[]): Promise<void> {
    await this.#heard(address, (to) => states.some((state) => to.startsWith(state)));
  }

  /** The approval that a command waits for, once it can be decided. */
  async approvalOf(command: string): Promise<string> {
    let id: string | undefined;
    const filters = { actor_kinds: ['approval'], command_id: command };
    for await (const row of this.#deployment.client.events({ cursor: this.#from, signal: this.signal, filters })) {
      id = row.payload.actor.id;
      break;
    }
    this.signal.throwIfAborted();
    this.life(`approval/${id}`);
    return id as string;
  }

  async #heard(address: string, is: (to: string) => boolean): Promise<EventEnvelope | undefined> {
    const filters = { actor_kinds: [address.slice(0, address.indexOf('/'))] };
    for await (const row of this.#deployment.client.events({ cursor: this.#from, signal: this.signal, filters })) {
      if (isOf(address)(row) && row.type !== 'event.rejected' && is(row.payload.to)) return row;
    }
    this.signal.throwIfAborted();
    return undefined;
  }

  decide = (
    id: string,
    decision: 'allow' | 'deny',
    more: { edited?: object; refused?: string; again?: boolean } = {}
  ) =>
    this.ask({
      method: 'POST',
      path: `/v1/approvals/${id}`,
      body: { decision, ...(more.edited ? { edited: more.edited } : {}) },
      // The same answer again finds it given, and tells it nothing.
      ...(more.again || more.refused ? {} : { tells: { address: `approval/${id}`, event: 'approval.decide' } }),
      ...(more.refused ? { refused: more.refused } : {})
    });

  cancel = (id: string, refused?: string) =>
    this.ask({
      method: 'POST',
      path: `/v1/commands/${id}/cancel`,
      ...(refused ? { refused } : { tells: { address: `command/${id}`, event: 'command.cancel' } })
    });

  hold = (id: string, verb: string, refused?: string) =>
    this.ask<ActorSummary>({
      method: verb === 'close' ? 'DELETE' : 'POST',
      path: verb === 'close' ? `/v1/sessions/${id}` : `/v1/sessions/${id}/${verb}`,
      tells: { address: `session/${id}`, event: `session.${verb}` },
      ...(refused ? { refused } : {})
    });

  async session(): Promise<string> {
    const body = { platform: 'x', account_id: this.account };
    const { session_id } = await this.ask<SessionView>({ method: 'POST', path: '/v1/sessions', body });
    this.life(`session/${session_id}`);
    return session_id;
  }
}

const ENDS = ['SUCCEEDED', 'FAILED', 'CANCELLED'];
const POST = { post_url: 'https://x.com/a/status/1' };

const STORIES: Record<string, (teller: Teller) => Promise<void>> = {
  'a post is read': async (teller) => {
    const id = await teller.command('scrape_post_stats', POST);
    await teller.until(id, ...ENDS);
    await teller.cancel(id, 'COMMAND_ENDED');
  },
  'a post is liked, and the same key is the same command': async (teller) => {
    const key = { idempotency_key: `test-${randomUUID()}` };
    const id = await teller.command('like_post', POST, key);
    const again = await teller.command('like_post', POST, key);
    if (again !== id) {
      const why = `the same idempotency key gave the commands ${id} and ${again}`;
      teller.deviations.push(deviation('made twice', { address: `command/${id}` }, why));
    }
    await teller.until(id, ...ENDS);
  },
  'a message is allowed, and only once': async (teller) => {
    const id = await teller.command('send_dm', await messageOf(teller));
    const approval = await teller.approvalOf(id);
    await teller.decide(approval, 'allow');
    await teller.decide(approval, 'allow', { again: true });
    await teller.decide(approval, 'deny', { refused: 'APPROVAL_DECIDED' });
    await teller.until(id, ...ENDS);
  },
  'a message is denied': async (teller) => {
    const id = await teller.command('send_dm', await messageOf(teller));
    const approval = await teller.approvalOf(id);
    await teller.decide(approval, 'deny');
    await teller.until(id, ...ENDS);
    await teller.decide(approval, 'allow', { refused: 'APPROVAL_DECIDED' });
  },
  'a message is cancelled before anybody has looked': async (teller) => {
    const id = await teller.command('send_dm', await messageOf(teller));
    const approval = await teller.approvalOf(id);
    await teller.cancel(id);
    await teller.until(id, ...ENDS);
    await teller.reaches(`approval/${approval}`, 'WITHDRAWN');
    await teller.cancel(id, 'COMMAND_ENDED');
  },
  'a session is paused, taken over, handed back and closed': async (teller) => {
    const id = await teller.session();
    await teller.reaches(`session/${id}`, 'READY');
    await teller.hold(id, 'resume', 'EVENT_REJECTED');
    await teller.hold(id, 'pause');
    await teller.hold(id, 'resume');
    await teller.hold(id, 'takeover');
    await teller.hold(id, 'handback');
    await teller.reaches(`session/${id}`, 'READY');
    await teller.hold(id, 'close');
    await teller.reaches(`session/${id}`, 'CLOSED');
    await teller.hold(id, 'pause', 'EVENT_REJECTED');
  },
  'a command waits for a session that is paused, and is cancelled': async (teller) => {
    const session = await teller.session();
    await teller.reaches(`session/${session}`, 'READY');
    await teller.hold(session, 'pause');
    const id = await teller.command('scrape_post_stats', POST);
    await teller.cancel(id);
    await teller.until(id, ...ENDS);
    await teller.hold(session, 'close');
    await teller.reaches(`session/${session}`, 'CLOSED');
  }
};

/** At any hour: by default messages wait for the account's day. */
async function messageOf(teller: Teller) {
  const limits = { message: { per_hour: null, per_day: null, apart_s: null, hours: null } };
  const path = `/v1/accounts/${teller.account}`;
  await teller.ask({ method: 'PUT', path, body: { platform: 'x', limits } });
  return { thread_url: 'https://x.com/messages/1', text: `of ${teller.account}` };
}
