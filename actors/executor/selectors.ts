import { ControlError } from '../../schemas/errors.ts';
import type { Selectors } from '../../schemas/generated/contracts.ts';
import { hasPlaceholder, type Scope } from './placeholders.ts';
import type { SelectorLookup } from './registry.ts';
import { resolveSelectors } from './resolve.ts';

/** One look inside the page; `kind` picks how. */
export type Part =
  | { kind: 'css' | 'xpath' | 'text' | 'pierce'; value: string }
  | { kind: 'aria'; name: string; role?: string };

/** One ranked alternative. More than one part: each looks inside what the one before found. */
export interface Candidate {
  /** As the flow or the registry wrote it, for people. */
  label: string;
  parts: Part[];
}

/** How many combinations of names in one nested list are tried. */
const COMBINATIONS = 30;

/**
 * Selectors of a step as candidates: names are replaced by the platform's ranked list, with the command's params in.
 * @throws ControlError SELECTOR_UNKNOWN, SELECTOR_INVALID, VALIDATION_FAILED
 */
export function candidatesOf(
  selectors: Selectors,
  { registry, platform, scope }: { registry: SelectorLookup; platform: string; scope: Scope }
): Candidate[] {
  const expand = (selector: string): string[][] => {
    if (!selector.startsWith('@')) return [[selector]];
    const named = registry.lookup(platform, selector.slice(1));
    const filled = named.flat().some(hasPlaceholder) ? resolveSelectors(named, scope, selector) : named;
    return filled.map((one) => (Array.isArray(one) ? one : [one]));
  };
  return selectors.flatMap((selector): Candidate[] => {
    const chains = (Array.isArray(selector) ? selector : [selector])
      .map(expand)
      .reduce<string[][]>((done, next) => done.flatMap((head) => next.map((tail) => [...head, ...tail])), [[]])
      .slice(0, COMBINATIONS);
    return chains.map((chain) => ({ label: chain.join(' >>> '), parts: chain.map(parse) }));
  });
}

/** @throws ControlError SELECTOR_INVALID */
export function parse(selector: string): Part {
  const invalid = (reason: string) => new ControlError('SELECTOR_INVALID', { selector, reason });
  const after = (prefix: string): string | null => (selector.startsWith(prefix) ? selector.slice(prefix.length) : null);
  const xpath = after('xpath/');
  if (xpath !== null) {
    if (xpath === '') throw invalid('nothing follows xpath/');
    return { kind: 'xpath', value: xpath };
  }
  const text = after('text/');
  if (text !== null) {
    if (text.trim() === '') throw invalid('nothing follows text/');
    return { kind: 'text', value: text };
  }
  const pierce = after('pierce/');
  if (pierce !== null) {
    if (pierce.trim() === '') throw invalid('nothing follows pierce/');
    return { kind: 'pierce', value: pierce };
  }
  const aria = after('aria/');
  if (aria !== null) return parseAria(aria, invalid);
  if (selector.startsWith('@')) throw invalid('a name of the registry cannot hold another name');
  if (selector.trim() === '') throw invalid('it is empty');
  return { kind: 'css', value: selector };
}

/** `Name`, `Name[role="button"]`, `[name="Name"][role="button"]`; a backslash takes the next character as it is. */
function parseAria(text: string, invalid: (reason: string) => Error): Part {
  let name = '';
  let role: string | undefined;
  for (let i = 0; i < text.length; ) {
    if (text[i] === '\\' && i + 1 < text.length) {
      name += text[i + 1];
      i += 2;
      continue;
    }
    const attribute = /^\[\s*(name|role)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')\s*\]/.exec(text.slice(i));
    if (attribute) {
      const value = (attribute[2] ?? attribute[3] ?? '').replace(/\\(.)/g, '$1');
      if (attribute[1] === 'role') role = value;
      else name = value;
      i += attribute[0].length;
      continue;
    }
    name += text[i];
    i += 1;
  }
  if (name.trim() === '' && role === undefined) throw invalid('aria/ needs a name or a role');
  return { kind: 'aria', name, ...(role !== undefined && { role }) };
}
