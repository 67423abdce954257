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

  apply(happening: Happening) {
    this.happenings.push(happening);
  }

  /** What the account's own page shows. */
  shows({ account, verb, target, text }: Wish): boolean {
    return this.happenings.some(
      (one) => one.account === account && one.verb === verb && one.target === target && one.text === text
    );
  }

  count(commandId: string, action: string): number {
    return this.happenings.filter((one) => one.commandId === commandId && one.action === action).length;
  }
}
