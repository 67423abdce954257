import type Router from '@koa/router';
import type { Tables } from '../../../actors/host/contract.ts';
import { ControlError } from '../../../schemas/errors.ts';
import type {
  DmThreadView,
  PostStats,
  PostView,
  SoraDraftView,
  SoraUsageView
} from '../../../schemas/generated/contracts.ts';
import { maySee, withinAccounts } from '../../auth/accounts.ts';
import type { Control } from '../deps.ts';
import { pageParameters, rowQuery } from '../listing.ts';
import { readQuery, text } from '../query.ts';
import { asks, clientOf } from '../request.ts';
import { instantOf, pageOf } from '../views.ts';

/** Of what is somebody's on some platform. */
type SeenTable = 'posts' | 'dm_threads' | 'sora_drafts' | 'sora_usage';

/**
 * GET /v1/posts, /v1/posts/{id}/stats, /v1/dm_threads, /v1/sora/drafts, /v1/sora/usage: what flows have seen, newest
 * first by when they saw it first.
 */
export function seenRoutes(router: Router, { host, tokens, limits }: Control): void {
  const { journal } = host;
  const filters = { platform: text, account_id: text, ...pageParameters(limits) };

  const listsSeen = <T extends SeenTable>(path: string, scope: string, table: T, view: (row: Tables[T]) => object) =>
    router.get(path, asks(tokens, scope), async (ctx) => {
      const query = withinAccounts(clientOf(ctx), readQuery(ctx.query, filters));
      const { items, next } = await journal.list(table, rowQuery(limits, query));
      ctx.body = pageOf(items.map(view), next);
    });
  listsSeen('/v1/posts', 'read:posts', 'posts', postView);
  listsSeen('/v1/dm_threads', 'read:dm_threads', 'dm_threads', threadView);
  listsSeen('/v1/sora/drafts', 'read:sora', 'sora_drafts', draftView);
  listsSeen('/v1/sora/usage', 'read:sora', 'sora_usage', usageView);

  router.get('/v1/posts/:id/stats', asks(tokens, 'read:posts'), async (ctx) => {
    const postId = ctx.params.id as string;
    const query = readQuery(ctx.query, pageParameters(limits));
    const [post] = await journal.find('posts', { id: postId }, 1);
    if (!post || !maySee(clientOf(ctx), post.account_id)) throw new ControlError('POST_NOT_FOUND', { postId });
    const ofPost = { ...query, post_id: postId };
    const { items, next } = await journal.list('post_stats', rowQuery(limits, ofPost));
    ctx.body = pageOf(items.map(statsView), next);
  });
}

const numbersOf = (json: string) => JSON.parse(json) as Record<string, number>;

const postView = ({ id, stats, created_at, last_seen_at, ...row }: Tables['posts']): PostView => ({
  post_id: id,
  ...row,
  stats: numbersOf(stats),
  first_seen_at: instantOf(created_at),
  last_seen_at: instantOf(last_seen_at),
  links: { stats: `/v1/posts/${id}/stats`, command: `/v1/commands/${row.command_id}` }
});

const statsView = ({ post_id, command_id, stats, created_at }: Tables['post_stats']): PostStats => ({
  post_id,
  command_id,
  stats: numbersOf(stats),
  seen_at: instantOf(created_at)
});

const threadView = ({ id, partner, created_at, last_seen_at, ...row }: Tables['dm_threads']): DmThreadView => ({
  thread_id: id,
  ...row,
  with: partner,
  first_seen_at: instantOf(created_at),
  last_seen_at: instantOf(last_seen_at),
  links: { command: `/v1/commands/${row.command_id}` }
});

const draftView = ({ id, created_at, last_seen_at, ...row }: Tables['sora_drafts']): SoraDraftView => ({
  draft_id: id,
  ...row,
  first_seen_at: instantOf(created_at),
  last_seen_at: instantOf(last_seen_at),
  links: { command: `/v1/commands/${row.command_id}` }
});

function usageView({ figures, created_at, ...row }: Tables['sora_usage']): SoraUsageView {
  const numbers = numbersOf(figures);
  const { credits_used = null, credits_left = null, videos = null } = numbers;
  return {
    ...row,
    credits_used,
    credits_left,
    videos,
    figures: numbers,
    seen_at: instantOf(created_at),
    links: { command: `/v1/commands/${row.command_id}` }
  };
}
