import Router from '@koa/router';
import { type Context, field, here, type Parts, type RequestState } from '../context.ts';
import { page } from '../pages/layout.ts';
import { postMain } from '../pages/post.ts';
import type { Post } from '../state.ts';
import { write } from '../writes.ts';
import { seeOther, send } from './pages.ts';

const LONGEST_COMMENT = 2000;

/** What people do: each answers JSON to the page's script, and a page to a plain form. */
export function socialRoutes(parts: Parts): Router<RequestState> {
  const { state } = parts;

  /** A refusal in the form the asker takes. */
  const refuse = (ctx: Context, status: number, message: string, post?: Post) => {
    ctx.status = status;
    if (wantsJson(ctx) || !post) {
      ctx.body = { error: message };
      return;
    }
    const { account, asked } = ctx.state;
    const main = postMain({ state, post, account, asked, renderId: 'refused', here: here(ctx), notice: message });
    send(ctx, page({ title: 'Not posted', account, asked, here: `/post/${post.id}`, main }));
  };

  const like = async (ctx: Context, liked: boolean) => {
    const post = state.post(ctx.params.id!);
    const { account } = ctx.state;
    if (!post) return refuse(ctx, 404, 'That post is gone.');
    if (!account) return refuse(ctx, 401, 'Log in to like posts.', post);
    const answers = await write(parts, ctx, liked ? 'like' : 'unlike', () => ({
      post: post.id,
      changed: state.setLike(post, account.name, liked)
    }));
    if (answers) ctx.body = { liked: post.likedBy.has(account.name), likes: state.likes(post) };
  };

  return new Router<RequestState>()
    .post('/post/:id/comments', async (ctx) => {
      const post = state.post(ctx.params.id!);
      const { account, asked } = ctx.state;
      const text = (field(ctx, 'text') ?? '').replaceAll('\r\n', '\n').trim();
      if (!post) return refuse(ctx, 404, 'That post is gone.');
      if (!account) return refuse(ctx, 401, 'Log in to comment.', post);
      if (text === '') return refuse(ctx, 422, 'Write something first.', post);
      if (text.length > LONGEST_COMMENT) return refuse(ctx, 422, `At most ${LONGEST_COMMENT} characters.`, post);
      let id = '';
      const answers = await write(parts, ctx, 'comment', () => {
        id = state.addComment(post, account.name, text).id;
        return { post: post.id, text };
      });
      if (!answers) return;
      if (wantsJson(ctx)) {
        ctx.status = 201;
        ctx.body = { id, author: account.name, text, comments: post.comments.length };
      } else seeOther(ctx, `/post/${post.id}${asked.names.has('leaving') ? '/posted' : ''}${asked.query}#${id}`);
    })
    .post('/post/:id/like', (ctx) => like(ctx, true))
    .delete('/post/:id/like', (ctx) => like(ctx, false))
    .post('/decoy/:name', async (ctx) => {
      const answers = await write(parts, ctx, 'decoy', () => ({
        text: ctx.params.name!,
        post: field(ctx, 'post') ?? null
      }));
      if (answers) ctx.body = {};
    });
}

const wantsJson = (ctx: Context) => ctx.accepts('html', 'json') === 'json';
