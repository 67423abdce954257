import type { Lease } from '../../machines/protocol.ts';
import { ControlError } from '../../schemas/errors.ts';
import type { WebDriverSession } from '../webdriver/client.ts';

interface Open {
  fencing: number;
  session: WebDriverSession;
  lost: Promise<string>;
  lose(reason: string): void;
}

/** The open browsers, by slot. A lease opens exactly one: an older one's number finds nothing. */
export class BrowserPool {
  readonly #open = new Map<string, Open>();

  /** @throws ControlError LEASE_LOST unless this very lease's browser is open */
  get(lease: Lease): WebDriverSession {
    const open = this.#of(lease);
    if (!open) throw new ControlError('LEASE_LOST', { fencing: lease.fencing });
    return open.session;
  }

  /**
   * Whoever meets a dead browser says so, and the slot recovers at once instead of at its next probe. Of a lease that
   * is over it is no news, and nothing happens.
   */
  reportLoss(lease: Lease, reason: string): void {
    this.#of(lease)?.lose(reason);
  }

  put(lease: Lease, session: WebDriverSession): void {
    let lose!: (reason: string) => void;
    const lost = new Promise<string>((resolve) => {
      lose = resolve;
    });
    this.#open.set(lease.slot, { fencing: lease.fencing, session, lost, lose });
  }

  /** From now on every lease of the slot is lost to its holder. */
  remove(slot: string): WebDriverSession | undefined {
    const open = this.#open.get(slot);
    this.#open.delete(slot);
    return open?.session;
  }

  /** Settles with the reason once somebody reports the lease's browser lost. */
  lossOf(lease: Lease): Promise<string> {
    return this.#of(lease)?.lost ?? Promise.resolve('its browser is not open');
  }

  #of({ slot, fencing }: Lease): Open | undefined {
    const open = this.#open.get(slot);
    return open?.fencing === fencing ? open : undefined;
  }
}
