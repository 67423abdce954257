import type Router from '@koa/router';
import { accountAddress, isTimeZone, type Standing, standingOf } from '../../../actors/account/standing.ts';
import type { Account } from '../../../actors/profile/accounts.ts';
import { ControlError, isControlError } from '../../../schemas/errors.ts';
import type { AccountUpdate, AccountView, ProfileKeyView, ProfileView } from '../../../schemas/generated/contracts.ts';
import { demandAccount, maySee } from '../../auth/accounts.ts';
import { demand } from '../../auth/scopes.ts';
import { parse } from '../../contracts.ts';
import { asked } from '../audited.ts';
import { canonicalHash } from '../canonical.ts';
import type { Control } from '../deps.ts';
import { integer, readQuery, text } from '../query.ts';
import { asks, type Ctx, clientOf, jsonBody } from '../request.ts';
import { instantOf, pageOf } from '../views.ts';

/**
 * GET /v1/accounts; GET, PUT /v1/accounts/{id}; DELETE /v1/accounts/{id}/profile: how an account is set, what its limits have
 * counted, and what is known of a stored login, never the login itself. `platform` is needed where a name is known on several.
 */
export function accountRoutes(router: Router, control: Control): void {
  const { accounts, profiles, tokens, limits, platforms, host, now } = control;
  const view = async (account: Account): Promise<AccountView> => {
    const actor = await host.read(accountAddress(account.platform, account.accountId));
    return accountView(account, standingOf(actor?.context, now()));
  };

  router.get('/v1/accounts', asks(tokens, 'read:accounts'), async (ctx) => {
    const {
      platform,
      page,
      limit = limits.pageDefault
    } = readQuery(ctx.query, { platform: text, limit: integer(1, limits.pageMax), page: text });
    const client = clientOf(ctx);
    const known = await everyAccount(control, platform === undefined ? {} : { platform });
    const all = known.filter(({ accountId }) => maySee(client, accountId));
    const after = page === undefined ? -1 : all.findIndex((one) => placeOf(one) === page);
    if (page !== undefined && after < 0) {
      throw new ControlError('QUERY_INVALID', { parameter: 'page', value: page, expected: 'the next_page of a list' });
    }
    const items = all.slice(after + 1, after + 1 + limit);
    const last = items.at(-1);
    const hasMore = all.length > after + 1 + limit;
    ctx.body = pageOf(await Promise.all(items.map(view)), hasMore && last ? placeOf(last) : null);
  });

  router.get('/v1/accounts/:id', asks(tokens, 'read:accounts'), async (ctx) => {
    const { platform } = readQuery(ctx.query, { platform: text });
    ctx.body = await view(await findAccount(control, accountOf(ctx), platform));
  });

  router.put('/v1/accounts/:id', asks(tokens, 'accounts:write'), jsonBody(limits.bodyBytes), async (ctx) => {
    const { platform, home, logged_in, ...sent } = parse.accountUpdate(ctx.request.body);
    const accountId = accountOf(ctx);
    if (!platforms.includes(platform)) throw new ControlError('PLATFORM_UNKNOWN', { platform, known: platforms });
    if (!NAME.test(accountId)) throw misnamed(accountId);
    const settings = checked(sent);
    // Its messages wait for nobody then: no scope is wide enough but the one for everything.
    if (settings.test_account !== undefined) demand(clientOf(ctx).scopes, 'admin');
    const was = await accounts.settings({ platform, accountId });
    await accounts.set(
      { platform, accountId },
      {
        home: home === undefined ? was.home : home,
        loggedIn: logged_in === undefined ? was.loggedIn : logged_in
      },
      asked(clientOf(ctx), {
        action: 'account.set',
        outcome: 'done',
        subject: `account/${accountId}`,
        account_id: accountId,
        platform,
        detail: { body_hash: canonicalHash(ctx.request.body) }
      })
    );
    if (Object.keys(settings).length > 0) {
      const address = accountAddress(platform, accountId);
      await make(control, address, { platform, accountId });
      await host.send(address, { type: 'account.set', settings, by: clientOf(ctx).service });
    }
    ctx.body = await view(await accounts.find(accountId, platform));
  });

  router.delete('/v1/accounts/:id/profile', asks(tokens, 'accounts:write'), async (ctx) => {
    const { platform } = readQuery(ctx.query, { platform: text });
    const account = await accounts.find(accountOf(ctx), platform);
    const about = { account_id: account.accountId, platform: account.platform };
    const entry = { action: 'profile.forgotten', outcome: 'done', subject: `account/${account.accountId}`, ...about };
    await profiles.forget(account, asked(clientOf(ctx), entry));
    ctx.status = 204;
  });

  router.get('/v1/profile_keys', asks(tokens, 'admin'), async (ctx) => {
    const counts = new Map<string, number>();
    for (const { key_id } of await profiles.rows()) if (key_id) counts.set(key_id, (counts.get(key_id) ?? 0) + 1);
    const items = profiles.ring.list().map(
      ({ id, createdAt }): ProfileKeyView => ({
        key_id: id,
        active: id === profiles.ring.active.id,
        created_at: instantOf(createdAt),
        profiles: counts.get(id) ?? 0
      })
    );
    ctx.body = pageOf(items, null);
  });

  // The new key first, on the disk; then every record. Killed between the two, the rest is sealed when it is saved next.
  router.post('/v1/profile_keys/rotate', asks(tokens, 'admin'), async (ctx) => {
    const { id } = profiles.ring.rotate();
    const { resealed, failed } = await profiles.reseal();
    const detail = { resealed, failed: failed.length };
    await host.write(
      [],
      asked(clientOf(ctx), { action: 'profile_key.rotated', outcome: 'done', subject: `profile_key/${id}`, detail })
    );
    ctx.body = {
      key_id: id,
      resealed,
      failed: failed.map(({ accountId, platform, code }) => ({ account_id: accountId, platform, code }))
    };
  });

  router.delete('/v1/profile_keys/:id', asks(tokens, 'admin'), async (ctx) => {
    const keyId = ctx.params.id as string;
    const sealed = (await profiles.rows()).filter(({ key_id }) => key_id === keyId);
    if (sealed.length > 0) {
      const reason = `${sealed.length} stored logins are sealed with it`;
      throw new ControlError('PROFILE_KEY_IN_USE', { keyId, reason });
    }
    profiles.ring.remove(keyId);
    await host.write(
      [],
      asked(clientOf(ctx), { action: 'profile_key.removed', outcome: 'done', subject: `profile_key/${keyId}` })
    );
    ctx.status = 204;
  });
}

