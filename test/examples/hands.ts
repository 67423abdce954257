import { fromPromise, type PromiseActorLogic } from 'xstate';
import type { EffectContext } from '../../actors/host/contract.ts';

/** A promise some machine waits for. */
export interface Asked {
  name: string;
  input: unknown;
  /** Who it is across crashes; under a plain actor undefined. */
  effect: EffectContext | undefined;
  /** Its state was left. */
  left: boolean;
  resolve(output: unknown): void;
  reject(message: string): void;
}

/** Outside work that settles when the test says so, and lets go when its state is left, as `fetch` does. */
export class Hands {
  readonly asked: Asked[] = [];

  // biome-ignore lint/suspicious/noExplicitAny: stands in for promises of every type
  work(name: string): PromiseActorLogic<any, any> {
    return fromPromise(
      (args) =>
        new Promise((resolve, reject) => {
          const entry: Asked = {
            name,
            input: args.input,
            effect: (args as { effect?: EffectContext }).effect,
            left: false,
            resolve: (output) => {
              this.#drop(entry);
              resolve(output);
            },
            reject: (message) => {
              this.#drop(entry);
              reject(new Error(message));
            }
          };
          args.signal.addEventListener('abort', () => {
            entry.left = true;
            reject(args.signal.reason);
          });
          this.asked.push(entry);
        })
    );
  }

  /** What is waited for now, in the order it was asked. */
  get waiting(): Asked[] {
    return this.asked.filter(({ left }) => !left);
  }

  /** Asked once, and its state is left now. */
  get abandoned(): Asked[] {
    return this.asked.filter(({ left }) => left);
  }

  #drop(entry: Asked) {
    const index = this.asked.indexOf(entry);
    if (index >= 0) this.asked.splice(index, 1);
  }
}
