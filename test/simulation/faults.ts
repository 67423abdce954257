import type { Random } from './random.ts';

/** How likely each is, each time it could happen. The browser's are those of the driver's fault table. */
const odds = {
  // The browser and what drives it
  'the page process dies': 0.03,
  'the renderer hangs': 0.02,
  'a script keeps the page busy': 0.01,
  'the driver executable dies': 0.02,
  'the driver executable hangs': 0.015,
  'Appium is killed': 0.02,
  'Appium does not boot': 0.05,
  'the lease is outlived': 0.02,
  'POST /session is given up and the session lives': 0.04,
  'a DELETE leaves the browser': 0.05,
  'the X server dies': 0.015,
  'the page never ends loading': 0.02,
  'an alert is open': 0.02,
  'a node is stale': 0.02,
  'Remote Automation is off': 0.01,
  'Safari is slow to attach': 0.03,
  'a process does not die': 0.01,
  'the browser crashes by itself': 0.1,
  'a probe is missed for nothing': 0.05,
  'the slot is worn out': 0.03,
  'a person breaks the glass pane': 0.03,
  // The click
  'the selector is missing': 0.03,
  'the login has expired': 0.01,
  'the answer is dropped after the click happened': 0.05,
  'the click is lost': 0.06,
  'another element is in the way': 0.06,
  'the witness cannot tell': 0.03,
  'the document changes under the click': 0.1,
  'the site ignores the click': 0.03,
  'the site asks for slowness': 0.02,
  // The process and its storage
  'killed before the sync': 0.004,
  'killed between the sync and its answer': 0.004,
  'killed with the batch torn': 0.002,
  'killed between the attempt and its click': 0.01,
  'killed between the click and its answer': 0.01,
  'killed between a result and its commit': 0.002,
  'a commit fails': 0.01,
  'the disk is full': 0.002,
  'a read fails': 0.003,
  'a timer is late': 0.05,
  'the clock jumps ahead': 0.3,
  'the clock jumps back': 0.3,
  // What travels
  'a result is late': 0.03,
  'an aborted effect does not let go': 0.1,
  'a look goes on after its end': 0.05,
  'an answer to a client is lost': 0.1,
  'a client sends twice at once': 0.15,
  'another client sends the same key': 0.1,
  // In the hostile mode only
  'a tell comes twice': 0.1,
  'a tell is overtaken': 0.15,
  'a result comes twice': 0.1,
  'a timer fires twice': 0.1,
  'the outbox is handed out twice and in disorder': 0.8
} as const;

export type Fault = keyof typeof odds;
const hostile: Fault[] = [
  'a tell comes twice',
  'a tell is overtaken',
  'a result comes twice',
  'a timer fires twice',
  'the outbox is handed out twice and in disorder'
];

/**
 * Which faults a run has: each seed leaves some kinds out and has more or fewer of the rest, so that rare meetings of
 * two kinds are not drowned by a third.
 */
export class Faults {
  readonly counts = new Map<Fault, number>();
  /** Mail from inside comes twice and out of order. */
  readonly isHostile: boolean;
  readonly #random: Random;
  readonly #odds = new Map<Fault, number>();
  readonly #note: (fault: Fault) => void;
  #over = false;

  constructor(random: Random, note: (fault: Fault) => void) {
    this.#random = random;
    this.#note = note;
    this.isHostile = random.chance(0.3);
    const severity = random.of([0.3, 1, 1, 2]);
    for (const [fault, chance] of Object.entries(odds) as [Fault, number][]) {
      const isOn = hostile.includes(fault) ? this.isHostile : random.chance(0.7);
      if (isOn) this.#odds.set(fault, Math.min(0.9, chance * severity));
    }
  }

  strikes(fault: Fault): boolean {
    const chance = this.#odds.get(fault);
    if (this.#over || chance === undefined || !this.#random.chance(chance)) return false;
    this.counts.set(fault, (this.counts.get(fault) ?? 0) + 1);
    this.#note(fault);
    return true;
  }

  /** From now on nothing goes wrong any more. */
  end() {
    this.#over = true;
  }
}
