import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { ControlError, isControlError } from '../../schemas/errors.ts';
import type { Tokens } from './tokens.ts';

/** Refusals of one address within a minute, after which it is told to wait. */
export const REFUSALS_A_MINUTE = 60;

export interface Refusals {
  /**
   * What the check resolves with. Only its refusals count, and a good token is never kept waiting: one that floods from an
   * address does not lock out others that come from there.
   * @throws ControlError REFUSED_TOO_OFTEN in place of a refusal, over the limit; and what the check throws
   */
  counted<T>(from: string, check: () => Promise<T>): Promise<T>;
}

export interface RefusalOptions {
  perMinute?: number;
  onRefused?: () => void;
  /** An address has gone over the limit; once a minute each. */
  onFlood?: (from: string, perMinute: number) => void;
}

export function createRefusals({
  perMinute = REFUSALS_A_MINUTE,
  onRefused = () => {},
  onFlood = () => {}
}: RefusalOptions = {}): Refusals {
  const limiter = new RateLimiterMemory({ points: perMinute, duration: 60 });
  return {
    async counted(from, check) {
      try {
        return await check();
      } catch (error) {
        if (!isControlError(error, 'UNAUTHENTICATED') && !isControlError(error, 'SIGN_IN_CODE_INVALID')) throw error;
        onRefused();
        await limiter.consume(from).catch((over) => {
          if (!(over instanceof RateLimiterRes)) throw over;
          if (over.consumedPoints === perMinute + 1) onFlood(from, perMinute);
          const retryAfter = Math.max(1, Math.ceil(over.msBeforeNext / 1000));
          throw new ControlError('REFUSED_TOO_OFTEN', { address: from, limit: perMinute, retryAfter }, error);
        });
        throw error;
      }
    }
  };
}

/** Tokens whose refusals are counted where it is known from where they were sent. */
export const countRefusals = (tokens: Tokens, refusals: Refusals): Tokens => ({
  ...tokens,
  authenticate: (bearer, from) =>
    // Who sends none guesses none.
    from === undefined || bearer === undefined
      ? tokens.authenticate(bearer)
      : refusals.counted(from, () => tokens.authenticate(bearer))
});
