/**
 * Who gets which slot: the supervisor's decisions, as plain functions over plain data. Each takes the books and returns
 * the books after it and what is to be told; the machine makes it real.
 */
import type { DriverFailed, DriverIdle, DriverParked, DriverWorn, Lease, SlotRequest, Tell } from './protocol.ts';

export interface SlotBook {
  slot: string;
  /**
   * cold, idle: free, the second one booted. starting: booting or opening. leased: a session drives. closing: its
   * browser is being ended. recycling: it ends and is cold again. The rest are the driver's own words for not now.
   */
  state:
    | 'cold'
    | 'idle'
    | 'starting'
    | 'leased'
    | 'closing'
    | 'recycling'
    | 'RECOVERING'
    | 'NEEDS_HUMAN'
    | 'QUARANTINED'
    | 'drained';
  sessionId: string | null;
  fencing: number | null;
  /** What the lease's browser runs on. */
  device: string | null;
  /** Whose account is in it; null when it is nobody's. */
  owner: string | null;
  /** A person drives. */
  held: boolean;
  /** Out of quarantine: booted once without a session before one may have it. */
  trial: boolean;
  /** Its session was asked to give the browser up. */
  wanted: boolean;
  failure: { code: string; why: string } | null;
}

export interface Waiting {
  sessionId: string;
  device: string;
  owner: string | null;
  /** 1 is served first. */
  priority: number;
  /** ms since 1970 */
  since: number;
  /** As last told; 0 when not told yet. */
  position: number;
}

export interface Books {
  slots: SlotBook[];
  waiting: Waiting[];
  /** The last fencing number given. */
  fencing: number;
  draining: boolean;
  /** The process ends after the drain: whoever waits goes on when it is started again. */
  leaving: boolean;
  /** What there is here, or null for whatever is asked. */
  devices: string[] | null;
  /** Of these one browser can be open at a time: a Mac gives its own Safari to one session. */
  exclusive: string[];
}

/** A lease that is over leaves nothing of itself. */
const unleased = { sessionId: null, fencing: null, device: null, owner: null, held: false } as const;

export interface Decision {
  books: Books;
  tells: Tell[];
}

export interface QueueLimits {
  /** Sessions that may wait. */
  queueLength: number;
  /** How long each may, ms. */
  queueWaitMs: number;
}

/**
 * A session asks. Asked again it keeps its age; a slot it still held is taken back, for it knows no lease. One that was
 * granted a moment ago asked twice, before a crash and after it: the word of its lease is on the way, and stays true.
 */
export function request(books: Books, asked: SlotRequest, at: number, limits: QueueLimits): Decision {
  const { sessionId, device, priority } = asked;
  if (books.slots.some((slot) => slot.sessionId === sessionId && slot.state === 'starting'))
    return { books, tells: [] };
  const freed = releaseOf(books, (slot) => slot.sessionId === sessionId && slot.state !== 'closing', 'asked again');
  const since = freed.books.waiting.find((w) => w.sessionId === sessionId)?.since ?? at;
  const others = freed.books.waiting.filter((w) => w.sessionId !== sessionId);
  const newcomer: Waiting = { sessionId, device, owner: ownerOf(asked), priority, since, position: 0 };
  if (freed.books.leaving) return { books: { ...freed.books, waiting: [...others, newcomer] }, tells: freed.tells };
  const refusal = refusalFor(freed.books, asked, limits);
  if (refusal)
    return { books: freed.books, tells: [...freed.tells, toSession(sessionId, { type: 'slot.refused', ...refusal })] };
  return after(freed, allocate({ ...freed.books, waiting: [...others, newcomer] }));
}

/** A session waits no more. One that was granted meanwhile gives back what it was granted. */
export function withdraw(books: Books, sessionId: string): Decision {
  const waiting = books.waiting.filter((w) => w.sessionId !== sessionId);
  const freed = releaseOf({ ...books, waiting }, (slot) => slot.sessionId === sessionId, 'withdrawn');
  return after(freed, allocate(freed.books));
}

/** A lease ends. One that has ended already is answered all the same: somebody waits for the word. */
export function release(books: Books, sessionId: string, fencing: number, reason: string): Decision {
  const held = books.slots.find((slot) => slot.fencing === fencing);
  if (!held) return { books, tells: [toSession(sessionId, { type: 'slot.released', lease: { slot: '', fencing } })] };
  return releaseOf(books, (slot) => slot === held, reason);
}

