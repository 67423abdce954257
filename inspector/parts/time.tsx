import { computed, signal } from '@preact/signals';
import { moment } from '../state/cursor.ts';

const clock = signal(Date.now());
/** Moves once a second while somebody looks; of the past it is the time that it was. */
export const now = computed(() => moment.value ?? clock.value);
setInterval(() => {
  if (!document.hidden) clock.value = Date.now();
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

/** How long until then, or how long ago it was. `at` in ms since 1970. */
export function Ahead({ at }: { at: number }) {
  const left = at - now.value;
  const words = duration(left);
  return (
    <time dateTime={new Date(at).toISOString()} title={new Date(at).toLocaleString()}>
      {words === 'now' ? words : left > 0 ? `in ${words}` : `${words} ago`}
    </time>
  );
}

/** A length of time as exact as anybody wants it: `36 ms`, `4.6 s`, `12 min`. */
export function span(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1_000).toFixed(1)} s`;
  return duration(ms);
}

export const clockTime = (instant: string): string => instant.slice(11, 23);
