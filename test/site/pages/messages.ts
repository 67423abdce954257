/** Messages between two accounts: the list of threads, and one of them. */
import { html, type Markup } from '../html.ts';
import { avatar } from '../pictures.ts';
import type { Account } from '../seed.ts';
import { otherIn, type SiteState, type Thread } from '../state.ts';
import type { Asked } from '../variants.ts';

export const threadsMain = (state: SiteState, account: Account, asked: Asked): Markup =>
  html`<section class="card threads" aria-label="Messages">
    <h1>Messages</h1>
    <ul data-testid="threads">
      ${state.threadsOf(account.name).map((thread) => threadItem(state, thread, account, asked))}
    </ul>
  </section>`;

function threadItem(state: SiteState, thread: Thread, account: Account, asked: Asked): Markup {
  const other = state.account(otherIn(thread, account.name))!;
  const last = thread.messages.at(-1);
  const unread = thread.unread.get(account.name) ?? 0;
  return html`<li class="thread" data-testid="thread" data-thread="${thread.id}">
    ${avatar(other, 42)}
    <a class="thread-link" data-testid="thread-link" href="/messages/${thread.id}${asked.query}">
      <strong data-testid="thread-with">${other.fullName}</strong>
      <span class="thread-last" data-testid="thread-last" dir="auto">${last?.text ?? ''}</span>
    </a>
    <small data-testid="thread-when">${last?.when ?? ''}</small>
    ${unread > 0 && html`<span class="badge" data-testid="thread-unread">${unread}</span>`}
  </li>`;
}

export interface ThreadPage {
  state: SiteState;
  thread: Thread;
  account: Account;
  asked: Asked;
  /** The submit id of this rendering of the form. */
  renderId: string;
  notice?: string;
}

/** A plain form: it works without script, and each sending loads the page anew. */
export function threadMain({ state, thread, account, asked, renderId, notice }: ThreadPage): Markup {
  const other = state.account(otherIn(thread, account.name))!;
  return html`<section class="card discussion" aria-label="Messages with ${other.fullName}">
    <header class="byline">
      ${avatar(other, 42)}
      <span><strong data-testid="thread-title">${other.fullName}</strong><small>@${other.name}</small></span>
    </header>
    <ul class="comments" data-testid="messages">
      ${thread.messages.map(
        ({ author, text, when }) => html`<li
          class="comment"
          data-testid="message-item"
          data-own="${author === account.name ? 'true' : 'false'}"
        >
          ${avatar(state.account(author)!, 32)}
          <div class="bubble">
            <p class="comment-head"><strong>${state.account(author)!.fullName}</strong><small>${when}</small></p>
            <p class="comment-text" data-testid="message-text" dir="auto">${text}</p>
          </div>
        </li>`
      )}
    </ul>
    <form class="composer" method="post" action="/messages/${thread.id}${asked.query}" data-plain>
      <input type="hidden" name="submit_id" value="${renderId}" />
      ${avatar(account, 36)}
      <div class="composer-body">
        <textarea class="field" name="text" rows="2" maxlength="2000" required aria-label="Message" placeholder="Message…" data-testid="message-input"></textarea>
        <div class="composer-actions">
          <p class="problem" role="alert" data-testid="message-error">${notice}</p>
          <div class="composer-buttons">
            <button class="button primary" type="submit" data-testid="message-submit">Send</button>
          </div>
        </div>
      </div>
    </form>
  </section>`;
}
