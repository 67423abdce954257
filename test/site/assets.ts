import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const types: Record<string, string> = { css: 'text/css', js: 'text/javascript', svg: 'image/svg+xml' };

/** Beside this file in a checkout; from `dist/test/site` it is at the package's root. */
const folder = ['./public/', '../../../test/site/public/']
  .map((place) => new URL(place, import.meta.url))
  .find((place) => existsSync(place));

const names = ['site.css', 'site.js', 'variants.js', 'studio.js', 'icon.svg'] as const;

export interface Asset {
  type: string;
  body: Buffer;
}

/** A film of a second, H.264 in MP4. */
export const videoFile = (): Buffer => readFileSync(new URL('video.mp4', publicFolder()));

function publicFolder(): URL {
  if (!folder) throw new Error(`the site's public folder is not beside ${fileURLToPath(import.meta.url)}`);
  return folder;
}

/** Path → file, all of them read once. @throws Error when the package was shipped without them. */
export function readAssets(): ReadonlyMap<string, Asset> {
  const from = publicFolder();
  return new Map(
    names.map((name) => [
      `/${name}`,
      { type: types[name.split('.').at(-1)!]!, body: readFileSync(new URL(name, from)) }
    ])
  );
}
