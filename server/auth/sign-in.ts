/**
 * One-time codes: `troupe start` prints a link with one, and whoever opens it first is signed in by it. A code is in this
 * process alone and never in the database; what it is exchanged for is a token like any other, that ends by itself.
 */
import { createHash, randomBytes } from 'node:crypto';
import { ControlError } from '../../schemas/errors.ts';
import type { TokenInfo, Tokens } from './tokens.ts';

/** What the code will be good for. */
export interface SignInWish {
  service: string;
  scopes: readonly string[];
  accounts?: readonly string[] | null;
}

export interface SignIn {
  /** Good once, for `CODE_MS`. */
  mint(wish: SignInWish): { code: string; expiresAt: number };
  /** @throws ControlError SIGN_IN_CODE_INVALID: unknown, used or expired; which of these is not told */
  exchange(code: string): Promise<TokenInfo & { token: string }>;
}

const CODE_MS = 60 * 60_000;
/** A working day, with some left. */
const TOKEN_MS = 12 * 60 * 60_000;
/** Nobody prints so many links; the oldest go first. */
const MOST_CODES = 1_000;

const digest = (code: string) => createHash('sha256').update(code).digest('hex');

export function createSignIn(tokens: Tokens, { now = Date.now }: { now?: () => number } = {}): SignIn {
  /** SHA-256 of the code → what it is good for. */
  const codes = new Map<string, SignInWish & { expiresAt: number }>();
  return {
    mint({ service, scopes, accounts = null }) {
      const code = randomBytes(24).toString('base64url');
      const expiresAt = now() + CODE_MS;
      codes.set(digest(code), { service, scopes, accounts, expiresAt });
      if (codes.size > MOST_CODES) codes.delete(codes.keys().next().value as string);
      return { code, expiresAt };
    },

    async exchange(code) {
      const key = digest(code);
      const good = codes.get(key);
      codes.delete(key);
      if (!good || good.expiresAt <= now()) throw new ControlError('SIGN_IN_CODE_INVALID', {});
      const { service, scopes, accounts = null } = good;
      const wish = { service, scopes: [...scopes], accounts, expiresAt: now() + TOKEN_MS };
      return tokens.create(wish, { service }, 'client.signed_in');
    }
  };
}
