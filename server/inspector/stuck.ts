import type Router from '@koa/router';
import type { ActorHost, ActorRecord, ActorView, LivingState, StayQuery } from '../../actors/host/contract.ts';
import { type Bucket, quantile, samplesOf } from '../../actors/host/stays.ts';
import { Machines } from '../../actors/kernel/versions.ts';
import type { StuckActor, UsualStay } from '../../schemas/generated/contracts.ts';
import { maySee, withinAccounts } from '../auth/accounts.ts';
import { actorSummary } from '../control/api/actors.ts';
import type { Control } from '../control/deps.ts';
import { integer, oneOf, readQuery, text } from '../control/query.ts';
import { asks, clientOf } from '../control/request.ts';
import { instantOf } from '../control/views.ts';

/** Below that many there is no hundredth: what is unusual cannot be said, and a state's own deadline has to do. */
const ENOUGH = 100;
/** A timer that is due fires; it is late only after that, ms. */
const LATE_MS = 1_000;
/** More timers than that are never looked through: a hundred late ones are trouble enough. */
const MOST_LATE = 1_000;
/** Rows of all histograms together: some hundred states of some dozen buckets. */
const MOST_BUCKETS = 100_000;

const keyOf = ({ kind, state }: { kind: string; state: string }) => `${kind} ${state}`;

/** GET /v1/stuck: living actors that have been in their state for longer than 99 of 100 before them. */
export function stuckRoutes(router: Router, { host, kinds, tokens, limits, now }: Control): void {
  const machines = new Machines(kinds);
  const known = machines.all.map(({ kind }) => kind);
  const volatileKinds = machines.all.filter(({ durable }) => !durable).map(({ kind }) => kind);

  router.get('/v1/stuck', asks(tokens, 'read:actors'), async (ctx) => {
    const asked = readQuery(ctx.query, {
      kind: oneOf(known),
      account_id: text,
      limit: integer(1, limits.pageMax),
      page: text
    });
    const client = clientOf(ctx);
    const { account_id, limit = limits.pageDefault, page } = withinAccounts(client, asked);
    const isAsked = (kind: string) => asked.kind?.includes(kind) ?? true;
    const at = now();

    const usual = await usualStays(host);
    const living = (await host.journal.livingStates()).filter(({ kind }) => isAsked(kind));
    const { items, next, total } = await host.journal.longStays({
      states: tooLong(living, usual, at),
      ...(account_id === undefined ? {} : { account_id }),
      limit,
      ...(page === undefined ? {} : { page })
    });
    const mayBe = ({ kind, subject }: Pick<ActorView, 'kind' | 'subject'>) =>
      isAsked(kind) &&
      maySee(client, subject.account_id) &&
      (account_id === undefined || [account_id].flat().includes(subject.account_id ?? ''));
    // What no page of the journal has comes with the first, and counts on each.
    const others = [
      ...(await lateActors(host, at)).filter((one) => !isKnown(usual.get(keyOf(one)))),
      ...volatileKinds
        .flatMap((kind) => host.volatileActors(kind))
        .filter((one) => one.status === 'active' && isOver(one, usual.get(keyOf(one)), at))
    ].filter(mayBe);
    const here = [...items, ...(page === undefined ? others : [])];
    const read = await Promise.all(here.map(({ address }) => host.read(address)));
    const stuck = read
      .filter((actor) => actor !== undefined)
      .filter((actor) => actor.status === 'active' && isOver(actor, usual.get(keyOf(actor)), at))
      .sort((a, b) => a.enteredAt - b.enteredAt);
    ctx.body = {
      items: stuck.map((actor) => stuckActor(actor, usual.get(keyOf(actor)), at)),
      next_page: next,
      total: total + others.length
    };
  });
}

/** Of every state that some actor has left; by kind and state. */
async function usualStays(host: ActorHost): Promise<Map<string, UsualStay>> {
  const histograms = new Map<string, Bucket[]>();
  for (const row of await host.journal.find('stays', {}, MOST_BUCKETS)) {
    const key = keyOf(row);
    const known = histograms.get(key);
    if (known) known.push(row);
    else histograms.set(key, [row]);
  }
  return new Map([...histograms].map(([key, histogram]) => [key, usualOf(histogram)]));
}

function usualOf(histogram: readonly Bucket[]): UsualStay {
  const samples = samplesOf(histogram);
  if (samples < ENOUGH) return { samples, p50_ms: null, p99_ms: null };
  return {
    samples,
    p50_ms: Math.ceil(quantile(histogram, 0.5)),
    p99_ms: Math.ceil(quantile(histogram, 0.99))
  };
}

const isKnown = (usual: UsualStay | undefined): usual is UsualStay & { p99_ms: number } =>
  usual !== undefined && usual.p99_ms !== null;

/** States whose first actor has been there for too long. */
const tooLong = (living: LivingState[], usual: Map<string, UsualStay>, at: number): StayQuery['states'] =>
  living.flatMap((one) => {
    const stay = usual.get(keyOf(one));
    if (!isKnown(stay) || one.oldest >= at - stay.p99_ms) return [];
    return [{ kind: one.kind, state: one.state, enteredBefore: at - stay.p99_ms }];
  });

/** Of those that a timer of theirs should have moved on. */
async function lateActors({ journal }: ActorHost, at: number): Promise<ActorRecord[]> {
  const timers = await journal.timersAfter(null, MOST_LATE);
  const late = timers.filter(({ dueAt }) => dueAt < at - LATE_MS).map(({ address }) => address);
  if (late.length === 0) return [];
  return (await journal.loadActors([...new Set(late)])).filter(({ status }) => status === 'active');
}

function isOver({ enteredAt, deadlineAt }: ActorView, usual: UsualStay | undefined, at: number): boolean {
  if (isKnown(usual)) return at - enteredAt > usual.p99_ms;
  return deadlineAt !== null && deadlineAt < at - LATE_MS;
}

function stuckActor(actor: ActorView, usual: UsualStay | undefined, at: number): StuckActor {
  const byUsage = isKnown(usual);
  const limit = byUsage ? usual.p99_ms : (actor.deadlineAt ?? at) - actor.enteredAt;
  return {
    actor: actorSummary(actor),
    account_id: actor.subject.account_id,
    platform: actor.subject.platform,
    since: instantOf(actor.enteredAt),
    for_ms: Math.max(0, Math.round(at - actor.enteredAt)),
    by: byUsage ? 'usual' : 'deadline',
    limit_ms: Math.max(0, Math.round(limit)),
    usual: usual ?? { samples: 0, p50_ms: null, p99_ms: null }
  };
}
