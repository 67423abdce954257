import { assign, setup } from 'xstate';
import type { DriverLimits } from './driver-limits.ts';
import {
  type DriverClosed,
  type DriverDrained,
  type DriverFailed,
  type DriverIdle,
  type DriverParked,
  type DriverReady,
  type DriverWorn,
  hostActions,
  type SlotHold,
  type SlotRelease,
  type SlotRequest,
  type SlotUnhold,
  type SlotWithdraw,
  type SupervisorDrain,
  type TellRefused
} from './protocol.ts';
import {
  allocate,
  type Books,
  closed,
  type Decision,
  drain,
  drainAll,
  drained,
  expire,
  failed,
  hold,
  idle,
  parked,
  type QueueLimits,
  ready,
  release,
  request,
  withdraw,
  worn
} from './slot-allocation.ts';

export interface SupervisorInput {
  /** How many browsers at once. */
  slots: number;
  /** Counts the starts on this data directory, so that a fencing number never comes again. */
  epoch: number;
  limits?: Partial<SupervisorLimits>;
  /** Of each driver. */
  driverLimits?: Partial<DriverLimits>;
  /** What sessions may ask to run on; without it whatever they ask. */
  devices?: string[];
  /** Of these one browser at a time. */
  exclusive?: string[];
  at: number;
}

export interface SupervisorLimits extends QueueLimits {
  /** What runs may go on so long after supervisor.drain, ms. */
  drainMs: number;
}

export interface SupervisorContext extends Books {
  limits: SupervisorLimits;
  driverLimits: Partial<DriverLimits>;
  why: string | null;
}

/** Raised to itself when a session has waited too long. */
type SlotExpired = { type: 'slot.expired'; sessionId: string };

export type SupervisorEvent = (
  | SlotRequest
  | SlotRelease
  | SlotWithdraw
  | SlotHold
  | SlotUnhold
  | SlotExpired
  | DriverReady
  | DriverIdle
  | DriverFailed
  | DriverClosed
  | DriverDrained
  | DriverWorn
  | DriverParked
  | SupervisorDrain
  | TellRefused
) & { at: number };

const FENCING_PER_EPOCH = 1_000_000;
/** A killed or hung shutDown of a driver takes 45 s at most, then its actor ends by itself. */
const LAST_DRIVER_MS = 60_000;

export const defaultSupervisorLimits: SupervisorLimits = { queueLength: 50, queueWaitMs: 300_000, drainMs: 120_000 };

const words = setup({
  types: { input: {} as SupervisorInput, context: {} as SupervisorContext, events: {} as SupervisorEvent },
  actions: {
    ...hostActions,
    within: assign(({ context, event }) =>
      event.type === 'supervisor.drain' && event.within_ms !== undefined
        ? { limits: { ...context.limits, drainMs: event.within_ms } }
        : {}
    )
  },
  guards: { allDrained: ({ context }) => context.slots.every((b) => b.state === 'drained') },
  delays: { drainLimit: ({ context }) => context.limits.drainMs, lastDriver: LAST_DRIVER_MS }
});

const expiryOf = (sessionId: string) => `expire/${sessionId}`;

/** What the session was told was not taken: it has ended, and gives back what it had. A driver that refused is broken. */
function refused(context: SupervisorContext, { to, told, why }: TellRefused): Decision {
  const [kind, id = ''] = to.split('/', 2);
  if (kind === 'session' && ['slot.granted', 'slot.ready', 'slot.queued'].includes(told)) return withdraw(context, id);
  if (kind === 'driver' && ['driver.open', 'driver.boot'].includes(told)) {
    const book = context.slots.find((b) => b.slot === id);
    // Not starting any more: its failure has been told meanwhile.
    if (book?.state !== 'starting') return { books: context, tells: [] };
    const { fencing } = book;
    return failed(context, { type: 'driver.failed', slot: id, fencing, code: 'DRIVER_LOST', why, state: 'RECOVERING' });
  }
  return { books: context, tells: [] };
}

function decide(context: SupervisorContext, event: SupervisorEvent): Decision {
  switch (event.type) {
    case 'slot.request':
      return request(context, event, event.at, context.limits);
    case 'slot.withdraw':
      return withdraw(context, event.sessionId);
    case 'slot.release':
      return release(context, event.sessionId, event.fencing, event.reason);
    case 'slot.expired':
      return expire(context, event.sessionId, context.limits);
    case 'driver.ready':
      return ready(context, event.slot, event.fencing);
    case 'driver.idle':
      return idle(context, event);
    case 'driver.failed':
      return failed(context, event);
    case 'driver.closed':
      return closed(context, event.slot, event.fencing);
    case 'driver.drained':
      return drained(context, event.slot);
    case 'driver.worn':
      return worn(context, event);
    case 'driver.parked':
      return parked(context, event);
    case 'slot.hold':
      return hold(context, event.fencing, true);
    case 'slot.unhold':
      return hold(context, event.fencing, false);
    case 'supervisor.drain':
      return drain(context, event.leaving ?? false);
    case 'tell.refused':
      return refused(context, event);
  }
}

