/**
 * Posts and threads of messages out of what an action read of a page. Any flow feeds them whose action extracts records
 * under `posts`, `dm_threads` or `drafts` that have an address, and the one under `sora_usage`: see schemas/scrape.schema.json. Whatever number a post has beside
 * what is named there counts among its figures.
 */
import type { ActionResult, ScrapedDraft, ScrapedPost, ScrapedThread } from '../schemas/generated/contracts.ts';
import { sha256 } from './action-hash.ts';
import type { CommandContext } from './command-context.ts';
import type { Record_ } from './protocol.ts';

/** More than any page shows at once. */
const MOST = 500;

/** Those of the list that can be told from each other: by their address. */
function itemsOf<T extends { url: string }>(extracted: NonNullable<ActionResult['extracted']>, name: string): T[] {
  const list = extracted[name];
  if (!Array.isArray(list)) return [];
  const hasAddress = (item: unknown): item is T =>
    typeof item === 'object' && item !== null && typeof (item as T).url === 'string' && (item as T).url !== '';
  return list.filter(hasAddress).slice(0, MOST);
}

const numbersIn = (record: object): Record<string, number> =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => typeof value === 'number'));

const textOf = (value: unknown): string | null => (value == null ? null : String(value));

/** Rows of what the verified action at hand has seen. */
export function seenRecords({ commandId, envelope, current }: CommandContext, at: number): Record_[] {
  const extracted = current?.extracted;
  if (!extracted) return [];
  const { platform, account_id = null } = envelope.target;
  const common = (url: string) => ({
    id: sha256(JSON.stringify([platform, account_id, url])).slice(0, 32),
    platform,
    account_id,
    url,
    command_id: commandId,
    created_at: at,
    last_seen_at: at
  });
  return [
    ...itemsOf<ScrapedPost>(extracted, 'posts').flatMap((post): Record_[] => {
      const { url, author, text, ...rest } = post;
      const stats = JSON.stringify(numbersIn(rest));
      const row = { ...common(url), author: textOf(author), text: textOf(text), stats };
      const looked = { post_id: row.id, command_id: commandId, stats, created_at: at };
      return [
        { into: 'posts', row },
        { into: 'post_stats', row: looked }
      ];
    }),
    ...itemsOf<ScrapedThread>(extracted, 'dm_threads').map(({ url, with: partner, last_message, unread }): Record_ => {
      const row = { ...common(url), partner: textOf(partner), last_message: textOf(last_message) };
      return { into: 'dm_threads', row: { ...row, unread: typeof unread === 'number' ? Math.trunc(unread) : null } };
    }),
    ...itemsOf<ScrapedDraft>(extracted, 'drafts').map(
      ({ url, prompt, state }): Record_ => ({
        into: 'sora_drafts',
        row: { ...common(url), prompt: textOf(prompt), state: textOf(state) }
      })
    ),
    ...usageOf(extracted).map(
      (figures): Record_ => ({
        into: 'sora_usage',
        row: { command_id: commandId, platform, account_id, figures: JSON.stringify(figures), created_at: at }
      })
    )
  ];
}

/** What was read of the cost of videos, if any of it is a number. */
function usageOf({ sora_usage }: NonNullable<ActionResult['extracted']>): Record<string, number>[] {
  const [usage] = Array.isArray(sora_usage) ? sora_usage : [];
  if (typeof usage !== 'object' || usage === null) return [];
  const figures = numbersIn(usage);
  return Object.keys(figures).length > 0 ? [figures] : [];
}
