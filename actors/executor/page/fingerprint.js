// biome-ignore-all lint/correctness/noUnusedVariables: the files of this folder are one script
/*
 * Runs inside the page. What an element is known by when its selectors are gone, and which element is nearest to that.
 *
 * likeness = the sum of weight × agreement over what the fingerprint has, divided by the sum of those weights:
 *
 * | feature | weight | agreement |
 * | name | 4 | 1 when equal, else 0.9 × the share of words in common (Dice) |
 * | attributes | 3 | the share of the known ones that are equal; a test id, id or name counts three times a type |
 * | role | 2 | 1 when equal, 0.5 when of the same kind (both are pressed, or both written in) |
 * | classes, around, near | 2 each | words in common (Dice) |
 * | tag | 1 | 1 when equal |
 *
 * Nearest is the element that can be seen, is *akin*, scores FLOOR or more, and MARGIN more than any other that is akin.
 * Akin: of a control, the same kind, a name with half its words in common, and never a name with none; of anything else,
 * a class or an id in common. Place and looks alone never suffice: a Delete button where Post was is in the same place and
 * looks the same. Measured on the layouts of test/site in test/actors/executor/fingerprint.webkit.test.ts.
 *
 * The first half is pure: it is tested without a page.
 */
const FLOOR = 0.6;
const MARGIN = 0.15;
const WEIGHTS = { name: 4, attributes: 3, role: 2, classes: 2, around: 2, near: 2, tag: 1 };
const IDS = ['data-testid', 'data-test', 'data-test-id', 'data-qa', 'data-e2e', 'data-cy', 'itemprop', 'id', 'name'];
const TRAITS = ['type', 'aria-haspopup', 'autocomplete', 'contenteditable'];
/** Their name is what the site calls them. A link's is often a person's, so of links none is kept. */
const WORDED = 'button textbox searchbox combobox listbox checkbox radio switch tab menuitem slider spinbutton'.split(
  ' '
);
const KINDS = [
  ['button', 'link', 'tab', 'menuitem', 'switch'],
  ['textbox', 'searchbox', 'combobox'],
  ['checkbox', 'radio', 'switch'],
  ['slider', 'spinbutton'],
  ['listbox', 'combobox']
];

