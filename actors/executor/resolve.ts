import type { Flow, FlowAction, Predicate, Selectors, Step } from '../../schemas/generated/contracts.ts';
import { fill, fillScript, fillSelector, fillUrl, type Params, type Scope } from './placeholders.ts';

/**
 * The flow's actions with `${params.…}` put in; defaults of the flow's params schema fill what was not given.
 * `@names` stay: the executor looks them up.
 * @throws ControlError VALIDATION_FAILED naming what is missing
 */
export function resolveFlow(flow: Flow, params: Params): FlowAction[] {
  const all = withDefaults(flow, params);
  return flow.actions.map((action) => resolveAction(action, all));
}

/** What was given, over the defaults the flow's schema names for its top-level params. */
export function withDefaults(flow: Pick<Flow, 'params'>, params: Params): Params {
  const properties = (flow.params?.properties ?? {}) as Record<string, { default?: unknown }>;
  const defaults = Object.entries(properties).filter(([, schema]) => schema?.default !== undefined);
  return { ...Object.fromEntries(defaults.map(([name, schema]) => [name, schema.default])), ...params };
}

/** One action with its params put in. Putting them in twice would read a person's text as a placeholder: once only. */
export function resolveAction(action: FlowAction, params: Params): FlowAction {
  const scope = { params };
  const steps = <S extends Step>(list: S[], part: string): S[] =>
    list.map((step, i) => resolveStep(step, scope, `${action.attempt} ${part}${i + 1} (${step.type})`) as S);
  const predicate = <P extends Predicate>(given: P, part: string): P => ({ ...given, steps: steps(given.steps, part) });
  return {
    ...action,
    steps: steps(action.steps, 'step '),
    ...(action.dedupe && { dedupe: predicate(action.dedupe, 'dedupe ') }),
    ...(action.verify && { verify: predicate(action.verify, 'verify ') }),
    ...(action.poll?.failed && {
      poll: {
        ...action.poll,
        failed: action.poll.failed.map((one) => ({ ...one, steps: steps(one.steps, `${one.as} `) }))
      }
    }),
    ...(action.download && {
      download: Object.fromEntries(
        Object.entries(action.download).map(([name, rule]) => [
          name,
          { ...rule, selectors: resolveSelectors(rule.selectors, scope, `${action.attempt} download ${name}`) }
        ])
      )
    }),
    ...(action.extract && {
      extract: Object.fromEntries(
        Object.entries(action.extract).map(([name, rule]) => [
          name,
          resolveReading(rule, scope, `${action.attempt} extract ${name}`)
        ])
      )
    })
  };
}

function resolveReading(
  rule: NonNullable<FlowAction['extract']>[string],
  scope: Scope,
  where: string
): NonNullable<FlowAction['extract']>[string] {
  const fields = Object.entries(rule.fields ?? {}).map(([field, one]) => [
    field,
    one.selectors ? { ...one, selectors: resolveSelectors(one.selectors, scope, `${where}.${field}`) } : one
  ]);
  return {
    ...rule,
    selectors: resolveSelectors(rule.selectors, scope, where),
    ...(rule.fields && { fields: Object.fromEntries(fields) })
  };
}

export const resolveSelectors = (selectors: Selectors, scope: Scope, where: string): Selectors =>
  selectors.map((one) =>
    Array.isArray(one) ? one.map((part) => fillSelector(part, scope, where)) : fillSelector(one, scope, where)
  );

function resolveStep(step: Step, scope: Scope, where: string): Step {
  const filled = { ...step } as Step & { selectors?: Selectors };
  if (filled.selectors) filled.selectors = resolveSelectors(filled.selectors, scope, where);
  if ('assertedEvents' in filled && filled.assertedEvents) {
    filled.assertedEvents = filled.assertedEvents.map((event) => ({
      ...event,
      ...(event.url !== undefined && { url: fillUrl(event.url, scope, where) }),
      ...(event.title !== undefined && { title: fill(event.title, scope, where) })
    }));
  }
  switch (filled.type) {
    case 'navigate':
      filled.url = fillUrl(filled.url, scope, where);
      break;
    case 'change':
      filled.value = fill(filled.value, scope, where);
      break;
    case 'waitForExpression':
      filled.expression = fillScript(filled.expression, scope, where);
      break;
    case 'waitForElement':
      if (filled.attributes) {
        filled.attributes = Object.fromEntries(
          Object.entries(filled.attributes).map(([name, value]) => [name, fill(value, scope, where)])
        );
      }
      if (filled.properties) {
        filled.properties = Object.fromEntries(
          Object.entries(filled.properties).map(([name, value]) => [
            name,
            typeof value === 'string' ? fill(value, scope, where) : value
          ])
        );
      }
      break;
  }
  return filled;
}
