import Router from '@koa/router';
import {
  type Context,
  field,
  here,
  localPath,
  type Parts,
  PERSON_COOKIE,
  type RequestState,
  SESSION_COOKIE,
  TICKET_COOKIE
} from '../context.ts';
import type { Markup } from '../html.ts';
import { composerForm } from '../pages/composer.ts';
import { framed, type PageParts, page } from '../pages/layout.ts';
import {
  captchaMain,
  feedMain,
  loginMain,
  messageMain,
  secondFactorMain,
  slowerMain,
  variantsMain
} from '../pages/plain.ts';
import { commentItems, postMain } from '../pages/post.ts';
import type { Post } from '../state.ts';
import { write } from '../writes.ts';

/** What people see. */
export function pageRoutes(parts: Parts): Router<RequestState> {
  const { state } = parts;
  let renders = 0;
  const renderId = () => {
    renders += 1;
    return `render-${renders}`;
  };

  const show = (ctx: Context, rest: Pick<PageParts, 'title' | 'main' | 'at'>) =>
    send(ctx, page({ account: ctx.state.account, asked: ctx.state.asked, here: here(ctx), ...rest }));

  const postOf = (ctx: Context): Post | undefined => {
    const post = state.post(ctx.params.id!);
    if (!post) {
      ctx.status = 404;
      show(ctx, { title: 'Not found', main: messageMain('Not found', `There is no post ${ctx.params.id}.`) });
    }
    return post;
  };

  return new Router<RequestState>()
    .use((ctx, next) => {
      const isAsked = ctx.method === 'GET' && ctx.state.asked.names.has('captcha');
      if (!isAsked || ctx.cookies.get(PERSON_COOKIE) === 'yes') return next();
      show(ctx, { title: 'Are you a person?', main: captchaMain(here(ctx)) });
      return undefined;
    })
    .use((ctx, next) => {
      if (ctx.method !== 'GET' || !ctx.state.asked.names.has('rate-limited')) return next();
      ctx.status = 429;
      show(ctx, { title: 'Try again later', main: slowerMain() });
      return undefined;
    })
    .get('/', (ctx) => {
      show(ctx, { title: 'Feed', at: 'feed', main: feedMain(state, ctx.state.account, ctx.state.asked) });
    })
    .get('/variants', (ctx) => show(ctx, { title: 'Variants', at: 'variants', main: variantsMain() }))
    .get('/post/:id', (ctx) => {
      const post = postOf(ctx);
      if (!post) return;
      const { account, asked } = ctx.state;
      const author = state.account(post.author)!;
      const main = postMain({ state, post, account, asked, renderId: renderId(), here: here(ctx) });
      show(ctx, { title: `${author.fullName} on Lantern`, main });
    })
    .get('/post/:id/composer', (ctx) => {
      const post = postOf(ctx);
      if (!post) return;
      const { account, asked } = ctx.state;
      if (account) send(ctx, framed('Comment', asked, composerForm(post, account, asked, renderId())));
      else send(ctx, framed('Comment', asked, messageMain('Log in', 'Log in to comment.')));
    })
    .get('/post/:id/comments', (ctx) => {
      const post = postOf(ctx);
      if (post) send(ctx, commentItems(state, post.comments, ctx.state.account));
    })
    .get('/post/:id/posted', (ctx) => {
      const post = postOf(ctx);
      if (!post) return;
      const main = postMain({
        state,
        post,
        account: ctx.state.account,
        asked: ctx.state.asked,
        renderId: renderId(),
        here: here(ctx)
      });
      show(ctx, { title: 'Posted', main: [messageMain('Posted', 'Your comment is below.'), main] });
    })
    .get('/login', (ctx) => {
      const next = localPath(ctx.query.next);
      show(ctx, { title: 'Log in', main: loginMain(next, '', null) });
    })
    .post('/login', async (ctx) => {
      const next = localPath(field(ctx, 'next'));
      const username = field(ctx, 'username') ?? '';
      const account = state.account(username.trim().toLowerCase());
      if (!account || account.password !== field(ctx, 'password')) {
        ctx.status = 401;
        const main = loginMain(next, username, 'That username and password do not match.');
        return show(ctx, { title: 'Log in', main });
      }
      if (parts.secondFactor.has(account.name)) {
        ctx.cookies.set(TICKET_COOKIE, state.begin(account.name).ticket, {
          httpOnly: true,
          sameSite: 'lax',
          path: '/login'
        });
        return seeOther(ctx, `/login/code?next=${encodeURIComponent(next)}`);
      }
      const answers = await write(parts, ctx, 'login', () => {
        setSession(ctx, state.logIn(account.name));
        return { account: account.name };
      });
      if (answers) seeOther(ctx, next);
    })
    .get('/login/code', (ctx) => {
      const next = localPath(ctx.query.next);
      if (!state.isPending(ctx.cookies.get(TICKET_COOKIE))) return seeOther(ctx, '/login');
      show(ctx, { title: 'One more step', main: secondFactorMain(next, null) });
    })
    .post('/login/code', async (ctx) => {
      const next = localPath(field(ctx, 'next'));
      const name = state.confirm(ctx.cookies.get(TICKET_COOKIE), (field(ctx, 'code') ?? '').trim());
      if (!name) {
        ctx.status = 401;
        return show(ctx, { title: 'One more step', main: secondFactorMain(next, 'That is not the code.') });
      }
      const answers = await write(parts, ctx, 'login', () => {
        setSession(ctx, state.logIn(name));
        ctx.cookies.set(TICKET_COOKIE, null, { path: '/login' });
        return { account: name };
      });
      if (answers) seeOther(ctx, next);
    })
    .get('/out', (ctx) => seeOther(ctx, localPath(ctx.query.to)))
    .post('/person', (ctx) => {
      ctx.cookies.set(PERSON_COOKIE, 'yes', { path: '/', sameSite: 'lax' });
      seeOther(ctx, localPath(field(ctx, 'next')));
    })
    .post('/logout', async (ctx) => {
      const answers = await write(parts, ctx, 'logout', () => {
        state.logOut(ctx.cookies.get(SESSION_COOKIE) ?? '');
        ctx.cookies.set(SESSION_COOKIE, null);
        return { changed: ctx.state.account !== undefined };
      });
      if (answers) seeOther(ctx, '/');
    });
}

export function setSession(ctx: Context, session: string): void {
  ctx.cookies.set(SESSION_COOKIE, session, { httpOnly: true, sameSite: 'lax', path: '/', overwrite: true });
}

/** After a form: the next page is asked for with GET. */
export function seeOther(ctx: Context, path: string): void {
  ctx.status = 303;
  ctx.redirect(path);
}

export function send(ctx: Context, markup: Markup): void {
  ctx.type = 'html';
  ctx.body = markup.text;
}
