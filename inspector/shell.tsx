import type { ReadonlySignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { identity, signOut } from './api/connection.ts';
import { streamState, streamTrouble } from './api/stream.ts';
import icon from './icon.svg';
import { Palette, SearchButton } from './parts/palette.tsx';
import { Scrubber } from './parts/scrubber.tsx';
import { at } from './state/cursor.ts';
import { href, place } from './state/router.ts';
import { theme, turnTheme } from './state/theme.ts';

export interface Section {
  name: string;
  title: string;
  /** How many there are that somebody should look at; 0 shows nothing. */
  count?: ReadonlySignal<number>;
}

const WORDS = { connecting: 'connecting', replaying: 'catching up', live: 'live', lost: 'reconnecting' };

/** What stays: where one is, whether it is live, and the way to everything else. */
export function Shell({ sections, children }: { sections: Section[]; children: ComponentChildren }) {
  const here = place.value[0] ?? '';
  return (
    <div class="shell">
      <header class="bar">
        <span class="connection" data-state={streamState.value} role="status" title={streamTrouble.value ?? ''}>
          <i />
          {WORDS[streamState.value]}
        </span>
        <span class="grow" />
        <SearchButton />
        <span class="small muted">{identity.value?.service}</span>
        <button type="button" class="button quiet" onClick={turnTheme} aria-label={`Colours: ${theme.value}`}>
          {theme.value}
        </button>
        <button type="button" class="button quiet" onClick={signOut}>
          Sign out
        </button>
      </header>
      <nav class="rail" aria-label="Sections">
        <a class="brand" href={href()}>
          <img src={icon} alt="" />
          Troupe
        </a>
        {sections.map(({ name, title, count }) => {
          const some = count?.value ?? 0;
          return (
            <a key={name} href={href(...(name === '' ? [] : [name]))} aria-current={here === name ? 'page' : undefined}>
              {title}
              {some > 0 && <span class="count pill tone-ask">{some > 999 ? '999+' : some}</span>}
            </a>
          );
        })}
      </nav>
      <Palette />
      <main class={`main ${at.value === null ? '' : 'is-past'}`} id="main" tabIndex={-1}>
        <Scrubber />
        {children}
      </main>
    </div>
  );
}
