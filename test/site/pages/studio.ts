/** The studio: where a story is made, out of every kind of control that is hard to drive. */
import { html, type Markup } from '../html.ts';

const CATEGORIES = ['Travel', 'Food', 'Work', 'Home'];
const TAGS = ['sea', 'mountains', 'city', 'night'];

const option = (label: string): Markup => html`<option value="${label.toLowerCase()}">${label}</option>`;

/** What has happened here is said in `log`, newest last: one line for each thing a page was told to do. */
export const studioMain = (): Markup => html`<h1 class="sr">Studio</h1>
  <div class="studio-bar card" data-testid="studio-bar">
    <strong>Story studio</strong>
    <ol class="studio-log" data-testid="log" aria-live="polite"></ol>
  </div>
  ${story()} ${windows()} ${menu()} ${board()} ${archive()} ${frames()}
  <section class="card prose" data-testid="studio-end">
    <h2>Finish</h2>
    <button class="button primary studio-late" type="button" data-testid="publish" hidden>Publish</button>
  </section>`;

const story = (): Markup => html`<section class="card prose">
  <h2>New story</h2>
  <form class="studio-form" data-testid="story-form" action="/studio/stories" method="post">
    <label>Title<input class="field" id="title" name="title" data-testid="story-title" /></label>
    <label for="caption">Caption</label>
    <div class="field" id="caption" contenteditable="true" role="textbox" aria-label="Caption" data-testid="story-caption"></div>
    <label>Date<input class="field" id="when" name="when" type="date" data-testid="story-when" /></label>
    <label>Brightness<input id="brightness" name="brightness" type="range" min="0" max="100" value="50" data-testid="story-brightness" /></label>
    <label>Category<select class="field" id="category" name="category" data-testid="story-category">${CATEGORIES.map(option)}</select></label>
    <label>Tags<select class="field" id="tags" name="tags" multiple size="4" data-testid="story-tags">${TAGS.map(option)}</select></label>
    <label class="check"><input id="replies" name="replies" type="checkbox" data-testid="story-replies" />Allow replies</label>
    <fieldset>
      <legend>Audience</legend>
      <label class="check"><input type="radio" id="everyone" name="audience" value="everyone" checked />Everyone</label>
      <label class="check"><input type="radio" id="friends" name="audience" value="friends" />Friends</label>
    </fieldset>
    <label class="button" for="photos">Add photos</label>
    <input class="sr" id="photos" name="photos" type="file" multiple data-testid="story-photos" />
    <label>Pass phrase<input class="field" id="phrase" name="phrase" type="password" value="open sesame" data-testid="story-phrase" /></label>
    <button class="button primary" id="save" type="submit" data-testid="story-save">Save story</button>
  </form>
</section>`;

const windows = (): Markup => html`<section class="card prose">
  <h2>Around it</h2>
  <p class="studio-buttons">
    <a class="button" href="/studio/preview" target="_blank" data-testid="preview-link">Preview</a>
    <button class="button" type="button" id="place" data-testid="pick-place">Pick a place</button>
    <button class="button" type="button" id="discard" data-testid="discard-story">Discard</button>
    <button class="button" type="button" id="rename" data-testid="rename-story">Rename</button>
    <button class="button" type="button" id="notify" data-testid="notify">Notify</button>
    <button class="button" type="button" id="guard" data-testid="guard">Guard the page</button>
    <a class="button" href="/studio/export" download data-testid="export-link">Export</a>
    <a class="button" href="/studio/next" data-testid="leave-link">Leave</a>
  </p>
</section>`;

const menu = (): Markup => html`<section class="card prose">
  <h2>Actions</h2>
  <div class="studio-menu" data-testid="menu">
    <button class="button" type="button" data-testid="menu-more">More</button>
    <ul class="card">
      <li><button type="button" data-testid="menu-archive">Archive</button></li>
      <li><button type="button" data-testid="menu-duplicate">Duplicate</button></li>
    </ul>
  </div>
  <p class="studio-pad" data-testid="pad" tabindex="0">Double-click, right-click, or press keys here.</p>
</section>`;

const board = (): Markup => html`<section class="card prose">
  <h2>Board</h2>
  <div class="studio-board">
    <ul data-testid="drafts" data-drop="drafts"><li draggable="true" data-testid="card-dawn">Dawn</li><li draggable="true" data-testid="card-dusk">Dusk</li></ul>
    <ul data-testid="ready" data-drop="ready"></ul>
    <ul data-testid="closed" class="quiet">Takes nothing</ul>
  </div>
  <div class="studio-rail" data-testid="rail"><span class="studio-knob" data-testid="knob"></span></div>
</section>`;

/** 500 rows of which only those that can be seen are drawn. */
const archive = (): Markup => html`<section class="card prose">
  <h2>Archive</h2>
  <div class="studio-list" data-testid="archive" tabindex="0"><div></div></div>
</section>`;

const frames = (): Markup => html`<section class="card prose">
  <h2>Partners</h2>
  <iframe class="composer-frame" title="Partner" src="/studio/partner" data-testid="partner-frame"></iframe>
  <studio-panel data-testid="panel"></studio-panel>
</section>`;

export const previewMain = (): Markup => html`<section class="card prose">
  <h1>Preview</h1>
  <button class="button" type="button" data-testid="preview-like">Looks good</button>
  <button class="button" type="button" data-testid="preview-close">Close</button>
</section>`;

export const placesMain = (): Markup => html`<section class="card prose">
  <h1>Places</h1>
  <button class="button" type="button" data-testid="place-lisbon">Lisbon</button>
</section>`;

export const partnerMain = (): Markup => html`<section class="prose">
  <p>A partner's page.</p>
  <button class="button" type="button" id="partner-accept" data-testid="partner-accept">Accept</button>
  <iframe title="Terms" src="/studio/terms" width="320" height="90"></iframe>
</section>`;

export const termsMain = (): Markup =>
  html`<button class="button" type="button" id="agree" data-testid="terms-agree">Agree</button>`;
