import { createHash } from 'node:crypto';
import type { FlowAction } from '../../schemas/generated/contracts.ts';
import type { ActionRun } from './contract.ts';

/** Parameters of an address that say where a reader came from and not what it names. */
const TRACKING = /^(utm_\w+|fbclid|gclid|igshid|igsh|ref_src|si)$/;

/**
 * One address for all the ways to write it: no fragment, no tracking, parameters in order, no slash at the end.
 * What is no address is returned trimmed.
 */
export function canonicalUrl(text: string): string {
  let url: URL;
  try {
    url = new URL(text.trim());
  } catch {
    return text.trim();
  }
  url.hash = '';
  for (const name of [...url.searchParams.keys()]) if (TRACKING.test(name)) url.searchParams.delete(name);
  url.searchParams.sort();
  url.pathname = url.pathname.replace(/(.)\/+$/, '$1');
  return url.href;
}

/** The page an action is about: the last address opened before its first step that acts. */
export function targetOf({ before, action }: Pick<ActionRun, 'before' | 'action'>): string {
  const opened = [...before.flatMap(({ steps }) => steps), ...action.steps].filter((step) => step.type === 'navigate');
  const last = opened.at(-1);
  return last ? canonicalUrl(last.url) : '';
}

/** What is put into the page, whatever its spacing and Unicode form; and what is pressed. */
function payloadOf({ steps }: FlowAction): unknown[] {
  return steps.flatMap((step): unknown[] => {
    switch (step.type) {
      case 'change':
        return [['change', step.selectors, normalise(step.value)]];
      case 'click':
      case 'doubleClick':
        return [[step.type, step.selectors]];
      case 'keyDown':
        return [['keyDown', step.key]];
      case 'waitForExpression':
        return [['expression', step.expression]];
      default:
        return [];
    }
  });
}

const normalise = (text: string): string => text.normalize('NFC').replace(/\s+/g, ' ').trim();

/** sha256(account, site, canonical target, verb, normalised payload, intent), hex. Nothing of the live page is in it. */
export function dedupeKey(run: ActionRun): string {
  const parts = [
    run.accountId ?? '',
    run.platform,
    targetOf(run),
    run.action.attempt,
    payloadOf(run.action),
    run.intent
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
