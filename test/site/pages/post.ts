import { html, type Markup } from '../html.ts';
import { avatar, icons, landscape } from '../pictures.ts';
import type { Account } from '../seed.ts';
import type { Comment, Post, SiteState } from '../state.ts';
import type { Asked } from '../variants.ts';
import { composer } from './composer.ts';

/** A post as the feed shows it, and as the head of its own page. */
export function postCard(
  state: SiteState,
  post: Post,
  account: Account | undefined,
  asked: Asked,
  own = false
): Markup {
  const author = state.account(post.author)!;
  const link = `/post/${post.id}${asked.query}`;
  return html`<article class="card post" data-testid="post" data-post="${post.id}">
    <header class="byline">
      ${avatar(author, 42)}
      <span><strong data-testid="post-author">${author.fullName}</strong><small>@${author.name} · <a class="quiet" data-testid="post-permalink" href="${link}">${post.when}</a></small></span>
    </header>
    <p class="post-body" data-testid="${asked.names.has('renamed') ? 'card-text' : 'post-body'}" dir="auto">${post.body}</p>
    ${post.picture !== null && landscape(post.picture)}
    <div class="actions">
      ${likeButton(state, post, account, asked)}
      ${
        own
          ? html`<span class="action">${icons.bubble}<span data-testid="comment-count">${post.comments.length}</span></span>`
          : html`<a class="action" data-testid="post-link" href="${link}">${icons.bubble}<span data-testid="comment-count">${post.comments.length}</span><span class="sr">comments</span></a>`
      }
    </div>
  </article>`;
}

export function likeButton(state: SiteState, post: Post, account: Account | undefined, asked: Asked): Markup {
  const liked = account !== undefined && post.likedBy.has(account.name);
  return html`<button
    class="action like"
    type="button"
    aria-pressed="${liked ? 'true' : 'false'}"
    aria-label="Like"
    data-testid="like-button"
    data-action="/post/${post.id}/like${asked.query}"
    data-renews="like"
    ${account ? null : html`disabled`}
  >${icons.heart}<span data-testid="like-count">${state.likes(post)}</span></button>`;
}

/** What `GET /post/:id/comments` answers and the page puts in: newest first. */
export function commentItems(state: SiteState, comments: readonly Comment[], account: Account | undefined): Markup {
  if (comments.length === 0) return html`<li class="none">No comments yet.</li>`;
  return html`${[...comments].reverse().map((comment) => commentItem(state, comment, account))}`;
}

function commentItem(state: SiteState, comment: Comment, account: Account | undefined): Markup {
  const author = state.account(comment.author)!;
  return html`<li
    class="comment"
    id="${comment.id}"
    data-testid="comment"
    data-comment="${comment.id}"
    data-own="${account?.name === author.name ? 'true' : 'false'}"
  >
    ${avatar(author, 32)}
    <div class="bubble">
      <p class="comment-head"><strong data-testid="comment-author">${author.fullName}</strong><small>${comment.when}</small></p>
      <p class="comment-text" data-testid="comment-text" dir="auto">${comment.text}</p>
    </div>
  </li>`;
}

export interface PostPage {
  state: SiteState;
  post: Post;
  account: Account | undefined;
  asked: Asked;
  /** The submit id of a form without script. */
  renderId: string;
  here: string;
  /** Said above the form, when a plain form was refused. */
  notice?: string;
}

export function postMain({ state, post, account, asked, renderId, here, notice }: PostPage): Markup {
  return html`${postCard(state, post, account, asked, true)}
    <section class="card discussion" id="comments" aria-label="Comments">
      ${notice && html`<p class="problem" role="alert" data-testid="notice">${notice}</p>`}
      ${
        account
          ? composer(post, account, asked, renderId)
          : html`<p class="login-wall" data-testid="login-wall"><a href="/login?next=${encodeURIComponent(here)}">Log in</a> to like and comment.</p>`
      }
      <ul class="comments" data-testid="comments" data-comments="/post/${post.id}/comments${asked.query}">
        ${commentItems(state, post.comments, account)}
      </ul>
    </section>`;
}
