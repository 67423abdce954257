/**
 * What there is to see in an inspector: a real process with the stub driver, commands that have ended, one that failed
 * and two that ask first. For the tests of the page and for its pictures in docs/inspector.
 */
import { randomUUID } from 'node:crypto';
import type { ActorSummary, CommandView, Flow } from '../../schemas/generated/contracts.ts';
import { type Manager, startManager } from './manager.ts';

export const message: Flow = {
  name: 'send_message',
  title: 'Send a message',
  version: 1,
  approval: 'required',
  platforms: ['example'],
  params: {
    type: 'object',
    required: ['to', 'text'],
    additionalProperties: false,
    properties: { to: { type: 'string' }, text: { type: 'string', maxLength: 200 } }
  },
  actions: [
    {
      attempt: 'MESSAGE_SEND',
      effect: 'write',
      // Asked for like a message, and not kept back by the time of day.
      reaches: 'comment',
      steps: [{ type: 'click', selectors: ['#send'] }],
      verify: { as: 'MESSAGE_SENT', steps: [{ type: 'waitForElement', selectors: ['#sent'] }] }
    }
  ]
};

export interface Stage {
  manager: Manager;
  /** Adds one more. Its id, once it waits for a yes. */
  ask(account: string, text: string): Promise<string>;
  /** Comments as that account and waits for the end of it. */
  comment(account: string, text: string): Promise<CommandView>;
}

/** @param args further arguments of `troupe start` */
export async function setStage(
  t: { after(fn: () => unknown): unknown },
  { args = [], data }: { args?: string[]; data?: string } = {}
): Promise<Stage> {
  const manager = await startManager(t, { args, ...(data === undefined ? {} : { data }) });
  const { status, body } = await manager.request('PUT', `/v1/flows/${message.name}`, message);
  if (status >= 300) throw new Error(`the flow was refused: ${JSON.stringify(body)}`);
  return {
    manager,
    async ask(account, text) {
      const { command_id } = await manager.send({
        idempotency_key: randomUUID(),
        target: { platform: 'example', account_id: account },
        payload: { flow: message.name, params: { to: 'grace', text } }
      });
      const { context } = await inState(manager, `command/${command_id}`, 'AWAITING_APPROVAL');
      // What it asks with is there a moment later.
      await inState(manager, `approval/${context?.approvalId}`, 'PENDING');
      return command_id;
    },
    async comment(account, text) {
      const { command_id } = await manager.send({
        target: { platform: 'example', account_id: account },
        payload: { flow: 'comment_on_post', params: { post_url: 'http://127.0.0.1:8080/post/1', text } }
      });
      return manager.commandEnd(command_id);
    }
  };
}

/** Resolves once the actor is in a state of that name. @throws Error after a minute, with where it is */
export async function inState(manager: Manager, address: string, state: string): Promise<ActorSummary> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const { body } = await manager.request<ActorSummary>('GET', `/v1/actors/${address}`);
    if (body.state?.split(/[.,]/).includes(state)) return body;
    if (Date.now() > deadline) throw new Error(`${address} is not ${state}: ${JSON.stringify(body)}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
