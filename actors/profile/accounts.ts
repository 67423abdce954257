/** What is known of accounts: how they are set, and whether a login of theirs is stored. Never the login itself. */
import { ControlError } from '../../schemas/errors.ts';
import type { Selectors } from '../../schemas/generated/contracts.ts';
import type { AuditEntry, Tables } from '../host/contract.ts';
import type { AccountSettings } from './profiles.ts';
import type { Owner } from './seal.ts';
import type { ProfileRow, Rows } from './store.ts';

export interface Account extends AccountSettings, Owner {
  profile: ProfileRow | null;
}

const REACH = 10_000;

export class Accounts {
  readonly #rows: Rows;
  readonly #now: () => number;

  constructor(rows: Rows, { now = Date.now }: { now?: () => number } = {}) {
    this.#rows = rows;
    this.#now = now;
  }

  async settings({ platform, accountId }: Owner): Promise<AccountSettings> {
    const [row] = await this.#rows.find('accounts', { platform, account_id: accountId }, 1);
    return settingsOf(row);
  }

  /** @param entry what the audit log says of it */
  async set(owner: Owner, { home, loggedIn }: AccountSettings, entry?: AuditEntry): Promise<void> {
    const { platform, accountId: account_id } = owner;
    const [row] = await this.#rows.find('accounts', { platform, account_id }, 1);
    const at = this.#now();
    const logged_in = loggedIn === null ? null : JSON.stringify(loggedIn);
    const created_at = row?.created_at ?? at;
    await this.#rows.write(
      [{ into: 'accounts', row: { platform, account_id, home, logged_in, created_at, updated_at: at } }],
      entry
    );
  }

  /** Those with settings or a profile, by platform and name. */
  async list({ platform, accountId }: { platform?: string; accountId?: string } = {}): Promise<Account[]> {
    const where = {
      ...(platform === undefined ? {} : { platform }),
      ...(accountId === undefined ? {} : { account_id: accountId })
    };
    const set = await this.#rows.find('accounts', where, REACH);
    const profiles = await this.#rows.find('profiles', where, REACH);
    const all = new Map<string, Account>();
    for (const row of [...set, ...profiles]) {
      const owner = { platform: row.platform, accountId: row.account_id };
      all.set(keyOf(owner), { ...owner, ...settingsOf(undefined), profile: null });
    }
    for (const row of set)
      Object.assign(all.get(keyOf({ platform: row.platform, accountId: row.account_id }))!, settingsOf(row));
    for (const row of profiles) {
      all.get(keyOf({ platform: row.platform, accountId: row.account_id }))!.profile =
        row.state === 'none' ? null : row;
    }
    const unknown = new Set(set.map((row) => keyOf({ platform: row.platform, accountId: row.account_id })));
    return [...all]
      .filter(([key, { profile }]) => profile !== null || unknown.has(key))
      .map(([, account]) => account)
      .sort((a, b) => keyOf(a).localeCompare(keyOf(b)));
  }

  /** @param platform needed where the name is known on several @throws ControlError ACCOUNT_NOT_FOUND, QUERY_INVALID */
  async find(accountId: string, platform?: string): Promise<Account> {
    const found = await this.list({ accountId, ...(platform === undefined ? {} : { platform }) });
    if (found.length === 0) throw new ControlError('ACCOUNT_NOT_FOUND', { accountId });
    if (found.length > 1) {
      const expected = `named, and '${accountId}' is on ${found.map((one) => one.platform).join(', ')}`;
      throw new ControlError('QUERY_INVALID', { parameter: 'platform', value: '', expected });
    }
    return found[0]!;
  }
}

const keyOf = ({ platform, accountId }: Owner) => `${platform} ${accountId}`;

const settingsOf = (row: Tables['accounts'] | undefined): AccountSettings => ({
  home: row?.home ?? null,
  loggedIn: row?.logged_in == null ? null : (JSON.parse(row.logged_in) as Selectors)
});