const whyOf = ({ slots, waiting, draining }: Books): string | null => {
  if (draining) return `draining: ${slots.filter((b) => b.state !== 'drained').length} of ${slots.length} slots to go`;
  const broken = slots.find((b) => b.failure);
  const trouble = broken ? `${broken.slot} is ${broken.state}: ${broken.failure?.why}` : null;
  if (waiting.length === 0) return trouble;
  return [`${waiting.length} sessions wait for ${slots.length} slots`, trouble].filter(Boolean).join('; ');
};

type Enqueue = Parameters<Parameters<typeof words.enqueueActions>[0]>[0]['enqueue'];

/** The new books, the tells, and a timer for whoever waits anew. */
function carryOut(enqueue: Enqueue, context: SupervisorContext, { books, tells }: Decision): void {
  const { slots, waiting, fencing, draining, leaving } = books;
  enqueue.assign({ slots, waiting, fencing, draining, leaving, why: whyOf(books) });
  const before = new Set(context.waiting.map((w) => w.sessionId));
  const now = new Set(waiting.map((w) => w.sessionId));
  for (const sessionId of before) if (!now.has(sessionId)) enqueue.cancel(expiryOf(sessionId));
  for (const sessionId of now) {
    if (before.has(sessionId)) continue;
    const event = { type: 'slot.expired', sessionId } as unknown as SupervisorEvent;
    enqueue.raise(event, { id: expiryOf(sessionId), delay: context.limits.queueWaitMs });
  }
  if (tells.length > 0) enqueue({ type: 'tell', params: tells });
}

const act = words.enqueueActions(({ context, event, enqueue }) => carryOut(enqueue, context, decide(context, event)));
const endAll = words.enqueueActions(({ context, enqueue }) => carryOut(enqueue, context, drainAll(context)));
/** At birth: one driver a slot, and the first is booted. */
const populate = words.enqueueActions(({ context, enqueue }) => {
  for (const { slot } of context.slots) {
    enqueue({ type: 'create', params: { address: `driver/${slot}`, input: { slot, limits: context.driverLimits } } });
  }
  carryOut(enqueue, context, allocate(context));
});

/**
 * Owns the slots and the line for them.
 *
 * ```
 * RUNNING ┬ accepting ──supervisor.drain──▶ draining ──all drivers have ended──▶ STOPPED
 *         │                                    │ after 120 s: what still runs is ended
 * ```
 * STOPPED answers whoever asks that there is nothing more to have.
 * Everything else is bookkeeping (`slot-allocation.ts`): who waits, who has which slot under which fencing number, and
 * that one slot starts at a time. Restarts are the driver's own matter; the supervisor only hears that a slot is gone
 * and, by `driver.idle`, that it is back.
 */
export const supervisorMachine = words.createMachine({
  id: 'supervisor',
  meta: { telemetry: { type: 'supervisor.changed', take: { slots: 'slots', waiting: 'waiting' } } },
  context: ({ input }) => ({
    slots: Array.from({ length: input.slots }, (_, index) => ({
      slot: `slot-${index + 1}`,
      state: 'cold' as const,
      sessionId: null,
      fencing: null,
      device: null,
      owner: null,
      held: false,
      trial: false,
      wanted: false,
      failure: null
    })),
    waiting: [],
    fencing: input.epoch * FENCING_PER_EPOCH,
    draining: false,
    leaving: false,
    devices: input.devices ?? null,
    exclusive: input.exclusive ?? [],
    driverLimits: input.driverLimits ?? {},
    limits: { ...defaultSupervisorLimits, ...input.limits },
    why: null
  }),
  entry: populate,
  initial: 'RUNNING',
  states: {
    RUNNING: {
      initial: 'accepting',
      on: {
        'slot.request': { actions: act },
        'slot.withdraw': { actions: act },
        'slot.release': { actions: act },
        'slot.hold': { actions: act },
        'slot.unhold': { actions: act },
        'slot.expired': { actions: act },
        'driver.ready': { actions: act },
        'driver.idle': { actions: act },
        'driver.failed': { actions: act },
        'driver.closed': { actions: act },
        'driver.drained': { actions: act },
        'driver.worn': { actions: act },
        'driver.parked': { actions: act },
        'tell.refused': { actions: act }
      },
      states: {
        accepting: { on: { 'supervisor.drain': { target: 'draining', actions: ['within', act] } } },
        draining: {
          always: { guard: 'allDrained', target: '#supervisor.STOPPED' },
          // An operator's drain, and then everything ends.
          on: { 'supervisor.drain': { target: 'draining', reenter: true, actions: ['within', act] } },
          initial: 'waiting',
          states: {
            waiting: { after: { drainLimit: { target: 'ending', actions: endAll } } },
            ending: { after: { lastDriver: '#supervisor.STOPPED' } }
          }
        }
      }
    },
    STOPPED: {
      on: {
        'slot.request': { actions: act },
        'slot.release': { actions: act },
        'slot.withdraw': { actions: act },
        'slot.hold': {},
        'slot.unhold': {},
        'slot.expired': {},
        'supervisor.drain': { actions: act },
        'driver.drained': { actions: act },
        'tell.refused': {}
      }
    }
  }
});
