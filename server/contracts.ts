/**
 * The contracts as parsers: what comes from outside is one of the generated types, or a VALIDATION_FAILED that names
 * every place that does not fit. Defaults of commands and sessions are filled in; flows and frames stay as they are.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020, type AnySchema, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import { packageRoot } from '../actors/package-root.ts';
import { ControlError } from '../schemas/errors.ts';
import type {
  AccountUpdate,
  ActorCreate,
  ActorEvent,
  AlertDecision,
  AlertRaise,
  ApprovalDecision,
  ClientFrame,
  CommandCancelRequest,
  CommandEnvelope,
  Flow,
  InspectFrame,
  PersonInput,
  Recording,
  SelectorDecision,
  SelectorRegistry,
  SessionCreate,
  SignIn,
  StreamFilters,
  TokenCreate,
  TokenRotate
} from '../schemas/generated/contracts.ts';

export interface Misfit {
  /** JSON Pointer into what was sent. */
  path: string;
  message: string;
}

/** A body nested deeper is refused before anything recurses into it. */
const MAX_DEPTH = 64;
const MAX_MISFITS = 100;

const files = [
  'account',
  'alert',
  'common',
  'command',
  'event',
  'session',
  'approval',
  'flow',
  'problem',
  'stream',
  'actor',
  'selectors',
  'artifact',
  'inspector',
  'record',
  'trace',
  'token'
];
const schemas = files.map(
  (name) => JSON.parse(readFileSync(join(packageRoot(), 'schemas', `${name}.schema.json`), 'utf8')) as AnySchema
);

/** ajv's second pass over the code it has written takes longer than that code ever runs. */
const AS_IT_COMES = { optimize: false };

/** Of one that is not ours: what it is checked against is compiled once. */
const metaSchema = new Ajv2020({ strict: false, logger: false, code: AS_IT_COMES });

const withDefaults = contractAjv(true);
const asSent = contractAjv(false);

function contractAjv(useDefaults: boolean): Ajv2020 {
  const ajv = new Ajv2020({
    allErrors: true,
    discriminator: true,
    useDefaults,
    // Ours are schemas: a test says so, and not every start.
    validateSchema: false,
    strict: true,
    strictTypes: false,
    strictRequired: false,
    code: AS_IT_COMES
  });
  addFormats(ajv);
  for (const schema of schemas) ajv.addSchema(schema);
  return ajv;
}

/** Ours are narrower than ajv's: a uuid without `urn:`, an instant in UTC that is a real one. */
function addFormats(ajv: Ajv2020): void {
  (ajvFormats as unknown as (ajv: Ajv2020) => void)(ajv);
  const standard = ajv.formats['date-time'] as { validate: (text: string) => boolean };
  ajv.addFormat('uuid', /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i);
  ajv.addFormat('date-time', {
    validate: (text: string) =>
      /(z|[+-]00:00)$/i.test(text) && standard.validate(text) && Number.isFinite(Date.parse(text))
  });
}

const parser = <T>(ajv: Ajv2020, what: string, ref: string): ((value: unknown) => T) => {
  // Compiled for the first that comes: most processes never meet most of them.
  let validate: ValidateFunction<T> | undefined;
  return (value) => {
    assertShallow(value, what);
    validate ??= ajv.getSchema(ref) as ValidateFunction<T> | undefined;
    if (!validate) throw new Error(`no schema ${ref}`);
    if (validate(value)) return value;
    throw new ControlError('VALIDATION_FAILED', { what, errors: misfits(validate.errors ?? []) });
  };
};

/**
 * Each takes a parsed JSON value and returns the same value, typed.
 * @throws ControlError VALIDATION_FAILED with every place that does not fit
 */
export const parse = {
  commandEnvelope: parser<CommandEnvelope>(withDefaults, 'the command', 'troupe:command#/$defs/CommandEnvelope'),
  sessionCreate: parser<Required<Omit<SessionCreate, 'session_id' | 'account_id'>> & SessionCreate>(
    withDefaults,
    'the session',
    'troupe:session#/$defs/SessionCreate'
  ),
  approvalDecision: parser<ApprovalDecision>(withDefaults, 'the decision', 'troupe:approval#/$defs/ApprovalDecision'),
  alertRaise: parser<AlertRaise>(withDefaults, 'the alert', 'troupe:alert#/$defs/AlertRaise'),
  alertDecision: parser<AlertDecision>(withDefaults, 'the decision', 'troupe:alert#/$defs/AlertDecision'),
  commandCancel: parser<CommandCancelRequest>(withDefaults, 'the cancel', 'troupe:command#/$defs/CommandCancelRequest'),
  tokenRotate: parser<Required<TokenRotate>>(withDefaults, 'the rotation', 'troupe:token#/$defs/TokenRotate'),
  tokenCreate: parser<TokenCreate>(withDefaults, 'the token', 'troupe:token#/$defs/TokenCreate'),
  signIn: parser<SignIn>(asSent, 'the sign-in', 'troupe:token#/$defs/SignIn'),
  actorCreate: parser<ActorCreate>(withDefaults, 'the actor', 'troupe:actor#/$defs/ActorCreate'),
  actorEvent: parser<ActorEvent>(asSent, 'the event', 'troupe:actor#/$defs/ActorEvent'),
  selectorRegistry: parser<SelectorRegistry>(asSent, 'the platform', 'troupe:selectors#/$defs/SelectorRegistry'),
  selectorDecision: parser<SelectorDecision>(withDefaults, 'the decision', 'troupe:selectors#/$defs/SelectorDecision'),
  accountUpdate: parser<AccountUpdate>(asSent, 'the account', 'troupe:account#/$defs/AccountUpdate'),
  personInput: parser<PersonInput>(asSent, 'the input', 'troupe:account#/$defs/PersonInput'),
  flow: parser<Flow>(asSent, 'the flow', 'troupe:flow#/$defs/Flow'),
  recording: parser<Recording>(asSent, 'the recording', 'troupe:flow#/$defs/Recording'),
  clientFrame: parser<ClientFrame>(asSent, 'the frame', 'troupe:stream#/$defs/ClientFrame'),
  inspectFrame: parser<InspectFrame>(asSent, 'the frame', 'troupe:stream#/$defs/InspectFrame'),
  streamFilters: parser<StreamFilters>(asSent, 'the filters', 'troupe:stream#/$defs/StreamFilters')
};

