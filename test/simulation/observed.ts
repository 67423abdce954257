import { fromPromise, type PromiseActorLogic } from 'xstate';
import type { ActorKind, EffectContext } from '../../actors/host/contract.ts';
import { killPoint, type Life, wait } from './life.ts';

/** Told of each effect before its first line runs. */
export type OnEffect = (effect: EffectContext, kind: ActorKind) => void;

interface Args {
  signal: AbortSignal;
  effect: EffectContext;
}

/** A kind whose effects are seen to start, and whose results come late, or after their state was left. */
export function observed(kind: ActorKind, now: () => { life: Life; onEffect: OnEffect }): ActorKind {
  const { actors } = kind.machine.implementations as { actors: Record<string, unknown> };
  const around = (run: (args: Args) => Promise<unknown>) =>
    fromPromise(async (given) => {
      const args = given as unknown as Args;
      const { life, onEffect } = now();
      onEffect(args.effect, kind);
      try {
        const output = await run(args);
        // Not given up when its state is left: then it is a result that nobody waits for.
        if (life.faults.strikes('a result is late')) await wait(life, life.random.between(1, 3_000));
        await killPoint(life, 'killed between a result and its commit');
        return output;
      } catch (error) {
        if (args.signal.aborted && life.faults.strikes('an aborted effect does not let go')) {
          await wait(life, life.random.between(100, 8_000));
        }
        throw error;
      }
    });
  const wrapped = Object.entries(actors).flatMap(([name, logic]) => {
    const run = (logic as Partial<PromiseActorLogic<unknown>> & { config?: unknown }).config;
    return typeof run === 'function' ? [[name, around(run as (args: Args) => Promise<unknown>)] as const] : [];
  });
  if (wrapped.length === 0) return kind;
  return { ...kind, machine: kind.machine.provide({ actors: Object.fromEntries(wrapped) as never }) };
}
