/**
 * Posts and threads of messages out of what an action read of a page. Any flow feeds them whose action extracts fields of
 * these names; with `all: true` each is a list, and what stands at one place of the lists belongs together:
 *
 * - `post_url` (or the flow's param of that name), `post_author`, `post_text`, and any `post_NAME` that is a number:
 *   `post_likes`, `post_comments`, `post_views`;
 * - `thread_url`, `thread_with`, `thread_last_message`, `thread_unread`.
 */
import type { ActionResult } from '../schemas/generated/contracts.ts';
import { sha256 } from './action-hash.ts';
import type { CommandContext } from './command-context.ts';
import type { Record_ } from './protocol.ts';

type Extracted = NonNullable<ActionResult['extracted']>;
type Scalar = string | number | boolean | null;
type Item = Record<string, Scalar>;

/** More than any page shows at once. */
const MOST = 500;
const PLAIN = ['url', 'author', 'text'];

/** Fields that begin with `prefix_`, an item for each place of `prefix_url`. A list of another length fits nothing of it. */
function itemsOf(extracted: Extracted, prefix: string, url: unknown): Item[] {
  const fields: Record<string, unknown> = { [`${prefix}_url`]: url, ...extracted };
  const urls = listOf(fields[`${prefix}_url`]);
  return urls.slice(0, MOST).flatMap((at, index) => {
    if (typeof at !== 'string' || at === '') return [];
    const item: Item = {};
    for (const [name, value] of Object.entries(fields)) {
      const values = listOf(value);
      if (!name.startsWith(`${prefix}_`) || values.length !== urls.length) continue;
      item[name.slice(prefix.length + 1)] = values[index] as Scalar;
    }
    return [item];
  });
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : value === undefined ? [] : [value]);
const textOf = (value: Scalar | undefined): string | null => (value == null ? null : String(value));
const has = (extracted: Extracted, prefix: string) =>
  Object.keys(extracted).some((name) => name.startsWith(`${prefix}_`));

/** Rows of what the verified action at hand has seen. */
export function seenRecords({ commandId, envelope, current }: CommandContext, at: number): Record_[] {
  const extracted = current?.extracted;
  if (!extracted) return [];
  const { platform, account_id = null } = envelope.target;
  const params = (envelope.payload.params ?? {}) as Record<string, unknown>;
  const common = (url: string) => ({
    id: sha256(JSON.stringify([platform, account_id, url])).slice(0, 32),
    platform,
    account_id,
    url,
    command_id: commandId,
    created_at: at,
    last_seen_at: at
  });
  const posts = has(extracted, 'post') ? itemsOf(extracted, 'post', params.post_url) : [];
  const threads = has(extracted, 'thread') ? itemsOf(extracted, 'thread', undefined) : [];
  return [
    ...posts.flatMap(({ url, author, text, ...rest }): Record_[] => {
      const numbers = Object.entries(rest).filter(
        ([name, value]) => typeof value === 'number' && !PLAIN.includes(name)
      );
      const stats = JSON.stringify(Object.fromEntries(numbers));
      const row = { ...common(url as string), author: textOf(author), text: textOf(text), stats };
      const looked = { post_id: row.id, command_id: commandId, stats, created_at: at };
      return [
        { into: 'posts', row },
        { into: 'post_stats', row: looked }
      ];
    }),
    ...threads.map(({ url, with: partner, last_message, unread }): Record_ => {
      const row = { ...common(url as string), partner: textOf(partner), last_message: textOf(last_message) };
      return { into: 'dm_threads', row: { ...row, unread: typeof unread === 'number' ? Math.trunc(unread) : null } };
    })
  ];
}
