/** A recipe's flow becomes a command as one that came over REST does: checked, approved where it needs to be, durable. */
import { RecipeError, type RecipeErrorCode } from '../../actors/desktop/contract.ts';
import { type ErrorCode, isControlError } from '../../schemas/errors.ts';
import type { Client } from '../auth/tokens.ts';
import type { AcceptCommand } from '../control/accept-command.ts';
import type { FlowRegistry } from '../control/flow-registry.ts';
import type { RunFlows } from './service.ts';

/** Whoever reaches the socket is this machine's user, who may run any flow; approvals are asked for all the same. */
const CLIENT: Client = {
  tokenId: 'recipes',
  service: 'recipes',
  scopes: ['flow.run:*'],
  accounts: null,
  expiresAt: null
};

export const flowRunner =
  (accept: AcceptCommand, flows: Pick<FlowRegistry, 'get'>): RunFlows =>
  async ({ name, params = {}, platform, account_id }, { id, place, source }) => {
    const flow = flows.get(name);
    const only = flow?.platforms.filter((one) => one !== '*') ?? [];
    const on = platform ?? (only.length === 1 ? only[0] : undefined);
    if (on === undefined) {
      if (!flow) throw new RecipeError('invalid_argument', `FLOW_UNKNOWN: no flow '${name}'`);
      throw new RecipeError('invalid_argument', `flow '${name}' runs on several platforms; send "platform" with it`);
    }
    try {
      const { command } = await accept(
        {
          version: '1.0',
          type: 'flow.run',
          // After a restart the server has forgotten the id, and the journal has not.
          ...(id === null ? {} : { idempotency_key: `${id}:${place}` }),
          requester: { service: CLIENT.service, instance_id: source || 'local' },
          target: { platform: on, ...(account_id === undefined ? {} : { account_id }) },
          payload: { flow: name, params }
        },
        CLIENT
      );
      return command.id;
    } catch (error) {
      if (!isControlError(error)) throw error;
      throw new RecipeError(codeFor(error.code, error.status), `${error.code}: ${error.message}`, error);
    }
  };

function codeFor(code: ErrorCode, status: number): RecipeErrorCode {
  if (code === 'DRAINING' || status === 429 || status === 503) return 'busy';
  if (status === 401 || status === 403) return 'not_permitted';
  return status < 500 ? 'invalid_argument' : 'internal';
}
