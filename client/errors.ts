import type { ErrorCode } from '../schemas/errors.ts';
import type { Problem } from '../schemas/generated/contracts.ts';

/**
 * What the client itself finds: nobody answers (or nobody of ours), or the log no longer holds events that were asked for.
 * Every other code is the server's, from the catalogue.
 */
export type ClientCode = 'UNREACHABLE' | 'NOT_TROUPE' | 'EVENTS_GONE';

/** Match `code`, never the text. */
export class TroupeError extends Error {
  readonly code: ErrorCode | ClientCode;
  /** HTTP status; 0 where there was no answer, or it came on the stream. */
  readonly status: number;
  readonly details: Record<string, unknown>;
  /** Names the request in the server's log. */
  readonly requestId: string | null;
  /** Seconds the server asked to be left alone for. */
  readonly retryAfter: number | null;

  constructor(
    code: ErrorCode | ClientCode,
    message: string,
    {
      status = 0,
      details = {},
      requestId = null,
      retryAfter = null,
      cause
    }: {
      status?: number;
      details?: Record<string, unknown>;
      requestId?: string | null;
      retryAfter?: number | null;
      cause?: unknown;
    } = {}
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'TroupeError';
    this.code = code;
    this.status = status;
    this.details = details;
    this.requestId = requestId;
    this.retryAfter = retryAfter;
  }
}

/** The server's problem+json, or what a proxy between says instead. */
export function refusal(status: number, text: string, retryAfter: number | null): TroupeError {
  const problem = problemOf(text);
  if (!problem) {
    return new TroupeError('NOT_TROUPE', `the server answered ${status}: ${text.slice(0, 200) || 'no text'}`, {
      status,
      retryAfter
    });
  }
  return new TroupeError(problem.code as ErrorCode, problem.detail, {
    status,
    details: { ...problem.details, ...(problem.errors ? { errors: problem.errors } : {}) },
    requestId: problem.request_id,
    retryAfter: retryAfter ?? problem.retry_after ?? null
  });
}

function problemOf(text: string): Problem | undefined {
  try {
    const parsed = JSON.parse(text) as Problem | null;
    return typeof parsed?.code === 'string' && typeof parsed.detail === 'string' ? parsed : undefined;
  } catch {
    return undefined;
  }
}
