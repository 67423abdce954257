import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { usePointed } from './pointed.ts';

interface Props<T> {
  /** Another list whenever it changes: one that is held stays as it is. */
  items: readonly T[];
  keyOf: (item: T) => string;
  render: (item: T) => ComponentChildren;
  /** What it is a list of, for who hears it. */
  label: string;
  /** px; every row has it. */
  rowHeight?: number;
  /** Stays at the newest until somebody scrolls away from it. */
  followEnd?: boolean;
  /** Who scrolls away from the newest reads what was there then; else newer rows go on being added below. */
  holdsAway?: boolean;
  /** There are newer rows than the last of `items`. */
  hasNewer?: boolean;
  /** Somebody is close to the first row: there may be more before it. */
  onStart?: () => void;
  /** Somebody is close to the last row, and there are newer. */
  onEnd?: () => void;
  /** Whether the newest is followed from now on. */
  onFollow?: (isFollowing: boolean) => void;
  /** Somebody wants the newest, and `hasNewer`. */
  onNewest?: () => void;
  class?: string;
  /** Stays above the rows. */
  head?: ComponentChildren;
  /** px; rows are that wide, and scrolled to the side. */
  width?: number;
}

/** Rows around those that are seen, so that scrolling finds them there. */
const SPARE = 8;
const NEAR = 20;

/**
 * Draws the rows that are seen and a few around them, however many there are. While it follows the newest, its rows are
 * places that are written over: at two thousand events a second nothing is made or thrown away. What somebody points at,
 * reads or has the focus in stays where it is.
 */
export function VirtualList<T>({
  items,
  keyOf,
  render,
  label,
  rowHeight = 32,
  followEnd = false,
  holdsAway = false,
  hasNewer = false,
  onStart,
  onEnd,
  onFollow,
  onNewest,
  class: name,
  head,
  width
}: Props<T>) {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 600 });
  const [isFollowing, follow] = useState(followEnd);
  const isPointed = usePointed(box);
  const held = useRef(items);
  const isHeld = followEnd && !isFollowing ? holdsAway : isPointed;
  if (!isHeld) held.current = items;
  const shown = held.current;
  const height = shown.length * rowHeight;
  const top = isFollowing ? Math.max(0, height - view.height) : view.top;

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const look = () => {
      const seen = { top: element.scrollTop, height: element.clientHeight };
      setView((known) => (known.top === seen.top && known.height === seen.height ? known : seen));
    };
    const scrolled = () => {
      follow(followEnd && !hasNewer && element.scrollTop + element.clientHeight >= element.scrollHeight - rowHeight);
      look();
    };
    const sized = new ResizeObserver(look);
    sized.observe(element);
    element.addEventListener('scroll', scrolled, { passive: true });
    return () => {
      sized.disconnect();
      element.removeEventListener('scroll', scrolled);
    };
  }, [followEnd, hasNewer, rowHeight]);

  useEffect(() => onFollow?.(isFollowing), [isFollowing]);

  // At the newest: written only when it is elsewhere, since it makes the browser lay out the page.
  useLayoutEffect(() => {
    if (isFollowing && box.current) box.current.scrollTop = height;
  }, [isFollowing, height, view.height]);

  // Rows that come or go before those that are read push nothing under the eyes of who reads.
  const before = useRef(shown);
  useLayoutEffect(() => {
    const was = before.current;
    before.current = shown;
    const element = box.current;
    if (!element || isFollowing || was === shown || (!followEnd && element.scrollTop === 0)) return;
    const first = Math.floor(element.scrollTop / rowHeight);
    const seen = was.slice(first, first + Math.ceil(element.clientHeight / rowHeight));
    const moved = shiftOf(seen.map(keyOf), first, shown, keyOf);
    if (moved !== 0) element.scrollTop += moved * rowHeight;
  }, [shown]);

  const [start, end] = [shown[0], shown.at(-1)];
  useEffect(() => {
    if (top < NEAR * rowHeight) onStart?.();
  }, [top, start && keyOf(start)]);
  useEffect(() => {
    if (hasNewer && !isFollowing && top + view.height > height - NEAR * rowHeight) onEnd?.();
  }, [top, hasNewer, end && keyOf(end)]);

  const toNewest = () => {
    onNewest?.();
    follow(true);
  };
  const first = Math.max(0, Math.floor(top / rowHeight) - SPARE);
  const last = Math.min(shown.length, Math.ceil((top + view.height) / rowHeight) + SPARE);
  return (
    <div class="virtual-frame">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region is reached by keyboard */}
      <div ref={box} class={`virtual ${name ?? ''}`} tabIndex={0}>
        {head}
        <ul
          class="virtual-rows"
          aria-label={label}
          style={{
            height: `${height}px`,
            ...(width === undefined ? {} : { width: `${width}px`, minWidth: '100%' })
          }}
        >
          {shown.slice(first, last).map((item, index) => (
            <li
              key={isFollowing ? index : keyOf(item)}
              class="virtual-row"
              aria-setsize={shown.length}
              aria-posinset={first + index + 1}
              style={{ transform: `translateY(${(first + index) * rowHeight}px)`, height: `${rowHeight}px` }}
            >
              {render(item)}
            </li>
          ))}
        </ul>
      </div>
      {followEnd && !isFollowing && (
        <button type="button" class="button to-newest" onClick={toNewest}>
          To the newest
        </button>
      )}
    </div>
  );
}

/** By how many places the rows that were seen moved: the least of them, since in a list that is sorted some go elsewhere. */
function shiftOf<T>(seen: string[], first: number, shown: readonly T[], keyOf: (item: T) => string): number {
  const isThere = (key: string, at: number) => {
    const item = shown[first + at];
    return item !== undefined && keyOf(item) === key;
  };
  if (seen.some(isThere)) return 0;
  const places = new Map(seen.map((key, at) => [key, first + at]));
  let least: number | undefined;
  shown.forEach((item, at) => {
    const place = places.get(keyOf(item));
    if (place !== undefined && (least === undefined || Math.abs(at - place) < Math.abs(least))) least = at - place;
  });
  return least ?? 0;
}
