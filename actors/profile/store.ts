/**
 * Profiles on the journal: what is known of one stands in `profiles`, its sealed content in `profile_bodies`, and both
 * are written in one transaction. A process killed while saving leaves the old one or the new one.
 */
import { ControlError } from '../../schemas/errors.ts';
import type { ActorHost, AuditEntry, Journal, Tables } from '../host/contract.ts';
import type { KeyRing } from './key-ring.ts';
import { type Owner, seal, unseal } from './seal.ts';
import { decode, emptyState, encode, type StorageState } from './storage-state.ts';

/** What it is kept on: rows are read from the journal and written through its host, which owns the transactions. */
export interface Rows {
  find: Journal['find'];
  write: ActorHost['write'];
}

export type ProfileRow = Tables['profiles'];

/** Result lists; far more accounts than one process drives. */
const REACH = 10_000;

export class ProfileStore {
  readonly ring: KeyRing;
  readonly #rows: Rows;
  readonly #now: () => number;
  /** The last of each owner's changes: the next one begins when it has ended. */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(ring: KeyRing, rows: Rows, { now = Date.now }: { now?: () => number } = {}) {
    this.ring = ring;
    this.#rows = rows;
    this.#now = now;
  }

  async row({ platform, accountId }: Owner): Promise<ProfileRow | undefined> {
    return (await this.#rows.find('profiles', { platform, account_id: accountId }, 1))[0];
  }

  /** Newest first. */
  rows(where: { platform?: string; account_id?: string } = {}): Promise<ProfileRow[]> {
    return this.#rows.find('profiles', where, REACH);
  }

  /**
   * The content, or undefined when nothing is saved.
   * @throws ControlError PROFILE_KEY_UNKNOWN, PROFILE_DAMAGED
   */
  async load(owner: Owner): Promise<StorageState | undefined> {
    const row = await this.row(owner);
    if (!row || row.state === 'none') return undefined;
    const { platform, accountId } = owner;
    const [body] = await this.#rows.find('profile_bodies', { platform, account_id: accountId }, 1);
    if (!body) throw new ControlError('PROFILE_DAMAGED', { ...owner });
    const sealed = { keyId: body.key_id, nonce: body.nonce, ciphertext: body.ciphertext };
    return decode(owner, unseal(this.ring, owner, sealed));
  }

  /**
   * Changes what is saved, after all changes asked for before. `change` is given the content, and returns the new one
   * or null for none.
   * @param anew what is there is replaced, also when it cannot be read
   * @throws ControlError PROFILE_KEY_UNKNOWN, PROFILE_DAMAGED, PROFILE_TOO_LARGE, JOURNAL_UNAVAILABLE: then what was there stays
   */
  update(
    owner: Owner,
    change: (state: StorageState, row: ProfileRow | undefined) => { state: StorageState; proved: boolean } | null,
    { anew = false } = {}
  ): Promise<boolean> {
    return this.#inTurn(owner, async () => {
      const row = await this.row(owner);
      const was = anew ? await this.load(owner).catch(() => undefined) : await this.load(owner);
      const next = change(was ?? emptyState(), row);
      if (!next) return false;
      const content = encode(owner, next.state);
      const at = this.#now();
      await this.#write(owner, content, {
        ...known(owner),
        state: 'saved',
        origins: JSON.stringify(next.state.origins.map(({ origin }) => origin)),
        cookies: next.state.cookies.length,
        bytes: content.length,
        saved_at: at,
        proved_at: next.proved ? at : (row?.proved_at ?? null),
        expired_at: null
      });
      return true;
    });
  }

  /** What a proof said of the profile; its content stays as it is. */
  judge(owner: Owner, verdict: 'proved' | 'expired'): Promise<void> {
    return this.#inTurn(owner, async () => {
      const row = await this.row(owner);
      if (!row || row.state === 'none') return;
      const at = this.#now();
      const change =
        verdict === 'proved'
          ? ({ state: 'saved', proved_at: at, expired_at: null } as const)
          : ({ state: 'expired', expired_at: row.expired_at ?? at } as const);
      await this.#rows.write([{ into: 'profiles', row: { ...row, ...change } }]);
    });
  }

  /** @param entry what the audit log says of it @returns whether there was one */
  forget(owner: Owner, entry?: AuditEntry): Promise<boolean> {
    return this.#inTurn(owner, async () => {
      const row = await this.row(owner);
      if (!row || row.state === 'none') return false;
      await this.#rows.write(
        [
          { into: 'profiles', row: { ...known(owner), ...nothing } },
          { into: 'profile_bodies', row: { ...known(owner), key_id: '', nonce: '', ciphertext: '' } }
        ],
        entry
      );
      return true;
    });
  }

  /**
   * Seals with the active key what is sealed with another.
   * @returns how many, and of which what is there does not open: those stay as they are
   */
  async reseal(): Promise<{ resealed: number; failed: (Owner & { code: string })[] }> {
    let resealed = 0;
    const failed: (Owner & { code: string })[] = [];
    for (const { platform, account_id, key_id } of await this.rows()) {
      if (key_id === null || key_id === this.ring.active.id) continue;
      const owner = { platform, accountId: account_id };
      try {
        if (await this.#resealOne(owner)) resealed += 1;
      } catch (error) {
        if (!(error instanceof ControlError) || !error.code.startsWith('PROFILE_')) throw error;
        failed.push({ ...owner, code: error.code });
      }
    }
    return { resealed, failed };
  }

  #resealOne(owner: Owner): Promise<boolean> {
    return this.#inTurn(owner, async () => {
      const row = await this.row(owner);
      const state = await this.load(owner);
      if (!row || !state || row.key_id === this.ring.active.id) return false;
      await this.#write(owner, encode(owner, state), row);
      return true;
    });
  }

  async #write(owner: Owner, content: Buffer, row: Omit<ProfileRow, 'key_id'>): Promise<void> {
    const { keyId, nonce, ciphertext } = seal(this.ring, owner, content);
    await this.#rows.write([
      { into: 'profiles', row: { ...row, key_id: keyId } },
      { into: 'profile_bodies', row: { ...known(owner), key_id: keyId, nonce, ciphertext } }
    ]);
  }

  async #inTurn<T>(owner: Owner, task: () => Promise<T>): Promise<T> {
    const key = JSON.stringify([owner.platform, owner.accountId]);
    const before = this.#turns.get(key) ?? Promise.resolve();
    const mine = before.then(task, task);
    const settled = mine.catch(() => {});
    this.#turns.set(key, settled);
    try {
      return await mine;
    } finally {
      if (this.#turns.get(key) === settled) this.#turns.delete(key);
    }
  }
}

const known = ({ platform, accountId }: Owner) => ({ platform, account_id: accountId });

const nothing = {
  state: 'none',
  key_id: null,
  origins: '[]',
  cookies: 0,
  bytes: 0,
  saved_at: null,
  proved_at: null,
  expired_at: null
} as const;