export function expire(books: Books, sessionId: string, limits: QueueLimits): Decision {
  const refused = toSession(sessionId, {
    type: 'slot.refused',
    code: 'QUEUE_TIMEOUT',
    message: `no browser became free in ${limits.queueWaitMs} ms; start with more --slots`
  });
  const waiting = books.waiting.filter((w) => w.sessionId !== sessionId);
  if (waiting.length === books.waiting.length) return { books, tells: [] };
  return after({ books, tells: [refused] }, allocate({ ...books, waiting }));
}

/** Its browser is open: the session may drive. Word of a lease that was taken back meanwhile is nothing. */
export function ready(books: Books, slot: string, fencing: number): Decision {
  const book = books.slots.find((b) => b.slot === slot);
  if (book?.state !== 'starting' || book.fencing !== fencing) return { books, tells: [] };
  const opened = change(books, slot, { state: 'leased', failure: null });
  const told = toSession(book.sessionId as string, { type: 'slot.ready', lease: { slot, fencing } });
  return after({ books: opened, tells: [told] }, allocate(opened));
}

export function closed(books: Books, slot: string, fencing: number): Decision {
  const book = books.slots.find((b) => b.slot === slot);
  if (book?.fencing !== fencing || book.sessionId === null) return { books, tells: [] };
  const told = toSession(book.sessionId, { type: 'slot.released', lease: { slot, fencing } });
  return { books: change(books, slot, unleased), tells: [told] };
}

export function idle(books: Books, { slot, warm, worn = null, trial = false }: DriverIdle): Decision {
  const free = change(books, slot, {
    state: warm ? 'idle' : 'cold',
    ...unleased,
    trial,
    ...(warm ? { failure: null } : {})
  });
  if (books.draining) return { books: free, tells: [{ to: `driver/${slot}`, event: { type: 'driver.drain' } }] };
  return worn === null ? allocate(free) : recycle(free, slot, worn);
}

/**
 * It works and is to be started anew between sessions: at once when nobody has it; else its session is asked to give it
 * up as soon as it has nothing to do, and the driver says again what it is when that has happened.
 */
export function worn(books: Books, { slot, why }: DriverWorn): Decision {
  const book = books.slots.find((b) => b.slot === slot);
  if (book?.state === 'idle' && !books.draining) return recycle(books, slot, why);
  if (book?.state !== 'leased' || book.wanted || book.sessionId === null) return { books, tells: [] };
  return {
    books: change(books, slot, { wanted: true }),
    tells: [toSession(book.sessionId, { type: 'slot.wanted' })]
  };
}

function recycle(books: Books, slot: string, why: string): Decision {
  const ending = change(books, slot, { state: 'recycling' });
  return after(
    { books: ending, tells: [{ to: `driver/${slot}`, event: { type: 'driver.recycle', why } }] },
    allocate(ending)
  );
}

/** A person takes the browser of a lease, or gives it back. */
export function hold(books: Books, fencing: number, held: boolean): Decision {
  const book = books.slots.find((b) => b.fencing === fencing && b.state === 'leased');
  if (!book || book.held === held) return { books, tells: [] };
  const type = held ? 'driver.hold' : 'driver.unhold';
  return {
    books: change(books, book.slot, { held }),
    tells: [{ to: `driver/${book.slot}`, event: { type, fencing } }]
  };
}

/** A person has had it too long: the session hears so, and gives it back. */
export function parked(books: Books, { slot, fencing, why }: DriverParked): Decision {
  const book = books.slots.find((b) => b.slot === slot);
  if (book?.fencing !== fencing || book.sessionId === null || book.state !== 'leased') return { books, tells: [] };
  return { books, tells: [toSession(book.sessionId, { type: 'slot.parked', lease: { slot, fencing }, why })] };
}

/** The slot cannot be used until `driver.idle`. Whoever had it hears so, or that it is free if that is what they wait for. */
export function failed(books: Books, { slot, fencing, code, why, state }: DriverFailed): Decision {
  const book = books.slots.find((b) => b.slot === slot);
  const tells: Tell[] = [];
  // Without a number it failed before it took the lease: the grant and the failure crossed.
  if (book && book.sessionId !== null && book.fencing !== null && (fencing === null || fencing === book.fencing)) {
    const lease = { slot, fencing: book.fencing };
    tells.push(
      toSession(
        book.sessionId,
        book.state === 'closing' ? { type: 'slot.released', lease } : { type: 'slot.lost', lease, code, why }
      )
    );
  }
  const broken = change(books, slot, { state, ...unleased, failure: { code, why } });
  if (broken.draining)
    return { books: broken, tells: [...tells, { to: `driver/${slot}`, event: { type: 'driver.drain' } }] };
  const refusal = personNeeded(broken);
  if (!refusal) return after({ books: broken, tells }, allocate(broken));
  const refused = broken.waiting.map((w) => toSession(w.sessionId, { type: 'slot.refused', ...refusal }));
  return { books: { ...broken, waiting: [] }, tells: [...tells, ...refused] };
}

