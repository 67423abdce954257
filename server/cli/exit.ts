/** How a command of ours ends, for scripts that call it. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  unreachable: 3,
  denied: 4,
  timedOut: 5,
  /** Ctrl-C while it waited for something, as shells have it. */
  interrupted: 130
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends a command with this text on stderr and this exit code. */
export class CliError extends Error {
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'CliError';
    this.exitCode = exitCode;
  }
}

const TIMED_OUT = new Set(['DEADLINE_EXCEEDED', 'QUEUE_TIMEOUT', 'APPROVAL_EXPIRED']);
const DENIED = new Set(['CANCELLED', 'APPROVAL_DENIED']);

/** How `troupe run` ends for a command that has ended. */
export function exitCodeOf(command: { state: string; error: { code: string } | null }): ExitCode {
  if (command.state === 'SUCCEEDED') return EXIT.done;
  if (command.state === 'CANCELLED' || DENIED.has(command.error?.code ?? '')) return EXIT.denied;
  return TIMED_OUT.has(command.error?.code ?? '') ? EXIT.timedOut : EXIT.failed;
}

/** How a command of ours ends when the server refused its request. */
export function exitCodeOfStatus(status: number): ExitCode {
  if (status === 401 || status === 403) return EXIT.denied;
  return status === 400 || status === 413 ? EXIT.usage : EXIT.failed;
}
