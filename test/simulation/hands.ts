/**
 * What touches the world, in virtual time and full of faults: an executor that loses answers, browsers that die before,
 * during and after an effect, slots that do not boot. Everything is decided by the seed.
 */
import type { ActionRun, StepExecutor } from '../../actors/executor/contract.ts';
import type { ActorKind } from '../../actors/host/contract.ts';
import { effect } from '../../actors/host/effect.ts';
import { type DriverEffects, driverMachine } from '../../machines/driver.ts';
import type { Lease } from '../../machines/protocol.ts';
import { supervisorMachine } from '../../machines/supervisor.ts';
import { ControlError } from '../../schemas/errors.ts';
import type { Random } from './random.ts';
import type { SimulatedSite } from './site.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface HandsWorld {
  time: VirtualTime;
  random: Random;
  site: SimulatedSite;
  /** Of the life that these hands belong to. */
  isAlive(): boolean;
}

export class SimulatedHands {
  readonly #world: HandsWorld;
  /** Fencing numbers whose browser lives. */
  readonly #open = new Set<number>();
  /** Who hears when one dies. */
  readonly #watchers = new Map<number, (error: ControlError) => void>();
  readonly #slots = new Map<string, number>();
  /** Attempts going on, by slot: two at once would be two owners. */
  readonly #driving = new Map<string, string>();
  readonly violations: string[] = [];

  constructor(world: HandsWorld) {
    this.#world = world;
  }

  executor(): StepExecutor {
    return {
      prepare: async (run, signal) => {
        await this.#drive(run, signal, 5, 80);
        const done = run.action.effect === 'write' && this.#found(run);
        return {
          dedupeKey: `${run.commandId}:${run.action.attempt}`,
          alreadyDone: done,
          proofs: [],
          artifacts: []
        };
      },
      attempt: (run, _, signal) => this.#attempt(run, signal),
      verify: (run, signal) => this.#look(run, signal, 10_000),
      reconcile: (run, signal) => this.#look(run, signal, 5_000)
    };
  }

  driverKinds(): ActorKind[] {
    return [
      { kind: 'supervisor', machine: supervisorMachine, durable: false },
      { kind: 'driver', machine: driverMachine.provide({ actors: this.#driverEffects() }), durable: false }
    ];
  }

  async #attempt(run: ActionRun, signal: AbortSignal) {
    const { random, site, time, isAlive } = this.#world;
    if (run.action.effect === 'read') {
      await this.#drive(run, signal, 10, 200);
      return { witness: 'NONE' as const, proofs: [] };
    }
    const already = this.#driving.get(run.lease.slot);
    if (already) this.violations.push(`${run.commandId} and ${already} drive ${run.lease.slot} at once`);
    this.#driving.set(run.lease.slot, run.commandId);
    try {
      await this.#drive(run, signal, 10, 200);
      if (random.chance(0.05)) {
        throw new ControlError('SELECTOR_MISSING', { step: 'click', tried: [], waitedMs: 1, sent: false } as never);
      }
      // From here on it is sent: it happens outside whatever becomes of us.
      if (isAlive()) time.at(random.between(1, 3_000), () => site.apply(run.commandId, run.action.attempt));
      if (random.chance(0.06)) this.#die(run.lease.slot, run.lease.fencing, 'the page process died during a click');
      if (random.chance(0.06)) {
        await this.#wait(10_000, signal);
        throw new ControlError('DRIVER_TIMEOUT', { method: 'POST', path: '/click', waitedMs: 10_000 });
      }
      await this.#drive(run, signal, 5, 100);
      return { witness: 'DELIVERED' as const, proofs: [] };
    } finally {
      this.#driving.delete(run.lease.slot);
    }
  }

  async #look(run: ActionRun, signal: AbortSignal, forMs: number) {
    const until = this.#world.time.now + forMs;
    for (;;) {
      await this.#drive(run, signal, 20, 200);
      const found = run.action.effect === 'read' || this.#found(run);
      if (found) return { outcome: 'VERIFIED' as const, why: null, proofs: [], artifacts: [] };
      if (this.#world.time.now > until) {
        return { outcome: 'VERIFICATION_FAILED' as const, why: 'it is not there', proofs: [], artifacts: [] };
      }
      await this.#wait(500, signal);
    }
  }

  #found = (run: ActionRun) => this.#world.site.has(run.commandId, run.action.attempt);

  /** One exchange with the browser of a lease, which must still be ours. */
  async #drive({ lease }: { lease: Lease }, signal: AbortSignal, from: number, to: number) {
    this.#assertOpen(lease);
    await this.#wait(this.#world.random.between(from, to), signal);
    this.#assertOpen(lease);
  }

