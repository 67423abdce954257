/** Who is stuck, asked for again and again: one gets stuck by time going by, of which no row of the log tells. */
import { computed, signal } from '@preact/signals';
import type { StuckActor, StuckPage } from '../../schemas/generated/contracts.ts';
import { api, may } from '../api/connection.ts';
import type { Resource } from '../parts/resource.ts';

/** Between two looks while the page is seen. */
const EVERY_MS = 5_000;
/** Those that are stuck longest; past them it is a matter for a program. */
const MOST = 200;

export interface Stuck extends StuckActor {
  /** When it came into its state by this browser's clock, ms since 1970. */
  sinceHere: number;
}

export const stuck = signal<Resource<{ items: Stuck[]; total: number }>>({ state: 'loading' });
export const stuckCount = computed(() => (stuck.value.state === 'here' ? stuck.value.value.total : 0));

/** Looks until it is told to stop. What is shown stays while it cannot be read anew for a moment. */
export function watchStuck(): () => void {
  let over = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = async () => {
    if (!document.hidden) {
      const found = await read();
      if (over) return;
      stuck.value = found;
    }
    timer = setTimeout(() => void look(), EVERY_MS);
  };
  if (may('read:actors')) void look();
  else stuck.value = { state: 'failed', why: 'Your token lacks the scope read:actors.' };
  return () => {
    over = true;
    clearTimeout(timer);
    stuck.value = { state: 'loading' };
  };
}

async function read(): Promise<typeof stuck.value> {
  try {
    const { items, total } = await api<StuckPage>('GET', `/v1/stuck?limit=${MOST}`);
    const here = Date.now();
    return {
      state: 'here',
      value: { items: items.map((one) => ({ ...one, sinceHere: here - one.for_ms })), total }
    };
  } catch (error) {
    return { state: 'failed', why: (error as Error).message };
  }
}
