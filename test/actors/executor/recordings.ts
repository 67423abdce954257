import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../actors/package-root.ts';

const folder = join(packageRoot(), 'test', 'actors', 'executor', 'recordings');

/** Where the recordings were made; the only thing about them that is changed is this. */
const RECORDED_AT = 'http://127.0.0.1:8080';

export const recordingNames = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name) => name.slice(0, -'.json'.length));

/** As the Recorder exported it, of the site at this address. */
export const recordingOf = (name: string, site: string): unknown =>
  JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8').replaceAll(RECORDED_AT, site));