const isControl = (role) => role === 'link' || WORDED.includes(role);
const sameKind = (a, b) => a === b || KINDS.some((kind) => kind.includes(a) && kind.includes(b));
const wordsOf = (text) => text.split(/[^\p{L}\p{N}#]+/u).filter(Boolean);

/** Twice what two lists share over the length of both, 0 to 1; two empty ones share all. */
function dice(a, b) {
  if (a.length + b.length === 0) return 1;
  const left = [...b];
  let shared = 0;
  for (const item of a) {
    const at = left.indexOf(item);
    if (at < 0) continue;
    left.splice(at, 1);
    shared += 1;
  }
  return (2 * shared) / (a.length + b.length);
}

const alike = (a, b) => (a === b ? 1 : 0.9 * dice(wordsOf(a), wordsOf(b)));
const sharedId = (known, seen) =>
  IDS.some((id) => known.attributes[id] && known.attributes[id] === seen.attributes[id]);

/** 0 to 1: how much of what is known of one element is true of the other. */
function likeness(known, seen) {
  const parts = [
    ['role', known.role === seen.role ? 1 : isControl(known.role) && sameKind(known.role, seen.role) ? 0.5 : 0],
    ['tag', known.tag === seen.tag ? 1 : 0]
  ];
  if (known.name !== '') parts.push(['name', alike(known.name, seen.name)]);
  const attributes = Object.entries(known.attributes);
  if (attributes.length > 0) {
    const weigh = ([name]) => (IDS.includes(name) ? 3 : 1);
    const all = attributes.reduce((sum, entry) => sum + weigh(entry), 0);
    const kept = attributes.filter(([name, value]) => seen.attributes[name] === value);
    parts.push(['attributes', kept.reduce((sum, entry) => sum + weigh(entry), 0) / all]);
  }
  for (const list of ['classes', 'around', 'near']) {
    if (known[list].length > 0) parts.push([list, dice(known[list], seen[list])]);
  }
  const weight = parts.reduce((sum, [feature]) => sum + WEIGHTS[feature], 0);
  return parts.reduce((sum, [feature, agreement]) => sum + WEIGHTS[feature] * agreement, 0) / weight;
}

/** Whether one may stand in for the other at all, whatever else agrees. */
function akin(known, seen) {
  if (!isControl(known.role)) return sharedId(known, seen) || known.classes.some((one) => seen.classes.includes(one));
  if (!sameKind(known.role, seen.role)) return false;
  if (known.name === '' || seen.name === '') return sharedId(known, seen);
  const words = dice(wordsOf(known.name), wordsOf(seen.name));
  return words >= 0.5 || (words > 0 && sharedId(known, seen));
}

/** So alike that sweeps alone may accept it: the same role, and the same name or id. */
const sure = (known, seen) =>
  known.role === seen.role && ((known.name !== '' && known.name === seen.name) || sharedId(known, seen));

/**
 * The index of the one print that is nearest to what is known, with both scores; index -1 when there is none, `tie` when
 * that is because two are as near.
 */
function nearest(known, prints) {
  let index = -1;
  let best = 0;
  let second = 0;
  for (const [i, print] of prints.entries()) {
    const score = likeness(known, print);
    if (akin(known, print) && score > best) {
      second = Math.max(second, best);
      best = score;
      index = i;
    } else {
      second = Math.max(second, akin(known, print) ? score : 0);
    }
  }
  if (index < 0 || best < FLOOR) return { index: -1, likeness: best, second, tie: false };
  if (best - second < MARGIN) return { index: -1, likeness: best, second, tie: true };
  return { index, likeness: best, second, tie: false };
}

/* What follows reads the page. */

/** As it is kept: small letters, one space, digits as #, bounded. */
const worded = (text) =>
  squeeze(text)
    .toLowerCase()
    .replace(/\d+(?:[.,]\d+)*/g, '#')
    .slice(0, 80);

/** Neither made up by a build nor of one thing only. */
const isStable = (value) => value !== '' && value.length <= 60 && !/\d{3,}|[0-9a-f]{8,}|^:|\s{2,}/i.test(value);
const stableClasses = (element) =>
  typeof element.className === 'string'
    ? [...new Set(element.className.split(/\s+/).filter((one) => /^[a-z][a-z_-]{1,29}$/i.test(one)))].slice(0, 6)
    : [];
const LANDMARKS = 'form main nav article section aside header footer dialog fieldset table ul ol li'.split(' ');

/** An element's ancestors through shadow roots, innermost first. */
function* above(element) {
  for (let node = parentOf(element); node; node = parentOf(node)) if (node.nodeType === Node.ELEMENT_NODE) yield node;
}

const landmarkOf = (element) => {
  const tag = element.tagName.toLowerCase();
  return element.getAttribute('role')?.trim() || (LANDMARKS.includes(tag) ? tag : '');
};
/** The form, dialog or card a control belongs to. */
const groupOf = (element) =>
  [...above(element)].find((one) =>
    ['form', 'dialog', 'article', 'section', 'li', 'fieldset'].includes(landmarkOf(one))
  );

const wordedName = (element) => (WORDED.includes(roleOf(element)) ? worded(nameOf(element)) : '');

/** What `akin` asks for: cheap enough for every element of a page. */
function slimPrintOf(element) {
  const attributes = {};
  for (const name of [...IDS, ...TRAITS]) {
    const value = element.getAttribute(name);
    if (value !== null && isStable(value)) attributes[name] = value;
  }
  return {
    role: roleOf(element).slice(0, 40),
    tag: element.tagName.toLowerCase().slice(0, 40),
    name: wordedName(element),
    attributes,
    classes: stableClasses(element)
  };
}

function printOf(element) {
  const group = groupOf(element);
  const controls = group ? rootsUnder(group).flatMap((root) => [...root.querySelectorAll('*')]) : [];
  return {
    ...slimPrintOf(element),
    around: [...above(element)]
      .map((one) => landmarkOf(one).slice(0, 40))
      .filter(Boolean)
      .slice(0, 4),
    near: controls
      .filter((other) => other !== element && WORDED.includes(roleOf(other)) && visible(other))
      .slice(0, 8)
      .map((other) => `${roleOf(other)}:${wordedName(other)}`.slice(0, 100))
  };
}

/** More that are akin, and none of them is what was known. */
const CROWD = 500;

/** Of every element that can be seen, shadow roots included. */
function nearestTo(known) {
  const elements = rootsUnder(document)
    .flatMap((root) => [...root.querySelectorAll('*')])
    .filter((element) => akin(known, slimPrintOf(element)) && visible(element));
  if (elements.length > CROWD) return { element: null, print: null, likeness: 0, second: 0, tie: true };
  const prints = elements.map(printOf);
  const found = nearest(known, prints);
  return { ...found, element: elements[found.index] ?? null, print: prints[found.index] ?? null };
}

/** A selector, as flows write it, that finds this element and no other that can be seen; null when there is none. */
function selectorOf(element) {
  const inShadow = element.getRootNode() !== document;
  const css = (value) => ({
    label: inShadow ? `pierce/${value}` : value,
    parts: [{ kind: inShadow ? 'pierce' : 'css', value }]
  });
  const tag = element.tagName.toLowerCase();
  const tries = [];
  for (const name of IDS) {
    const value = element.getAttribute(name);
    if (value !== null && isStable(value)) tries.push(css(`[${name}="${CSS.escape(value)}"]`));
  }
  const role = roleOf(element);
  const name = WORDED.includes(role) ? nameOf(element) : '';
  if (name !== '' && name.length <= 80 && !/\d/.test(name)) {
    const escaped = name.replace(/[\\[\]]/g, '\\$&');
    tries.push({ label: `aria/${escaped}[role="${role}"]`, parts: [{ kind: 'aria', name, role }] });
  }
  const type = element.getAttribute('type');
  const classes = stableClasses(element)
    .map((one) => `.${CSS.escape(one)}`)
    .join('');
  const own = `${tag}${classes}${type && isStable(type) ? `[type="${CSS.escape(type)}"]` : ''}`;
  if (own !== tag) tries.push(css(own));
  for (const one of above(element)) {
    if (one.getRootNode() !== element.getRootNode()) break;
    const around = `${one.tagName.toLowerCase()}${stableClasses(one)
      .map((each) => `.${CSS.escape(each)}`)
      .join('')}`;
    if (LANDMARKS.includes(one.tagName.toLowerCase())) tries.push(css(`${around} ${own}`));
  }
  const finds = (candidate) => {
    const shown = query(candidate).filter(visible);
    return shown.length === 1 && shown[0] === element;
  };
  return tries.find(finds)?.label ?? null;
}

const rounded = (number) => Math.round(number * 1000) / 1000;

/**
 * How each name does on this page; nothing is done to it.
 * `wants`: `{ name, candidates, known, many, rejected }`. Answers findings, see machines/selector-context.ts.
 */
OPERATIONS.inspect = ({ wants }) => wants.map(inspectOne);

function inspectOne({ name, candidates, known, many, rejected }) {
  const chosen = choose(candidates);
  const answer = { name, tried: chosen.tried, selector: null, fingerprint: null, healed: null, why: null };
  const first = chosen.tried.find((one) => one.found > 0);
  if (many && first) return { ...answer, state: 'ok', selector: first.selector };
  const near = known && !many && (!chosen.element || !akin(known, printOf(chosen.element))) ? nearestTo(known) : null;
  if (chosen.element) {
    const found = { ...answer, selector: chosen.selector, fingerprint: printOf(chosen.element) };
    // Two witnesses disagree: what the candidate finds is nothing like what was known, and something else is.
    if (near?.element && near.element !== chosen.element) {
      const why = `${chosen.selector} finds ${describe(chosen.element)}, and ${describe(near.element)} is much more like what was known`;
      return { ...found, state: 'ambiguous', fingerprint: null, why };
    }
    return { ...found, state: 'ok' };
  }
  if (chosen.status === 'hidden') return { ...answer, state: 'missing', why: 'it is there and cannot be seen' };
  if (chosen.status === 'ambiguous')
    return { ...answer, state: 'ambiguous', why: 'a candidate finds several elements' };
  if (!near)
    return {
      ...answer,
      state: 'missing',
      why: known ? 'no candidate finds it' : 'no candidate finds it, and it was never seen before'
    };
  const scores = `likeness ${rounded(near.likeness)}, the next ${rounded(near.second)}`;
  if (near.tie)
    return { ...answer, state: 'ambiguous', why: `no candidate finds it, and two elements are as near (${scores})` };
  if (!near.element)
    return { ...answer, state: 'missing', why: `no candidate finds it, and nothing is near enough (${scores})` };
  const selector = selectorOf(near.element);
  if (selector === null)
    return {
      ...answer,
      state: 'missing',
      why: `no candidate finds it, and the nearest, ${describe(near.element)}, has nothing to be found by`
    };
  if (rejected?.includes(selector))
    return {
      ...answer,
      state: 'missing',
      why: `no candidate finds it, and a person rejected the nearest, ${selector}`
    };
  return {
    ...answer,
    state: 'healed',
    why: `no candidate finds it; the nearest is ${selector} (${scores})`,
    healed: {
      selector,
      likeness: rounded(near.likeness),
      second: rounded(near.second),
      sure: sure(known, near.print),
      fingerprint: near.print
    }
  };
}
