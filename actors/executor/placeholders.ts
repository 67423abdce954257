import { ControlError } from '../../schemas/errors.ts';

/** `${params.text}`, `${params.user.name}`; `$${` stands for a literal `${`. */
const PLACEHOLDER = /\$\$\{|\$\{([^}]*)\}/g;
const NAME = /^(?:params(?:\.[A-Za-z_][\w-]*)+|account\.id)$/;

export type Params = Record<string, unknown>;

/** What placeholders can name. `account.id` is for selectors of the registry: an account's own comment. */
export interface Scope {
  params: Params;
  account?: { id: string | null };
}

/**
 * The value of a placeholder as text.
 * @param where for the error: where in the flow it stands
 * @throws ControlError VALIDATION_FAILED when it is no parameter, is missing, or is an object
 */
function paramOf(expression: string, scope: Scope, where: string): string {
  const fail = (path: string, message: string): never => {
    throw new ControlError('VALIDATION_FAILED', { what: 'the payload for the flow', errors: [{ path, message }] });
  };
  const name = expression.trim();
  if (!NAME.test(name)) {
    return fail(
      where,
      `has '\${${expression}}', which is no parameter; write \${params.name}, or $\${ for a plain \${`
    );
  }
  let value: unknown = scope;
  for (const key of name.split('.')) {
    value =
      typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? (value as Params)[key] : undefined;
  }
  const path = `/${name.replaceAll('.', '/')}`;
  if (value === undefined || value === null) return fail(path, `is missing, and ${where} needs it`);
  if (typeof value === 'object')
    return fail(path, `is ${Array.isArray(value) ? 'a list' : 'an object'}; ${where} needs text`);
  return String(value);
}

export const hasPlaceholder = (text: string): boolean => text.includes('${');

/** Puts values into a text; `encode` makes each fit for where it goes. */
export function fill(
  text: string,
  scope: Scope,
  where: string,
  encode: (value: string, offset: number) => string = (value) => value
): string {
  return text.replace(PLACEHOLDER, (match, expression: string | undefined, offset: number) =>
    match === '$${' ? '${' : encode(paramOf(expression ?? '', scope, where), offset)
  );
}

/** A value that begins the address is the address; one inside it is a part and is percent-encoded. */
export const fillUrl = (url: string, scope: Scope, where: string): string =>
  fill(url, scope, where, (value, offset) => (offset === 0 ? value : encodeURIComponent(value)));

/** Into JavaScript as a literal, never as code. Other `${…}` are the script's own template literals. */
export const fillScript = (script: string, scope: Scope, where: string): string =>
  script.replace(/\$\{(params\.[\w.-]+)\}/g, (_, expression: string) =>
    JSON.stringify(paramOf(expression, scope, where))
      .replace(/\u2028/g, '\\u2028')
      .replace(/\u2029/g, '\\u2029')
  );

/**
 * Into one selector, so that a value stays a value whatever it holds: a string literal in CSS and XPath, itself in
 * `text/`, with its brackets escaped in `aria/`.
 */
export function fillSelector(selector: string, scope: Scope, where: string): string {
  if (!hasPlaceholder(selector)) return selector;
  if (selector.startsWith('text/')) return fill(selector, scope, where);
  if (selector.startsWith('aria/')) return fill(selector, scope, where, (value) => value.replace(/[\\[\]]/g, '\\$&'));
  if (selector.startsWith('xpath/')) return fillXPath(selector, scope, where);
  if (selector.startsWith('@')) return fill(selector, scope, where);
  return fillCss(selector, scope, where);
}

/** Inside quotes the value is escaped; outside it becomes a quoted string. */
function fillCss(selector: string, scope: Scope, where: string): string {
  return fill(selector, scope, where, (value, offset) => {
    const escaped = cssEscape(value);
    return openQuote(selector.slice(0, offset)) ? escaped : `"${escaped}"`;
  });
}

/** @see CSSOM, "serialize a string"; both quotes, since either may be around it */
const cssEscape = (value: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must be escaped
  value.replace(/[\0-\x1f\x7f"'\\]/g, (c) => {
    if (c === '\0') return '\ufffd';
    return /["'\\]/.test(c) ? `\\${c}` : `\\${c.charCodeAt(0).toString(16)} `;
  });

/** The quote that is open at the end of the text, if one is. */
function openQuote(text: string): string | null {
  let quote: string | null = null;
  for (let i = 0; i < text.length; i += 1) {
    const c = text[i]!;
    if (c === '\\') i += 1;
    else if (quote === null && (c === '"' || c === "'")) quote = c;
    else if (c === quote) quote = null;
  }
  return quote;
}

/** XPath 1.0 has no escapes: a literal with a value in it is rebuilt, out of both kinds of quotes if need be. */
function fillXPath(selector: string, scope: Scope, where: string): string {
  const literals = /"([^"]*)"|'([^']*)'|\$\$\{|\$\{[^}]*\}/g;
  return selector.replace(literals, (match, double: string | undefined, single: string | undefined) => {
    if (match === '$${') return '${';
    const content = double ?? single;
    if (content === undefined) return xpathLiteral(fill(match, scope, where));
    return hasPlaceholder(content) ? xpathLiteral(fill(content, scope, where)) : match;
  });
}

function xpathLiteral(value: string): string {
  if (!value.includes('"')) return `"${value}"`;
  if (!value.includes("'")) return `'${value}'`;
  const parts = value.split('"').map((part) => `"${part}"`);
  return `concat(${parts.join(`, '"', `)})`;
}