  #assertOpen(lease: Lease) {
    if (!this.#open.has(lease.fencing)) throw new ControlError('LEASE_LOST', { fencing: lease.fencing });
  }

  #wait(ms: number, signal: AbortSignal): Promise<void> {
    const { time, isAlive } = this.#world;
    return new Promise((resolve, reject) => {
      const abort = () => {
        time.cancel(entry);
        reject(signal.reason);
      };
      const entry = time.at(ms, () => {
        signal.removeEventListener('abort', abort);
        if (isAlive()) resolve();
      });
      signal.addEventListener('abort', abort);
    });
  }

  #driverEffects() {
    const { random } = this.#world;
    const takes = <K extends keyof DriverEffects>(
      from: number,
      to: number,
      output: DriverEffects[K]['output'],
      failure = 0
    ) =>
      effect<DriverEffects[K]['input'], DriverEffects[K]['output']>(async ({ input, signal }) => {
        await this.#wait(random.between(from, to), signal);
        if (random.chance(failure)) {
          throw new ControlError('DRIVER_NOT_STARTED', { slot: input.slot, stage: 'simulated', reason: 'bad luck' });
        }
        return output;
      });
    return {
      preflight: takes<'preflight'>(1, 50, null),
      boot: takes<'boot'>(500, 4_000, null, 0.05),
      open: takes<'open'>(200, 2_000, null, 0.05),
      configure: effect<DriverEffects['configure']['input'], null>(async ({ input, signal }) => {
        this.#slots.set(input.slot, input.fencing);
        this.#open.add(input.fencing);
        await this.#wait(random.between(5, 50), signal);
        return null;
      }),
      watch: effect<DriverEffects['watch']['input'], DriverEffects['watch']['output']>(({ input, signal }) =>
        this.#watch(input, signal)
      ),
      close: effect<DriverEffects['close']['input'], DriverEffects['close']['output']>(async ({ input, signal }) => {
        this.#forget(input.slot);
        await this.#wait(random.between(10, 200), signal);
        return { bytes: null };
      }),
      probe: takes<'probe'>(1, 50, { appium: 'ok', display: 'ok', driver: 'gone', browser: 'gone' }),
      deleteSession: takes<'deleteSession'>(1, 50, false),
      killDriverGroup: takes<'killDriverGroup'>(1, 50, null),
      killBrowser: takes<'killBrowser'>(1, 50, { appiumStays: random.chance(0.5) }),
      killAppiumGroup: takes<'killAppiumGroup'>(1, 50, null),
      sweep: takes<'sweep'>(1, 50, { left: [] }),
      shutDown: takes<'shutDown'>(1, 50, null)
    };
  }

  /** Until the browser dies: now and then by itself. */
  #watch({ slot, fencing }: DriverEffects['watch']['input'], signal: AbortSignal): Promise<never> {
    const { random, time, isAlive } = this.#world;
    return new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
      if (fencing === null) return;
      this.#watchers.set(fencing, reject);
      if (!this.#open.has(fencing)) this.#die(slot, fencing, 'it died before anybody looked');
      else if (random.chance(0.1)) {
        time.at(random.between(1, 20_000), () => isAlive() && this.#die(slot, fencing, 'it crashed by itself'));
      }
    });
  }

  #die(slot: string, fencing: number, reason: string) {
    this.#open.delete(fencing);
    this.#watchers.get(fencing)?.(new ControlError('DRIVER_LOST', { slot, reason }));
  }

  #forget(slot: string) {
    const fencing = this.#slots.get(slot);
    if (fencing !== undefined) this.#open.delete(fencing);
  }
}
