import type Router from '@koa/router';
import { type SelectorContext, selectorAddress, unseen } from '../../../actors/executor/live-selectors.ts';
import type { SelectorEntry } from '../../../actors/executor/registry.ts';
import type { Tables } from '../../../actors/host/contract.ts';
import { ControlError, isControlError } from '../../../schemas/errors.ts';
import type {
  SelectorDecision,
  SelectorHealed,
  SelectorState,
  SelectorSweepRow,
  SelectorView
} from '../../../schemas/generated/contracts.ts';
import type { Client } from '../../auth/tokens.ts';
import { parse } from '../../contracts.ts';
import { audited } from '../audited.ts';
import type { Control } from '../deps.ts';
import { integer, oneOf, readQuery, text } from '../query.ts';
import { asks, clientOf, jsonBody } from '../request.ts';
import { instantOf, pageOf } from '../views.ts';

const STATES: SelectorState[] = ['unknown', 'ok', 'ambiguous', 'healed', 'missing'];
const HISTORY = 100;

interface Known {
  platform: string;
  name: string;
  entry: SelectorEntry;
}

/** GET /v1/selector_registry; GET, POST /v1/selector_registry/{platform}/{name}. */
export function selectorRoutes(router: Router, control: Control): void {
  const { host, tokens, limits, now, selectors } = control;

  router.get('/v1/selector_registry', asks(tokens, 'read:selectors'), async (ctx) => {
    const {
      platform,
      name,
      state,
      page,
      limit = limits.pageDefault
    } = readQuery(ctx.query, {
      platform: text,
      name: text,
      state: oneOf(STATES),
      limit: integer(1, limits.pageMax),
      page: text
    });
    const known = selectors.platforms
      .filter((one) => platform === undefined || one === platform)
      .flatMap((one) => entriesOf(control, one))
      .filter((one) => name === undefined || one.name === name);
    const walk = page === undefined ? { asOf: now(), after: null } : walkOf(page);
    const placed = (await viewsOf(control, known))
      .filter((view) => state === undefined || state.includes(view.state))
      .map((view) => ({ view, place: placeOf(view, walk.asOf) }))
      .sort((a, b) => byAge(a.place, b.place));
    const { after } = walk;
    const ahead = after === null ? placed : placed.filter(({ place }) => byAge(place, after) > 0);
    const items = ahead.slice(0, limit);
    const last = ahead.length > limit ? items.at(-1) : undefined;
    ctx.body = pageOf(
      items.map(({ view }) => view),
      last ? tokenOf(walk.asOf, last.place) : null
    );
  });

  router.get('/v1/selector_registry/:platform/:name', asks(tokens, 'read:selectors'), async (ctx) => {
    const known = find(control, ctx.params.platform as string, ctx.params.name as string);
    const { platform, name } = known;
    const rows = await host.journal.find('selector_sweeps', { platform, name }, HISTORY);
    ctx.body = { selector: (await viewsOf(control, [known]))[0], history: rows.map(sweepRow) };
  });

  router.post(
    '/v1/selector_registry/:platform/:name',
    asks(tokens, 'selectors:decide'),
    jsonBody(limits.bodyBytes),
    async (ctx) => {
      const known = find(control, ctx.params.platform as string, ctx.params.name as string);
      await decide(control, known, parse.selectorDecision(ctx.request.body), clientOf(ctx));
      ctx.body = (await viewsOf(control, [known]))[0];
    }
  );
}

/** Where a name stands in the list. */
interface Place {
  /** When it was looked at for the first time, ms since 1970; 0: nobody has. It never changes. */
  since: number;
  /** platform:name */
  name: string;
}

/**
 * Newest first, and behind them those nobody has looked at. What is looked at for the first time while somebody walks the
 * list stays, for that walk, where it was.
 */
function placeOf({ platform, name, created_at }: SelectorView, asOf: number): Place {
  const since = created_at === null ? 0 : Date.parse(created_at);
  return { since: since < asOf ? since : 0, name: `${platform}:${name}` };
}

const byAge = (a: Place, b: Place) => b.since - a.since || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

const tokenOf = (asOf: number, { since, name }: Place) => Buffer.from(`${asOf} ${since} ${name}`).toString('base64url');