/** @throws ControlError VALIDATION_FAILED */
function checked(sent: Settings): Settings {
  const errors = [];
  if (sent.time_zone !== undefined && !isTimeZone(sent.time_zone)) {
    const message = `'${sent.time_zone}' is no IANA time zone, such as Europe/Berlin`;
    errors.push({ path: '/time_zone', message });
  }
  for (const [kind, limits] of Object.entries(sent.limits ?? {})) {
    const { from, to } = limits?.hours ?? {};
    if (from === undefined || from !== to) continue;
    errors.push({ path: `/limits/${kind}/hours`, message: 'begins when it ends; null is no such limit' });
  }
  if (errors.length > 0) throw new ControlError('VALIDATION_FAILED', { what: 'the account', errors });
  return sent;
}

async function make({ host }: Control, address: string, input: { platform: string; accountId: string }) {
  try {
    await host.create(address, input);
  } catch (error) {
    if (!isControlError(error, 'ACTOR_EXISTS')) throw error;
  }
}

/** Those that are set, those that have a login, and those that something has acted for; by platform and name. */
async function everyAccount(
  { accounts, host }: Control,
  of: { platform?: string; accountId?: string }
): Promise<Account[]> {
  const known = await accounts.list(of);
  const names = new Set(known.map(placeOf));
  const { platform, accountId } = of;
  const where = {
    ...(platform === undefined ? {} : { platform }),
    ...(accountId === undefined ? {} : { account_id: accountId })
  };
  for (let page: string | null | undefined; page !== null; ) {
    const found = await host.journal.queryActors({ kind: 'account', limit: 500, ...where, ...(page ? { page } : {}) });
    for (const { subject } of found.items) {
      const owner = { platform: subject.platform as string, accountId: subject.account_id as string };
      const account: Account = { ...owner, home: null, loggedIn: null, profile: null };
      if (!names.has(placeOf(account))) known.push(account);
    }
    page = found.next;
  }
  return known.sort((a, b) => placeOf(a).localeCompare(placeOf(b)));
}

/** @throws ControlError ACCOUNT_NOT_FOUND, QUERY_INVALID */
async function findAccount(control: Control, accountId: string, platform?: string): Promise<Account> {
  const found = await everyAccount(control, { accountId, ...(platform === undefined ? {} : { platform }) });
  const [only] = found;
  return only && found.length === 1 ? only : control.accounts.find(accountId, platform);
}

/** The one a path names. @throws ControlError ACCOUNT_FORBIDDEN */
function accountOf(ctx: Ctx): string {
  const accountId = ctx.params.id as string;
  demandAccount(clientOf(ctx), accountId);
  return accountId;
}

type Settings = Omit<AccountUpdate, 'platform' | 'home' | 'logged_in'>;

/** As a target's account_id. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._:@-]{0,127}$/;
const misnamed = (accountId: string) =>
  new ControlError('VALIDATION_FAILED', {
    what: 'the account',
    errors: [{ path: '/account_id', message: `${JSON.stringify(accountId.slice(0, 100))} is no name` }]
  });

const placeOf = ({ platform, accountId }: Account) => `${platform}/${accountId}`;

const accountView = ({ accountId, platform, home, loggedIn, profile }: Account, standing: Standing): AccountView => ({
  account_id: accountId,
  platform,
  home,
  logged_in: loggedIn,
  ...standing,
  profile: profileView(profile)
});

const at = (ms: number | null): string | null => (ms === null ? null : instantOf(ms));

const profileView = (row: Account['profile']): ProfileView => ({
  state: row?.state ?? 'none',
  saved_at: at(row?.saved_at ?? null),
  proved_at: at(row?.proved_at ?? null),
  expired_at: at(row?.expired_at ?? null),
  key_id: row?.key_id ?? null,
  origins: row ? (JSON.parse(row.origins) as string[]) : [],
  cookies: row?.cookies ?? 0,
  bytes: row?.bytes ?? 0
});
