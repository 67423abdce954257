/** The routes of the real router, as what walks all of them sees them. */

import { controlOf, controlRoutes } from '../../server/control/app.ts';
import type { Door } from '../../server/control/request.ts';
import type { Harness } from './harness.ts';

export interface Route {
  method: string;
  /** With its parameters: `/v1/commands/:id`. */
  pattern: string;
  /** undefined: it has none, and lets everybody in. */
  door: Door | undefined;
}

/** All there is but HEAD, which is GET without the body. */
export function routesOf({ deps }: Pick<Harness, 'deps'>): Route[] {
  const { stack } = controlRoutes(controlOf(deps), deps.tokens);
  return stack.flatMap(({ methods, path, stack: layers }) => {
    const door = layers.find((layer) => 'needs' in layer) as Door | undefined;
    const pattern = String(path);
    return methods.filter((method) => method !== 'HEAD').map((method) => ({ method, pattern, door }));
  });
}

/** A path of the route's with values in its parameters. */
export const pathOf = (pattern: string, value: (parameter: string, pattern: string) => string): string =>
  pattern
    .replace(/\{\*\w+\}/g, '')
    .replace(/:(\w+)/g, (_, parameter: string) => encodeURIComponent(value(parameter, pattern)));
