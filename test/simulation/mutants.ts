/** What a program that loses, repeats or oversteps would be like: each is one fault of ours, and each must be found. */
import { assign } from 'xstate';
import { BrowserPool } from '../../actors/driver/pool.ts';
import type { ActorKind } from '../../actors/host/contract.ts';
import { Inbox } from '../../actors/host/inbox.ts';
import type { WebDriverSession } from '../../actors/webdriver/client.ts';
import type { Lease } from '../../machines/protocol.ts';
import { ControlError } from '../../schemas/errors.ts';
import type { Mutant } from './world.ts';

/** Opens whatever is open in the slot, whoever has it now. */
class CarelessPool extends BrowserPool {
  readonly #open = new Map<string, WebDriverSession>();

  override put(lease: Lease, session: WebDriverSession) {
    super.put(lease, session);
    this.#open.set(lease.slot, session);
  }

  override get({ slot, fencing }: Lease): WebDriverSession {
    const session = this.#open.get(slot);
    if (!session) throw new ControlError('LEASE_LOST', { fencing });
    return session;
  }
}

/** The command machine with a guard that answers otherwise. */
const commandsThat = (guards: Record<string, (given: { event: unknown }) => boolean>) => (kinds: ActorKind[]) =>
  kinds.map((kind) =>
    kind.kind === 'command' ? { ...kind, machine: kind.machine.provide({ guards: guards as never }) } : kind
  );

/** The account machine with a cool-down of two minutes. */
const accountsThatRestBriefly = (kinds: ActorKind[]) => {
  const coolDown = ({ event }: { event: { at: number } }) => ({
    until: event.at + 120_000,
    lastsMs: 120_000,
    times: 1,
    why: 'briefly'
  });
  const cool = assign({ coolDown } as never);
  return kinds.map((kind) =>
    kind.kind === 'account' ? { ...kind, machine: kind.machine.provide({ actions: { cool } as never }) } : kind
  );
};

const metSiteLimit = ({ event }: { event: unknown }) =>
  (event as { error?: { code?: string } }).error?.code === 'SITE_RATE_LIMITED';

/** The inbox as if there were none: what arrives is delivered. */
function withoutInbox(): () => void {
  const { arrive } = Inbox.prototype;
  Inbox.prototype.arrive = (tell) => [tell];
  return () => {
    Inbox.prototype.arrive = arrive;
  };
}

export const mutants: Record<string, Mutant> = {
  'an effect starts before its step is on the disk': { storage: { answersEarly: true } },
  'a torn batch is kept by half': { storage: { keepsTorn: true } },
  'the outbox forgets what was heard': { storage: { forgetsConsumed: true } },
  'timers are not kept': { storage: { losesTimers: true } },
  'a tell is delivered as often as it arrives': { patch: withoutInbox },
  'an old lease opens the browser of the new one': { pool: () => new CarelessPool() },
  'a click is sent again when its answer is late': { sendsAgain: true },
  'what is sent is not noted before': { sendsUnnoted: true },
  'what nobody knows is called undone': { kinds: commandsThat({ isDoubtful: () => false }) },
  'the ledger is not asked': { kinds: commandsThat({ wasTried: () => false }) },
  'nobody is asked': {
    kinds: commandsThat({
      needsApproval: () => false,
      isUnasked: () => false,
      isUnaskedOpen: () => false,
      isAltered: () => false
    })
  },
  'nobody counts what an account sends': { kinds: commandsThat({ takesPlace: () => false, wantsPlace: () => false }) },
  'a write that met the limit of the site begins anew, sent or not': {
    kinds: commandsThat({ metSiteLimitFirst: metSiteLimit })
  },
  'an account that was asked for slowness goes on too soon': { kinds: accountsThatRestBriefly },
  'every answer is a yes': { kinds: commandsThat({ isAllowed: () => true }) }
};
