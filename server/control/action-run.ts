import { ControlError } from '../../schemas/errors.ts';
import type { ActionRunPayload, CommandEnvelope } from '../../schemas/generated/contracts.ts';
import type { PinnedFlow } from './flow-registry.ts';

/**
 * Places of what `action.run` runs of a flow: the reads that lead to its action, and the action. Whom these reach is still
 * judged on the whole flow, for what is left out may have led to a page of messages.
 * @throws ControlError VALIDATION_FAILED for an action that there is not, or that goes on from what would be left out
 */
export function placesOfAction({ name, actions }: PinnedFlow, { payload }: CommandEnvelope): number[] {
  const { action: wanted } = payload as unknown as ActionRunPayload;
  const misfit = (message: string) =>
    new ControlError('VALIDATION_FAILED', { what: 'the payload', errors: [{ path: '/payload/action', message }] });
  const at = actions.findIndex(({ attempt }) => attempt === wanted);
  const action = actions[at];
  if (!action) {
    const known = actions.map(({ attempt }) => attempt).join(', ');
    throw misfit(`is no action of '${name}'; there are: ${known}`);
  }
  const before = [...actions.keys()].slice(0, at);
  const left = before.find((place) => actions[place]?.effect !== 'read');
  if (action.continues && left !== undefined) {
    throw misfit(`goes on from the page as ${actions[left]?.attempt} left it; run the flow '${name}' instead`);
  }
  return [...before.filter((place) => actions[place]?.effect === 'read'), at];
}
