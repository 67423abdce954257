/**
 * The stored logins of accounts and the browsers they are put into. Sessions ask for it at their turns: `restore` when a
 * browser is new, `save` after verified steps and before the browser goes, `check` when a person hands it back.
 *
 * Nothing here knows a secret for longer than a call, and nothing it returns or throws holds one: outcomes are states,
 * counts and places.
 */
import type { ArtifactRef } from '../../machines/command-context.ts';
import type { Lease } from '../../machines/protocol.ts';
import type { ProfileOutcome } from '../../machines/session-context.ts';
import { ControlError, isControlError, toFailure } from '../../schemas/errors.ts';
import type { SelectorRegistry, Selectors } from '../../schemas/generated/contracts.ts';
import type { Browsers, ExecutorOptions } from '../executor/executor.ts';
import { Page } from '../executor/page.ts';
import type { SelectorLookup } from '../executor/registry.ts';
import { isLoss } from '../webdriver/client.ts';
import { capture, isComplete, putBack } from './browser-state.ts';
import { loggedInCandidates, type Proof, placeOf, proveLogin, showsLogin } from './login.ts';
import type { Owner } from './seal.ts';
import { emptyState, fingerprint, isEmpty, merge, type StorageState } from './storage-state.ts';
import type { ProfileStore } from './store.ts';

export interface ProfileRequest extends Owner {
  lease: Lease;
}

/** What is set for an account, over its platform. */
export interface AccountSettings {
  /** Where the account is seen to be logged in. */
  home: string | null;
  loggedIn: Selectors | null;
}

export type Kept = 'saved' | 'unchanged' | 'nothing';

export interface ProfileOptions {
  store: ProfileStore;
  pool: Browsers;
  registry: SelectorLookup & { get(platform: string): SelectorRegistry | undefined };
  artifacts: ExecutorOptions['artifacts'];
  settings(owner: Owner): Promise<AccountSettings>;
  /** A page that does not show the login after so long does not show it; ms. */
  lookMs?: number;
  now?: () => number;
}

export interface Profiles {
  /** Puts back what is saved of the account, and proves it. @throws ControlError of a lost browser, CANCELLED */
  restore(request: ProfileRequest, signal: AbortSignal): Promise<ProfileOutcome>;
  /**
   * Keeps what the page shows now.
   * @throws ControlError PROFILE_KEY_UNKNOWN, PROFILE_DAMAGED, PROFILE_TOO_LARGE, JOURNAL_UNAVAILABLE, of a lost browser
   */
  save(request: ProfileRequest, signal: AbortSignal): Promise<Kept>;
  /** After a person had it: is the account logged in, and keeps that. @throws ControlError of a lost browser, CANCELLED */
  check(request: ProfileRequest, signal: AbortSignal): Promise<ProfileOutcome>;
}