/** Checks, for tests of what we send: the same schemas that clients hold against us. */
export const conforms = (ref: string, value: unknown): Misfit[] => {
  const validate = asSent.getSchema(ref);
  if (!validate) throw new Error(`no schema ${ref}`);
  return validate(value) ? [] : misfits(validate.errors ?? []);
};

/** A parser of a command type's payload; its misfits are placed under `/payload`. */
export const payloadParser =
  <T>(definition: string) =>
  (payload: unknown): T => {
    const validate = withDefaults.getSchema(`troupe:command#/$defs/${definition}`) as ValidateFunction<T>;
    if (validate(payload)) return payload;
    const errors = misfits(validate.errors ?? [], '/payload');
    throw new ControlError('VALIDATION_FAILED', { what: 'the payload', errors });
  };

/**
 * A validator of values by somebody else's schema, such as a flow's params. Defaults it declares are filled in.
 * The schema stands alone: it cannot refer to ours, fetch anything, or answer later.
 * @throws Error whose message says what is wrong with the schema
 */
export function compileForeign(schema: Record<string, unknown>): (value: unknown, at: string) => Misfit[] {
  if ('$async' in schema) throw new Error('$async is not taken');
  metaSchema.validateSchema(schema, true);
  const ajv = new Ajv2020({
    allErrors: true,
    useDefaults: true,
    strict: false,
    addUsedSchema: false,
    validateSchema: false,
    logger: false,
    code: AS_IT_COMES
  });
  addFormats(ajv);
  const validate = ajv.compile(schema);
  return (value, at) => (validate(value) ? [] : misfits(validate.errors ?? [], at));
}

/** @throws ControlError VALIDATION_FAILED when arrays and objects are nested too deep to be handled safely. */
export function assertShallow(value: unknown, what: string): void {
  if (isDeeper(value, MAX_DEPTH)) {
    const errors = [{ path: '', message: `is nested deeper than ${MAX_DEPTH} levels` }];
    throw new ControlError('VALIDATION_FAILED', { what, errors });
  }
}

function isDeeper(value: unknown, levels: number): boolean {
  if (value === null || typeof value !== 'object') return false;
  if (levels === 0) return true;
  for (const item of Object.values(value)) if (isDeeper(item, levels - 1)) return true;
  return false;
}

function misfits(errors: ErrorObject[], prefix = ''): Misfit[] {
  const seen = new Set<string>();
  const list: Misfit[] = [];
  for (const error of errors) {
    const misfit = { path: prefix + placeOf(error), message: sentenceOf(error) };
    const key = `${misfit.path} ${misfit.message}`;
    if (seen.has(key)) continue;
    seen.add(key);
    list.push(misfit);
    if (list.length === MAX_MISFITS) break;
  }
  return list;
}

const pointer = (name: string) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;

/** ajv points at the object that has too much or too little; we point at the field. */
function placeOf({ keyword, instancePath, params }: ErrorObject): string {
  if (keyword === 'additionalProperties') return instancePath + pointer(String(params.additionalProperty));
  if (keyword === 'unevaluatedProperties') return instancePath + pointer(String(params.unevaluatedProperty));
  if (keyword === 'required') return instancePath + pointer(String(params.missingProperty));
  if (keyword === 'discriminator') return instancePath + pointer(String(params.tag));
  return instancePath;
}

function sentenceOf({ keyword, message, params }: ErrorObject): string {
  switch (keyword) {
    case 'additionalProperties':
    case 'unevaluatedProperties':
      return 'is not a known field';
    case 'required':
      return 'is missing';
    case 'enum':
      return `must be one of ${(params.allowedValues as unknown[]).map((v) => JSON.stringify(v)).join(', ')}`;
    case 'const':
      return `must be ${JSON.stringify(params.allowedValue)}`;
    case 'format':
      return params.format === 'date-time'
        ? 'must be an RFC 3339 instant in UTC, such as 2026-01-31T09:30:00.000Z'
        : `must be a ${String(params.format)}`;
    case 'discriminator':
      return params.error === 'tag'
        ? params.tagValue === undefined
          ? 'is missing'
          : 'must be a string'
        : `is ${JSON.stringify(params.tagValue)}, which is none of the known ones`;
    default:
      return message ?? `fails ${keyword}`;
  }
}
