/** The stream for commands of ours: that of the client, ending with our exit codes. */
import { TroupeError } from '../../client/errors.ts';
import { type Heard, listen, type StreamOptions } from '../../client/stream.ts';
import type { Connection } from './connection.ts';
import { CliError, EXIT } from './exit.ts';

export interface EventOptions extends StreamOptions {
  signal: AbortSignal;
}

/** A person who watches is told sooner than a program that nothing comes back. */
const RETRIES = 8;

/**
 * Ends when `signal` aborts.
 * @throws CliError denied for a token that is refused, unreachable when the connection does not come back
 */
export async function* events(
  { telemetry, token, tls }: Connection,
  options: EventOptions
): AsyncGenerator<Heard, void, void> {
  try {
    yield* listen({ telemetryUrl: telemetry, token, ...(tls ? { tls } : {}) }, { retries: RETRIES, ...options });
  } catch (error) {
    if (!(error instanceof TroupeError)) throw error;
    if (error.code === 'UNREACHABLE') throw new CliError(error.message, EXIT.unreachable, error);
    const denied = error.code === 'UNAUTHENTICATED' || error.code === 'FORBIDDEN';
    throw new CliError(`${error.code}: ${error.message}`, denied ? EXIT.denied : EXIT.usage, error);
  }
}