export function createProfiles({
  store,
  pool,
  registry,
  artifacts,
  settings,
  lookMs = 8_000,
  now = Date.now
}: ProfileOptions): Profiles {
  /**
   * Browsers into which everything was put back, by lease. A browser that lacks what is saved shows less than there is:
   * to keep that would be to lose a login.
   */
  const whole = new Map<string, string>();
  /** What is saved of whom, so that a page that shows nothing new costs no write. */
  const last = new Map<string, string>();

  const keyOf = ({ platform, accountId }: Owner) => JSON.stringify([platform, accountId]);
  const leaseOf = ({ slot, fencing }: Lease) => `${slot}/${fencing}`;

  const pageOf = ({ lease }: ProfileRequest, signal: AbortSignal) =>
    new Page(pool.get(lease), signal, `profile-${leaseOf(lease)}`);

  /** Reports a browser found dead, as the executor does. */
  async function driving<T>(
    request: ProfileRequest,
    signal: AbortSignal,
    task: (page: Page) => Promise<T>
  ): Promise<T> {
    try {
      return await task(pageOf(request, signal));
    } catch (error) {
      if (isLoss(error) && !isControlError(error, 'LEASE_LOST') && !unsent(error)) {
        pool.reportLoss(request.lease, (error as Error).message);
      }
      throw error;
    }
  }

  function markWhole(request: ProfileRequest): void {
    for (const lease of whole.keys()) {
      if (lease.startsWith(`${request.lease.slot}/`)) whole.delete(lease);
    }
    whole.set(leaseOf(request.lease), keyOf(request));
  }

  async function picture(page: Page): Promise<ArtifactRef[]> {
    try {
      const png = await page.call((session, options) => session.screenshot(options));
      return [await artifacts.store(png, 'screenshot', 'image/png')];
    } catch (error) {
      if (isLoss(error) || isControlError(error, 'CANCELLED')) throw error;
      return [];
    }
  }

  /** Where the login of this account would be seen. */
  async function placeToLook(owner: Owner, state: StorageState): Promise<string | null> {
    const { home } = await settings(owner);
    const newest = state.origins[0]?.origin;
    return (
      home ?? registry.get(owner.platform)?.home ?? state.provedUrl ?? (newest === undefined ? null : `${newest}/`)
    );
  }

  async function candidates(owner: Owner) {
    return loggedInCandidates(registry, owner, (await settings(owner)).loggedIn);
  }

  const noPredicate = (platform: string) =>
    `unproved: nothing says how ${platform} shows that somebody is logged in (@account.logged_in)`;

  /** What a proof means for a session; a login that expired has its picture taken. */
  async function outcomeOf(request: ProfileRequest, page: Page, proof: Proof): Promise<ProfileOutcome> {
    if (proof.state === 'proved') {
      return { state: 'proved', why: `logged in, as ${placeOf(proof.url)} shows`, failure: null, artifacts: [] };
    }
    if (proof.state === 'unproved')
      return { state: 'unproved', why: `unproved: ${proof.why}`, failure: null, artifacts: [] };
    const { platform, accountId } = request;
    const failure = toFailure(new ControlError('LOGIN_EXPIRED', { platform, accountId, why: proof.why }));
    return { state: 'expired', why: failure.message, failure, artifacts: await picture(page) };
  }

  /** Merges what the page shows into what is saved. */
  async function keep(
    request: ProfileRequest,
    page: Page,
    { anew, provedUrl }: { anew: boolean; provedUrl: string | null }
  ): Promise<Kept> {
    const seen = await capture(page, now);
    if (!seen && provedUrl === null) return 'nothing';
    const key = keyOf(request);
    let result: Kept = 'unchanged';
    await store.update(
      request,
      (was, row) => {
        const merged = seen ? merge(was, seen) : was;
        const state = { ...merged, provedUrl: provedUrl ?? merged.provedUrl };
        const print = fingerprint(state);
        if (isEmpty(state) && row === undefined) {
          result = 'nothing';
          return null;
        }
        const asBefore = last.get(key) === print && row?.state === 'saved';
        if (asBefore && !(provedUrl !== null && row?.proved_at === null)) return null;
        last.set(key, print);
        result = 'saved';
        return { state, proved: provedUrl !== null };
      },
      { anew }
    );
    return result;
  }

  return {
    restore: (request, signal) =>
      driving(request, signal, async (page) => {
        let state: StorageState | undefined;
        try {
          state = await store.load(request);
        } catch (error) {
          if (!isControlError(error) || !error.code.startsWith('PROFILE_')) throw error;
          const failure = toFailure(error);
          return { state: 'unreadable', why: failure.message, failure, artifacts: [] };
        }
        if (!state || isEmpty(state)) {
          markWhole(request);
          return { state: 'none', why: 'no login of this account is stored', failure: null, artifacts: [] };
        }
        const row = await store.row(request);
        const restored = await putBack(page, state, now);
        if (isComplete(restored)) {
          markWhole(request);
          last.set(keyOf(request), fingerprint(state));
        }
        const wanted = await candidates(request);
        let outcome: ProfileOutcome;
        if (!wanted) {
          outcome = { state: 'unproved', why: noPredicate(request.platform), failure: null, artifacts: [] };
        } else {
          const proof = await proveLogin(page, wanted, await placeToLook(request, state), lookMs);
          // An account that was never seen logged in has not stopped to be.
          const known = proof.state !== 'expired' || (row?.proved_at ?? null) !== null;
          outcome = await outcomeOf(request, page, known ? proof : { state: 'unproved', why: proof.why });
          if (outcome.state === 'proved') await store.judge(request, 'proved');
          if (outcome.state === 'expired') await store.judge(request, 'expired');
        }
        if (!isComplete(restored) && outcome.state !== 'expired') {
          outcome = { ...outcome, why: `${outcome.why}; ${shortfall(restored)}` };
        }
        // Commands begin where a new browser would.
        if (outcome.state !== 'expired') await page.session.navigate('about:blank', page.options());
        return outcome;
      }),

    async save(request, signal) {
      if (whole.get(leaseOf(request.lease)) !== keyOf(request)) return 'nothing';
      return driving(request, signal, async (page) => {
        const wanted = await candidates(request);
        const shows = wanted !== null && (await showsLogin(page, wanted));
        const provedUrl = shows ? await page.session.url(page.options()) : null;
        return keep(request, page, { anew: false, provedUrl });
      });
    },

    check: (request, signal) =>
      driving(request, signal, async (page) => {
        const wanted = await candidates(request);
        if (!wanted) {
          // Nothing will ever say more: what the person left is the login, also in place of one that does not open.
          await keep(request, page, { anew: true, provedUrl: null });
          markWhole(request);
          return { state: 'unproved', why: noPredicate(request.platform), failure: null, artifacts: [] };
        }
        let proof: Proof;
        // Looked for first where the person left it: a command may go on from that very page.
        if (await showsLogin(page, wanted)) {
          proof = { state: 'proved', url: await page.session.url(page.options()) };
        } else {
          const was = (await store.load(request).catch(() => undefined)) ?? emptyState();
          const left = await capture(page, now);
          proof = await proveLogin(page, wanted, await placeToLook(request, left ? merge(was, left) : was), lookMs);
        }
        if (proof.state === 'proved') {
          await keep(request, page, { anew: true, provedUrl: proof.url });
          markWhole(request);
        } else if (proof.state === 'expired') {
          const row = await store.row(request);
          // An account that was never seen logged in has not stopped to be.
          if (row?.proved_at == null && row?.state !== 'expired') {
            await keepIfWhole(request, page);
            return outcomeOf(request, page, { state: 'unproved', why: proof.why });
          }
          await store.judge(request, 'expired');
        }
        return outcomeOf(request, page, proof);
      })
  };

  async function keepIfWhole(request: ProfileRequest, page: Page): Promise<void> {
    if (whole.get(leaseOf(request.lease)) === keyOf(request))
      await keep(request, page, { anew: false, provedUrl: null });
  }
}

const shortfall = ({ cookies, entries, unreachable }: Awaited<ReturnType<typeof putBack>>): string =>
  [
    `put back ${cookies.restored} of ${cookies.wanted} cookies and ${entries.restored} of ${entries.wanted} entries`,
    ...(unreachable.length > 0 ? [`could not open ${unreachable.join(', ')}`] : [])
  ].join(', ');

const unsent = (error: unknown): boolean =>
  isControlError(error) && (error.details as { sent?: boolean }).sent === false;
