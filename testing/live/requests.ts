/** Which of the events that clients sent made which step: answers name it, and what was not answered can have come where its time was. */
import type { Life, Request } from './life.ts';

export class Requests {
  readonly #all: readonly Request[];
  /** A row was found for them. */
  readonly #used = new Set<Request>();
  readonly #accepted: { request: Request; step: number }[];

  constructor({ requests }: Pick<Life, 'requests'>) {
    this.#all = requests;
    this.#accepted = requests.flatMap((request) =>
      request.answer.kind === 'accepted' ? [{ request, step: request.answer.actor.step }] : []
    );
  }

  /** Of those that were answered, the newest step; 0: none was. */
  get newest(): number {
    return Math.max(0, ...this.#accepted.map(({ step }) => step));
  }

  /** Those that nothing came of, as far as the rows go. */
  get left(): Request[] {
    return this.#all.filter((request) => !this.#used.has(request));
  }

  use(request: Request) {
    this.#used.add(request);
  }

  /** The one that was answered with this step. */
  answeredWith = (step: number): Request | undefined => this.#accepted.find((one) => one.step === step)?.request;

  /** One that was over when this was sent, and came after it all the same. */
  overtaken({ begun }: Request, step: number): { request: Request; step: number } | undefined {
    return this.#accepted.find((other) => other.step > step && other.request.ended < begun);
  }

  /** Of those that can have been taken right after that step, the one that was over first. */
  sentAfter(step: number, is: (request: Request) => boolean): Request | undefined {
    const mayBe = (request: Request) =>
      !this.#accepted.some((other) => other.step > step && other.request.ended < request.begun) &&
      !this.#accepted.some((other) => other.step <= step && request.ended < other.request.begun);
    return this.left.filter((request) => is(request) && mayBe(request)).sort((a, b) => a.ended - b.ended)[0];
  }
}
