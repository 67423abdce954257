/**
 * Secrets among a flow's params: what its schema marks `writeOnly`, or `format: password`. They are sealed before the
 * command is written down, so that snapshot, outbox, approval and backup hold what opens with the key alone, and are
 * opened where the action is run. Sealed for one command, a secret opens in no other.
 */
import { ControlError } from '../../schemas/errors.ts';
import type { KeyRing } from './key-ring.ts';
import { seal, unseal } from './seal.ts';

type Schema = Record<string, unknown>;
type Params = Record<string, unknown>;

export const MASK = '•••';

/** `sealed.v1.KEY.NONCE.CIPHERTEXT`, of characters that are the same in an address. */
const SEALED = /^sealed\.v1\.([\w-]+)\.([\w-]+)\.([\w-]+)$/;
const ALL_SEALED = /sealed\.v1\.[\w-]+\.[\w-]+\.[\w-]+/g;
/** Deeper is refused elsewhere; a schema that refers to itself ends here. */
const DEEPEST = 64;

const isObject = (value: unknown): value is Schema =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

/** The same value with what is sealed in it masked, for whoever looks. */
export function withoutSealed<T>(value: T): T {
  const text = JSON.stringify(value);
  return text?.includes('sealed.v1.') ? (JSON.parse(text.replace(ALL_SEALED, MASK)) as T) : value;
}

/** What was shown and comes back: where it still has the mask, it is as it was. */
export function unmasked(value: unknown, was: unknown): unknown {
  if (value === MASK) return was;
  if (Array.isArray(value)) return value.map((item, at) => unmasked(item, Array.isArray(was) ? was[at] : undefined));
  if (!isObject(value)) return value;
  const former = isObject(was) ? was : {};
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unmasked(inner, former[key])]));
}

/** The same value with each secret of the schema put through `change`, and all else as it is. */
function mapSecrets(
  schema: unknown,
  value: unknown,
  change: (secret: unknown) => unknown,
  root = schema,
  depth = 0
): unknown {
  if (!isObject(schema) || value === undefined || depth > DEEPEST) return value;
  if (schema.writeOnly === true || schema.format === 'password') return change(value);
  const deeper = (inner: unknown, of: unknown) => mapSecrets(inner, of, change, root, depth + 1);
  let mapped: unknown = value;
  if (typeof schema.$ref === 'string') mapped = deeper(referredTo(root, schema.$ref), mapped);
  for (const name of ['allOf', 'anyOf', 'oneOf'] as const) {
    for (const part of Array.isArray(schema[name]) ? schema[name] : []) mapped = deeper(part, mapped);
  }
  for (const name of ['if', 'then', 'else'] as const) mapped = deeper(schema[name], mapped);
  if (Array.isArray(mapped)) return mapped.map((item) => deeper(schema.items, item));
  if (!isObject(mapped)) return mapped;
  const { properties, additionalProperties } = schema;
  const known = isObject(properties) ? properties : {};
  return Object.fromEntries(
    Object.entries(mapped).map(([key, inner]) => [
      key,
      deeper(Object.hasOwn(known, key) ? known[key] : additionalProperties, inner)
    ])
  );
}

/** A pointer within the schema; what points elsewhere was refused with the flow. */
const referredTo = (root: unknown, ref: string): unknown =>
  ref
    .replace(/^#\/?/, '')
    .split('/')
    .filter(Boolean)
    .map((key) => decodeURIComponent(key).replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>((inner, key) => (isObject(inner) && Object.hasOwn(inner, key) ? inner[key] : undefined), root);

/** AAD of its own kind: no platform is called so. */
const ownerOf = (commandId: string) => ({ platform: 'params of a command', accountId: commandId });
const toUrl = (base64: string) => base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

/** The params with each secret sealed, under a nonce of its own: the same one twice looks different. */
export function sealParams(keys: { ring: KeyRing }, schema: unknown, params: Params, commandId: string): Params {
  return mapSecrets(schema, params, (secret) => {
    const { keyId, nonce, ciphertext } = seal(keys.ring, ownerOf(commandId), Buffer.from(JSON.stringify(secret)));
    return ['sealed', 'v1', toUrl(Buffer.from(keyId).toString('base64')), toUrl(nonce), toUrl(ciphertext)].join('.');
  }) as Params;
}

/**
 * The params as they were sent, and the secrets among them as texts.
 * @throws ControlError PARAMS_SEALED when the key is gone, or it was sealed for another command
 */
export function openParams(
  ring: KeyRing,
  schema: unknown,
  params: Params,
  commandId: string
): { params: Params; secrets: string[] } {
  const secrets: string[] = [];
  const opened = mapSecrets(schema, params, (value) => {
    const [, key = '', nonce = '', ciphertext = ''] = SEALED.exec(String(value)) ?? [];
    // One that the flow's own schema gives as a default was never sealed.
    if (key === '') {
      if (typeof value === 'string') secrets.push(value);
      return value;
    }
    try {
      const keyId = Buffer.from(key, 'base64url').toString();
      const text = unseal(ring, ownerOf(commandId), {
        keyId,
        nonce: Buffer.from(nonce, 'base64url').toString('base64'),
        ciphertext: Buffer.from(ciphertext, 'base64url').toString('base64')
      }).toString();
      const secret = JSON.parse(text) as unknown;
      secrets.push(...textsIn(secret));
      return secret;
    } catch (cause) {
      throw new ControlError('PARAMS_SEALED', { commandId }, cause);
    }
  }) as Params;
  return { params: opened, secrets };
}

const textsIn = (value: unknown): string[] => {
  if (typeof value === 'string' || typeof value === 'number') return [String(value)];
  return value !== null && typeof value === 'object' ? Object.values(value).flatMap(textsIn) : [];
};

/** A lone half of a pair cannot be in an address. */
const isWellFormed = (text: string) => !/[\ud800-\udfff]/u.test(text);

/** Names of things, made of digits that a short secret may happen to be among. */
const NAMES_SOMETHING = ['id', 'dedupeKey', 'dedupe_key', 'sha256', 'hash'];
/** Shorter ones are masked where they stand by themselves, and not within a word or a number. */
const LONG = 8;

/** The same value without these secrets, wherever in a text they stand. */
export function withoutSecrets(value: unknown, secrets: readonly string[]): unknown {
  const forms = secrets.flatMap((secret) => (isWellFormed(secret) ? [secret, encodeURIComponent(secret)] : [secret]));
  // The longest first: one may hold another.
  const all = [...new Set(forms)].filter((form) => form !== '').sort((a, b) => b.length - a.length);
  if (all.length === 0) return value;
  const within = all.map((form) => {
    const escaped = form.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    return form.length >= LONG ? escaped : `(?<![\\p{L}\\p{N}])${escaped}(?![\\p{L}\\p{N}])`;
  });
  return mask(value, new RegExp(within.join('|'), 'gu'));
}

function mask(value: unknown, secret: RegExp): unknown {
  if (typeof value === 'string') return value.replace(secret, MASK);
  if (Array.isArray(value)) return value.map((item) => mask(item, secret));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, NAMES_SOMETHING.includes(key) ? inner : mask(inner, secret)])
  );
}
