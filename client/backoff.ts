/** How long to wait before the next try: twice as long each time, and a random part of it, so that clients do not return as one. */
export const backoffMs = (tries: number, { first = 200, most = 10_000 } = {}): number =>
  Math.min(most, first * 2 ** tries) * (0.5 + Math.random() / 2);

/** Rejects with the signal's reason when it aborts. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', abort, { once: true });
  });
}
