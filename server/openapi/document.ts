/** OpenAPI 3.1 of the control plane, made of the schemas and of what the routes say of themselves. */
import type { ErrorCode } from '../../schemas/errors.ts';
import { reachable, readComponents, refTo } from './components.ts';
import { examples } from './examples.ts';
import {
  type Answer,
  type Content,
  errorsOf,
  type Json,
  type Operation,
  type Operations,
  type Parameter,
  pathParameters,
  type Schema
} from './operation.ts';
import { operations as ours } from './operations/index.ts';
import { API_VERSION } from './version.ts';

/** Groups of operations, in the order in which a reader meets them. */
export const tags: Record<string, string> = {
  commands: 'What is to be done, and what became of it.',
  alerts: 'What monitors found, until a person has seen it.',
  approvals: 'What waits for a person before it reaches other people.',
  sessions: 'Browsers, and who drives them.',
  accounts: 'Accounts and their stored logins.',
  flows: 'What commands run: flows as data.',
  events: 'The log: every transition of every actor.',
  actors: 'Live actors and their machines.',
  selectors: 'How elements are found, and whether they still are.',
  tokens: 'Who may do what.',
  service: 'The process itself.'
};

/** `/v1/commands/:id` as OpenAPI writes it. */
export const templateOf = (pattern: string): string => pattern.replace(/:(\w+)/g, '{$1}');

/** Method and pattern of an operation's key. */
export function routeOf(key: string): { method: string; pattern: string } {
  const [method = '', pattern = ''] = key.split(' ', 2);
  return { method, pattern };
}

export function openapiDocument(operations: Operations = ours): Record<string, Json> {
  const paths: Record<string, Record<string, Json>> = {};
  for (const [key, operation] of Object.entries(operations)) {
    const { method, pattern } = routeOf(key);
    const path = templateOf(pattern);
    paths[path] = { ...paths[path], [method.toLowerCase()]: operationObject(method, pattern, operation) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Troupe control plane',
      version: API_VERSION,
      summary: 'Commands, sessions, approvals and the log over REST.',
      description:
        'Every command and every session is an actor, and its transitions are the telemetry. Errors are problem+json (RFC 9457): match `code`. The stream of events is described in asyncapi.json.',
      license: { name: 'MIT', identifier: 'MIT' }
    },
    servers: [{ url: '/', description: 'Where this document came from.' }],
    security: [{ token: [] }],
    tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description: '`troupe token create` makes one; only its hash is kept.'
        }
      },
      responses: problemResponses(operations),
      schemas: reachable(readComponents(), [paths, refTo('Problem')] as Json)
    }
  };
}

function operationObject(method: string, pattern: string, operation: Operation): Json {
  const { id, tag, summary, description, scope, body } = operation;
  const parameters = [
    ...[...pattern.matchAll(/:(\w+)/g)].map(([, name = '']) =>
      parameterObject(
        'path',
        name,
        operation.path?.[name] ?? { schema: { type: 'string' }, ...described(pathParameters[name]) }
      )
    ),
    ...Object.entries(operation.query ?? {}).map(([name, one]) => parameterObject('query', name, one)),
    ...Object.entries(operation.headers ?? {}).map(([name, one]) => parameterObject('header', name, one))
  ];
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...described(description),
    'x-scope': scope as Json,
    ...(scope === 'open'
      ? { security: [] }
      : typeof scope === 'object' && scope
        ? { security: [{}, { token: [] }] }
        : {}),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body
      ? {
          requestBody: {
            required: body.optional !== true,
            content: {
              'application/json': { schema: refTo(body.schema), ...exampleOf(body.example ?? examples[body.schema]) }
            }
          }
        }
      : {}),
    responses: { ...answersOf(operation), ...problemsOf(method, operation) }
  };
}

const described = (description: string | undefined): Record<string, Json> =>
  description === undefined ? {} : { description };
const exampleOf = (example: Json | undefined): Record<string, Json> => (example === undefined ? {} : { example });

const parameterObject = (place: string, name: string, { schema, description, example }: Parameter): Json => ({
  name,
  in: place,
  required: place === 'path',
  ...described(description),
  schema,
  ...exampleOf(example)
});

function answersOf({ answers }: Operation): Record<string, Json> {
  return Object.fromEntries(
    Object.entries(answers).map(([status, { description, content, headers }]: [string, Answer]) => [
      status,
      {
        description,
        ...(headers
          ? {
              headers: Object.fromEntries(
                Object.entries(headers).map(([name, says]) => [name, { description: says, schema: { type: 'string' } }])
              )
            }
          : {}),
        ...(content ? { content: Object.assign({}, ...content.map(contentObject)) } : {})
      }
    ])
  );
}

/** JSON by its schema; bytes have none. */
function contentObject(content: Content): Record<string, Json> {
  if ('media' in content) return Object.fromEntries(content.media.map((type) => [type, {}]));
  if ('schema' in content) {
    const { schema, example = examples[schema] } = content;
    return { 'application/json': { schema: refTo(schema), ...exampleOf(example) } };
  }
  const example = examples[content.pageOf];
  return {
    'application/json': {
      schema: pageSchema(content.pageOf),
      ...exampleOf(example === undefined ? undefined : { items: [example], next_page: null })
    }
  };
}

const pageSchema = (name: string): Schema => ({
  type: 'object',
  additionalProperties: false,
  required: ['items', 'next_page'],
  properties: {
    items: { type: 'array', items: refTo(name) },
    next_page: { type: ['string', 'null'], description: 'To send as `page` for more; null: that was all.' }
  }
});

/** By status: a problem with one of these codes. */
function problemsOf(method: string, operation: Operation): Record<string, Json> {
  return Object.fromEntries(
    [...errorsOf(method, operation)].map(([status, codes]): [string, Json] => {
      // 503 may be an answer too: of /ready.
      const answer = operation.answers[status];
      const problem = problemObject(codes);
      if (!answer) return [String(status), { $ref: `#/components/responses/${nameOf(codes)}` }];
      const content = Object.assign({}, ...(answer.content ?? []).map(contentObject), problem.content);
      return [String(status), { description: `${answer.description} Or ${codes.join(', ')}`, content }];
    })
  );
}

/** Many operations answer the same ones. */
const nameOf = (codes: ErrorCode[]) => codes.join('.');

const problemObject = (codes: ErrorCode[]): { description: string; content: Record<string, Json> } => ({
  description: codes.join(', '),
  content: {
    'application/problem+json': { schema: { allOf: [refTo('Problem'), { properties: { code: { enum: codes } } }] } }
  }
});

function problemResponses(operations: Operations): Record<string, Json> {
  const sets = Object.entries(operations).flatMap(([key, operation]) => [
    ...errorsOf(routeOf(key).method, operation).values()
  ]);
  return Object.fromEntries(
    sets.map((codes): [string, Json] => [nameOf(codes), problemObject(codes)]).sort(([a], [b]) => (a < b ? -1 : 1))
  );
}
