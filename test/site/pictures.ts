/** Drawn here, so that no page asks another host for anything. */
import { html, Markup } from './html.ts';
import { randomFrom } from './random.ts';
import type { Account } from './seed.ts';

/** A round avatar with the account's initials. */
export function avatar(account: Account, size = 40): Markup {
  const [from, to] = account.hues;
  const initials = account.fullName
    .split(' ')
    .map((part) => part[0])
    .join('');
  const id = `avatar-${account.name}`;
  return html`<svg class="avatar" width="${size}" height="${size}" viewBox="0 0 40 40" aria-hidden="true">
    <defs>
      <linearGradient id="${id}" x1="0" y1="0" x2="1" y2="1">
        <stop offset="0" stop-color="hsl(${from} 72% 62%)" /><stop offset="1" stop-color="hsl(${to} 62% 46%)" />
      </linearGradient>
    </defs>
    <circle cx="20" cy="20" r="20" fill="url(#${id})" />
    <text x="20" y="25.2" text-anchor="middle" fill="#fff" font-size="14" font-weight="600">${initials}</text>
  </svg>`;
}

interface Palette {
  sky: [string, string];
  sun: string;
  /** Hue of the hills, degrees. */
  hills: number;
}

const palettes: readonly Palette[] = [
  { sky: ['#fde3cf', '#c9dcf2'], sun: '#fff6e6', hills: 215 },
  { sky: ['#fbe8c8', '#cfe8dd'], sun: '#fffbe9', hills: 150 },
  { sky: ['#f9d5d3', '#d9d3f0'], sun: '#fff1e8', hills: 262 },
  { sky: ['#dff1f5', '#bcd7f0'], sun: '#ffffff', hills: 196 }
];

/** Hills under a low sun, another for every seed. Wide: 3 to 1. */
export function landscape(seed: number): Markup {
  const random = randomFrom(seed);
  const { sky, sun, hills } = palettes[seed % palettes.length]!;
  const sunX = 130 + Math.round(random() * 340);
  const layers = [0, 1, 2, 3].map((layer) => {
    const base = 92 + layer * 26;
    const reach = 34 - layer * 6;
    const tops = Array.from({ length: 9 }, (_, i) => ({ x: i * 75, y: base - random() * reach }));
    let path = `M0 200 L0 ${tops[0]!.y.toFixed(1)}`;
    for (const [i, top] of tops.slice(1).entries()) {
      const before = tops[i]!;
      const middle = (before.x + top.x) / 2;
      path += ` C${middle} ${before.y.toFixed(1)} ${middle} ${top.y.toFixed(1)} ${top.x} ${top.y.toFixed(1)}`;
    }
    return html`<path d="${path} L600 200 Z" fill="hsl(${hills} ${24 + layer * 5}% ${76 - layer * 13}%)" />
      <rect y="${base - 4}" width="600" height="60" fill="url(#fog-${seed})" opacity="${0.5 - layer * 0.1}" />`;
  });
  return html`<svg class="picture" viewBox="0 0 600 200" preserveAspectRatio="xMidYMid slice" role="img" aria-label="Hills under a low sun">
    <defs>
      <linearGradient id="sky-${seed}" x1="0" y1="1" x2="0" y2="0">
        <stop offset="0" stop-color="${sky[0]}" /><stop offset="1" stop-color="${sky[1]}" />
      </linearGradient>
      <linearGradient id="fog-${seed}" x1="0" y1="0" x2="0" y2="1">
        <stop offset="0" stop-color="#fff" stop-opacity="0" /><stop offset=".5" stop-color="#fff" stop-opacity=".7" />
        <stop offset="1" stop-color="#fff" stop-opacity="0" />
      </linearGradient>
      <radialGradient id="glow-${seed}"><stop offset="0" stop-color="${sun}" /><stop offset="1" stop-color="${sun}" stop-opacity="0" /></radialGradient>
    </defs>
    <rect width="600" height="200" fill="url(#sky-${seed})" />
    <circle cx="${sunX}" cy="66" r="92" fill="url(#glow-${seed})" opacity=".9" />
    <circle cx="${sunX}" cy="66" r="19" fill="${sun}" />
    ${layers}
  </svg>`;
}

const stroke = (path: string) =>
  new Markup(
    `<svg class="icon" viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${path}</svg>`
  );

export const icons = {
  heart: stroke(
    '<path class="heart" d="M12 20s-7.5-4.6-9-9.2C1.9 7.3 4 4.5 7.1 4.5c2 0 3.7 1.1 4.9 3 1.2-1.9 2.9-3 4.9-3 3.1 0 5.2 2.8 4.1 6.3C19.500 15.400 12 20 12 20z"/>'
  ),
  bubble: stroke('<path d="M20.500 11.500a8 8 0 0 1-11.800 7l-4.700 1.500 1.500-4.500a8 8 0 1 1 15-4z"/>'),
  home: stroke('<path d="M4 11l8-7 8 7v8.500a1 1 0 0 1-1 1h-4.500v-6h-5v6H5a1 1 0 0 1-1-1z"/>'),
  flask: stroke(
    '<path d="M9.500 3.500h5M10.500 3.500v6L5 18.600a1.300 1.300 0 0 0 1.100 1.900h11.800a1.300 1.300 0 0 0 1.100-1.900L13.500 9.500v-6M7.800 14.500h8.400"/>'
  ),
  film: stroke(
    '<path d="M4.500 5h15v14h-15zM8.500 5v14M15.500 5v14M4.500 9.500h4M4.500 14.500h4M15.500 9.500h4M15.500 14.500h4"/>'
  ),
  leave: stroke(
    '<path d="M14 4.500H6.500a1 1 0 0 0-1 1v13a1 1 0 0 0 1 1H14M10.500 12H20M16.500 8.500L20 12l-3.500 3.500"/>'
  )
};
