/** Checks of what comes from outside against `schemas/recipe.schema.json`, compiled once, for the first that comes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import type { Macro, RecipeCommand, RecipeReply, RecipeRequest } from '../../schemas/generated/contracts.ts';
import { packageRoot } from '../package-root.ts';

// The first thing that is wrong is all a reply says: the rest need not be looked for.
const ajv = new Ajv2020({
  discriminator: true,
  strict: true,
  strictTypes: false,
  strictRequired: false,
  validateSchema: false
});
ajv.addFormat('uuid', /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i);
ajv.addFormat('date-time', true);
for (const name of ['common', 'recipe']) {
  ajv.addSchema(JSON.parse(readFileSync(join(packageRoot(), `schemas/${name}.schema.json`), 'utf8')));
}

interface Check<T> {
  (value: unknown): value is T;
  /** Of the last value. */
  errors: ErrorObject[] | null;
}

function checker<T>(name: string): Check<T> {
  let validate: ValidateFunction<T> | undefined;
  const fits = (value: unknown): value is T => {
    validate ??= ajv.getSchema(`troupe:recipe#/$defs/${name}`) as ValidateFunction<T>;
    const isFit = validate(value);
    check.errors = validate.errors ?? null;
    return isFit;
  };
  const check: Check<T> = Object.assign(fits, { errors: null });
  return check;
}

export const isRecipeRequest = checker<RecipeRequest>('RecipeRequest');
export const isRecipeCommand = checker<RecipeCommand>('RecipeCommand');
export const isMacro = checker<Macro>('Macro');
export const isRecipeReply = checker<RecipeReply>('RecipeReply');

export const commandTypes: ReadonlySet<string> = new Set([
  'open_app',
  'open_with_app',
  'paste',
  'enter',
  'keystroke',
  'run_macro',
  'flow'
]);

/** The first misfit, as a sentence: `/commands/0/key must NOT have fewer than 1 characters`. */
export function misfit(errors: ErrorObject[] | null | undefined): string {
  const error = errors?.[0];
  if (!error) return 'does not fit its schema';
  const { instancePath, keyword, params } = error;
  if (keyword === 'additionalProperties')
    return `${quote(params.additionalProperty)} is not a known field of ${instancePath || 'this'}`;
  if (keyword === 'required') return `${instancePath}/${params.missingProperty} is missing`;
  if (keyword === 'enum') return `${instancePath} must be one of ${(params.allowedValues as string[]).join(', ')}`;
  return `${instancePath} ${error.message ?? `fails ${keyword}`}`.trim();
}

/** Characters of a value that a message quotes. */
const QUOTED = 60;

/** As JSON, cut, for a message. What a client said is always in quotes: that is how it is kept out of the log. */
export function quote(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > QUOTED ? `${value.slice(0, QUOTED)}…` : value);
  return typeof value === 'object' && value !== null ? '{…}' : String(value);
}
