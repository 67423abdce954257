import { setTimeout as delay } from 'node:timers/promises';
import { aborted } from '../webdriver/client.ts';
import type { StepExecutor } from './contract.ts';
import { dedupeKey } from './dedupe-key.ts';

/**
 * Answers every action at once, or after `delayMs`: for load tests and for writing clients (`--driver stub`). It drives
 * nothing and proves nothing: no artifacts, no proofs, witness NONE.
 */
export function createStubExecutor({ delayMs = 0 }: { delayMs?: number } = {}): StepExecutor {
  const wait = async (signal: AbortSignal) => {
    if (signal.aborted) throw aborted(signal);
    if (delayMs === 0) return;
    await delay(delayMs, undefined, { signal }).catch(() => {
      throw aborted(signal);
    });
  };
  const verified = { outcome: 'VERIFIED' as const, why: null, proofs: [], artifacts: [] };
  return {
    async prepare(run, signal) {
      await wait(signal);
      return { dedupeKey: dedupeKey(run), alreadyDone: false, proofs: [], artifacts: [] };
    },
    async attempt(_run, _effect, signal) {
      await wait(signal);
      return { witness: 'NONE', proofs: [] };
    },
    async verify(_run, signal) {
      await wait(signal);
      return { ...verified };
    },
    async reconcile(_run, signal) {
      await wait(signal);
      return { ...verified };
    }
  };
}
