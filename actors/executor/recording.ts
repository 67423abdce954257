/**
 * An export of the Chrome DevTools Recorder as a flow: each step an action, its asserted events the verification.
 *
 * What presses something is a write: attempted once, and never again when nobody can say what came of it. The actions
 * continue one another, for nothing but the page says where a recording stands: in a new browser they do not go on.
 * A key that is held over other steps (a chord, a shift-click) makes one action of them, since no key stays down
 * between actions.
 */
import { ControlError } from '../../schemas/errors.ts';
import type { Flow, FlowAction, RecordedStep, Recording, Step } from '../../schemas/generated/contracts.ts';
import { unsupported } from './unsupported.ts';

/** Where Chrome opens new tabs; other browsers have no such address, and nothing is on it. */
const EMPTY_PAGE = /^(chrome|edge|brave|about):\/\/(newtab|new-tab-page)/;

const WRITES = new Set<Step['type']>(['click', 'doubleClick', 'change', 'keyDown', 'drag']);

/** A recording has steps and no actions. */
export const isRecording = (body: unknown): boolean =>
  typeof body === 'object' && body !== null && 'steps' in body && !('actions' in body);

/**
 * @param recording as parsed by its schema
 * @throws ControlError STEP_UNSUPPORTED for the first step that this browser cannot do
 */
export function flowOfRecording(name: string, recording: Recording): Flow {
  const steps = recording.steps.map((step, i) => translate(step, i, recording.timeout));
  return {
    name,
    title: recording.title,
    platforms: ['*'],
    params: { type: 'object', additionalProperties: false },
    actions: grouped(steps).map(({ from, steps }, i): FlowAction => {
      const isWrite = steps.some(({ type }) => WRITES.has(type));
      return {
        attempt: attemptName(from, steps),
        effect: isWrite ? 'write' : 'read',
        ...(i > 0 && { continues: true }),
        steps
      };
    })
  };
}

function translate(step: RecordedStep, i: number, timeout: number | undefined): Step {
  const reason = unsupported(step);
  if (reason !== null || step.type === 'emulateNetworkConditions' || step.type === 'customStep') {
    throw new ControlError('STEP_UNSUPPORTED', { step: `step ${i + 1} (${step.type})`, reason: reason ?? '' });
  }
  // Without a target the Recorder means the first window, a flow the one it is in.
  const own = escaped({ target: 'main', ...(timeout !== undefined && { timeout }), ...step });
  if (own.type === 'navigate' && EMPTY_PAGE.test(own.url)) {
    const { assertedEvents: _, ...rest } = own;
    return { ...rest, url: 'about:blank' };
  }
  return own;
}

/** What was recorded is text, never a placeholder of ours. Scripts keep their own `${…}`: only `${params.…}` is ours there. */
function escaped<T>(value: T, key = ''): T {
  if (typeof value === 'string') return (key === 'expression' ? value : value.replaceAll('${', () => '$${')) as T;
  if (Array.isArray(value)) return value.map((item) => escaped(item, key)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, escaped(item, name)])) as T;
}

interface Group {
  /** Index of its first step in the recording. */
  from: number;
  steps: Step[];
}

/** One step each, but for those between a key going down and the same key coming up. */
function grouped(steps: Step[]): Group[] {
  const groups: Group[] = [];
  for (let i = 0; i < steps.length; ) {
    let last = i;
    // Keys pressed within reach further: until all of them are up.
    for (let j = i; j <= last; j += 1) {
      const step = steps[j]!;
      if (step.type === 'keyDown') last = Math.max(last, upAfter(steps, j));
    }
    groups.push({ from: i, steps: steps.slice(i, last + 1) });
    i = last + 1;
  }
  return groups;
}

/** Where the key comes up again; where it went down, if it never does: it is let go there. */
function upAfter(steps: Step[], down: number): number {
  const { key } = steps[down] as { key: string };
  const up = steps.findIndex((step, i) => i > down && step.type === 'keyUp' && step.key === key);
  return up < 0 ? down : up;
}

/** `STEP_04_CLICK`; a chord by its first step. */
function attemptName(from: number, steps: Step[]): string {
  const type = steps[0]!.type.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
  return `STEP_${String(from + 1).padStart(2, '0')}_${type}`;
}
