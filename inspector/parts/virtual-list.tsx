import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

interface Props<T> {
  items: readonly T[];
  keyOf: (item: T) => string;
  render: (item: T) => ComponentChildren;
  /** What it is a list of, for who hears it. */
  label: string;
  /** px; every row has it. */
  rowHeight?: number;
  /** Stays at the newest until somebody scrolls away from it. */
  followEnd?: boolean;
  /** Somebody is close to the first row: there may be more before it. */
  onStart?: () => void;
  /** The newest is shown and followed. */
  onEnd?: () => void;
  class?: string;
}

const SPARE = 8;
const NEAR_START = 20;

/** Draws the rows that are seen and a few around them, however many there are. */
export function VirtualList<T>({
  items,
  keyOf,
  render,
  label,
  rowHeight = 32,
  followEnd = false,
  onStart,
  onEnd,
  class: name
}: Props<T>) {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 600 });
  const following = useRef(followEnd);

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const look = () => setView({ top: element.scrollTop, height: element.clientHeight });
    const scrolled = () => {
      following.current = followEnd && element.scrollTop + element.clientHeight >= element.scrollHeight - rowHeight;
      look();
    };
    const sized = new ResizeObserver(look);
    sized.observe(element);
    element.addEventListener('scroll', scrolled, { passive: true });
    return () => {
      sized.disconnect();
      element.removeEventListener('scroll', scrolled);
    };
  }, [followEnd, rowHeight]);

  // Rows that come in before the first push nothing down under the eyes of who reads.
  const start = items[0];
  const firstKey = start === undefined ? null : keyOf(start);
  const keptFirst = useRef(firstKey);
  useLayoutEffect(() => {
    const before = keptFirst.current;
    keptFirst.current = firstKey;
    if (before === null || before === firstKey || following.current || !box.current) return;
    const moved = items.findIndex((item) => keyOf(item) === before);
    if (moved > 0) box.current.scrollTop += moved * rowHeight;
  }, [firstKey]);

  useEffect(() => {
    if (view.top < NEAR_START * rowHeight) onStart?.();
  }, [view.top, firstKey]);

  useLayoutEffect(() => {
    const element = box.current;
    if (!element || !following.current) return;
    element.scrollTop = element.scrollHeight;
    onEnd?.();
  });

  const first = Math.max(0, Math.floor(view.top / rowHeight) - SPARE);
  const last = Math.min(items.length, Math.ceil((view.top + view.height) / rowHeight) + SPARE);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region is reached by keyboard
    <div ref={box} class={`virtual ${name ?? ''}`} tabIndex={0}>
      <ul class="virtual-rows" aria-label={label} style={{ height: `${items.length * rowHeight}px` }}>
        {items.slice(first, last).map((item, index) => (
          <li
            key={keyOf(item)}
            class="virtual-row"
            aria-setsize={items.length}
            aria-posinset={first + index + 1}
            style={{ transform: `translateY(${(first + index) * rowHeight}px)`, height: `${rowHeight}px` }}
          >
            {render(item)}
          </li>
        ))}
      </ul>
    </div>
  );
}
