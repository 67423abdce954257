/**
 * The inspector's files, as Vite built them, at `/inspector`. Nobody needs a token for them: they hold no data, and
 * what the page shows it asks the API for with the token of whoever signed in.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import type Router from '@koa/router';
import { packageRoot } from '../../actors/package-root.ts';
import { ControlError } from '../../schemas/errors.ts';
import type { Ctx } from '../control/request.ts';

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml'
};

export interface PageOptions {
  /** ws://HOST:PORT of the telemetry plane, once it listens. */
  telemetry: () => string;
  version: string;
  stub: boolean;
  /** Where Vite put it. */
  folder?: string;
}

/** GET /inspector and everything under it. A path that is no file is a place within the page. */
export function inspectorPage(
  router: Router,
  { telemetry, version, stub, folder = join(packageRoot(), 'dist', 'inspector') }: PageOptions
): void {
  // A dozen small files, read once: no request's path ever becomes a path on the disk.
  const files = readAll(folder);

  router.get('/inspector/connection.json', (ctx) => {
    ctx.body = { telemetry: seenBy(ctx, telemetry()), version, stub };
  });

  router.get(['/inspector', '/inspector/{*path}'], (ctx) => {
    const name = ctx.path.slice('/inspector/'.length);
    const file = files.get(name) ?? (extname(name) === '' ? files.get('index.html') : undefined);
    if (!file) {
      if (files.size === 0) throw new ControlError('INSPECTOR_NOT_BUILT', { folder });
      throw new ControlError('ROUTE_NOT_FOUND', { method: ctx.method, path: ctx.path.slice(0, 200) });
    }
    const isPage = file.type.startsWith('text/html');
    ctx.set({
      'Content-Type': file.type,
      // Its name holds a hash of what is in it, but for the page itself.
      'Cache-Control': isPage ? 'no-cache' : 'public, max-age=31536000, immutable',
      'Content-Security-Policy': policy(seenBy(ctx, telemetry()))
    });
    ctx.body = file.body;
  });
}

/** Nothing from elsewhere, nothing inline; the page talks to the two planes. */
const policy = (telemetry: string) =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "style-src-attr 'unsafe-inline'",
    "img-src 'self' blob:",
    `connect-src 'self' ${telemetry}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'"
  ].join('; ');

/** A plane bound to all addresses is reached by the name the page was asked for. */
function seenBy(ctx: Ctx, telemetry: string): string {
  const url = new URL(telemetry);
  if (['0.0.0.0', '[::]'].includes(url.hostname)) url.hostname = new URL(`http://${ctx.host}`).hostname;
  return url.href.replace(/\/$/, '');
}

function readAll(folder: string): Map<string, { type: string; body: Buffer }> {
  const files = new Map<string, { type: string; body: Buffer }>();
  let names: string[] = [];
  try {
    names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  for (const name of names) {
    const type = TYPES[extname(name)];
    const path = join(folder, name);
    if (type) files.set(relative(folder, path).split(sep).join('/'), { type, body: readFileSync(path) });
  }
  return files;
}
