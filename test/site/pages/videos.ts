/** The video generator: the prompt and the drafts, one draft, and what it has cost. */
import { html, type Markup } from '../html.ts';
import type { Account } from '../seed.ts';
import type { Asked } from '../variants.ts';
import type { Video, VideoState, Videos } from '../videos.ts';

const SAID: Record<VideoState, string> = {
  queued: 'In the queue',
  rendering: 'Rendering …',
  ready: 'Ready',
  failed: 'Failed'
};

export function videosMain(
  videos: Videos,
  account: Account,
  asked: Asked,
  renderId: string,
  notice: string | null
): Markup {
  const drafts = videos.of(account.name);
  const { left } = videos.creditsOf(account.name);
  return html`<section class="card discussion" aria-label="New video">
      <h1>Videos</h1>
      <form class="composer" method="post" action="/videos${asked.query}" data-plain>
        <input type="hidden" name="submit_id" value="${renderId}" />
        <div class="composer-body">
          <textarea class="field" name="prompt" rows="3" maxlength="2000" required aria-label="Describe your video" placeholder="Describe your video…" data-testid="video-prompt"></textarea>
          <div class="composer-actions">
            <p class="problem" role="alert" data-testid="video-error">${notice}</p>
            <div class="composer-buttons">
              <a class="quiet" data-testid="usage-link" href="/videos/usage">${left} credits left</a>
              <button class="button primary" type="submit" data-testid="video-submit">Create video</button>
            </div>
          </div>
        </div>
      </form>
    </section>
    <section class="card discussion" aria-label="Drafts">
      <h2>Drafts</h2>
      <ul class="drafts" data-testid="drafts">
        ${drafts.length === 0 && html`<li class="none">No videos yet.</li>`}
        ${drafts.map((video) => draftItem(videos, video, asked))}
      </ul>
    </section>`;
}

const draftItem = (videos: Videos, video: Video, asked: Asked): Markup =>
  html`<li class="draft" data-testid="draft" data-state="${videos.stateOf(video)}">
    <a data-testid="draft-link" href="/videos/${video.id}${asked.query}"><span data-testid="draft-prompt" dir="auto">${video.prompt}</span></a>
    <small data-testid="draft-state">${SAID[videos.stateOf(video)]}</small>
  </li>`;

export function videoMain(videos: Videos, video: Video): Markup {
  const state = videos.stateOf(video);
  return html`<section class="card discussion" data-testid="video-page" data-state="${state}" aria-label="Video">
    <p class="post-body" data-testid="video-text" dir="auto">${video.prompt}</p>
    <p class="quiet" data-testid="video-state">${SAID[state]}</p>
    ${state === 'failed' && html`<p class="problem" data-testid="video-problem">This prompt breaks the rules of the site.</p>`}
    ${
      state === 'ready' &&
      html`<video class="film" data-testid="video" src="/videos/${video.id}/file" controls muted preload="none"></video>
        <p><a class="button" data-testid="video-download" href="/videos/${video.id}/file" download>Download</a></p>`
    }
  </section>`;
}

export function usageMain(videos: Videos, account: Account): Markup {
  const { used, left } = videos.creditsOf(account.name);
  return html`<section class="card prose" data-testid="usage">
    <h1>Usage</h1>
    <dl class="usage">
      <dt>Credits used</dt><dd data-testid="credits-used">${used}</dd>
      <dt>Credits left</dt><dd data-testid="credits-left">${left}</dd>
      <dt>Videos</dt><dd data-testid="videos-made">${videos.of(account.name).length}</dd>
    </dl>
  </section>`;
}
