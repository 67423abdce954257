/** `/inspector/actors/command/ID` is a place, a link and a history entry. */
import { signal } from '@preact/signals';

const BASE = '/inspector';

const read = () => location.pathname.slice(BASE.length).split('/').filter(Boolean).map(decodeURIComponent);

/** Segments after `/inspector`: `['actors', 'command', ID]`. */
export const place = signal<string[]>(read());
/** Its query: filters, the cursor one looks at. */
export const query = signal(new URLSearchParams(location.search));

export const href = (...segments: string[]): string => [BASE, ...segments.map(encodeURIComponent)].join('/');

/** Who looks at the past stays there, wherever in it a link leads. */
export function go(to: string): void {
  const next = new URL(to, location.href);
  const at = query.peek().get('at');
  if (at !== null && !next.searchParams.has('at')) next.searchParams.set('at', at);
  history.pushState(null, '', next.pathname + next.search);
  settle();
}

/** Changes the query and leaves no entry: what a scrubber does a hundred times. */
export function setQuery(changes: Record<string, string | null>): void {
  const next = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) next.delete(name);
    else next.set(name, value);
  }
  const text = next.toString();
  history.replaceState(null, '', text === '' ? location.pathname : `${location.pathname}?${text}`);
  settle();
}

function settle(): void {
  place.value = read();
  query.value = new URLSearchParams(location.search);
}

addEventListener('popstate', settle);

/** Links within the page change the place; all else is the browser's. */
addEventListener('click', (event) => {
  const link = (event.target as Element).closest?.('a');
  const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  if (!link || !isPlain || event.defaultPrevented || link.target || link.hasAttribute('download')) return;
  const to = new URL(link.href);
  if (to.origin !== location.origin || !to.pathname.startsWith(BASE)) return;
  event.preventDefault();
  go(to.pathname + to.search);
});
