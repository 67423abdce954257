/** `DIR/endpoints.json`: where the process that holds a data directory listens, for programs on the same machine. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { join } from 'node:path';

export interface Endpoints {
  pid: number;
  /** http://HOST:PORT, https:// where it has a certificate. */
  control: string;
  /** ws://HOST:PORT, or wss:// */
  telemetry: string;
  /** Paths of the recipe sockets; null for one that is not there. */
  recipes?: { stream: string | null; datagram: string | null } | null;
}

/** An IPv6 host gets its brackets. */
export const endpointUrl = (scheme: 'http' | 'https' | 'ws' | 'wss', host: string, port: number): string =>
  `${scheme}://${isIPv6(host) ? `[${host}]` : host}:${port}`;

const pathIn = (dataDir: string) => join(dataDir, 'endpoints.json');

/** Renamed into place: a reader sees all of it or nothing. */
export function writeEndpoints(dataDir: string, endpoints: Endpoints): void {
  const draft = `${pathIn(dataDir)}.${endpoints.pid}`;
  writeFileSync(draft, `${JSON.stringify(endpoints)}\n`, { mode: 0o600 });
  renameSync(draft, pathIn(dataDir));
}

/** Undefined when nobody runs there, or did and was killed: a file whose process is gone says nothing. */
export function readEndpoints(dataDir: string): Endpoints | undefined {
  try {
    const endpoints = JSON.parse(readFileSync(pathIn(dataDir), 'utf8')) as Endpoints;
    return isAlive(endpoints.pid) ? endpoints : undefined;
  } catch {
    return undefined;
  }
}

/** Only the file of this process: a successor may have written its own. */
export function removeEndpoints(dataDir: string, pid: number): void {
  if (readEndpoints(dataDir)?.pid === pid) rmSync(pathIn(dataDir), { force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
