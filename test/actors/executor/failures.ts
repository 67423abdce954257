import assert from 'node:assert/strict';
import { ControlError, type ErrorCode } from '../../../schemas/errors.ts';

/** For `assert.rejects` and `assert.throws`: this code, and what else of it matters. */
export const failsWith =
  (code: ErrorCode, check: (details: Record<string, unknown>, message: string) => void = () => {}) =>
  (error: unknown): true => {
    assert.ok(error instanceof ControlError, error instanceof Error ? error.stack : String(error));
    assert.equal(error.code, code, error.message);
    check(error.details as Record<string, unknown>, error.message);
    return true;
  };
