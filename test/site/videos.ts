/** Videos that are made from a prompt and take their time, as a generator's do. */

export type VideoState = 'queued' | 'rendering' | 'ready' | 'failed';

export interface Video {
  id: string;
  account: string;
  prompt: string;
  /** ms since 1970 */
  submittedAt: number;
  /** Set by a test; null: as long as `renderMs` says. */
  settled: VideoState | null;
}

/** What one video costs. */
export const CREDITS_A_VIDEO = 10;
const CREDITS = 100;
/** A prompt with this word in it is refused once it has been looked at. */
const REFUSED = 'forbidden';

export class Videos {
  readonly #renderMs: number;
  #videos: Video[] = [];
  #last = 0;

  /** @param renderMs from the prompt to the finished video, ms; the first third of it in the queue */
  constructor(renderMs: number) {
    this.#renderMs = renderMs;
  }

  reset(): void {
    this.#videos = [];
    this.#last = 0;
  }

  submit(account: string, prompt: string): Video {
    this.#last += 1;
    const video = { id: `v${this.#last}`, account, prompt, submittedAt: Date.now(), settled: null };
    this.#videos.push(video);
    return video;
  }

  /** Newest first. */
  of(account: string): Video[] {
    return this.#videos.filter((video) => video.account === account).reverse();
  }

  video(id: string, account: string): Video | undefined {
    return this.of(account).find((video) => video.id === id);
  }

  stateOf({ submittedAt, settled, prompt }: Video): VideoState {
    if (settled) return settled;
    const share = (Date.now() - submittedAt) / this.#renderMs;
    if (share < 1 / 3) return 'queued';
    if (prompt.toLowerCase().includes(REFUSED)) return 'failed';
    return share < 1 ? 'rendering' : 'ready';
  }

  /** From now on it is in this state, however long it has taken. @throws RangeError when there is no such video */
  settle(id: string, state: VideoState): void {
    const video = this.#videos.find((one) => one.id === id);
    if (!video) throw new RangeError(`there is no video ${id}`);
    video.settled = state;
  }

  /** Gone, as if its owner had thrown it away. */
  remove(id: string): void {
    this.#videos = this.#videos.filter((video) => video.id !== id);
  }

  creditsOf(account: string): { used: number; left: number } {
    const used = this.of(account).length * CREDITS_A_VIDEO;
    return { used, left: Math.max(0, CREDITS - used) };
  }
}