/**
 * No new sessions; free slots end at once, leased ones when they are given back, which those with nothing to do are asked
 * for. Whoever waits is refused, unless the process ends: then they go on when it is started again.
 */
export function drain(books: Books, leaving: boolean): Decision {
  const asked = leaving ? [] : books.slots.filter((b) => b.state === 'leased' && !b.wanted && b.sessionId !== null);
  return {
    books: {
      ...books,
      waiting: leaving ? books.waiting : [],
      draining: true,
      leaving,
      slots: books.slots.map((b) => (asked.includes(b) ? { ...b, wanted: true } : b))
    },
    tells: [
      ...(leaving ? [] : books.waiting.map((w) => toSession(w.sessionId, { type: 'slot.refused', ...DRAINING }))),
      ...asked.map((b) => toSession(b.sessionId as string, { type: 'slot.wanted' })),
      ...books.slots
        .filter((b) => b.sessionId === null && b.state !== 'drained')
        .map((b) => ({ to: `driver/${b.slot}`, event: { type: 'driver.drain' } }))
    ]
  };
}

/** What is still leased ends now. */
export function drainAll(books: Books): Decision {
  const held = books.slots.filter((b) => b.state !== 'drained');
  return {
    books: { ...books, slots: books.slots.map((b) => ({ ...b, ...unleased })) },
    tells: held.flatMap((b) => [
      ...(!books.leaving && b.sessionId !== null && b.fencing !== null
        ? [
            toSession(b.sessionId, {
              type: 'slot.lost',
              lease: { slot: b.slot, fencing: b.fencing },
              code: 'DRAINING',
              why: 'the drain took longer than its limit'
            })
          ]
        : []),
      { to: `driver/${b.slot}`, event: { type: 'driver.drain' } }
    ])
  };
}

export function drained(books: Books, slot: string): Decision {
  return { books: change(books, slot, { state: 'drained', ...unleased }), tells: [] };
}

/**
 * Hands out what can be handed out. Slots are started strictly one at a time, so while one starts, all others wait; with
 * nobody waiting, one more slot is booted, so that the next session finds it warm.
 */
export function allocate(books: Books): Decision {
  if (books.draining || books.slots.some((b) => b.state === 'starting')) return announce(books, []);
  const free = books.slots.find((b) => b.state === 'idle') ?? books.slots.find((b) => b.state === 'cold');
  const next = inLine(books).find((w) => !isBlocked(books, w));
  if (!free || (!next && free.state === 'idle')) return announce(books, []);
  // A trial is no session's risk.
  if (!next || (free.trial && free.state === 'cold')) {
    const booting = change(books, free.slot, { state: 'starting' });
    const bare = books.exclusive.some((device) => isTaken(books, device));
    return announce(booting, [{ to: `driver/${free.slot}`, event: { type: 'driver.boot', ...(bare && { bare }) } }]);
  }
  const lease: Lease = { slot: free.slot, fencing: books.fencing + 1 };
  const { sessionId, device, owner } = next;
  const granted = {
    ...change(books, free.slot, { state: 'starting', sessionId, device, owner, fencing: lease.fencing, wanted: false }),
    waiting: books.waiting.filter((w) => w !== next),
    fencing: lease.fencing
  };
  return announce(granted, [
    toSession(sessionId, { type: 'slot.granted', lease }),
    { to: `driver/${free.slot}`, event: { type: 'driver.open', sessionId, fencing: lease.fencing, device } }
  ]);
}

/** The one browser there can be on such a device is somebody's. */
const isTaken = ({ slots, exclusive }: Books, device: string): boolean =>
  exclusive.includes(device) && slots.some((b) => b.device === device);

/**
 * An account is in one browser at a time. Two sessions of one account are there while the older closes: what runs in it
 * ends first, and its browser has ended before the other's opens.
 */
const isBlocked = (books: Books, { device, owner }: Waiting): boolean =>
  isTaken(books, device) || (owner !== null && books.slots.some((b) => b.owner === owner));

const ownerOf = ({ accountId, platform }: SlotRequest) => (accountId === null ? null : `${platform} ${accountId}`);

