/** The world outside, which no crash of ours undoes: what was sent to it happens, once for each time it was sent. */

/** What a page sends its server. */
export interface Wish {
  account: string;
  verb: string;
  target: string;
  text: string;
}

/** What happened, and who had it done. */
export interface Happening extends Wish {
  commandId: string;
  action: string;
  effectId: string;
  /** sha256 of account, site, target, verb, payload and intent: the same for the same wish. */
  dedupeKey: string;
  /** ms */
  at: number;
  /** The newest row that was durable then. */
  head: number;
}

export class SimulatedSite {
  readonly happenings: Happening[] = [];
  /** By account, until when it shows no page but the one that asks for slowness, ms. */
  readonly #slower = new Map<string, number>();

  apply(happening: Happening) {
    this.happenings.push(happening);
  }

  slowDown(account: string, until: number) {
    this.#slower.set(account, until);
  }

  asksForSlowness(account: string, now: number): boolean {
    return (this.#slower.get(account) ?? 0) > now;
  }

  /** What the account's own page shows. */
  shows(wish: Wish): boolean {
    return this.happenings.some((one) => same(one, wish));
  }

  /**
   * How far something that takes its time is: two minutes at most, and one in eight is never ready. Nothing of it is
   * rolled: a run with the same seed has the same site.
   */
  made(wish: Wish, now: number): 'in the making' | 'ready' | 'given up' {
    const first = this.happenings.find((one) => same(one, wish));
    if (!first) return 'in the making';
    const fate = Number.parseInt(first.dedupeKey.slice(0, 8), 16);
    if (now < first.at + (fate % 120_000)) return 'in the making';
    return fate % 8 === 0 ? 'given up' : 'ready';
  }

  count(commandId: string, action: string): number {
    return this.happenings.filter((one) => one.commandId === commandId && one.action === action).length;
  }
}

const same = (a: Wish, b: Wish) =>
  a.account === b.account && a.verb === b.verb && a.target === b.target && a.text === b.text;
