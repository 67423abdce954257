/** What `main.ts` gives every command, and the flags most of them share. */
import type { Command } from 'commander';
import { type Api, createApi } from './api.ts';
import { type Connection, type ConnectionFlags, findInstance } from './connection.ts';
import type { ExitCode } from './exit.ts';
import { createTerminal, type OutputStream, type Terminal } from './terminal.ts';

export interface CliContext {
  env: Record<string, string | undefined>;
  out: OutputStream;
  err: OutputStream;
  /** Aborts at the first SIGINT or SIGTERM: end cleanly. */
  signal: AbortSignal;
}

/** Adds a command of its own to the program; `ends` gets the exit code of its action. */
export type AddCommand = (program: Command, context: CliContext, ends: (code: ExitCode) => void) => void;

export interface ClientFlags extends ConnectionFlags {
  json?: boolean;
}

export const withClientFlags = (command: Command): Command =>
  command
    .option('--data <DIR>', 'data directory of the running instance (env TROUPE_DATA; default ./data)')
    .option('--config <FILE>', 'configuration file that says where the data directory is (env TROUPE_CONFIG)')
    .option('--url <URL>', 'its control plane, when it is elsewhere (env TROUPE_URL)')
    .option('--telemetry-url <URL>', 'its stream (env TROUPE_TELEMETRY_URL; default: the port after that of --url)')
    .option('--token <TOKEN>', 'bearer token (env TROUPE_TOKEN; default DIR/admin.token)')
    .option('--ca <FILE>', 'PEM file of the authority its certificate is of (env TROUPE_CA)')
    .option('--cert <FILE>', 'certificate to show to one that asks for it, PEM (env TROUPE_CERT)')
    .option('--key <FILE>', 'its key (env TROUPE_KEY)')
    .option('--json', 'JSON lines, as in a pipe');

export interface Client {
  connection: Connection;
  api: Api;
  terminal: Terminal;
}

/** @throws CliError when no instance or token is found */
export function connect(flags: ClientFlags, context: CliContext): Client {
  const connection = findInstance(flags, context.env);
  return {
    connection,
    api: createApi(connection, context.signal),
    terminal: createTerminal(context, { env: context.env, json: flags.json })
  };
}
