import type Router from '@koa/router';
import type { IdMatches } from '../../../actors/host/contract.ts';
import { ControlError } from '../../../schemas/errors.ts';
import type { SearchHit, SearchResult } from '../../../schemas/generated/contracts.ts';
import { maySee } from '../../auth/accounts.ts';
import { allows } from '../../auth/scopes.ts';
import type { Control } from '../deps.ts';
import { integer, readQuery, text } from '../query.ts';
import { asks, clientOf } from '../request.ts';
import { instantOf } from '../views.ts';

/** Looked at for each kind of thing; of these, what the client may not see is left out. */
const REACH = 200;
const LIMIT = 20;

/** GET /v1/search?q=: whatever has an id, or a name, that begins so. What a token may not read is not among it. */
export function searchRoutes(router: Router, { host, flows, tokens }: Control): void {
  router.get('/v1/search', asks(tokens, 'read:actors'), async (ctx) => {
    const { q, limit = LIMIT } = readQuery(ctx.query, { q: text, limit: integer(1, 100) });
    const wanted = q?.trim() ?? '';
    if (q !== undefined && wanted === '') {
      const expected = 'an id, a name, an address, or the beginning of one';
      throw new ControlError('QUERY_INVALID', { parameter: 'q', value: q, expected });
    }
    if (wanted === '') {
      ctx.body = { q: '', items: [] } satisfies SearchResult;
      return;
    }
    const client = clientOf(ctx);
    // `command/03d5` is of that kind alone.
    const [, kind, beginning] = /^([a-z][a-z0-9_]*)\/(.+)$/.exec(wanted) ?? [undefined, undefined, wanted];
    const found = await host.journal.searchIds(normal(beginning as string), REACH);
    const volatile = kind === undefined ? [] : host.volatileActors(kind);
    const hits: SearchHit[] = found.actors
      .filter((actor) => (kind === undefined || actor.kind === kind) && maySee(client, actor.account_id))
      .map(actorHit);
    for (const { address, kind, id, state, status, updatedAt, subject } of volatile) {
      if (id.startsWith(beginning as string) && maySee(client, subject.account_id)) {
        hits.push(actorHit({ ...subject, address, kind, id, state, status, updated_at: updatedAt }));
      }
    }
    if (kind === undefined) {
      hits.push(...correlationHits(found.correlations.filter((one) => maySee(client, one.account_id))));
      if (allows(client.scopes, 'read:accounts')) {
        hits.push(...found.accounts.filter((account) => maySee(client, account)).map(accountHit));
      }
      if (allows(client.scopes, 'read:flows')) {
        hits.push(
          ...flows
            .list()
            .filter(({ name }) => name.toLowerCase().startsWith(wanted.toLowerCase()))
            .map(flowHit)
        );
      }
      if (allows(client.scopes, 'read:artifacts')) {
        hits.push(...found.artifacts.filter((one) => maySee(client, one.account_id)).map(artifactHit));
      }
      if (allows(client.scopes, 'read:events')) {
        hits.push(...found.events.filter((one) => maySee(client, one.account_id)).map(eventHit));
      }
    }
    const exact = (hit: SearchHit) => Number(hit.id === wanted || hit.cursor === wanted);
    // What is meant whole stands before what only begins so; sort keeps the order of the rest.
    ctx.body = { q: wanted, items: hits.sort((a, b) => exact(b) - exact(a)).slice(0, limit) } satisfies SearchResult;
  });
}

/** Ids of ours are in small letters, however they were copied; names stay as they are. */
const normal = (text: string): string => (/^[0-9a-fA-F]{2,8}(-[0-9a-fA-F-]*)?$/.test(text) ? text.toLowerCase() : text);

const actorHit = (actor: IdMatches['actors'][number]): SearchHit => ({
  what: 'actor',
  id: actor.id,
  kind: actor.kind,
  state: actor.state,
  status: actor.status,
  account_id: actor.account_id,
  platform: actor.platform,
  at: instantOf(actor.updated_at)
});

const correlationHits = (rows: IdMatches['correlations']): SearchHit[] =>
  [...new Set(rows.map(({ correlation_id }) => correlation_id))].map((id) => ({ what: 'correlation', id }));

const accountHit = (account: string): SearchHit => ({ what: 'account', id: account, account_id: account });

const flowHit = ({ name, title }: { name: string; title?: string }): SearchHit => ({
  what: 'flow',
  id: name,
  ...(title === undefined ? {} : { title })
});

const artifactHit = (row: IdMatches['artifacts'][number]): SearchHit => ({
  what: 'artifact',
  id: row.id,
  kind: row.kind,
  command_id: row.command_id,
  account_id: row.account_id,
  at: instantOf(row.created_at)
});

const eventHit = (row: IdMatches['events'][number]): SearchHit => ({
  what: 'event',
  id: row.event_id,
  cursor: String(row.cursor),
  kind: row.actor_kind,
  actor_id: row.actor_id,
  title: row.type,
  account_id: row.account_id,
  platform: row.platform,
  at: instantOf(row.emitted_at)
});
