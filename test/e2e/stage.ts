/** The real program, a real WebKit under it, and the example site: what every test here plays on. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import type {
  ActionResult,
  CommandAccepted,
  CommandEnvelope,
  CommandView,
  Flow
} from '../../schemas/generated/contracts.ts';
import { type Site, startSite } from '../site/site.ts';
import { type Manager, type ManagerOptions, startManager } from '../support/manager.ts';
import { type FoundProcess, processesOf } from '../support/processes.ts';
import { webkitMissing } from '../support/webkit.ts';

/** Whom the site takes a browser for that brings no cookie. */
export const VISITOR = 'alice';

/**
 * For `describe`: why its tests are skipped.
 * @throws Error where everything has to be there (CI=true): what was not run there is not shown anywhere
 */
export function needsBrowser(): { skip: string | false } {
  const why = webkitMissing();
  if (why !== null && process.env.CI === 'true') throw new Error(`these tests must run here, and cannot: ${why}`);
  return { skip: why ?? false };
}

export interface Stage {
  readonly site: Site;
  readonly manager: Manager;
}

/** One site and one manager for all tests of a suite: call it in `describe`. */
export function sharedStage(options: Omit<ManagerOptions, 'driver'> = {}): Stage {
  let site: Site | undefined;
  let manager: Manager | undefined;
  const undo: (() => unknown)[] = [];
  before(async () => {
    site = await startSite({ visitor: VISITOR });
    manager = await startManager({ after: (fn) => undo.push(fn) }, { ...options, driver: 'safari' });
  });
  after(async () => {
    for (const end of undo.reverse()) await end();
    await site?.close();
  });
  return {
    get site() {
      return site!;
    },
    get manager() {
      return manager!;
    }
  };
}

export type Wish = Partial<CommandEnvelope> & Pick<CommandEnvelope, 'target' | 'payload'>;

export interface CommentWish extends Partial<Omit<CommandEnvelope, 'payload'>> {
  text: string;
  /** Default: post 1 as it is. */
  url?: string;
  /** Default comment_on_post. */
  flow?: string;
}

/** What `Manager.send` takes to comment on a post of the site. */
export function comment(
  site: Site,
  { text, url = site.postUrl(1), flow = 'comment_on_post', ...rest }: CommentWish
): Wish {
  return {
    target: { platform: 'example', account_id: VISITOR },
    payload: { flow, params: { post_url: url, text } },
    ...rest
  };
}

/** The same as a body of POST /v1/commands. */
export const body = (wish: Wish): CommandEnvelope => ({
  version: '1.0',
  requester: { service: 'admin', instance_id: 'test' },
  type: 'flow.run',
  ...wish
});

/** How many comments of this text the site has made, by whomever. */
export const commentsOf = (site: Site, text: string): number => site.counts({ kind: 'comment', text }).comment;

export function actionOf(command: CommandView, name: string): ActionResult {
  const action = command.actions.find((one) => one.name === name);
  assert.ok(action, `${name} is not among ${JSON.stringify(command.actions)}`);
  return action;
}

/** A comment like any other: what came before has left nothing broken. @returns the command */
export async function stillWorks({ site, manager }: Stage, text: string): Promise<CommandView> {
  const { command_id } = await manager.send(comment(site, { text }));
  const command = await manager.commandEnd(command_id);
  assert.equal(command.state, 'SUCCEEDED', JSON.stringify(command));
  assert.equal(commentsOf(site, text), 1);
  return command;
}

/** POST /v1/commands/{id}/cancel, which must be taken. */
export async function cancel({ manager }: Stage, { command_id }: Pick<CommandAccepted, 'command_id'>) {
  const answer = await manager.request<CommandView>('POST', `/v1/commands/${command_id}/cancel`);
  assert.equal(answer.status, 202, JSON.stringify(answer.body));
  return answer.body;
}

/** The shipped comment_on_post with something else in it, under another name. Its actions: POST_OPEN, COMMENT_CREATE. */
export async function putFlow(
  { manager }: Stage,
  name: string,
  change: (actions: Flow['actions']) => void
): Promise<string> {
  const { body: shipped } = await manager.request<Flow>('GET', '/v1/flows/comment_on_post');
  const { version: _, ...flow } = shipped;
  change(flow.actions);
  const put = await manager.request('PUT', `/v1/flows/${name}`, { ...flow, name });
  assert.equal(put.status, 201, JSON.stringify(put.body));
  return name;
}

/** Processes of its data directory that are neither it nor descended from it. */
export function strangersTo({ data, pid }: Manager): FoundProcess[] {
  const all = new Map(processesOf(data).map((found) => [found.pid, found]));
  const isOurs = (found: FoundProcess | undefined): boolean =>
    found !== undefined && (found.pid === pid || isOurs(all.get(found.parent)));
  return [...all.values()].filter((found) => !isOurs(found));
}
