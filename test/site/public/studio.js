/* The studio: controls of every kind, each of which says what was done to it. */
{
  const at = (name) => document.querySelector(`[data-testid="${name}"]`);
  const on = (name, type, listener) => at(name)?.addEventListener(type, listener);

  const say = (text) => {
    const log = at('log');
    if (!log) return;
    const line = document.createElement('li');
    line.textContent = text;
    log.append(line);
  };
  window.addEventListener('message', ({ origin, data }) => {
    if (origin === location.origin && data?.studio) say(data.studio);
  });

  // The form: sent once, whatever is pressed meanwhile.
  let isSending = false;
  on('story-form', 'submit', async (event) => {
    event.preventDefault();
    if (isSending) return;
    isSending = true;
    const form = event.target;
    const data = new FormData(form);
    const story = {
      title: data.get('title'),
      caption: at('story-caption').innerText.replace(/\n$/, ''),
      when: data.get('when'),
      brightness: data.get('brightness'),
      category: data.get('category'),
      tags: data.getAll('tags'),
      replies: data.get('replies') === 'on',
      audience: data.get('audience'),
      photos: data.getAll('photos').map((file) => `${file.name} ${file.size}`)
    };
    try {
      await ask('POST', form.getAttribute('action'), { story: JSON.stringify(story) });
      say(`saved ${story.title}`);
    } finally {
      isSending = false;
    }
  });

  // Windows and dialogs.
  on('pick-place', 'click', () => window.open('/studio/places', 'places', 'width=420,height=320'));
  on('place-lisbon', 'click', () => {
    window.opener?.postMessage({ studio: 'place Lisbon' }, location.origin);
    window.close();
  });
  on('preview-like', 'click', (event) => {
    event.target.textContent = 'Liked';
  });
  on('preview-close', 'click', () => window.close());
  on('discard-story', 'click', () => say(confirm('Discard this story?') ? 'discarded' : 'kept'));
  on('rename-story', 'click', () => say(`renamed ${prompt('A new title', 'Untitled')}`));
  on('notify', 'click', () => {
    alert('Everybody will be told.');
    say('notified');
  });
  on('guard', 'click', () => {
    window.addEventListener('beforeunload', (event) => event.preventDefault());
    say('guarded');
  });

  // Menu, mouse and keys.
  for (const name of ['menu-archive', 'menu-duplicate']) on(name, 'click', () => say(name));
  on('pad', 'dblclick', () => say('double-clicked'));
  on('pad', 'contextmenu', (event) => {
    event.preventDefault();
    say('right-clicked');
  });
  on('pad', 'click', (event) => {
    if (event.shiftKey) say('shift-clicked');
  });
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey && event.shiftKey && event.code === 'KeyK') say('chord');
    if (event.key === 'Escape') say('escape');
  });

  // Cards go from list to list by the browser's own drag and drop, the knob by the mouse alone.
  let carried = null;
  for (const card of document.querySelectorAll('[draggable]')) {
    card.addEventListener('dragstart', (event) => {
      carried = card;
      event.dataTransfer.setData('text/plain', card.textContent);
    });
  }
  for (const list of document.querySelectorAll('[data-drop]')) {
    list.addEventListener('dragover', (event) => event.preventDefault());
    list.addEventListener('drop', (event) => {
      event.preventDefault();
      list.append(carried);
      say(`dropped ${event.dataTransfer.getData('text/plain')} on ${list.dataset.drop}`);
    });
  }
  on('knob', 'pointerdown', (event) => {
    const knob = event.target;
    const from = event.clientX - knob.offsetLeft;
    const limit = knob.parentElement.clientWidth - knob.offsetWidth;
    knob.setPointerCapture(event.pointerId);
    const move = ({ clientX }) => {
      knob.style.left = `${Math.max(0, Math.min(limit, clientX - from))}px`;
    };
    knob.addEventListener('pointermove', move);
    knob.addEventListener(
      'pointerup',
      () => {
        knob.removeEventListener('pointermove', move);
        say(`knob at ${knob.offsetLeft}`);
      },
      { once: true }
    );
  });

  // A list that draws what can be seen.
  const archive = at('archive');
  if (archive) {
    const ROW = 40;
    const COUNT = 500;
    const sheet = archive.firstElementChild;
    sheet.style.height = `${COUNT * ROW}px`;
    const draw = () => {
      const first = Math.floor(archive.scrollTop / ROW);
      sheet.replaceChildren(
        ...Array.from({ length: Math.min(8, COUNT - first) }, (_, i) => {
          const row = document.createElement('div');
          row.className = 'studio-row';
          row.style.top = `${(first + i) * ROW}px`;
          row.innerHTML = `<span>Story ${first + i}</span><button type="button" data-story="${first + i}">Pin</button>`;
          return row;
        })
      );
    };
    draw();
    archive.addEventListener('scroll', draw);
    archive.addEventListener('click', ({ target }) => {
      if (target.dataset.story) say(`pinned ${target.dataset.story}`);
    });
  }

  // Frames tell the page above; a panel is a shadow root in a shadow root.
  on('partner-accept', 'click', () => top.postMessage({ studio: 'partner accepted' }, location.origin));
  on('terms-agree', 'click', () => top.postMessage({ studio: 'terms agreed' }, location.origin));
  customElements.define(
    'studio-panel',
    class extends HTMLElement {
      connectedCallback() {
        const root = this.attachShadow({ mode: 'open' });
        root.innerHTML = '<p>In the shade</p><studio-switch></studio-switch>';
      }
    }
  );
  customElements.define(
    'studio-switch',
    class extends HTMLElement {
      connectedCallback() {
        const root = this.attachShadow({ mode: 'open' });
        root.innerHTML = '<button id="switch" type="button">Switch</button>';
        root.querySelector('button').addEventListener('click', () => say('switched'));
      }
    }
  );

  // What comes late comes in sliding.
  if (at('publish')) {
    setTimeout(() => {
      at('publish').hidden = false;
    }, 300);
    on('publish', 'click', () => say('published'));
  }
}
