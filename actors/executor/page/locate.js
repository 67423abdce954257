// biome-ignore-all lint/correctness/noUnusedVariables: the files of this folder are one script
/* Runs inside the page. Finding elements: css, xpath, aria, text, pierce, and chains that go through shadow roots. */

/** This root and every open shadow root beneath it, outermost first. */
function rootsUnder(root) {
  const roots = [root];
  for (const element of root.querySelectorAll('*')) {
    if (element.shadowRoot) roots.push(...rootsUnder(element.shadowRoot));
  }
  return roots;
}

const squeeze = (text) => text.replace(/[\s\u00a0]+/g, ' ').trim();
const parentOf = (node) => node.parentNode ?? node.host ?? null;

/** Whether `inner` is `outer` or inside it, shadow roots included. */
function holds(outer, inner) {
  for (let node = inner; node; node = node.assignedSlot ?? parentOf(node)) if (node === outer) return true;
  for (let node = inner; node; node = parentOf(node)) if (node === outer) return true;
  return false;
}

function byXPath(expression, scope) {
  if (scope.nodeType === Node.DOCUMENT_FRAGMENT_NODE) {
    // WebKit evaluates no XPath on a shadow root: ask each of its children instead.
    const relative = expression.replace(/^\.?\/\//, 'descendant-or-self::');
    return [...scope.children].flatMap((child) => evaluateXPath(relative, child));
  }
  const found = evaluateXPath(expression, scope);
  // The root is html, so '/button' finds nothing for sure: whoever writes 'xpath//button' means any button.
  return found.length === 0 && /^\/[^/]/.test(expression) ? evaluateXPath(`/${expression}`, scope) : found;
}

function evaluateXPath(expression, scope) {
  const result = document.evaluate(expression, scope, null, XPathResult.ORDERED_NODE_SNAPSHOT_TYPE, null);
  const found = [];
  for (let i = 0; i < result.snapshotLength; i += 1) {
    const node = result.snapshotItem(i);
    const element = node.nodeType === Node.ELEMENT_NODE ? node : (node.ownerElement ?? node.parentElement);
    if (element) found.push(element);
  }
  return found;
}

const WITHOUT_TEXT = new Set([
  'SCRIPT',
  'STYLE',
  'NOSCRIPT',
  'TEMPLATE',
  'HEAD',
  'TEXTAREA',
  'SELECT',
  'OBJECT',
  'IFRAME'
]);
const BUTTON_INPUTS = new Set(['button', 'submit', 'reset']);

/**
 * The innermost elements that show this text; those that show nothing else, if there are any. What is being written
 * (inputs, editable elements) is not shown text: a comment in its field would else prove that it was posted.
 */
function byText(wanted, scope) {
  const needle = squeeze(wanted);
  const found = [];
  const visit = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return { text: node.data, inside: false };
    if (node.nodeType === Node.ELEMENT_NODE) {
      if (WITHOUT_TEXT.has(node.tagName) || node.isContentEditable) return { text: '', inside: false };
      if (node.tagName === 'INPUT') {
        const text = BUTTON_INPUTS.has(node.type) ? node.value : '';
        const inside = needle !== '' && squeeze(text).includes(needle);
        if (inside) found.push({ element: node, text });
        return { text, inside };
      }
    }
    let text = '';
    let inside = false;
    for (const child of [...(node.shadowRoot?.childNodes ?? []), ...node.childNodes]) {
      const below = visit(child);
      text += below.text;
      inside ||= below.inside;
    }
    if (!inside && node.nodeType === Node.ELEMENT_NODE && needle !== '' && squeeze(text).includes(needle)) {
      found.push({ element: node, text });
      inside = true;
    }
    return { text, inside };
  };
  visit(scope.nodeType === Node.DOCUMENT_NODE ? scope.documentElement : scope);
  const exact = found.filter(({ text }) => squeeze(text) === needle);
  return (exact.length > 0 ? exact : found).map(({ element }) => element);
}

const ROLES = {
  A: (e) => (e.hasAttribute('href') ? 'link' : 'generic'),
  BUTTON: () => 'button',
  SUMMARY: () => 'button',
  SELECT: (e) => (e.multiple || e.size > 1 ? 'listbox' : 'combobox'),
  OPTION: () => 'option',
  TEXTAREA: () => 'textbox',
  IMG: () => 'img',
  NAV: () => 'navigation',
  MAIN: () => 'main',
  ARTICLE: () => 'article',
  UL: () => 'list',
  OL: () => 'list',
  LI: () => 'listitem',
  DIALOG: () => 'dialog',
  FORM: () => 'form',
  TABLE: () => 'table',
  INPUT: (e) =>
    ({
      button: 'button',
      submit: 'button',
      reset: 'button',
      image: 'button',
      checkbox: 'checkbox',
      radio: 'radio',
      range: 'slider',
      number: 'spinbutton',
      search: 'searchbox'
    })[e.type] ?? 'textbox'
};
const roleOf = (element) =>
  element.getAttribute('role')?.trim().split(/\s+/)[0] ||
  (/^H[1-6]$/.test(element.tagName) ? 'heading' : (ROLES[element.tagName]?.(element) ?? 'generic'));

