/** Holds answers against the document of the API: what no operation describes is a failure of the test that got it. */
import assert from 'node:assert/strict';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import { openapiDocument } from '../../server/openapi/document.ts';

// biome-ignore lint/suspicious/noExplicitAny: a document is looked into freely
type Any = any;

export const document: Any = openapiDocument();
const BASE = 'troupe:openapi';
const ajv = new Ajv2020({ allErrors: true, strict: false, validateSchema: false });
(ajvFormats as unknown as (ajv: Ajv2020) => void)(ajv);
ajv.addSchema({ $id: BASE, components: document.components });

const compiled = new Map<string, ValidateFunction>();
/** Of a schema that may refer to the document's components. */
export function validatorOf(schema: object): ValidateFunction {
  const key = JSON.stringify(schema).replaceAll('"#/components/', `"${BASE}#/components/`);
  const known = compiled.get(key) ?? ajv.compile(JSON.parse(key) as object);
  compiled.set(key, known);
  return known;
}

const templates = Object.keys(document.paths)
  // A path that names a thing goes before one that takes any.
  .sort((a, b) => a.split('{').length - b.split('{').length)
  .map((path) => ({ path, fits: new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}/?$`) }));

/** The operation that a request meets; undefined: none. */
export function operationAt(method: string, path: string): Any {
  const template = templates.find(
    ({ path: one, fits }) => fits.test(path) && document.paths[one][method.toLowerCase()]
  );
  return template && document.paths[template.path][method.toLowerCase()];
}

const resolved = (response: Any): Any =>
  response?.$ref ? document.components.responses[response.$ref.slice('#/components/responses/'.length)] : response;

/** @param body parsed when it is JSON */
export function assertDescribed(
  method: string,
  address: string,
  { status, type, body }: { status: number; type: string; body: unknown }
): void {
  if (method === 'HEAD' || method === 'OPTIONS') return;
  const path = address.split(/[?#]/, 1)[0] ?? '';
  const operation = operationAt(method, path);
  const what = `${method} ${path} answered ${status} ${type}`;
  if (!operation) {
    // A page's files, or no route at all.
    if (status >= 400) assertFits(what, { $ref: '#/components/schemas/Problem' }, body);
    return;
  }
  const response = resolved(operation.responses[status]);
  const code = (body as { code?: string } | null)?.code ?? '';
  assert.ok(response, `${what} ${code}, and ${operation.operationId} describes no such status`);
  const media = type.split(';', 1)[0]?.trim() ?? '';
  if (!response.content) {
    assert.equal((body as { length?: number })?.length ?? 0, 0, `${what} with a body, and none is described`);
    return;
  }
  const content = response.content[media] ?? response.content['*/*'];
  assert.ok(content, `${what}, and ${operation.operationId} describes ${Object.keys(response.content)}`);
  if (content.schema) assertFits(`${what} ${code}`, content.schema, body);
}

/** @throws AssertionError with every place that does not fit */
export function assertFits(what: string, schema: object, value: unknown): void {
  const validate = validatorOf(schema);
  if (validate(value)) return;
  const places = (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath || '/'} ${message} ${JSON.stringify(params)}`
  );
  assert.fail(`${what}, which is not as described: ${places.slice(0, 10).join('; ')}`);
}
