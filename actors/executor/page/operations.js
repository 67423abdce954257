// biome-ignore-all lint/correctness/noUnusedVariables: the files of this folder are one script
/* Runs inside the page. What the executor may ask for; one operation a call. */

const OPERATIONS = {
  ...OPERATIONS_ON_FIELDS,
  ...OPERATIONS_ON_DRAGS,
  ...OPERATIONS_ON_FILES,
  excerpt,

  /** Syntax of css and xpath, asked before anything is done with them. */
  validate({ candidates }) {
    const nowhere = document.createDocumentFragment();
    for (const candidate of candidates) {
      for (const part of candidate.parts) {
        try {
          if (part.kind === 'css' || part.kind === 'pierce') nowhere.querySelector(part.value);
          if (part.kind === 'xpath') document.createExpression(part.value, null);
        } catch (error) {
          throw Object.assign(new Error(error.message || String(error)), { selector: candidate.label });
        }
      }
    }
    return true;
  },

  async ready(args) {
    return ready(args);
  },

  /** Ready, and armed within the same turn: nothing of the page runs between the last look and the listeners. */
  async arm(args) {
    const found = await ready(args);
    if (!found.element) return found;
    if (found.element.tagName === 'OPTION')
      return { ...found, element: null, status: 'obstructed', reason: 'it is an option; use a change step' };
    arm(found.element, args);
    return { ...found, draggable: draggableOf(found.element) !== null };
  },

  armKeys(args) {
    armKeys(args);
    return true;
  },

  collect,
  aftermath,

  /** How many elements fit, by the first candidate that has any that fit. */
  count({ candidates, visible: wanted, attributes, properties }) {
    const tried = [];
    const fits = (element) => {
      if (wanted !== undefined && visible(element) !== wanted) return false;
      for (const [name, value] of Object.entries(attributes ?? {})) {
        if (element.getAttribute(name) !== value) return false;
      }
      for (const [path, value] of Object.entries(properties ?? {})) {
        const actual = path.split('.').reduce((object, key) => object?.[key], element);
        if (JSON.stringify(actual) !== JSON.stringify(value)) return false;
      }
      return true;
    };
    for (const candidate of candidates) {
      const found = query(candidate).filter(fits);
      tried.push({ selector: candidate.label, found: found.length });
      if (found.length > 0) {
        const text = squeeze(found[0].innerText ?? found[0].textContent ?? '').slice(0, 500);
        return { count: found.length, selector: candidate.label, text, tried };
      }
    }
    return { count: 0, selector: null, text: '', tried };
  },

  /** Texts or attributes of the first candidate that has any; with `fields`, a record of these for each. */
  extract({ candidates, attribute, url, fields }) {
    const textOf = (element, { attribute, url }) => {
      if (!element) return null;
      if (attribute !== undefined) {
        const value = element.getAttribute(attribute);
        return url && value !== null ? absolute(value) : value;
      }
      return url && element.href ? String(element.href) : squeeze(element.innerText ?? element.textContent ?? '');
    };
    const firstIn = (match, { candidates: inside }) => {
      if (!inside) return match;
      for (const candidate of inside) {
        const [first] = query(candidate, match);
        if (first) return first;
      }
      return null;
    };
    const read = (match) =>
      fields
        ? Object.fromEntries(Object.entries(fields).map(([name, rule]) => [name, textOf(firstIn(match, rule), rule)]))
        : textOf(match, { attribute, url });
    const tried = [];
    for (const candidate of candidates) {
      const found = query(candidate);
      tried.push({ selector: candidate.label, found: found.length });
      if (found.length > 0) return { values: found.map(read), tried };
    }
    return { values: [], tried };
  },

  scroll({ candidates, x, y }) {
    if (!candidates) {
      scrollTo({ left: x ?? 0, top: y ?? 0, behavior: 'instant' });
      return { element: true };
    }
    const chosen = choose(candidates);
    if (!chosen.element) return chosen;
    if (x === undefined && y === undefined) {
      chosen.element.scrollIntoView({ block: 'center', inline: 'center', behavior: 'instant' });
    } else {
      chosen.element.scrollTo({ left: x ?? 0, top: y ?? 0, behavior: 'instant' });
    }
    return { ...chosen, element: true };
  },

  /** Most of a windowful further down in a scrolling element or the page; `moved` is false at its end. */
  scrollOn({ candidates }) {
    const chosen = candidates ? choose(candidates) : { element: document.scrollingElement };
    if (!chosen.element) return { ...chosen, moved: false };
    const { element } = chosen;
    const before = element.scrollTop;
    element.scrollBy({ top: Math.max(40, element.clientHeight * 0.8), behavior: 'instant' });
    return { moved: element.scrollTop !== before, tried: chosen.tried ?? [] };
  },

  /** Where this frame is, and how many frames are in it. */
  place: () => ({ url: location.href, frames: window.length }),

  hovered: ({ element }) => element.isConnected && element.matches(':hover'),

  viewport: () => ({ width: innerWidth, height: innerHeight }),

  /** Puts a mark on this document, by which a navigation away from it is seen. */
  mark({ token }) {
    Object.defineProperty(window, token, { value: true, configurable: true, enumerable: false });
    return { url: location.href };
  },

  page: ({ token }) => ({
    marked: window[token] === true,
    url: location.href,
    title: document.title,
    state: document.readyState,
    said:
      document.readyState === 'complete' && location.href === 'about:blank'
        ? squeeze(document.body?.innerText ?? '').slice(0, 200)
        : ''
  }),

  /** Since this document's load event, ms; 0 while it loads. */
  loadedMs() {
    const [navigation] = performance.getEntriesByType('navigation');
    return navigation?.loadEventEnd > 0 ? performance.now() - navigation.loadEventEnd : 0;
  },

  stop: () => window.stop()
};

function absolute(address) {
  try {
    return new URL(address, document.baseURI).href;
  } catch {
    return address;
  }
}

const failed = (error) => {
  if (error?.selector !== undefined) return { invalid: { selector: error.selector, reason: error.message } };
  throw error;
};

/** An answer is `{ ok }`, or `{ invalid: { selector, reason } }` for a selector the page cannot read. */
function answerNow(operation, args) {
  try {
    return { ok: OPERATIONS[operation](args) };
  } catch (error) {
    return failed(error);
  }
}

/** The same for operations that take frames; what breaks in them is `{ broke }`, for nobody hears a callback throw. */
function answerLater(operation, args, done) {
  Promise.resolve()
    .then(() => OPERATIONS[operation](args))
    .then((ok) => ({ ok }), failed)
    .then(done, (error) => done({ broke: String(error?.message ?? error) }));
}