const NAMED_BY_CONTENT = new Set(
  'button link heading option checkbox radio menuitem menuitemcheckbox menuitemradio tab treeitem switch cell gridcell columnheader rowheader tooltip'.split(
    ' '
  )
);

/** The text of a subtree as a name: images speak by their alt, hidden parts not at all. */
function nameFromContent(node) {
  if (node.nodeType === Node.TEXT_NODE) return node.data;
  if (node.nodeType !== Node.ELEMENT_NODE) return '';
  if (node.getAttribute('aria-hidden') === 'true' || WITHOUT_TEXT.has(node.tagName)) return '';
  const label = node.getAttribute('aria-label');
  if (label) return label;
  if (node.tagName === 'IMG') return node.alt;
  if (node.tagName === 'svg') return node.querySelector('title')?.textContent ?? '';
  return [...(node.shadowRoot?.childNodes ?? []), ...node.childNodes].map(nameFromContent).join('');
}

/** @see W3C Accessible Name and Description Computation 1.2, the part that pages use */
function nameOf(element) {
  const ids = element.getAttribute('aria-labelledby')?.trim();
  if (ids) {
    const root = element.getRootNode();
    const named = ids.split(/\s+/).map((id) => root.getElementById?.(id));
    if (named.some(Boolean)) return squeeze(named.map((other) => (other ? nameFromContent(other) : '')).join(' '));
  }
  const label = element.getAttribute('aria-label');
  if (label?.trim()) return squeeze(label);
  if (element.labels?.length) return squeeze([...element.labels].map((one) => nameFromContent(one)).join(' '));
  if (element.tagName === 'INPUT' && BUTTON_INPUTS.has(element.type) && element.value) return squeeze(element.value);
  if (element.tagName === 'IMG' || (element.tagName === 'INPUT' && element.type === 'image')) {
    if (element.alt) return squeeze(element.alt);
  }
  if (NAMED_BY_CONTENT.has(roleOf(element))) {
    const name = squeeze(
      [...(element.shadowRoot?.childNodes ?? []), ...element.childNodes].map(nameFromContent).join('')
    );
    if (name) return name;
  }
  return squeeze(element.getAttribute('title') || element.getAttribute('placeholder') || '');
}

function byAria({ name, role }, scope) {
  return rootsUnder(scope)
    .flatMap((root) => [...root.querySelectorAll('*')])
    .filter((element) => {
      if (role !== undefined && roleOf(element) !== role) return false;
      if (element.closest('[aria-hidden="true"]')) return false;
      return name === '' ? role !== undefined : nameOf(element) === squeeze(name);
    })
    .filter((element, _, all) => {
      // Without a role asked for, a wrapper that merely repeats its child's label is not another match.
      return role !== undefined || !all.some((other) => other !== element && element.contains(other));
    });
}

const BY = {
  css: (part, scope) => [...scope.querySelectorAll(part.value)],
  pierce: (part, scope) => rootsUnder(scope).flatMap((root) => [...root.querySelectorAll(part.value)]),
  xpath: (part, scope) => byXPath(part.value, scope),
  text: (part, scope) => byText(part.value, scope),
  aria: (part, scope) => byAria(part, scope)
};

/** Elements of one candidate. Each further part looks inside what the one before found, in its shadow root if it has one. */
function query(candidate, within = document) {
  let scopes = [within];
  for (const part of candidate.parts) {
    let found;
    try {
      found = [...new Set(scopes.flatMap((scope) => BY[part.kind](part, scope.shadowRoot ?? scope)))];
    } catch (error) {
      throw Object.assign(new Error(error.message || String(error)), { selector: candidate.label });
    }
    scopes = found;
  }
  return scopes;
}

/** A word for an element that a person recognises in the inspector. */
function describe(element) {
  if (!element || element.nodeType !== Node.ELEMENT_NODE) return 'the page itself';
  const id = element.id ? `#${element.id}` : '';
  const test = element.getAttribute('data-testid');
  const classes = !id && !test && typeof element.className === 'string' ? element.className.trim().split(/\s+/) : [];
  const className = classes[0] ? `.${classes.slice(0, 2).join('.')}` : '';
  return `<${element.tagName.toLowerCase()}${id}${test ? `[data-testid=${test}]` : ''}${className}>`;
}
