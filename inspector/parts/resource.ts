import { type ReadonlySignal, signal } from '@preact/signals';
import { api } from '../api/connection.ts';
import { streamState } from '../api/stream.ts';

export type Resource<T> = { state: 'loading' } | { state: 'here'; value: T } | { state: 'failed'; why: string };

const kept = new Map<string, ReadonlySignal<Resource<unknown>>>();

/** What could not be had is asked for again once the planes are back, not whenever it is drawn. */
streamState.subscribe((state) => {
  if (state !== 'live') return;
  for (const [path, found] of kept) if (found.peek().state === 'failed') kept.delete(path);
});

/** What a GET answers, asked for once: for what does not change while the page is open, such as a machine's picture. */
export function resource<T>(path: string): ReadonlySignal<Resource<T>> {
  const known = kept.get(path);
  if (known) return known as ReadonlySignal<Resource<T>>;
  const made = signal<Resource<T>>({ state: 'loading' });
  kept.set(path, made);
  api<T>('GET', path).then(
    (value) => {
      made.value = { state: 'here', value };
    },
    (error: Error) => {
      made.value = { state: 'failed', why: error.message };
    }
  );
  return made;
}
