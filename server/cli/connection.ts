/** Which running instance a command talks to, and as whom. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readConfig } from '../config.ts';
import { readEndpoints } from '../endpoints.ts';
import { CliError, EXIT } from './exit.ts';

/** Flags of every command that talks to an instance. */
export interface ConnectionFlags {
  data?: string;
  config?: string;
  url?: string;
  telemetryUrl?: string;
  token?: string;
}

export interface Connection {
  /** http://HOST:PORT */
  control: string;
  /** ws://HOST:PORT */
  telemetry: string;
  token: string;
}

/**
 * With `--url` (TROUPE_URL) that instance, else the one that holds the data directory. The token is `--token`
 * (TROUPE_TOKEN), else the admin token of the data directory.
 * @throws CliError unreachable or usage
 */
export function findInstance(flags: ConnectionFlags, env: Record<string, string | undefined>): Connection {
  const url = flags.url ?? env.TROUPE_URL;
  const dataDir = resolve(readConfig({ data: flags.data }, env, flags.config).data);
  const { control, telemetry } = url
    ? { control: controlUrl(url), telemetry: flags.telemetryUrl ?? env.TROUPE_TELEMETRY_URL ?? telemetryBeside(url) }
    : local(dataDir);
  return { control, telemetry, token: flags.token ?? env.TROUPE_TOKEN ?? adminToken(dataDir) };
}

function local(dataDir: string) {
  const endpoints = readEndpoints(dataDir);
  if (endpoints) return endpoints;
  throw new CliError(
    `nothing runs on ${dataDir}; start it with 'troupe start', or name another with --data DIR or --url URL`,
    EXIT.unreachable
  );
}

function controlUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new CliError(`--url '${text}' is not an http address, like http://127.0.0.1:7070`, EXIT.usage);
  }
  return text.replace(/\/+$/, '');
}

/** As the default ports have it: the stream is one port further. */
function telemetryBeside(url: string): string {
  const { protocol, hostname, port } = new URL(controlUrl(url));
  const secure = protocol === 'https:';
  return `${secure ? 'wss' : 'ws'}://${hostname}:${Number(port || (secure ? 443 : 80)) + 1}`;
}

function adminToken(dataDir: string): string {
  try {
    return readFileSync(join(dataDir, 'admin.token'), 'utf8').trim();
  } catch (cause) {
    throw new CliError(
      `no token: pass --token, set TROUPE_TOKEN, or name the instance's data directory with --data`,
      EXIT.denied,
      cause
    );
  }
}
