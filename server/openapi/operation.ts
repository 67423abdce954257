/**
 * How a route says what it is. A new route needs one entry: add `'GET /v1/things/:id': { id: 'readThing', … }` to the file of
 * its kind in `operations/`, then run `npm run generate`; test/server/openapi.test.ts names the route that has none, and
 * whatever its door or its query readers say otherwise.
 */
import { catalogue, type ErrorCode } from '../../schemas/errors.ts';

export type Json = { [key: string]: Json } | Json[] | string | number | boolean | null;
export type Schema = { [keyword: string]: Json };

export interface Parameter {
  schema: Schema;
  description?: string;
  /** Sent by the tests, and in the line for curl. */
  example?: Json;
}

/** A body of a request or an answer. `schema` is the name of a definition in `schemas/`. */
export type Content =
  | { schema: string; example?: Json }
  /** `{ items, next_page }` */
  | { pageOf: string }
  /** Bytes or text of one of these media types. */
  | { media: string[]; description: string };

export interface Answer {
  description: string;
  /** Without it: no body. */
  content?: Content[];
  headers?: Record<string, string>;
}

export interface Operation {
  id: string;
  tag: string;
  summary: string;
  description?: string;
  /**
   * What its door wants. `{name}` stands for what the request names; null: any token does; 'open': none is asked for;
   * `{ afar }`: none on loopback, and this scope from elsewhere.
   */
  scope: string | null | { afar: string };
  /** Of the path; those with a name of `pathParameters` need none here. */
  path?: Record<string, Parameter>;
  query?: Record<string, Parameter>;
  headers?: Record<string, Parameter>;
  body?: { schema: string; optional?: boolean; example?: Json };
  answers: Record<number, Answer>;
  /** Beside those of every operation that asks for a token, reads a query or takes a body. */
  errors?: ErrorCode[];
}

export type Operations = Record<string, Operation>;

const ALWAYS: ErrorCode[] = [
  'REQUEST_MALFORMED',
  'HEADER_REPEATED',
  'HEADERS_TOO_LARGE',
  'HOST_UNKNOWN',
  'ORIGIN_REFUSED',
  'INTERNAL'
];
const WITH_TOKEN: ErrorCode[] = [
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'ACCOUNT_FORBIDDEN',
  'REFUSED_TOO_OFTEN',
  'RATE_LIMITED',
  'JOURNAL_UNAVAILABLE'
];
const WITH_BODY: ErrorCode[] = [
  'JSON_MALFORMED',
  'VALIDATION_FAILED',
  'BODY_TOO_LARGE',
  'MEDIA_TYPE_UNSUPPORTED',
  'ENCODING_UNSUPPORTED'
];
/** What a request may be refused for, whatever it asks: the method alone decides. */
const WRITES: ErrorCode[] = ['DRAINING'];

/** Every code that it can answer, by status. */
export function errorsOf(method: string, operation: Operation): Map<number, ErrorCode[]> {
  const codes = new Set<ErrorCode>([
    ...ALWAYS,
    ...(operation.scope === 'open' ? [] : WITH_TOKEN),
    ...(operation.scope === 'open' ? [] : (['QUERY_INVALID'] as const)),
    ...(operation.body ? WITH_BODY : []),
    ...(method === 'GET' ? [] : WRITES),
    ...(operation.errors ?? [])
  ]);
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of [...codes].sort()) {
    const { status } = catalogue[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return byStatus;
}

const string = (limits: Schema = {}): Schema => ({ type: 'string', ...limits });
const text = string({ minLength: 1, maxLength: 255 });

export const filter = (description: string, example?: Json): Parameter => ({
  schema: text,
  description,
  ...(example === undefined ? {} : { example })
});
/** One value or several with commas between, in any case. */
export const severalOf = (values: readonly string[], description: string): Parameter => ({
  schema: string({ minLength: 1 }),
  description: `${description}: one, or several with commas between, of ${values.join(', ')}.`,
  example: values[0] as string
});
export const oneOf = (values: readonly string[], description: string): Parameter => ({
  schema: { type: 'string', enum: [...values] },
  description,
  example: values[0] as string
});
export const limit = (max = 500, standard = 50): Parameter => ({
  schema: { type: 'integer', minimum: 1, maximum: max, default: standard },
  description: 'At most so many.',
  example: 2
});
export const page: Parameter = { schema: text, description: 'The `next_page` of the list before.' };
export const since: Parameter = {
  schema: string({ format: 'date-time' }),
  description: 'Made then or later.',
  example: '2026-01-31T09:30:00Z'
};
export const cursor = (description: string): Parameter => ({
  schema: string({ pattern: '^(0|[1-9][0-9]{0,14})$' }),
  description,
  example: '0'
});
/** Of what can be looked back at. */
export const at: Parameter = {
  ...cursor(
    'As it was right after the row of the log with this cursor, from the oldest that is kept to the newest. Without: as it is.'
  ),
  example: '0'
};
/** What it may be answered. */
export const pastErrors: ErrorCode[] = ['CURSOR_INVALID', 'CURSOR_AHEAD', 'CURSOR_GONE'];
export const paging = { since, limit: limit(), page };
export const correlation = filter('Of this correlation.', '0b6f2c1e-4d43-4f0e-9f6b-6f6a3c1f0a11');
export const account = filter('Of this account.', 'ada');
export const platform = filter('On this platform.', 'instagram');
export const ofSession = filter('Of this session.', 'b3a1d9f2-6f5e-4f3b-8a55-2b1f6f0c7d21');
export const ofCommand = filter('Of this command.', '5c1d8a52-0d3f-4f58-9b7a-6a2f5f1f9a10');

/** The filters of the log, as the stream has them. */
export const eventFilters = {
  severity: severalOf(['info', 'debug', 'warn', 'error'], 'Severities'),
  event_types: {
    schema: string({ minLength: 1 }),
    description: 'Types, with commas between.',
    example: 'status.changed'
  },
  session_id: ofSession,
  account_id: account,
  platform,
  command_id: ofCommand,
  correlation_id: correlation,
  actor_kinds: { schema: string({ minLength: 1 }), description: 'Kinds, with commas between.', example: 'command' }
} satisfies Record<string, Parameter>;

/** What the names in paths mean. */
export const pathParameters: Record<string, string> = {
  id: 'Its id.',
  kind: 'Kind of actor.',
  name: 'Its name.',
  platform: 'Platform.'
};

export const ok = (schema: string, description: string, headers?: Record<string, string>): Answer => ({
  description,
  content: [{ schema }],
  ...(headers ? { headers } : {})
});
export const list = (schema: string, description: string): Answer => ({ description, content: [{ pageOf: schema }] });
export const done = (description: string): Answer => ({ description });