/** By priority, then by age. */
export const inLine = ({ waiting }: Pick<Books, 'waiting'>): Waiting[] =>
  [...waiting].sort((a, b) => a.priority - b.priority || a.since - b.since);

/** Whoever moved in the line hears where they stand; when too few slots come free by themselves, holders are asked. */
function announce(books: Books, tells: Tell[]): Decision {
  const positions = new Map(inLine(books).map((w, index) => [w.sessionId, index + 1]));
  const moved = books.waiting.filter((w) => w.position !== positions.get(w.sessionId));
  const asked = toBeAsked(books);
  return {
    books: {
      ...books,
      waiting: books.waiting.map((w) => ({ ...w, position: positions.get(w.sessionId) as number })),
      slots: books.slots.map((b) => (asked.includes(b) ? { ...b, wanted: true } : b))
    },
    tells: [
      ...tells,
      ...moved.map((w) => toSession(w.sessionId, { type: 'slot.queued', position: positions.get(w.sessionId) })),
      ...asked.map((b) => toSession(b.sessionId as string, { type: 'slot.wanted' }))
    ]
  };
}

const NOT_SOON: SlotBook['state'][] = ['leased', 'drained', 'NEEDS_HUMAN', 'QUARANTINED'];

/** Whose browser the line needs. Where there is one of its kind, or of its account, no slot that comes free will do. */
function toBeAsked(books: Books): SlotBook[] {
  const { slots, waiting } = books;
  const blocked = waiting.filter((w) => isBlocked(books, w));
  const has = (b: SlotBook, w: Waiting) => (isTaken(books, w.device) ? w.device === b.device : w.owner === b.owner);
  const holders = slots.filter((b) => b.state === 'leased' && blocked.some((w) => has(b, w)));
  // One that recovers is soon back: nobody else need give up theirs for it.
  const comingFree = slots.filter(
    (b) => !NOT_SOON.includes(b.state) && !(b.state === 'starting' && b.sessionId !== null)
  );
  const others = slots.filter((b) => b.state === 'leased' && !holders.includes(b));
  let missing = waiting.length - blocked.length - comingFree.length - others.filter((b) => b.wanted).length;
  return [...holders.filter((b) => !b.wanted), ...others.filter((b) => !b.wanted && missing-- > 0)];
}

function releaseOf(books: Books, which: (slot: SlotBook) => boolean, reason: string): Decision {
  const held = books.slots.filter((b) => b.fencing !== null && b.state !== 'closing' && which(b));
  return {
    books: { ...books, slots: books.slots.map((b) => (held.includes(b) ? { ...b, state: 'closing' as const } : b)) },
    tells: held.map((b) => ({ to: `driver/${b.slot}`, event: { type: 'driver.close', fencing: b.fencing, reason } }))
  };
}

const DRAINING = { code: 'DRAINING', message: 'the process is shutting down and takes no new sessions' };

function refusalFor(books: Books, { sessionId, device }: SlotRequest, limits: QueueLimits) {
  if (books.draining) return DRAINING;
  if (books.devices && !books.devices.includes(device)) {
    const message = `there is no '${device}' here, only ${books.devices.join(', ')}; simulators and devices need macOS`;
    return { code: 'DEVICE_UNAVAILABLE', message };
  }
  const waiting = books.waiting.filter((w) => w.sessionId !== sessionId).length;
  const servedNow =
    !books.slots.some((b) => b.state === 'starting') &&
    books.slots.some((b) => b.state === 'idle' || b.state === 'cold');
  if (waiting >= limits.queueLength && !servedNow) {
    const message = `${waiting} sessions wait for a browser and ${limits.queueLength} may; try again later or start with more --slots`;
    return { code: 'QUEUE_FULL', message };
  }
  return personNeeded(books);
}

/** Every slot waits for a person: no waiting here ends by itself. */
function personNeeded(books: Books): { code: string; message: string } | undefined {
  const stuck = books.slots.filter((b) => b.state === 'NEEDS_HUMAN');
  const failure = stuck[0]?.failure;
  if (!failure || stuck.length < books.slots.length) return undefined;
  return { code: failure.code, message: failure.why };
}

const change = (books: Books, slot: string, fields: Partial<SlotBook>): Books => ({
  ...books,
  slots: books.slots.map((b) => (b.slot === slot ? { ...b, ...fields } : b))
});

const after = (first: Decision, then: Decision): Decision => ({
  books: then.books,
  tells: [...first.tells, ...then.tells]
});

const toSession = (sessionId: string, event: Tell['event']): Tell => ({ to: `session/${sessionId}`, event });
