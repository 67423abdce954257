import type Router from '@koa/router';
import type { Tables } from '../../../actors/host/contract.ts';
import { ControlError } from '../../../schemas/errors.ts';
import type { ArtifactView } from '../../../schemas/generated/contracts.ts';
import { maySee, withinAccounts } from '../../auth/accounts.ts';
import type { Control } from '../deps.ts';
import { pageParameters, rowQuery } from '../listing.ts';
import { readQuery, text } from '../query.ts';
import { asks, clientOf } from '../request.ts';
import { instantOf, pageOf } from '../views.ts';

/** GET /v1/artifacts; GET /v1/artifacts/{id}: the bytes, with their SHA-256 as ETag. */
export function artifactRoutes(router: Router, { host, artifacts, tokens, limits }: Control): void {
  router.get('/v1/artifacts', asks(tokens, 'read:artifacts'), async (ctx) => {
    const query = readQuery(ctx.query, {
      command_id: text,
      account_id: text,
      kind: text,
      ...pageParameters(limits)
    });
    const { items, next } = await host.journal.list(
      'artifacts',
      rowQuery(limits, withinAccounts(clientOf(ctx), query))
    );
    ctx.body = pageOf(items.map(artifactView), next);
  });

  router.get('/v1/artifacts/:id', asks(tokens, 'read:artifacts'), async (ctx) => {
    const artifactId = ctx.params.id as string;
    const [row] = await host.journal.find('artifacts', { id: artifactId }, 1);
    if (!row || !maySee(clientOf(ctx), row.account_id ?? null))
      throw new ControlError('ARTIFACT_NOT_FOUND', { artifactId });
    ctx.status = 200;
    ctx.etag = row.sha256;
    ctx.set('Cache-Control', 'private, no-cache');
    if (isCurrent(ctx.get('if-none-match'), row.sha256)) {
      ctx.status = 304;
      return;
    }
    const { handle, size } = await artifacts.open(row.sha256).catch((cause) => {
      throw new ControlError('ARTIFACT_NOT_FOUND', { artifactId }, cause);
    });
    // What came from a page is handed on as a file and never shown as one of ours: an SVG is a page too.
    if (row.kind !== 'screenshot') ctx.attachment(`${row.id}.${row.kind}`, { fallback: false });
    ctx.type = row.media_type;
    ctx.set('Accept-Ranges', 'bytes');
    const part = partOf(ctx.get('range'), ctx.get('if-range'), row.sha256, size);
    if (part === 'none') {
      await handle.close();
      ctx.set('Content-Range', `bytes */${size}`);
      throw new ControlError('RANGE_NOT_SATISFIABLE', { range: ctx.get('range').slice(0, 100), size });
    }
    if (part) {
      ctx.status = 206;
      ctx.set('Content-Range', `bytes ${part.start}-${part.end}/${size}`);
    }
    ctx.length = part ? part.end - part.start + 1 : size;
    if (ctx.method === 'HEAD') await handle.close();
    else ctx.body = handle.createReadStream(part ?? {});
  });
}

/** RFC 9110's weak comparison. Koa's `fresh` looks at cache-control too, which `fetch` sets to no-cache by itself. */
const isCurrent = (ifNoneMatch: string, sha256: string): boolean =>
  ifNoneMatch.split(',').some((tag) => ['*', `"${sha256}"`].includes(tag.trim().replace(/^W\//, '')));

/**
 * The bytes that `Range` asks for, both ends included; undefined: all of them, as for what is no single range of bytes and
 * for a part of other bytes than these; none: it begins behind the end.
 */
function partOf(range: string, ifRange: string, sha256: string, size: number) {
  const [, first, last] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(range.replaceAll(' ', '')) ?? [];
  const isOfOther = ifRange !== '' && ifRange !== `"${sha256}"`;
  if (first === undefined || last === undefined || first + last === '' || isOfOther) return undefined;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined;
  return start > end ? 'none' : { start, end };
}

const artifactView = (row: Tables['artifacts']): ArtifactView => ({
  artifact_id: row.id,
  command_id: row.command_id,
  account_id: row.account_id ?? null,
  kind: row.kind,
  media_type: row.media_type,
  sha256: row.sha256,
  size: row.size,
  created_at: instantOf(row.created_at),
  links: { self: `/v1/artifacts/${row.id}` }
});
