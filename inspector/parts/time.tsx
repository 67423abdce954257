import { signal } from '@preact/signals';

/** Moves once a second while somebody looks. */
export const now = signal(Date.now());
setInterval(() => {
  if (!document.hidden) now.value = Date.now();
}, 1_000);

const UNITS: [number, string][] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's']
];

/** `3 min`, `12 s`; under a second `now`. */
export function duration(ms: number): string {
  const [size, name] = UNITS.find(([unit]) => Math.abs(ms) >= unit) ?? [1, ''];
  return name === '' ? 'now' : `${Math.floor(Math.abs(ms) / size)} ${name}`;
}

/** How long since; the exact time on hover. `at` in ms since 1970. */
export function Since({ at }: { at: number }) {
  return (
    <time dateTime={new Date(at).toISOString()} title={new Date(at).toLocaleString()}>
      {duration(now.value - at)}
    </time>
  );
}

export const clockTime = (instant: string): string => instant.slice(11, 23);
