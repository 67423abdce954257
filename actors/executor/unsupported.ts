/**
 * Steps that fit the schema and that this browser or this program cannot do. They are refused when a flow is put or
 * loaded, by name and with the cure, so that none is passed over in silence when it runs.
 */
import type { Flow, RecordedStep, Step } from '../../schemas/generated/contracts.ts';
import { codeOf } from './keys.ts';

export interface Unsupported {
  /** Name of the action, or of the step of a recording: 'step 3'. */
  place: string;
  type: string;
  reason: string;
}

/** Why this step cannot be done; null when it can. */
export function unsupported(step: Step | RecordedStep): string | null {
  switch (step.type) {
    case 'emulateNetworkConditions':
      return "WebKit's driver cannot slow a network down; take the step out";
    case 'customStep':
      return `'${step.name}' belongs to an extension of the Recorder and means nothing here; take it out, or write it with other steps`;
    case 'setViewport':
      return step.isMobile || step.hasTouch
        ? 'desktop Safari is no phone: isMobile and hasTouch must be false; record with the device toolbar off, or on the site as phones get it'
        : null;
    case 'click':
    case 'doubleClick':
      if (step.deviceType === 'touch' || step.deviceType === 'pen') {
        return `desktop Safari has no ${step.deviceType} input; use deviceType mouse`;
      }
      return step.button === 'back' || step.button === 'forward'
        ? `WebKit's driver has no '${step.button}' button; use a navigate step`
        : null;
    case 'keyDown':
    case 'keyUp':
      return codeOf(step.key) === null
        ? `there is no key '${step.key}' that WebDriver can press; use a click on what it does`
        : null;
    case 'drag':
      return step.to === undefined && step.by === undefined
        ? 'says neither where to nor how far; give it `to` or `by`'
        : null;
    default:
      return null;
  }
}

/** Everything of the flow that cannot be done, in order. */
export const unsupportedIn = (flow: Pick<Flow, 'actions'>): Unsupported[] =>
  flow.actions.flatMap(({ attempt, steps }) =>
    steps.flatMap((step, i): Unsupported[] => {
      const reason = unsupported(step);
      return reason === null ? [] : [{ place: `${attempt} step ${i + 1}`, type: step.type, reason }];
    })
  );
