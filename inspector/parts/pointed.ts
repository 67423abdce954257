import type { RefObject } from 'preact';
import { useEffect, useState } from 'preact/hooks';

/** After the last move of the pointer: as long as one takes to press what one has found. */
const STILL_MS = 2_000;

/** Whether somebody is about to press something in there: the pointer moves over it, or the focus is on one of its rows. */
export function usePointed(box: RefObject<HTMLElement | null>): boolean {
  const [isPointed, point] = useState(false);
  const [isFocused, focus] = useState(false);

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const away = () => {
      clearTimeout(timer);
      point(false);
    };
    const moved = ({ movementX, movementY }: PointerEvent) => {
      // A browser says that the pointer moves, too, when it is the page that moves under it.
      if (movementX === 0 && movementY === 0) return;
      clearTimeout(timer);
      timer = setTimeout(away, STILL_MS);
      point(true);
    };
    const focused = ({ target }: FocusEvent) => focus(target !== element);
    const blurred = () => focus(false);
    element.addEventListener('pointermove', moved, { passive: true });
    element.addEventListener('pointerleave', away);
    element.addEventListener('focusin', focused);
    element.addEventListener('focusout', blurred);
    return () => {
      clearTimeout(timer);
      element.removeEventListener('pointermove', moved);
      element.removeEventListener('pointerleave', away);
      element.removeEventListener('focusin', focused);
      element.removeEventListener('focusout', blurred);
    };
  }, []);

  return isPointed || isFocused;
}
