import { aborted } from './classify.ts';

/**
 * One at a time, in order of arrival. W3C drivers serve one command a session anyway; queueing on our side keeps a
 * waiting command ours to withdraw, because one that was sent cannot be called back.
 */
export class Lane {
  #tail: Promise<unknown> = Promise.resolve();

  /**
   * Runs `task` when its turn comes. While it waits, an abort or the end of `timeoutMs` takes it out without running.
   * `task` gets the time that is left, ms.
   * @param late makes the error for a turn that did not come in time
   */
  run<T>(
    task: (leftMs: number) => Promise<T>,
    { timeoutMs, signal, late }: { timeoutMs: number; signal?: AbortSignal | undefined; late: () => Error }
  ): Promise<T> {
    const enqueued = performance.now();
    let withdrawn = false;
    const before = this.#tail;
    let release!: () => void;
    this.#tail = new Promise<void>((resolve) => {
      release = resolve;
    });
    return new Promise<T>((resolve, reject) => {
      const withdraw = (error: Error) => {
        withdrawn = true;
        clean();
        reject(error);
      };
      const onAbort = () => withdraw(aborted(signal));
      const timer = setTimeout(() => withdraw(late()), timeoutMs);
      const clean = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
      };
      if (signal?.aborted) onAbort();
      else signal?.addEventListener('abort', onAbort, { once: true });
      void before.then(() => {
        clean();
        if (withdrawn) return release();
        task(timeoutMs - (performance.now() - enqueued))
          .then(resolve, reject)
          .finally(release);
      });
    });
  }
}
