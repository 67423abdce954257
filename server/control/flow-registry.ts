/**
 * The flows there are: those that ship, and those that were put. A put flow stands over a shipped one of its name.
 * Commands pin the flow they were accepted with, so a change never reaches one that waits.
 */
import { flowOfRecording, isRecording } from '../../actors/executor/recording.ts';
import { unsupportedIn } from '../../actors/executor/unsupported.ts';
import type { ActorHost, AskedBy } from '../../actors/host/contract.ts';
import { ControlError } from '../../schemas/errors.ts';
import type { Flow, FlowSummary } from '../../schemas/generated/contracts.ts';
import { compileForeign, type Misfit, parse } from '../contracts.ts';
import { canonical, canonicalHash } from './canonical.ts';
import { KeyedLock } from './keyed-lock.ts';

export type PinnedFlow = Flow & { version: number };

export interface FlowRegistry {
  /** By name. */
  list(): PinnedFlow[];
  get(name: string): PinnedFlow | undefined;
  /** It is the newest of its name already, word for word. */
  has(flow: Flow): boolean;
  /**
   * A new version, or the one there is when nothing changed.
   * @param flow as `checkFlow` gave it
   * @throws ControlError VALIDATION_FAILED, FLOW_CONFLICT when `version` is given and is not the next
   */
  put(
    name: string,
    flow: Flow,
    by?: AskedBy
  ): Promise<{ flow: PinnedFlow; outcome: 'created' | 'changed' | 'unchanged' }>;
  /** What does not fit the flow's params; fills in the defaults these declare. */
  misfits(flow: PinnedFlow, params: unknown): Misfit[];
}

const NO_PARAMS = { type: 'object', additionalProperties: false };

