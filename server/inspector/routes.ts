import type Router from '@koa/router';
import { defineAll } from '../../actors/kernel/definition.ts';
import { outlineOf } from '../../actors/kernel/outline.ts';
import { ControlError } from '../../schemas/errors.ts';
import type { Control } from '../control/deps.ts';
import { asks } from '../control/request.ts';

/** GET /v1/machines/{kind}/diagram: what a page needs to draw a machine, for whoever may read machines. */
export function diagramRoutes(router: Router, { kinds, tokens, layout }: Control): void {
  const definitions = new Map(kinds.flatMap(defineAll).map((definition) => [definition.kind, definition]));

  router.get('/v1/machines/:kind/diagram', asks(tokens, 'read:machines'), async (ctx) => {
    const kind = ctx.params.kind as string;
    const definition = definitions.get(kind);
    if (!definition) throw new ControlError('MACHINE_NOT_FOUND', { kind, known: [...definitions.keys()] });
    const { version, machine } = definition;
    ctx.set({ ETag: `"${version}"`, 'Cache-Control': 'private, no-cache' });
    ctx.status = 200;
    if (ctx.fresh) ctx.status = 304;
    else ctx.body = await layout.diagram(kind, version, () => outlineOf(machine));
  });
}
