import type {
  ActorRecord,
  Batch,
  EffectRow,
  EventRow,
  Journal,
  Subject,
  Tables,
  TellRow,
  TimerRow
} from '../../../actors/host/contract.ts';

export const nobody: Subject = {
  correlation_id: null,
  command_id: null,
  session_id: null,
  account_id: null,
  platform: null
};

/** Nothing of each; spread what a test is about over it. */
export const batchOf = (part: Partial<Batch>): Batch => ({
  events: [],
  actors: [],
  timers: { set: [], cleared: [] },
  effects: { declared: [], settled: [] },
  tells: { sent: [], consumed: [] },
  writes: [],
  ...part
});

export const eventAt = (cursor: number, part: Partial<EventRow> = {}): EventRow => ({
  cursor,
  eventId: `event-${cursor}`,
  emittedAt: 1_700_000_000_000 + cursor,
  severity: 'info',
  type: 'status.changed',
  actorKind: 'command',
  actorId: 'c1',
  step: cursor,
  subject: nobody,
  payload: { actor: { kind: 'command', id: 'c1' }, from: 'QUEUED', to: 'RUNNING', event: 'session.granted' },
  ...part
});

export const eventsFrom = (first: number, count: number, part: Partial<EventRow> = {}): EventRow[] =>
  Array.from({ length: count }, (_, index) => eventAt(first + index, part));

export const actorOf = (address: string, part: Partial<ActorRecord> = {}): ActorRecord => {
  const [kind, id] = address.split('/') as [string, string];
  return {
    address,
    kind,
    id,
    machineVersion: 'v1',
    step: 1,
    status: 'active',
    state: 'RUNNING.PREPARING',
    snapshot: { value: { RUNNING: 'PREPARING' }, context: {}, status: 'active', children: {}, timers: {} },
    subject: nobody,
    createdAt: 1_700_000_000_000,
    updatedAt: 1_700_000_000_000,
    enteredAt: 1_700_000_000_000,
    deadlineAt: null,
    lastCursor: 0,
    resumes: false,
    ...part
  };
};

export const withContext = (address: string, context: Record<string, unknown>, part: Partial<ActorRecord> = {}) => {
  const record = actorOf(address, part);
  return { ...record, snapshot: { ...record.snapshot, context } };
};

export const actionRow = (
  command_id: string,
  name: string,
  part: Partial<Tables['actions']> = {}
): Tables['actions'] => ({
  command_id,
  name,
  effect: 'write',
  flow: 'comment_on_post',
  correlation_id: null,
  session_id: null,
  account_id: null,
  platform: 'x',
  attempts: 1,
  outcome: 'PENDING',
  already_done: 0,
  verify_as: null,
  dedupe_key: null,
  why: null,
  error_code: null,
  proofs: '[]',
  artifacts: '[]',
  extracted: null,
  created_at: 1_700_000_000_000,
  updated_at: 1_700_000_000_000,
  ...part
});

export const auditRow = (seq: number, part: Partial<Tables['audit']> = {}): Tables['audit'] => ({
  seq,
  created_at: 1_700_000_000_000 + seq,
  action: 'command.accepted',
  outcome: 'accepted',
  service: 'orchestrator',
  token_id: 't1',
  subject: 'command/c',
  ...nobody,
  detail: '{}',
  prev_hash: `hash ${seq - 1}`,
  hash: `hash ${seq}`,
  ...part
});

export const seenRow = (id: string) => ({
  id,
  platform: 'x',
  account_id: 'ann',
  url: `https://x.com/${id}`,
  command_id: 'c',
  created_at: 1,
  last_seen_at: 2
});

/** All a restarted host would read, a few rows at a time. */
export async function takenUp(journal: Journal, kinds = ['command', 'session', 'a'], limit = 2) {
  const timers: TimerRow[] = [];
  for (let page: TimerRow[] | undefined; page?.length !== 0; ) {
    page = await journal.timersAfter(timers.at(-1) ?? null, limit);
    timers.push(...page);
  }
  const effects: EffectRow[] = [];
  for (let place: number | null = 0; place !== null; ) {
    const page: { rows: EffectRow[]; next: number | null } = await journal.unsettled(place, limit);
    effects.push(...page.rows);
    place = page.next;
  }
  const tells: TellRow[] = [];
  for (let place: number | null = 0; place !== null; ) {
    const page: { rows: TellRow[]; next: number | null } = await journal.outbox(kinds, place, limit);
    tells.push(...page.rows);
    place = page.next;
  }
  return { timers, effects, tells };
}