/** @throws ControlError QUERY_INVALID */
function walkOf(page: string): { asOf: number; after: Place } {
  const [, asOf, since, name] =
    /^(\d{1,15}) (\d{1,15}) ([^:]+:.+)$/.exec(Buffer.from(page, 'base64url').toString()) ?? [];
  if (name === undefined) {
    throw new ControlError('QUERY_INVALID', { parameter: 'page', value: page, expected: 'the next_page of a list' });
  }
  return { asOf: Number(asOf), after: { since: Number(since), name } };
}

const entriesOf = ({ selectors }: Control, platform: string): Known[] =>
  Object.entries(selectors.get(platform)?.selectors ?? {}).map(([name, entry]) => ({ platform, name, entry }));

/** @throws ControlError SELECTOR_NOT_FOUND */
function find(control: Control, platform: string, name: string): Known {
  const known = entriesOf(control, platform).find((one) => one.name === name);
  if (!known) throw new ControlError('SELECTOR_NOT_FOUND', { platform, name });
  return known;
}

/** The same answer again finds it given. */
async function decide(control: Control, known: Known, decision: SelectorDecision, client: Client): Promise<void> {
  const { platform, name } = known;
  const address = selectorAddress(platform, name);
  const undecidable = (state: string) => new ControlError('SELECTOR_UNDECIDABLE', { platform, name, state });
  const { decision: said, selector, note } = decision;
  try {
    const chosen = selector === undefined ? {} : { selector };
    const event = { type: 'selector.decide', decision: said, by: client.service, ...chosen };
    const entry = { action: 'selector.decided', outcome: `${said}ed`, detail: chosen };
    await control.host.send(address, { ...event, ...(note === undefined ? {} : { note }) }, audited(client, entry));
  } catch (error) {
    if (isControlError(error, 'ACTOR_NOT_FOUND')) throw undecidable('unknown');
    if (!isControlError(error, 'EVENT_REJECTED')) throw error;
    const [view] = await viewsOf(control, [known]);
    const isGiven =
      selector !== undefined &&
      (said === 'accept' ? view?.promoted.some((one) => one.selector === selector) : view?.rejected.includes(selector));
    if (!isGiven) throw undecidable(view?.state ?? 'unknown');
  }
}

async function viewsOf({ host }: Control, known: Known[]): Promise<SelectorView[]> {
  const records = await host.journal.loadActors(known.map(({ platform, name }) => selectorAddress(platform, name)));
  const byAddress = new Map(records.map((record) => [record.address, record]));
  return known.map((one) => {
    const record = byAddress.get(selectorAddress(one.platform, one.name));
    return selectorView(
      one,
      record
        ? {
            state: record.state,
            context: record.snapshot.context as unknown as SelectorContext,
            createdAt: record.createdAt
          }
        : null
    );
  });
}

const instantOrNull = (ms: number | null) => (ms === null ? null : instantOf(ms));

function selectorView(
  { platform, name, entry }: Known,
  live: { state: string; context: SelectorContext; createdAt: number } | null
): SelectorView {
  const context = live?.context ?? unseen;
  return {
    platform,
    name,
    state: (live?.state ?? 'unknown') as SelectorState,
    why: context.why,
    version: context.version,
    candidates: [...entry.candidates, ...context.promoted.map(({ selector }) => selector)],
    promoted: context.promoted.map(({ since, decidedBy, ...one }) => ({
      ...one,
      since: instantOf(since),
      decided_by: decidedBy
    })),
    rejected: context.rejected,
    selector: context.selector,
    healed: context.healed && healedView(context.healed),
    fingerprint: context.fingerprint ?? entry.fingerprint ?? null,
    tried: context.tried,
    counts: context.counts,
    created_at: instantOrNull(live?.createdAt ?? null),
    swept_at: instantOrNull(context.sweptAt),
    last_seen_at: instantOrNull(context.lastSeenAt),
    waiting: context.waiting,
    ...(entry.description === undefined ? {} : { description: entry.description })
  };
}

const healedView = ({ since, cleanSweeps, ...healed }: NonNullable<SelectorContext['healed']>): SelectorHealed => ({
  ...healed,
  clean_sweeps: cleanSweeps,
  since: instantOf(since)
});

const sweepRow = (row: Tables['selector_sweeps']): SelectorSweepRow => ({
  command_id: row.command_id,
  swept_at: instantOf(row.swept_at),
  state: row.state as SelectorState,
  selector: row.selector,
  likeness: row.likeness,
  tried: JSON.parse(row.tried) as SelectorSweepRow['tried']
});
