import { type Child, html, type Markup } from '../html.ts';
import { avatar, icons } from '../pictures.ts';
import { type Account, accounts } from '../seed.ts';
import type { Asked } from '../variants.ts';

export interface PageParts {
  title: string;
  account: Account | undefined;
  asked: Asked;
  /** Path and query of this page, to come back to after logging in. */
  here: string;
  main: Child;
  /** Which entry of the side is this page. */
  at?: 'feed' | 'messages' | 'videos' | 'variants';
}

const BRAND = html`<svg class="mark" viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
  <rect width="32" height="32" rx="9" fill="#e4572e" />
  <path d="M16 6c4.500 3.200 6.500 6.400 6.500 9.800a6.500 6.500 0 0 1-13 0C9.500 12.400 11.500 9.200 16 6z" fill="#fff3e6" />
  <circle cx="16" cy="16.500" r="3" fill="#e4572e" /><path d="M10 25.500h12" stroke="#fff3e6" stroke-width="2" stroke-linecap="round" />
</svg>`;

/** A whole document, except for a page inside a frame. */
export function page({ title, account, asked, here, main, at }: PageParts): Markup {
  return document(
    title,
    asked,
    html`<header class="top">
        <div class="top-inner">
          <a class="brand" href="/">${BRAND}<span>Lantern</span></a>
          ${
            account
              ? html`<span class="whoami" data-testid="whoami" data-account="${account.name}">${avatar(account, 30)}<span>${account.fullName}</span></span>`
              : html`<a class="button" data-testid="login-link" href="/login?next=${encodeURIComponent(here)}">Log in</a>`
          }
        </div>
      </header>
      <div class="columns">
        <nav class="side" aria-label="Main">
          <a href="/" ${current(at === 'feed')}>${icons.home}<span>Feed</span></a>
          <a href="/messages" ${current(at === 'messages')}>${icons.bubble}<span>Messages</span></a>
          <a href="/videos" ${current(at === 'videos')}>${icons.film}<span>Videos</span></a>
          <a href="/variants" ${current(at === 'variants')}>${icons.flask}<span>Variants</span></a>
          ${
            account &&
            html`<form method="post" action="/logout">
              <button class="side-button" data-testid="logout">${icons.leave}<span>Log out</span></button>
            </form>`
          }
        </nav>
        <main>${main}</main>
        ${people(account)}
      </div>
      ${cover(asked)}
      ${asked.names.has('never-image') && html`<img src="/_site/never" alt="" width="1" height="1" />`}`
  );
}

/** What a frame holds: no header, no columns. */
export const framed = (title: string, asked: Asked, body: Child): Markup =>
  document(title, asked, html`<div class="framed">${body}</div>`);

function document(title: string, asked: Asked, body: Child): Markup {
  return html`<!doctype html>
    <html lang="en" dir="${asked.names.has('rtl') ? 'rtl' : 'ltr'}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · Lantern</title>
        <link rel="icon" href="/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/site.css" />
        <script src="/site.js" defer></script>
        <script src="/variants.js" defer></script>
        <script src="/studio.js" defer></script>
      </head>
      <body data-variant="${[...asked.names].join(' ')}" data-numbers="${JSON.stringify(asked.numbers)}">
        ${body}
      </body>
    </html>`;
}

const current = (yes: boolean) => (yes ? html`aria-current="page"` : null);

function people(account: Account | undefined): Markup {
  return html`<aside class="rail">
    <section class="card">
      <h2>People</h2>
      <ul class="people">
        ${accounts
          .filter((other) => other.name !== account?.name)
          .map(
            (other) => html`<li>
              ${avatar(other, 34)}
              <span><strong>${other.fullName}</strong><small>${other.about}</small></span>
            </li>`
          )}
      </ul>
    </section>
    <p class="fine">An example site: nothing here leaves this machine, and a restart forgets it all.</p>
  </aside>`;
}

function cover(asked: Asked): Markup | null {
  const forever = asked.names.has('covered-forever');
  if (!forever && !asked.names.has('covered')) return null;
  return html`<div class="cover" data-testid="cover">
    <div class="card">
      <h2>One moment</h2>
      <p>${forever ? 'This sheet stays where it is.' : 'This sheet goes away by itself.'}</p>
    </div>
  </div>`;
}
