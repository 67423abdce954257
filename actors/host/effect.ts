import { fromPromise, type PromiseActorLogic } from 'xstate';
import type { EffectContext } from './contract.ts';

/** What an effect is called with: XState's own arguments, and who it is across crashes. */
export interface EffectArguments<TInput> {
  input: TInput;
  /** Aborts when the state that invoked it is left, and when the host stops. */
  signal: AbortSignal;
  effect: EffectContext;
}

/**
 * Promise logic with a stable identity. Under the host `effect` is the real one; under a plain `createActor` it is an
 * id that says so, since nothing there survives a crash.
 */
export function effect<TInput, TOutput>(
  run: (args: EffectArguments<TInput>) => Promise<TOutput>
): PromiseActorLogic<TOutput, TInput> {
  return fromPromise<TOutput, TInput>((args) => {
    const given = (args as Partial<EffectArguments<TInput>>).effect;
    return run({
      input: args.input as TInput,
      signal: args.signal,
      effect: given ?? { id: `unhosted#${args.self.id}`, resumed: false }
    });
  });
}
