/** Which running instance a command talks to, and as whom. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { TlsOptions } from '../../client/tls.ts';
import { describe } from '../../schemas/errors.ts';
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
  ca?: string;
  cert?: string;
  key?: string;
}

export interface Connection {
  /** http://HOST:PORT, or https:// */
  control: string;
  /** ws://HOST:PORT, or wss:// */
  telemetry: string;
  token: string;
  /** Where an authority or a certificate of one's own was named. */
  tls?: TlsOptions;
}

/**
 * With `--url` (TROUPE_URL) that instance, else the one that holds the data directory. The token is `--token`
 * (TROUPE_TOKEN), else the admin token of the data directory. `--ca`, `--cert` and `--key` (TROUPE_CA, TROUPE_CERT,
 * TROUPE_KEY) are for one with TLS.
 * @throws CliError unreachable or usage
 */
export function findInstance(flags: ConnectionFlags, env: Record<string, string | undefined>): Connection {
  const url = flags.url ?? env.TROUPE_URL;
  const dataDir = resolve(readConfig({ data: flags.data }, env, flags.config).data);
  const { control, telemetry } = url
    ? { control: controlUrl(url), telemetry: flags.telemetryUrl ?? env.TROUPE_TELEMETRY_URL ?? telemetryBeside(url) }
    : local(dataDir);
  const tls = tlsOf(flags, env);
  return {
    control,
    telemetry,
    token: flags.token ?? env.TROUPE_TOKEN ?? adminToken(dataDir),
    ...(tls ? { tls } : {})
  };
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

/** PEM files as they are. @throws CliError usage, naming the flag or variable whose file cannot be read */
function tlsOf(flags: ConnectionFlags, env: Record<string, string | undefined>): TlsOptions | undefined {
  const tls: TlsOptions = {};
  for (const name of ['ca', 'cert', 'key'] as const) {
    const variable = `TROUPE_${name.toUpperCase()}`;
    const path = flags[name] ?? env[variable];
    if (path === undefined || path === '') continue;
    try {
      tls[name] = readFileSync(path, 'utf8');
    } catch (cause) {
      const option = flags[name] === undefined ? variable : `--${name}`;
      throw new CliError(`${option} '${path}' cannot be read: ${describe(cause)}`, EXIT.usage, cause);
    }
  }
  for (const [name, other] of [
    ['cert', 'key'],
    ['key', 'cert']
  ] as const) {
    if (tls[name] && !tls[other]) throw new CliError(`--${name} needs --${other} beside it`, EXIT.usage);
  }
  return Object.keys(tls).length > 0 ? tls : undefined;
}
