/** Pages that are little more than text: feed, login, the list of variants, and what a page says when it cannot be had. */
import { type Child, html, type Markup } from '../html.ts';
import { accounts } from '../seed.ts';
import type { SiteState } from '../state.ts';
import { type Asked, type Variant, variants } from '../variants.ts';
import { postCard } from './post.ts';

export const feedMain = (state: SiteState, account: (typeof accounts)[number] | undefined, asked: Asked): Markup =>
  html`<h1 class="sr">Feed</h1>
    ${state.posts.map((post) => postCard(state, post, account, asked))}`;

export const loginMain = (next: string, username: string, problem: string | null): Markup =>
  html`<section class="card login">
    <h1>Welcome back</h1>
    <p class="quiet">Log in to like and comment.</p>
    <form method="post" action="/login" data-testid="login-form">
      <input type="hidden" name="next" value="${next}" />
      <label>Username<input class="field" name="username" autocomplete="username" required autofocus value="${username}" data-testid="login-username" /></label>
      <label>Password<input class="field" name="password" type="password" autocomplete="current-password" required data-testid="login-password" /></label>
      <p class="problem" role="alert" data-testid="login-error">${problem}</p>
      <button class="button primary wide" type="submit" data-testid="login-submit">Log in</button>
    </form>
    <p class="fine">For example ${accounts[0]!.name} with ${accounts[0]!.password}.</p>
  </section>`;

/** The code is shown nowhere here: tests and people read it where it was sent, `site.codeOf`. */
export const secondFactorMain = (next: string, problem: string | null): Markup =>
  html`<section class="card login">
    <h1>One more step</h1>
    <p class="quiet">We have sent you a code of six digits.</p>
    <form method="post" action="/login/code" data-testid="second-factor">
      <input type="hidden" name="next" value="${next}" />
      <label>Code<input class="field" name="code" inputmode="numeric" autocomplete="one-time-code" required autofocus data-testid="second-factor-code" /></label>
      <p class="problem" role="alert" data-testid="second-factor-error">${problem}</p>
      <button class="button primary wide" type="submit" data-testid="second-factor-submit">Continue</button>
    </form>
  </section>`;

/** Ours is a button; what matters is that only a person may press it. */
export const captchaMain = (next: string): Markup =>
  html`<section class="card login" data-testid="captcha">
    <h1>Are you a person?</h1>
    <form method="post" action="/person">
      <input type="hidden" name="next" value="${next}" />
      <button class="button primary wide" type="submit" autofocus data-testid="captcha-submit">I am a person</button>
    </form>
  </section>`;

export const slowerMain = (): Markup =>
  html`<section class="card login" data-testid="rate-limit">
    <h1>Try again later</h1>
    <p class="quiet">We limit how often certain things can be done here, to protect our community.</p>
  </section>`;

export const variantsMain = (): Markup =>
  html`<section class="card prose">
    <h1>Variants</h1>
    <p class="quiet">One page, hard to drive in one way each. They combine: <code>?variant=moving,slow</code>.</p>
    <dl class="variants">
      ${Object.entries<Variant>(variants).map(
        ([name, { says, numbers }]) => html`<dt><a href="/post/1?variant=${name}">${name}</a></dt>
          <dd>${code(says)}${
            numbers &&
            html`<small>${Object.entries(numbers)
              .map(([key, value]) => `${key}=${value}`)
              .join(' & ')}</small>`
          }</dd>`
      )}
    </dl>
  </section>`;

/** What stands where something is that only somebody logged in may see. */
export const loginWallMain = (next: string, what: string): Markup =>
  html`<section class="card prose">
    <p class="login-wall" data-testid="login-wall"><a href="/login?next=${encodeURIComponent(next)}">Log in</a> ${what}.</p>
  </section>`;

export const messageMain = (title: string, text: string): Markup =>
  html`<section class="card prose" data-testid="message"><h1>${title}</h1><p class="quiet">${text}</p></section>`;

/** `text` between backticks is code. */
const code = (text: string): Child =>
  text.split('`').map((part, i) => (i % 2 === 1 ? html`<code>${part}</code>` : part));
