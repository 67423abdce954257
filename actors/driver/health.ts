/**
 * Whether what is up answers. Each probe has its own interval, may take as long, and says nothing of the others: Appium
 * answers while the driver behind it hangs, and the driver while the page does.
 *
 * One `watch` runs at a time and ends with its news; the machine counts and starts the next. What was due when stays here
 * in between, so that a slot that is measured often is not probed less.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { DriverEffects, Probe, Watched, WatchNews } from '../../machines/driver-context.ts';
import type { DriverLimits } from '../../machines/driver-limits.ts';
import { ControlError } from '../../schemas/errors.ts';

/** busy: it could not be asked, which says nothing. */
export type Answer = 'answered' | 'missed' | 'busy';

/** What is watched. */
export interface Patient {
  name: string;
  /** Why the slot is lost, looking at processes alone. */
  ended(withBrowser: boolean): string | undefined;
  /** @throws ControlError DRIVER_LOST when the answer is that it is lost */
  ask(probe: Probe, fencing: number | null, limitMs: number, signal: AbortSignal): Promise<Answer>;
  /** A command that only keeps Appium from ending the session. @throws ControlError DRIVER_LOST */
  tick(fencing: number, limitMs: number, signal: AbortSignal): Promise<void>;
  /** Resident bytes of all its processes. */
  measure(): number | null;
  /** Page loads in a row that did not end. */
  loadsMissed(): number;
  /** Settles with the reason once whoever drives says that the browser is lost. */
  lossOf(fencing: number): Promise<string>;
}

type Input = DriverEffects['watch']['input'];

const PROBES: Record<Exclude<Watched, 'nothing'>, Probe[]> = {
  start: ['display', 'appium'],
  spare: ['display', 'appium', 'driver'],
  browser: ['display', 'appium', 'driver', 'page']
};
const WORDS: Record<Probe, string> = {
  display: 'its X server',
  appium: 'its Appium',
  driver: 'its driver executable',
  page: 'its page'
};
const MEASURE_MS = 30_000;
/** The first time, when what there is to watch has just come up. */
const FIRST_MEASURE_MS = 3_000;
/** Less of a change is not worth a row in the log. */
const WORTH_TELLING = 0.2;

export class Health {
  readonly #patient: Patient;
  readonly #limits: DriverLimits;
  /** What the times below are of. */
  #of = '';
  #due = new Map<Probe | 'tick' | 'measure', number>();

  constructor(patient: Patient, limits: DriverLimits) {
    this.#patient = patient;
    this.#limits = limits;
  }

  /** @throws ControlError DRIVER_LOST, BROWSER_TAKEN; CANCELLED on abort */
  async watch(input: Input, signal: AbortSignal): Promise<WatchNews> {
    if (input.watched === 'nothing') return aborted(signal);
    const round = new AbortController();
    try {
      return await this.#until(input, AbortSignal.any([signal, round.signal]));
    } finally {
      round.abort();
    }
  }

  async #until(input: Input, signal: AbortSignal): Promise<WatchNews> {
    const patient = this.#patient;
    const { fencing } = input;
    this.#schedule(input);
    const found: (WatchNews | ControlError)[] = [];
    const asked = new Set<Probe | 'tick'>();
    let reported: string | undefined;
    if (fencing !== null) {
      void patient.lossOf(fencing).then((reason) => {
        reported = reason;
      });
    }
    for (;;) {
      const reason = reported ?? patient.ended(fencing !== null);
      if (reason) throw new ControlError('DRIVER_LOST', { slot: patient.name, reason });
      const [news] = found;
      if (news instanceof Error) throw news;
      if (news) return news;
      const wear = this.#wear(input);
      if (wear) return wear;
      for (const probe of this.#dueNow()) {
        if (asked.has(probe)) continue;
        asked.add(probe);
        const answer = probe === 'tick' ? this.#tick(fencing as number, signal) : this.#ask(probe, input, signal);
        void answer.then(
          (news) => {
            asked.delete(probe);
            if (news) found.push(news);
          },
          (error) => found.push(error)
        );
      }
      await delay(this.#limits.livenessMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }

  async #ask(probe: Probe, { fencing, misses }: Input, signal: AbortSignal): Promise<WatchNews | undefined> {
    const limitMs = this.#every(probe);
    const started = Date.now();
    const answer = await this.#patient.ask(probe, fencing, limitMs, signal);
    this.#due.set(probe, Math.max(Date.now(), started + limitMs));
    if (answer === 'missed') {
      return { kind: 'missed', probe, why: `${WORDS[probe]} gave no answer in ${limitMs} ms` };
    }
    return answer === 'answered' && misses[probe] !== undefined ? { kind: 'answered', probe } : undefined;
  }

  async #tick(fencing: number, signal: AbortSignal): Promise<undefined> {
    this.#due.set('tick', Date.now() + this.#limits.leaseTickMs);
    await this.#patient.tick(fencing, this.#limits.probePageMs, signal);
  }

  #wear({ bytes: before, worn }: Input): WatchNews | undefined {
    const loads = this.#patient.loadsMissed();
    if (!worn && loads >= this.#limits.recyclePageLoads) {
      return { kind: 'worn', why: `${loads} pages in a row did not end loading` };
    }
    if ((this.#due.get('measure') as number) > Date.now()) return undefined;
    this.#due.set('measure', Date.now() + MEASURE_MS);
    const bytes = this.#patient.measure();
    if (bytes === null) return undefined;
    const changed = before === null || Math.abs(bytes - before) > before * WORTH_TELLING;
    return changed || (!worn && bytes >= this.#limits.recycleBytes) ? { kind: 'measured', bytes } : undefined;
  }

  /** Anew when there is something else to watch; a browser that has just opened has answered just now. */
  #schedule({ watched, fencing }: Input): void {
    const of = `${watched}/${fencing}`;
    if (this.#of === of) return;
    this.#of = of;
    const now = Date.now();
    const probes = PROBES[watched as keyof typeof PROBES];
    this.#due = new Map<Probe | 'tick' | 'measure', number>(probes.map((p) => [p, now + this.#every(p)]));
    this.#due.set('measure', now + Math.min(FIRST_MEASURE_MS, this.#limits.leaseTickMs));
    if (fencing !== null) this.#due.set('tick', now + this.#limits.leaseTickMs);
  }

  #dueNow(): (Probe | 'tick')[] {
    const now = Date.now();
    return [...this.#due].flatMap(([what, at]) => (what !== 'measure' && at <= now ? [what] : []));
  }

  #every(probe: Probe): number {
    const { probeDisplayMs, probeAppiumMs, probeDriverMs, probePageMs } = this.#limits;
    return { display: probeDisplayMs, appium: probeAppiumMs, driver: probeDriverMs, page: probePageMs }[probe];
  }
}

/** Nothing is up: there will be no news. */
const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
