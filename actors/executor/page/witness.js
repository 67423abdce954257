// biome-ignore-all lint/correctness/noUnusedVariables: the files of this folder are one script
/* Runs inside the page. The armed click: listeners that see where a real click lands, and stop it when it lands wrong. */

const DOWN = new Set(['pointerdown', 'mousedown', 'touchstart']);
const WATCHED = [
  'pointerdown',
  'mousedown',
  'pointerup',
  'mouseup',
  'touchstart',
  'touchend',
  'click',
  'auxclick',
  'dblclick',
  'contextmenu'
];

/** Every window of the page that shares our origin: a click that strays into a frame is seen as well. */
function windowsOf() {
  const all = [];
  const visit = (one) => {
    try {
      if (!one.document) return;
    } catch {
      return;
    }
    all.push(one);
    for (let i = 0; i < one.length; i += 1) visit(one[i]);
  };
  visit(top);
  if (!all.includes(window)) all.push(window);
  return all;
}

const cancel = (event) => {
  event.preventDefault();
  event.stopImmediatePropagation();
};

function arm(element, { token, ends }) {
  const actor = actorOf(element);
  const seen = { delivered: 0, strayed: null, pressed: null, events: [] };
  const listener = (event) => {
    if (!event.isTrusted) return;
    const path = event.composedPath();
    const reached = path.includes(actor);
    seen.events.push(`${event.type}${reached ? '' : '!'}`);
    // A gesture that began elsewhere is nobody's: its end must not count as a click either.
    if (seen.strayed !== null || !reached) {
      seen.strayed ??= describe(path[0]);
      cancel(event);
      return;
    }
    if (DOWN.has(event.type)) seen.pressed = event;
    if (ends.includes(event.type)) seen.delivered += 1;
  };
  const windows = windowsOf();
  const watch = (on) => {
    for (const one of windows) {
      for (const type of WATCHED) {
        try {
          one[on](type, listener, { capture: true, passive: false });
        } catch {
          // That frame has gone elsewhere.
        }
      }
    }
  };
  watch('addEventListener');
  const witness = { seen, element, actor, stop: () => watch('removeEventListener') };
  Object.defineProperty(window, token, { value: witness, configurable: true, enumerable: false });
}

/** Arms for keys: nothing is cancelled, only seen. */
function armKeys({ token }) {
  const seen = { keys: 0 };
  const listener = (event) => {
    if (event.isTrusted) seen.keys += 1;
  };
  addEventListener('keydown', listener, true);
  const witness = { seen, stop: () => removeEventListener('keydown', listener, true) };
  Object.defineProperty(window, token, { value: witness, configurable: true, enumerable: false });
}

/** Whether an equal element stands where this one was: the page drew itself again, and took the press for nothing. */
const isRenewed = (element, candidates) => choose(candidates).element?.isEqualNode(element) ?? false;

/**
 * What the listeners saw, once. GONE: they are not here, so the document is another. PRESSED: the button went down on
 * the element and the click never came; the page may act on either.
 */
function collect({ token, candidates }) {
  const witness = window[token];
  if (!witness) return { verdict: 'GONE', events: [] };
  witness.stop();
  delete window[token];
  const { seen } = witness;
  if (seen.keys !== undefined) return { verdict: seen.keys > 0 ? 'DELIVERED' : 'NOT_DELIVERED', events: [] };
  const { events } = seen;
  if (seen.delivered > 0) return { verdict: 'DELIVERED', events };
  if (seen.pressed) {
    const acted =
      seen.pressed.defaultPrevented || !(witness.element.isConnected || isRenewed(witness.element, candidates));
    return { verdict: 'PRESSED', acted, at: seen.pressed.timeStamp, strayed: seen.strayed, events };
  }
  if (seen.strayed !== null) return { verdict: 'BLOCKED', strayed: seen.strayed, events };
  return { verdict: 'NOT_DELIVERED', events };
}

/** After a press without a click: whether the document stayed, and whether it has asked a server anything since. */
const aftermath = ({ token, at }) => ({
  marked: window[token] === true,
  asked: performance
    .getEntriesByType('resource')
    .some((one) => one.startTime >= at && ['fetch', 'xmlhttprequest', 'beacon'].includes(one.initiatorType))
});
