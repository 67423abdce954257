import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { ControlError } from '../../schemas/errors.ts';
import type { Tokens } from '../auth/tokens.ts';

/**
 * Tokens that let each client in only so often a second, over all of its connections; 0 is no limit. It is counted once
 * the token is known, so nobody is counted under another's name. Over it: 429 RATE_LIMITED with `Retry-After`.
 */
export function limitRequests(tokens: Tokens, perSecond: number): Tokens {
  if (perSecond === 0) return tokens;
  const limiter = new RateLimiterMemory({ points: perSecond, duration: 1 });
  return {
    ...tokens,
    async authenticate(bearer, from) {
      const client = await tokens.authenticate(bearer, from);
      try {
        await limiter.consume(client.service);
      } catch (over) {
        if (!(over instanceof RateLimiterRes)) throw over;
        const retryAfter = Math.max(1, Math.ceil(over.msBeforeNext / 1000));
        throw new ControlError('RATE_LIMITED', { client: client.service, limit: perSecond, retryAfter });
      }
      return client;
    }
  };
}
