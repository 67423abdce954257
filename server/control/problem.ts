import type { Middleware } from 'koa';
import type { Logger } from 'pino';
import { ControlError, type ErrorCode } from '../../schemas/errors.ts';
import type { Problem } from '../../schemas/generated/contracts.ts';

/** Seconds after which it is worth trying again, where nobody knows better. */
const RETRY_AFTER = 5;

/** Every failure as problem+json (RFC 9457). What is not of the catalogue is INTERNAL, its text in the log only. */
export const problems =
  (logger: Logger): Middleware =>
  async (ctx, next) => {
    try {
      await next();
    } catch (thrown) {
      const requestId = ctx.state.requestId as string;
      const error = thrown instanceof ControlError ? thrown : new ControlError('INTERNAL', {}, thrown);
      if (error.code === 'INTERNAL') {
        logger.error({ err: thrown, requestId, method: ctx.method, path: ctx.path }, 'request failed');
      }
      answerProblem(ctx, problemOf(error, requestId));
    }
  };

export function problemOf(error: ControlError, requestId: string): Problem {
  const { errors, retryAfter, ...details } = error.details as {
    errors?: Problem['errors'];
    retryAfter?: number;
    [key: string]: unknown;
  };
  return {
    type: `urn:troupe:error:${error.code}`,
    title: titleOf(error.code),
    status: error.status,
    code: error.code,
    detail: error.message,
    request_id: requestId,
    retryable: error.retryable,
    ...(error.status === 429 || error.status === 503 ? { retry_after: retryAfter ?? RETRY_AFTER } : {}),
    ...(Object.keys(details).length > 0 ? { details } : {}),
    ...(errors ? { errors } : {})
  };
}

const titleOf = (code: ErrorCode) => {
  const words = code.toLowerCase().replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
};

function answerProblem(ctx: Parameters<Middleware>[0], problem: Problem): void {
  ctx.status = problem.status;
  if (problem.retry_after !== undefined) ctx.set('Retry-After', String(problem.retry_after));
  if (problem.status === 401) ctx.set('WWW-Authenticate', 'Bearer realm="troupe"');
  ctx.body = JSON.stringify(problem);
  ctx.type = 'application/problem+json';
}
