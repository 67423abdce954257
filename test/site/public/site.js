/* What a page of a social site does by itself: sends comments and likes, and puts in what came of them. */

const variant = new Set((document.body.dataset.variant ?? '').split(' ').filter(Boolean));

/** One id for one press of a button, made here, so that the server can tell a press from a repeated request. */
function submitId() {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return `press-${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

/** What the server said no with. Anything else that goes wrong is not knowing. */
class Refused extends Error {}

async function ask(method, action, body) {
  const answer = await fetch(action, {
    method,
    headers: { accept: 'application/json', 'content-type': 'application/json' },
    body: JSON.stringify({ ...body, submit_id: submitId() })
  });
  const answered = await answer.json();
  if (!answer.ok) throw new Refused(answered.error);
  return answered;
}

async function renderComments() {
  const list = document.querySelector('[data-comments]');
  if (!list) return;
  const answer = await fetch(list.dataset.comments);
  list.innerHTML = await answer.text();
  const count = document.querySelector('[data-testid="comment-count"]');
  if (count) count.textContent = String(list.querySelectorAll('[data-testid="comment"]').length);
}

/** The comment as the server would show it, before the server has it. */
function showEarly(text) {
  const list = document.querySelector('[data-comments]');
  const item = document.createElement('li');
  item.className = 'comment';
  item.dataset.testid = 'comment';
  item.dataset.own = 'true';
  item.innerHTML = `<div class="bubble"><p class="comment-head"><strong data-testid="comment-author"></strong><small>now</small></p>
    <p class="comment-text" data-testid="comment-text"></p></div>`;
  item.querySelector('strong').textContent = document.querySelector('[data-testid="whoami"]')?.textContent.trim() ?? '';
  item.querySelector('.comment-text').textContent = text;
  list.prepend(item);
  return item;
}

const fieldOf = (form) => form.querySelector('[data-testid="comment-input"]');
const textOf = (field) => ('value' in field ? field.value : field.innerText);

function empty(field) {
  if ('value' in field) field.value = '';
  else field.textContent = '';
}

async function submitComment(form, root) {
  const text = textOf(fieldOf(form));
  if (text.trim() === '') return;
  if (variant.has('alert-submit')) alert('You are about to post a comment.');
  const lock = (locked) => {
    if (variant.has('double')) return;
    for (const button of root.querySelectorAll('[data-testid="comment-submit"]')) button.disabled = locked;
  };
  const say = (problem) => {
    const place = root.querySelector('[data-testid="comment-error"]');
    if (place) place.textContent = problem;
  };
  say('');
  lock(true);
  const early = variant.has('optimistic') ? showEarly(text.trim()) : null;
  try {
    await ask('POST', form.getAttribute('action'), { text });
    // The element may be another by now; what it is called is not.
    const field = root.querySelector('[data-testid="comment-input"]');
    if (field) empty(field);
    if (window.parent === window) await renderComments();
    else window.parent.postMessage('comments-changed', location.origin);
  } catch (error) {
    early?.remove();
    say(error instanceof Refused ? error.message : 'No answer. Is it posted?');
  } finally {
    lock(false);
  }
}

async function toggleLike(button) {
  const liked = button.getAttribute('aria-pressed') === 'true';
  const article = button.closest('[data-testid="post"]');
  try {
    const now = await ask(liked ? 'DELETE' : 'POST', button.dataset.action, {});
    const current = article.querySelector('[data-testid="like-button"]');
    current.setAttribute('aria-pressed', String(now.liked));
    current.querySelector('[data-testid="like-count"]').textContent = String(now.likes);
  } catch {
    article.querySelector('[data-testid="like-button"]').setAttribute('aria-pressed', String(liked));
  }
}

/** Listeners sit above what is renewed; a shadow root needs its own, since a submit does not leave it. */
function listen(root) {
  root.addEventListener('submit', (event) => {
    const form = event.target.closest('form.composer');
    if (!form || form.hasAttribute('data-plain') || variant.has('leaving')) return;
    event.preventDefault();
    submitComment(form, root);
  });
  root.addEventListener('click', (event) => {
    const like = event.target.closest?.('[data-testid="like-button"]');
    if (like) toggleLike(like);
    const decoy = event.target.closest?.('[data-decoy]');
    if (decoy) ask('POST', `/decoy/${decoy.dataset.decoy}`, { post: decoy.closest('form')?.dataset.post });
  });
}

customElements.define(
  'comment-composer',
  class extends HTMLElement {
    connectedCallback() {
      if (this.shadowRoot) return;
      const root = this.attachShadow({ mode: 'open' });
      root.append(this.querySelector('template').content.cloneNode(true));
      listen(root);
    }
  }
);

listen(document);
window.addEventListener('message', (event) => {
  if (event.origin === location.origin && event.data === 'comments-changed') renderComments();
});
