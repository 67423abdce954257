// biome-ignore-all lint/correctness/noUnusedVariables: the files of this folder are one script
/* Runs inside the page. HTML drag and drop, whose events WebKit's driver does not make beyond the first. */

/** What the page lets be dragged of this element; images and links by nature. */
const draggableOf = (element) => {
  const declared = element.closest('[draggable]');
  if (declared) return declared.draggable ? declared : null;
  return element.closest('img, a[href]');
};

const centreOf = (element) => {
  const { left, top, width, height } = element.getBoundingClientRect();
  return { x: left + width / 2, y: top + height / 2 };
};

const OPERATIONS_ON_DRAGS = {
  /** Where a mouse takes hold of the element, from its centre, as WebDriver wants it. */
  grip({ element, offset }) {
    const { width, height } = element.getBoundingClientRect();
    if (!offset || offset.x >= width || offset.y >= height) return { x: 0, y: 0 };
    return { x: Math.round(offset.x - width / 2), y: Math.round(offset.y - height / 2) };
  },

  /**
   * Dragstart to dragend with one DataTransfer, to the middle of `onto` or `by` a distance. `{}` when it was dropped,
   * `{ refused }` when the source did not let go or nothing there takes it: no `drop` was fired then.
   */
  drop({ candidates, onto, by }) {
    const chosen = choose(candidates).element;
    const source = chosen && draggableOf(chosen);
    if (!source) return { refused: 'it was replaced' };
    const start = centreOf(source);
    const goal = onto ? choose(onto).element : null;
    if (onto && !goal) return { refused: 'where it goes was replaced' };
    const end = goal ? centreOf(goal) : { x: start.x + (by?.x ?? 0), y: start.y + (by?.y ?? 0) };
    const target = goal ?? hitAt(end);
    if (!target) return { refused: 'nothing is there' };
    const dataTransfer = new DataTransfer();
    dataTransfer.effectAllowed = 'all';
    const fire = (on, type, { x, y }, cancelable = true) => {
      const event = new DragEvent(type, {
        bubbles: true,
        cancelable,
        composed: true,
        clientX: x,
        clientY: y,
        dataTransfer
      });
      return on.dispatchEvent(event);
    };
    if (!fire(source, 'dragstart', start)) return { refused: 'the page does not let it be dragged' };
    const entered = !fire(target, 'dragenter', end);
    const over = !fire(target, 'dragover', end);
    if (over || entered) fire(target, 'drop', end);
    else fire(target, 'dragleave', end, false);
    fire(source, 'dragend', end, false);
    return over || entered ? {} : { refused: `${describe(target)} does not take what is dropped on it` };
  }
};
