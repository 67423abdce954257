/**
 * Whom each action of a flow reaches. It decides what waits for a person and what a limit counts, so it does not take the
 * flow's word where that would be less than what is plain:
 *
 * - what acts (clicks, types, presses, drags, runs script) and does not say whom it reaches is a message, whatever it calls
 *   itself and however it came here: a recording of a click on "Send" says nothing;
 * - what acts on a name of messages (`@dm.send`), or under an address of messages, is a message whatever it says;
 * - anything less counts only from somebody whose word it is: see `isTrusted`.
 */

import { isControlError } from '../../schemas/errors.ts';
import type { Flow, FlowAction, Reach, Step } from '../../schemas/generated/contracts.ts';
import { isMessageAddress, type MessagePages } from '../executor/message-page.ts';
import type { Params } from '../executor/placeholders.ts';
import { selectorsOf } from '../executor/report.ts';
import { resolveAction, withDefaults } from '../executor/resolve.ts';

/** First parts of names in the registry that are about writing to people. */
const MESSAGE_NAMES = /^@(dm|dms|message|messages|messaging|chat|thread|threads|inbox)[._]/;

const ACTING = new Set<Step['type']>(['click', 'doubleClick', 'change', 'keyDown', 'drag', 'waitForExpression']);

/** Something of it may change the page, or what stands behind it. */
export const acts = ({ steps }: FlowAction): boolean => steps.some(({ type }) => ACTING.has(type));

export interface Reaching {
  params: Params;
  /** Of the command's platform; what is not known of one is on none of its message pages. */
  registry: MessagePages;
  /** The flow ships, or an admin put it: it may say that it reaches less than a message. */
  isTrusted: boolean;
}

/** Of each action, in order. */
export function reachesOf(flow: Flow, { params, registry, isTrusted }: Reaching): Reach[] {
  const all = withDefaults(flow, params);
  let address = '';
  return flow.actions.map((given) => {
    const action = filled(given, all);
    for (const step of action.steps) if (step.type === 'navigate') address = step.url;
    if (!acts(action)) return action.reaches ?? 'nobody';
    if (isMessageAddress(address, registry) || touchesMessages(action)) return 'message';
    return (isTrusted && action.reaches) || 'message';
  });
}

/** The flow as it is run: what reaches somebody is attempted once, also where it calls itself a read. */
export const asAttempted = <F extends Flow>(flow: F, reaches: Reach[]): F => ({
  ...flow,
  actions: flow.actions.map((action, i) => (reaches[i] === 'nobody' ? action : { ...action, effect: 'write' }))
});

/** Addresses it opens, in order, with the params put in. */
export const pagesOf = (flow: Flow, params: Params): string[] => {
  const all = withDefaults(flow, params);
  return flow.actions.flatMap((action) =>
    filled(action, all).steps.flatMap((step) => (step.type === 'navigate' ? [step.url] : []))
  );
};

const touchesMessages = ({ steps }: FlowAction): boolean =>
  steps
    .filter(({ type }) => ACTING.has(type))
    .flatMap(selectorsOf)
    .flat(2)
    .some((selector) => MESSAGE_NAMES.test(selector));

/** What cannot be filled in is never attempted: the executor says what is missing. */
function filled(action: FlowAction, params: Params): FlowAction {
  try {
    return resolveAction(action, params);
  } catch (error) {
    if (!isControlError(error, 'VALIDATION_FAILED')) throw error;
    return action;
  }
}
