// biome-ignore-all lint/correctness/noUnusedVariables: the files of this folder are one script
/* Runs inside the page. What it looked like when a step failed, as HTML: bounded, and without what is secret. */

const VOID = new Set('area base br col embed hr img input link meta source track wbr'.split(' '));
/** Nothing to read in them, and a lot of it. */
const HOLLOW = new Set(['script', 'style', 'noscript', 'svg', 'canvas', 'video', 'audio']);
const SECRET = /password|passcode|one-time-code|cc-number|cc-csc|secret|token|otp|pin\b/i;
const MARKUP = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escapeMarkup = (text) => text.replace(/[&<>"]/g, (c) => MARKUP[c]);

/** Fields whose value nobody but the site should read. Hidden ones carry tokens. */
const isSecret = (element) =>
  element.tagName === 'INPUT' &&
  (element.type === 'password' ||
    element.type === 'hidden' ||
    SECRET.test([element.autocomplete, element.name, element.id, element.getAttribute('aria-label') ?? ''].join(' ')));

/** A writer with room for so many characters; what no longer fits is said to be missing. */
function serialise(root, room) {
  let out = '';
  let full = false;
  const put = (text) => {
    if (out.length + text.length > room) full = true;
    else out += text;
    return !full;
  };
  const attributes = (element) => {
    let all = '';
    for (const { name, value } of element.attributes) {
      if (/^on/i.test(name)) continue;
      const shown = name === 'value' && isSecret(element) ? '•••' : value;
      all += ` ${name}="${escapeMarkup(shown.length > 200 ? `${shown.slice(0, 200)}…` : shown)}"`;
    }
    return all;
  };
  const visit = (node, depth) => {
    if (full || depth > 200) return;
    if (node.nodeType === Node.TEXT_NODE) {
      if (node.data.trim() !== '') put(escapeMarkup(node.data.slice(0, 2000)));
      return;
    }
    if (node.nodeType !== Node.ELEMENT_NODE) return;
    const name = node.localName;
    if (!put(`<${name}${attributes(node)}>`) || VOID.has(name)) return;
    if (!HOLLOW.has(name)) {
      if (node.shadowRoot) {
        put('<template shadowrootmode="open">');
        for (const child of node.shadowRoot.childNodes) visit(child, depth + 1);
        put('</template>');
      }
      for (const child of node.childNodes) visit(child, depth + 1);
    }
    out += `</${name}>`;
  };
  visit(root, 0);
  return full ? `${out}<!-- and more, cut at ${room} characters -->` : out;
}

/** What stands around an element that says what it is part of: a form, a dialog, an item. */
const surroundingsOf = (element) =>
  element.closest('form, dialog, [role="dialog"], article, li, tr, section, fieldset') ??
  element.parentElement ??
  element;

/**
 * The parts of the page a step was about: around what its selectors found, the first three; else the whole body.
 * `{ url, title, state, html }`.
 */
function excerpt({ candidates = [], room }) {
  const about = [];
  for (const candidate of candidates) {
    let found = [];
    try {
      found = query(candidate);
    } catch {
      // A selector nobody can read found nothing.
    }
    for (const element of found) {
      const part = surroundingsOf(element);
      if (about.length < 3 && !about.some((other) => holds(other, part))) about.push(part);
    }
  }
  const parts = about.length > 0 ? about : [document.body ?? document.documentElement];
  const html = parts.map((part) => serialise(part, Math.floor(room / parts.length))).join('\n');
  return { url: location.href, title: document.title, state: document.readyState, html };
}
