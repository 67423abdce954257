/** Light, dark, or as the system says; kept for this browser. */
import { signal } from '@preact/signals';

export type Theme = 'system' | 'light' | 'dark';
const KEPT = 'troupe.theme';
const isTheme = (text: string | null): text is Theme => text === 'system' || text === 'light' || text === 'dark';
const kept = localStorage.getItem(KEPT);

export const theme = signal<Theme>(isTheme(kept) ? kept : 'system');

theme.subscribe((value) => {
  if (value === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = value;
  localStorage.setItem(KEPT, value);
});

export function turnTheme(): void {
  theme.value = theme.value === 'system' ? 'light' : theme.value === 'light' ? 'dark' : 'system';
}
