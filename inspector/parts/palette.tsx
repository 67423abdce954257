/** Search by any id, from the keyboard: `/` or Ctrl-K opens it, arrows and Enter go there. */
import { signal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { SearchHit, SearchResult } from '../../schemas/generated/contracts.ts';
import { api } from '../api/connection.ts';
import { go, href } from '../state/router.ts';
import { StatePill } from './pill.tsx';
import { Since } from './time.tsx';

export const searching = signal(false);

/** Asked this long after the last key, ms. */
const PAUSE = 120;

addEventListener('keydown', (event) => {
  const isWriting = (event.target as Element).closest?.('input, textarea, select, [contenteditable]');
  const isSlash = event.key === '/' && !isWriting && !event.ctrlKey && !event.metaKey && !event.altKey;
  const isK = event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;
  if (!isSlash && !isK) return;
  event.preventDefault();
  searching.value = true;
});

export function SearchButton() {
  return (
    <button
      type="button"
      class="button search-button"
      onClick={() => {
        searching.value = true;
      }}
    >
      Search any id <kbd>/</kbd>
    </button>
  );
}

export function Palette() {
  return searching.value ? <Dialog /> : null;
}

function Dialog() {
  const box = useRef<HTMLDialogElement>(null);
  const asked = useSignal('');
  const hits = useSignal<SearchHit[]>([]);
  const state = useSignal<'idle' | 'asking' | 'here' | string>('idle');
  const chosen = useSignal(0);

  useEffect(() => {
    const dialog = box.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);

  useEffect(() => {
    const q = asked.value.trim();
    hits.value = [];
    chosen.value = 0;
    if (q === '') {
      state.value = 'idle';
      return;
    }
    state.value = 'asking';
    let over = false;
    const timer = setTimeout(async () => {
      try {
        const { items } = await api<SearchResult>('GET', `/v1/search?limit=12&q=${encodeURIComponent(q)}`);
        if (over) return;
        hits.value = items;
        state.value = 'here';
      } catch (error) {
        if (!over) state.value = (error as Error).message;
      }
    }, PAUSE);
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [asked.value]);

  const close = () => {
    searching.value = false;
  };
  const take = (hit: SearchHit | undefined) => {
    if (!hit) return;
    close();
    go(placeOf(hit));
  };
  const key = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0) chosen.value = Math.max(0, Math.min(hits.value.length - 1, chosen.value + step));
    else if (event.key === 'Enter') take(hits.value[chosen.value]);
    else return;
    event.preventDefault();
  };
  const status =
    state.value === 'idle'
      ? 'A command, a session, an approval, a correlation, an artifact, an event, an account, a flow: its id, or how it begins.'
      : state.value === 'asking'
        ? 'Looking…'
        : state.value !== 'here'
          ? state.value
          : hits.value.length === 0
            ? 'Nothing that you may see begins so.'
            : `${hits.value.length} found`;
  return (
    <dialog ref={box} class="palette" aria-label="Search" onClose={close} onKeyDown={key}>
      <input
        class="field mono"
        autofocus
        role="combobox"
        aria-label="Any id, or how it begins"
        aria-expanded={hits.value.length > 0}
        aria-controls="found"
        aria-activedescendant={hits.value.length > 0 ? `found-${chosen.value}` : undefined}
        autocomplete="off"
        spellcheck={false}
        value={asked.value}
        onInput={({ currentTarget }) => {
          asked.value = currentTarget.value;
        }}
      />
      {hits.value.length > 0 && (
        <div class="found" id="found" role="listbox" aria-label="Found">
          {hits.value.map((hit, index) => (
            <div
              key={`${hit.what} ${hit.kind} ${hit.id}`}
              id={`found-${index}`}
              role="option"
              tabIndex={-1}
              aria-selected={index === chosen.value}
              class="hit"
              onClick={() => take(hit)}
              onKeyDown={key}
              onPointerMove={() => {
                chosen.value = index;
              }}
            >
              <span class="muted small">{hit.kind === undefined ? hit.what : `${hit.what} ${hit.kind}`}</span>
              <span class="mono cut">{hit.what === 'event' ? `#${hit.cursor} ${hit.title}` : hit.id}</span>
              {hit.state === undefined ? (
                <span class="muted small cut">{hit.what === 'event' ? hit.id.slice(0, 8) : (hit.title ?? '')}</span>
              ) : (
                <StatePill state={hit.state} {...(hit.status ? { status: hit.status } : {})} />
              )}
              <span class="muted small">{hit.at !== undefined && <Since at={Date.parse(hit.at)} />}</span>
            </div>
          ))}
        </div>
      )}
      <p class="muted small" role="status">
        {status}
      </p>
    </dialog>
  );
}

/** Where what was found is looked at. */
export function placeOf(hit: SearchHit): string {
  switch (hit.what) {
    case 'actor':
      return href('actors', hit.kind ?? '', hit.id);
    case 'artifact':
      return hit.command_id ? href('actors', 'command', hit.command_id) : href('timeline');
    case 'account':
      return `${href('timeline')}?account_id=${encodeURIComponent(hit.id)}`;
    case 'correlation':
      return `${href('timeline')}?correlation_id=${encodeURIComponent(hit.id)}`;
    case 'event':
      return href('actors', hit.kind ?? '', hit.actor_id ?? '');
    case 'flow':
      return href('flows', hit.id);
  }
}
