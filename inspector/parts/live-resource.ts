import { useEffect, useRef, useState } from 'preact/hooks';
import type { EventEnvelope } from '../../schemas/generated/contracts.ts';
import { api } from '../api/connection.ts';
import { at, pathAt } from '../state/cursor.ts';
import { latestOf, readPast } from '../state/past.ts';
import { onRows } from '../state/world.ts';
import type { Resource } from './resource.ts';

/** Asked again at most so often, however much happens. */
const PACE_MS = 700;

/**
 * What a GET answers, asked again after rows of the log that concern it. What is shown stays until the new answer is
 * here, so that nothing flickers. Of the past, what it was at the cursor. `path` null asks nothing.
 */
export function useLive<T>(
  path: string | null,
  concerns: (row: EventEnvelope) => boolean,
  paceMs = PACE_MS
): Resource<T> & { again(): void } {
  const [found, setFound] = useState<Resource<T>>({ state: 'loading' });
  const [asked, ask] = useState(0);
  const cursor = path !== null && path !== pathAt(path, 0) ? at.value : null;
  const look = useRef<ReturnType<typeof latestOf<string, T>> | null>(null);
  look.current ??= latestOf(
    (wanted: string) => readPast<T>(wanted),
    (_, value) => setFound({ state: 'here', value }),
    (error) => setFound({ state: 'failed', why: error.message })
  );

  // What was does not change.
  useEffect(() => {
    void look.current?.(path === null || cursor === null ? undefined : pathAt(path, cursor));
    return () => void look.current?.(undefined);
  }, [path, cursor]);

  useEffect(() => {
    if (path === null || cursor !== null) return;
    let over = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const read = async () => {
      timer = undefined;
      try {
        const value = await api<T>('GET', path);
        if (!over) setFound({ state: 'here', value });
      } catch (error) {
        if (!over) setFound({ state: 'failed', why: (error as Error).message });
      }
    };
    void read();
    const stop = onRows((batch) => {
      if (timer === undefined && batch.some(concerns)) timer = setTimeout(() => void read(), paceMs);
    });
    return () => {
      over = true;
      clearTimeout(timer);
      stop();
    };
  }, [path, asked, cursor !== null]);

  return { ...found, again: () => ask((times) => times + 1) };
}