/** @param given what ships and what is registered, each as `checkFlow` gave it: that is not done again at every start */
export async function openFlowRegistry(host: ActorHost, given: Flow[]): Promise<FlowRegistry> {
  const flows = new Map<string, PinnedFlow>();
  const validators = new WeakMap<PinnedFlow, ReturnType<typeof compileForeign>>();
  const lock = new KeyedLock();

  for (const flow of given) flows.set(flow.name, { ...flow, version: flow.version ?? 1 });
  const stored = await host.journal.find('flows', {}, 1_000_000);
  for (const row of stored.sort((a, b) => a.version - b.version)) {
    flows.set(row.name, JSON.parse(row.body) as PinnedFlow);
  }

  return {
    list: () => [...flows.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    get: (name) => flows.get(name),
    has(flow) {
      const current = flows.get(flow.name);
      return current !== undefined && isSame(current, flow);
    },

    put: (name, flow, by = {}) =>
      lock.with([name], async () => {
        if (flow.name !== name) throw unfit([{ path: '/name', message: `must be '${name}', as in the path` }]);
        const current = flows.get(name);
        const { version, ...content } = flow;
        if (current && isSame(current, flow)) {
          return { flow: current, outcome: 'unchanged' };
        }
        const next = current ? current.version + 1 : (version ?? 1);
        if (current && version !== undefined && version !== next) {
          throw new ControlError('FLOW_CONFLICT', { flow: name, version: current.version });
        }
        const pinned: PinnedFlow = { ...content, version: next };
        const row = { name, version: next, body: JSON.stringify(pinned), created_at: Date.now() };
        await host.write([{ into: 'flows', row }], {
          action: 'flow.put',
          outcome: current ? 'changed' : 'created',
          subject: `flow/${name}`,
          ...by,
          detail: { version: next, body_hash: canonicalHash(pinned) }
        });
        flows.set(name, pinned);
        return { flow: pinned, outcome: current ? 'changed' : 'created' };
      }),

    misfits(flow, params) {
      let validate = validators.get(flow);
      if (!validate) {
        validate = compileForeign(flow.params ?? NO_PARAMS);
        validators.set(flow, validate);
      }
      return validate(params, '/payload/params');
    }
  };
}

/**
 * A flow that fits its schema, whose params are a schema, which names no param it does not have, and whose steps this
 * browser can do. A recording of the Chrome DevTools Recorder becomes the flow of `name`.
 * @throws ControlError VALIDATION_FAILED, STEP_UNSUPPORTED
 */
export function checkFlow(body: unknown, name?: string): Flow {
  const flow =
    name !== undefined && isRecording(body) ? flowOfRecording(name, parse.recording(body)) : parse.flow(body);
  const [first] = unsupportedIn(flow);
  if (first)
    throw new ControlError('STEP_UNSUPPORTED', { step: `${first.place} (${first.type})`, reason: first.reason });
  try {
    compileForeign(flow.params ?? NO_PARAMS);
  } catch (error) {
    throw unfit([{ path: '/params', message: `is not a JSON Schema: ${(error as Error).message.slice(0, 300)}` }]);
  }
  const errors = [...unknownParams(flow), ...unfitPolls(flow), ...unknownResults(flow)];
  if (errors.length > 0) throw unfit(errors);
  return flow;
}

const isSame = (current: Flow, flow: Flow): boolean =>
  canonical({ ...current, version: undefined }) === canonical({ ...flow, version: undefined });

const unfit = (errors: Misfit[]) => new ControlError('VALIDATION_FAILED', { what: 'the flow', errors });

/** `${params.x}` in an action, with an x the params do not declare: a command could never fill it in. */
function unknownParams(flow: Flow): Misfit[] {
  const schema = flow.params ?? NO_PARAMS;
  const properties = (schema as { properties?: object }).properties ?? {};
  const isOpen = 'additionalProperties' in schema ? schema.additionalProperties !== false : true;
  if (isOpen) return [];
  const errors: Misfit[] = [];
  const visit = (value: unknown, path: string) => {
    if (typeof value === 'string') {
      for (const [, name] of value.matchAll(/\$\{params\.([A-Za-z0-9_]+)/g)) {
        if (name !== undefined && !Object.hasOwn(properties, name)) {
          errors.push({ path, message: `names the param '${name}', which params does not declare` });
        }
      }
    } else if (value !== null && typeof value === 'object') {
      for (const [key, item] of Object.entries(value)) visit(item, `${path}/${key}`);
    }
  };
  visit(flow.actions, '/actions');
  return errors;
}

/** What is done again and again must only look, and must not stand on a page that another browser is not on. */
function unfitPolls({ actions }: Flow): Misfit[] {
  return actions.flatMap(({ poll, effect, verify, steps, continues, sweep }, i): Misfit[] => {
    if (!poll) return [];
    const path = `/actions/${i}/poll`;
    if (effect !== 'read') return [{ path, message: 'is of reads alone: a write is attempted once' }];
    if (!verify) return [{ path, message: 'has nothing to wait for; give the action a verify' }];
    if (sweep) return [{ path, message: 'does not go with sweep' }];
    if (continues || steps[0]?.type !== 'navigate') {
      return [
        { path, message: 'needs an action that begins with a navigate step: each look may be in another browser' }
      ];
    }
    return [];
  });
}

/** A field of the result that nothing fills. */
function unknownResults({ actions, result = {} }: Flow): Misfit[] {
  const known = new Set(
    actions.flatMap(({ extract = {}, download = {} }) => [
      ...Object.keys(extract),
      ...Object.entries(download).flatMap(([name, { media }]) =>
        media ? [name, `${name}_path`, `${name}_size`, `${name}_duration_ms`] : [name]
      )
    ])
  );
  return Object.entries(result).flatMap(([field, name]): Misfit[] =>
    known.has(name)
      ? []
      : [
          {
            path: `/result/${field}`,
            message: `no action reads '${name}'; there are: ${[...known].join(', ') || 'none'}`
          }
        ]
  );
}

export const flowSummary = (flow: PinnedFlow): FlowSummary => ({
  name: flow.name,
  ...(flow.title === undefined ? {} : { title: flow.title }),
  version: flow.version,
  platforms: flow.platforms,
  writes: flow.actions.some((action) => action.effect === 'write')
});

/** Whether running it needs the scope `script`. */
export const runsScript = (flow: Flow): boolean =>
  flow.actions.some((action) => action.steps.some((step) => step.type === 'waitForExpression'));
