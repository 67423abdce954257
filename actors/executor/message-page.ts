import type { SelectorRegistry } from '../../schemas/generated/contracts.ts';

/** What a platform's data says of where people are written to. */
export type MessagePages = Pick<SelectorRegistry, 'message_pages'> | undefined;

/** An address under which people are written to, however it is spelled. */
export function isMessageAddress(address: string, registry: MessagePages): boolean {
  const beginnings = registry?.message_pages ?? [];
  let path: string;
  try {
    const url = new URL(address);
    // A second time for what was hidden in the first: /p/..%2Fdirect.
    path = new URL(decodeURIComponent(url.pathname).replace(/^[/\\]*/, '/'), url.origin).pathname;
  } catch {
    return false;
  }
  const plain = `${path.toLowerCase().replace(/\/{2,}/g, '/')}/`;
  return beginnings.some((beginning) => plain.startsWith(`${beginning}/`));
}
