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

/** By these a page puts something off for later, or tells somebody. Bound to their owners, which the page may wrap too. */
const deferrals = () => [
  ...['setTimeout', 'setInterval', 'requestAnimationFrame', 'requestIdleCallback', 'fetch', 'postMessage'].map(
    (name) => [window, name]
  ),
  [XMLHttpRequest.prototype, 'send'],
  [Navigator.prototype, 'sendBeacon'],
  [WebSocket.prototype, 'send'],
  [MessagePort.prototype, 'postMessage'],
  [Worker.prototype, 'postMessage'],
  [HTMLFormElement.prototype, 'submit'],
  [HTMLFormElement.prototype, 'requestSubmit']
];

/** WebKit's driver runs its scripts from this function, and sets a timer for each in the page. */
const isDriver = () => /evaluateJavaScriptFunction@/.test(new Error().stack ?? '');

/**
 * Watches, until this turn of the page is over, whether it puts anything off: its listeners run after ours, and what
 * acts on a press later than anybody waits has to begin here. Then everything is as it was.
 */
function watchDeferrals(onDeferred, onOver) {
  const undo = [];
  setTimeout(() => {
    for (const one of undo) one();
    onOver();
  });
  for (const [owner, name] of deferrals()) {
    const original = owner?.[name];
    if (typeof original !== 'function') continue;
    const wrapper = function (...args) {
      if (!isDriver()) onDeferred(name);
      return Reflect.apply(original, this, args);
    };
    owner[name] = wrapper;
    undo.push(() => {
      if (owner[name] === wrapper) owner[name] = original;
    });
  }
}

function arm(element, { token, ends, press }) {
  const actor = actorOf(element);
  const seen = { delivered: 0, strayed: null, pressed: null, deferred: null, events: [] };
  let watching = false;
  const listener = (event) => {
    if (!event.isTrusted) return;
    // A drag is armed for its press alone: the button comes up over another element on purpose.
    if (press && !DOWN.has(event.type)) return;
    const path = event.composedPath();
    const reached = path.includes(actor);
    seen.events.push(`${event.type}${reached ? '' : '!'}`);
    // A gesture that began elsewhere is nobody's: its end must not count as a click either.
    if (seen.strayed !== null || !reached) {
      seen.strayed ??= describe(path[0]);
      cancel(event);
      return;
    }
    if (DOWN.has(event.type)) {
      seen.pressed = event;
      // pointerdown and mousedown are one press.
      if (!watching) {
        watching = true;
        watchDeferrals(
          (name) => {
            seen.deferred ??= name;
          },
          () => {
            watching = false;
          }
        );
      }
    }
    if (ends.includes(event.type)) seen.delivered += 1;
    // WebKitGTK's driver lets the right button up as if it were the left one, which makes a click of it.
    else if (event.type === 'click' && ends.includes('contextmenu')) cancel(event);
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
      seen.pressed.defaultPrevented ||
      seen.deferred !== null ||
      !(witness.element.isConnected || isRenewed(witness.element, candidates));
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
