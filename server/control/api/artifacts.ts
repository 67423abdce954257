import type Router from '@koa/router';
import type { ActorHost, Tables } from '../../../actors/host/contract.ts';
import { ControlError } from '../../../schemas/errors.ts';
import type { ArtifactView } from '../../../schemas/generated/contracts.ts';
import { withinAccounts } from '../../auth/accounts.ts';
import type { Client } from '../../auth/tokens.ts';
import type { Control } from '../deps.ts';
import { integer, readQuery, text } from '../query.ts';
import { asks, clientOf } from '../request.ts';
import { instantOf, pageOf } from '../views.ts';

/** How far back a list without a command reaches. */
const REACH = 10_000;
/** Commands asked for at a time. */
const MAX_IDS = 500;

/** GET /v1/artifacts; GET /v1/artifacts/{id}: the bytes, with their SHA-256 as ETag. */
export function artifactRoutes(router: Router, { host, artifacts, tokens, limits }: Control): void {
  router.get('/v1/artifacts', asks(tokens, 'read:artifacts'), async (ctx) => {
    const {
      command_id,
      page,
      limit = limits.pageDefault
    } = readQuery(ctx.query, {
      command_id: text,
      limit: integer(1, limits.pageMax),
      page: text
    });
    const all = await host.journal.find('artifacts', command_id === undefined ? {} : { command_id }, REACH);
    const rows = await ofClient(host, clientOf(ctx), all);
    const after = page === undefined ? -1 : rows.findIndex((row) => row.id === page);
    if (page !== undefined && after < 0) {
      throw new ControlError('QUERY_INVALID', { parameter: 'page', value: page, expected: 'the next_page of a list' });
    }
    const items = rows.slice(after + 1, after + 1 + limit);
    const hasMore = rows.length > after + 1 + limit;
    ctx.body = pageOf(items.map(artifactView), hasMore ? (items.at(-1)?.id ?? null) : null);
  });

  router.get('/v1/artifacts/:id', asks(tokens, 'read:artifacts'), async (ctx) => {
    const artifactId = ctx.params.id as string;
    const [row] = await ofClient(host, clientOf(ctx), await host.journal.find('artifacts', { id: artifactId }, 1));
    if (!row) throw new ControlError('ARTIFACT_NOT_FOUND', { artifactId });
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
    ctx.length = size;
    if (ctx.method === 'HEAD') await handle.close();
    else ctx.body = handle.createReadStream();
  });
}

/** Those of commands about the client's accounts, when it is bound to some. */
async function ofClient(host: ActorHost, client: Client, rows: Tables['artifacts'][]): Promise<Tables['artifacts'][]> {
  if (client.accounts === null) return rows;
  const ids = [...new Set(rows.flatMap(({ command_id }) => command_id ?? []))];
  const own = new Set<string>();
  for (let at = 0; at < ids.length; at += MAX_IDS) {
    const query = { kind: 'command', ids: ids.slice(at, at + MAX_IDS), limit: MAX_IDS };
    for (const { id } of (await host.journal.queryActors(withinAccounts(client, query))).items) own.add(id);
  }
  return rows.filter(({ command_id }) => command_id !== null && own.has(command_id));
}

/** RFC 9110's weak comparison. Koa's `fresh` looks at cache-control too, which `fetch` sets to no-cache by itself. */
const isCurrent = (ifNoneMatch: string, sha256: string): boolean =>
  ifNoneMatch.split(',').some((tag) => ['*', `"${sha256}"`].includes(tag.trim().replace(/^W\//, '')));

const artifactView = (row: Tables['artifacts']): ArtifactView => ({
  artifact_id: row.id,
  command_id: row.command_id,
  kind: row.kind,
  media_type: row.media_type,
  sha256: row.sha256,
  size: row.size,
  created_at: instantOf(row.created_at),
  links: { self: `/v1/artifacts/${row.id}` }
});
