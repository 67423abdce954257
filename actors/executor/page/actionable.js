// biome-ignore-all lint/correctness/noUnusedVariables: the files of this folder are one script
/* Runs inside the page. Choosing the element of a step, and whether a person could act on it now. */

const frame = () =>
  new Promise((resolve) => {
    // A window that is not painted gets no frames; its layout still settles.
    const timer = setTimeout(resolve, 100);
    requestAnimationFrame(() => {
      clearTimeout(timer);
      resolve();
    });
  });
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function visible(element) {
  if (!element.isConnected) return false;
  const box = element.getBoundingClientRect();
  if (box.width === 0 || box.height === 0) return false;
  return getComputedStyle(element).visibility === 'visible';
}

const enabled = (element) => !element.matches(':disabled') && !element.closest('[aria-disabled="true"], [inert]');

/**
 * The first candidate that fits exactly one element a person could mean: one that is visible, or the only enabled one
 * of those. A disabled one is waited for rather than passed over for a worse candidate.
 */
function choose(candidates) {
  const tried = [];
  for (const candidate of candidates) {
    const found = query(candidate);
    const shown = found.filter(visible);
    const ready = shown.length > 1 ? shown.filter(enabled) : shown;
    tried.push({ selector: candidate.label, found: found.length, visible: shown.length });
    if (ready.length === 1) return { element: ready[0], selector: candidate.label, tried };
  }
  const status = tried.some((one) => one.visible > 1)
    ? 'ambiguous'
    : tried.some((one) => one.found)
      ? 'hidden'
      : 'missing';
  return { element: null, status, tried };
}

const boxOf = (element) => {
  const { x, y, width, height } = element.getBoundingClientRect();
  return { x, y, width, height };
};
const same = (a, b) => a.x === b.x && a.y === b.y && a.width === b.width && a.height === b.height;

/** Where a click goes: WebDriver's in-view centre of the first rectangle, or an offset from its corner if that is inside. */
function pointOf(element, offset) {
  const rect = element.getClientRects()[0] ?? element.getBoundingClientRect();
  if (offset && offset.x < rect.width && offset.y < rect.height) {
    return { x: rect.left + offset.x, y: rect.top + offset.y };
  }
  const left = Math.max(0, rect.left);
  const right = Math.min(innerWidth, rect.right);
  const top = Math.max(0, rect.top);
  const bottom = Math.min(innerHeight, rect.bottom);
  return { x: (left + right) / 2, y: (top + bottom) / 2 };
}

const inView = ({ x, y }) => x >= 0 && y >= 0 && x < innerWidth && y < innerHeight;

function hitAt({ x, y }) {
  let hit = document.elementFromPoint(x, y);
  while (hit?.shadowRoot) {
    const inner = hit.shadowRoot.elementFromPoint(x, y);
    if (!inner || inner === hit) break;
    hit = inner;
  }
  return hit;
}

/** What reacts when this is clicked: the button around its icon, the label around its words. */
const actorOf = (element) =>
  element.closest('button, a[href], label, summary, [role="button"], [role="link"], [role="menuitem"], [role="tab"]') ??
  element;

/** Whether the page above shows this frame at the point: nothing of its lies over it. Another site's cannot be asked. */
function coverAbove(point) {
  let { x, y } = point;
  for (let inner = window; inner !== inner.parent; inner = inner.parent) {
    let holder;
    try {
      holder = inner.frameElement;
    } catch {
      return null;
    }
    if (!holder) return null;
    const { left, top } = holder.getBoundingClientRect();
    x += left + holder.clientLeft;
    y += top + holder.clientTop;
    const above = holder.ownerDocument;
    let hit = above.elementFromPoint(x, y);
    while (hit?.shadowRoot) {
      const deeper = hit.shadowRoot.elementFromPoint(x, y);
      if (!deeper || deeper === hit) break;
      hit = deeper;
    }
    if (!hit) return 'its frame is outside the window';
    if (hit !== holder) return `${describe(hit)} covers its frame`;
  }
  return null;
}

/**
 * null when a click now would reach the element; else why not. Scrolls it into view, waits two frames.
 * `covered`: it need not be on top, a drop finds what is beneath.
 */
async function obstacle(element, { offset, scroll, covered }) {
  if (!visible(element)) return 'it is not visible';
  if (!enabled(element)) return 'it is disabled';
  if (scroll) {
    element.scrollIntoView({ block: 'center', inline: 'center', behavior: 'instant' });
  } else if (!inView(pointOf(element, offset)) || window !== window.parent) {
    // No further than need be: a list that draws what is seen draws other rows when it is scrolled. Of a frame it is not
    // known whether it is in view itself.
    element.scrollIntoView({ block: 'nearest', inline: 'nearest', behavior: 'instant' });
  }
  const before = boxOf(element);
  await frame();
  const between = boxOf(element);
  if (!same(before, between)) return 'it moves';
  await frame();
  if (!element.isConnected) return 'it left the page';
  if (!same(between, boxOf(element))) return 'it moves';
  const point = pointOf(element, offset);
  if (!inView(point)) return 'it is outside the window';
  if (covered) return null;
  const hit = hitAt(point);
  if (!holds(actorOf(element), hit)) return `${describe(hit)} covers it`;
  return coverAbove(point);
}

/**
 * Waits within `budgetMs` for the one element of the candidates to be ready.
 * `{ element, selector, tried }`, or `{ element: null, status: missing|ambiguous|hidden|obstructed, reason, tried }`.
 */
async function ready({ candidates, budgetMs, offset, scroll, editable, covered }) {
  const until = performance.now() + budgetMs;
  let moveAway = scroll;
  for (;;) {
    const chosen = choose(candidates);
    let answer = chosen;
    if (chosen.element) {
      const why =
        (editable && chosen.element.readOnly && 'it is read-only') ||
        (await obstacle(chosen.element, { offset, scroll: moveAway, covered }));
      // What was chosen two frames ago must still be what the selectors mean.
      if (!why && choose(candidates).element === chosen.element) return chosen;
      answer = { element: null, status: 'obstructed', reason: why || 'it was replaced', tried: chosen.tried };
      // A sticky bar lies over the edge of a page, a scrolling box cuts off its own: in the middle it is free of both.
      moveAway = scroll || / covers it/.test(why);
    }
    if (performance.now() >= until) return answer;
    await pause(40);
  }
}
