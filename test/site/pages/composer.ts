import { html, type Markup } from '../html.ts';
import { avatar } from '../pictures.ts';
import type { Account } from '../seed.ts';
import type { Post } from '../state.ts';
import type { Asked } from '../variants.ts';

/** The comment form in the shape the variant asks for; inside a frame it is `composerForm` alone. */
export function composer(post: Post, account: Account, asked: Asked, renderId: string): Markup {
  if (asked.names.has('iframe')) {
    return html`<iframe class="composer-frame" data-testid="composer-frame" title="Comment form" src="/post/${post.id}/composer${asked.query}"></iframe>`;
  }
  const form = composerForm(post, account, asked, renderId);
  if (asked.names.has('shadow')) {
    return html`<comment-composer data-testid="composer-host">
      <template><link rel="stylesheet" href="/site.css" />${form}</template>
    </comment-composer>`;
  }
  return form;
}

export function composerForm(post: Post, account: Account, asked: Asked, renderId: string): Markup {
  const { names } = asked;
  const isRenamed = names.has('renamed');
  const label = isRenamed ? 'Write a comment' : 'Add a comment';
  const field = names.has('editable')
    ? html`<div class="field" contenteditable="true" role="textbox" aria-multiline="true" aria-label="Add a comment" data-placeholder="Add a comment…" data-testid="comment-input"></div>`
    : html`<textarea class="field" name="text" rows="2" maxlength="2000" required aria-label="${label}" placeholder="${label}…" data-testid="${isRenamed ? 'composer-text' : 'comment-input'}"></textarea>`;
  const send = isRenamed
    ? html`<button class="button primary" type="submit" data-testid="composer-send">Post comment</button>`
    : html`<button class="button primary" type="submit" data-testid="comment-submit">Post</button>`;
  const submit = names.has('lookalike')
    ? html`<button class="button primary" type="button" data-decoy="delete" data-testid="comment-delete">Delete</button>`
    : send;
  return html`<form
    class="composer"
    method="post"
    action="/post/${post.id}/comments${asked.query}"
    data-post="${post.id}"
    data-renews="composer"
    ${names.has('plain') || isRenamed ? html`data-plain` : null}
  >
    <input type="hidden" name="submit_id" value="${renderId}" />
    ${avatar(account, 36)}
    <div class="composer-body">
      ${field}
      <div class="composer-actions">
        <p class="problem" role="alert" data-testid="comment-error"></p>
        <div class="composer-buttons">
          ${names.has('shifting') && html`<button class="button danger" type="button" data-decoy="discard" data-testid="discard">Discard</button>`}
          ${submit}
          ${names.has('twins') && submit}
        </div>
      </div>
    </div>
  </form>`;
}
