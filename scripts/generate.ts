/**
 * Writes everything that is generated from the contracts: `schemas/generated/` types, `docs/errors.md`, `docs/recipes.md`,
 * `docs/openapi.json`,
 * `docs/asyncapi.json`, the colours of the pages of both.
 * `--release` also makes the documents of the API the released ones, which later ones must not break.
 * `--check` writes nothing and exits 1 when a committed file differs.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compile, type JSONSchema } from 'json-schema-to-typescript';
import { builtInMachines } from '../actors/built-in-machines.ts';
import { catalogue } from '../schemas/errors.ts';
import { asyncapiDocument } from '../server/openapi/asyncapi.ts';
import { openapiDocument } from '../server/openapi/document.ts';
import { type SchemaFile, schemaPage } from './schema-page.ts';

const root = new URL('..', import.meta.url);
const path = (name: string) => fileURLToPath(new URL(name, root));
const check = process.argv.includes('--check');

type Json = { [key: string]: Json } | Json[] | string | number | boolean | null;
type Schema = { $id: string; title: string; $defs: Record<string, Json> };

const schemas = readdirSync(path('schemas'))
  .filter((file) => file.endsWith('.schema.json'))
  .sort()
  .map((file) => ({ file, schema: JSON.parse(readFileSync(path(`schemas/${file}`), 'utf8')) as Schema }));

/** Every `$defs` entry of every schema becomes one definition of one document, so a type has one name everywhere. */
const allDefs: Record<string, Json> = {};
for (const { file, schema } of schemas) {
  for (const [name, definition] of Object.entries(schema.$defs)) {
    if (allDefs[name]) throw new Error(`${file}: '${name}' is defined twice; give one another name`);
    allDefs[name] = definition;
  }
}

/** References become local to that one document; a discriminator is for ajv alone. */
function local(node: Json): Json {
  if (Array.isArray(node)) return node.map(local);
  if (node === null || typeof node !== 'object') return node;
  // A description beside a reference would make a second type of the same shape: Uuid1, Uuid2, …
  if (typeof node.$ref === 'string') return { $ref: node.$ref.replace(/^troupe:[a-z]+#/, '#') };
  return Object.fromEntries(
    Object.entries(node)
      .filter(([key]) => key !== 'discriminator')
      .map(([key, value]) => [key, local(value)])
  );
}

const banner = '/* Generated from schemas/*.schema.json by `npm run generate`; do not edit. */';
const document = {
  title: 'Contracts',
  type: 'object',
  additionalProperties: false,
  $defs: local(allDefs)
} as JSONSchema;
const types = (
  await compile(document, 'Contracts', {
    bannerComment: banner,
    unreachableDefinitions: true,
    additionalProperties: true,
    format: true,
    ignoreMinAndMaxItems: true,
    style: { singleQuote: true, printWidth: 120, trailingComma: 'none' }
  })
)
  .replace(/\n\/\*\*\n \* This interface was referenced by[\s\S]*?\n \*\/\n/g, '\n')
  .replace(/ \*\n \* This interface was referenced by[^\n]*\n \* via the `definition`[^\n]*\n/g, '')
  .replace(/export interface Contracts \{\}?\n?\}?\n?/, '');

const sample = new Proxy({}, { get: (_, key) => (key === 'slice' ? undefined : `<${String(key)}>`) });
const listSample = (name: string) =>
  new Proxy([], {
    get: (target, key) =>
      key === 'join'
        ? () => `<${name}>`
        : key === 'map'
          ? () => listSample(name)
          : key === 'slice'
            ? () => listSample(name)
            : Reflect.get(target, key)
  });
const lists = ['errors', 'known', 'supported', 'allowed', 'legal', 'tried', 'devices', 'accounts'];
const details = new Proxy(sample, {
  get: (_, key) => (lists.includes(String(key)) ? listSample(String(key)) : `<${String(key)}>`)
});

const rows = Object.entries(catalogue).map(
  ([code, e]) =>
    `| \`${code}\` | ${e.status} | ${e.retryable ? 'yes' : 'no'} | ${(e.message as (d: unknown) => string)(details).replaceAll('|', '\\|').replaceAll('<', '‹').replaceAll('>', '›')} |`
);
const errorsPage = `<!-- Generated from schemas/errors.ts by \`npm run generate\`; do not edit. -->

# Errors

Every failure has a code of this list: as \`code\` of a problem (RFC 9457), of a command's \`error\`, of an \`error\` frame.
Match the code and read \`details\`; the text is for people. *Again* says whether the same request can succeed later.

| code | status | again | what it says |
| --- | --- | --- | --- |
${rows.join('\n')}
`;

const recipes = schemas.find(({ file }) => file === 'recipe.schema.json')?.schema as unknown as SchemaFile;
const recipesPage = `<!-- Generated from schemas/recipe.schema.json by \`npm run generate\`; do not edit. -->

# Recipes: desktop commands over local sockets

${recipes.description}

\`endpoints.json\` in the data directory names both sockets. A datagram is one request of up to 64 KiB, answered when its
sender is bound to a path of its own. A stream takes one request a line, of up to 1 MiB, as many in flight as one likes;
replies carry the request's \`id\` and come as they are done. \`troupe recipe send\` and the package's \`troupe/recipes\` speak
both.

Our own user and root are served. The kernel lets nobody else in by the modes of folder and socket; should those be widened,
the stream asks it who connected, answers anyone else \`not_permitted\` in the dialect that they speak, and closes. That is
in the audit log.

\`\`\`json
{"v":1,"id":"42","type":"keystroke","key":"t","mods":["ctrl"]}
{"v":1,"id":"42","ok":true,"timing_us":{"recv":1,"decode":9,"dispatch":2,"exec":60,"total":72},"results":[{"type":"keystroke","ok":true,"us":60}]}
\`\`\`

${schemaPage(recipes, Object.keys(recipes.$defs))}`;

const tokens = `/* Generated from inspector/styles/tokens.css by \`npm run generate\`; do not edit. */
export const tokens = ${JSON.stringify(readFileSync(path('inspector/styles/tokens.css'), 'utf8'))};
`;

const outputs: Record<string, string> = {
  'schemas/generated/contracts.ts': types,
  'docs/errors.md': errorsPage,
  'server/openapi/generated/tokens.ts': tokens,
  'docs/recipes.md': recipesPage,
  'docs/openapi.json': `${JSON.stringify(openapiDocument(), null, 2)}\n`,
  'docs/asyncapi.json': `${JSON.stringify(asyncapiDocument(builtInMachines), null, 2)}\n`
};
if (process.argv.includes('--release')) {
  outputs['docs/api/released/openapi.json'] = `${JSON.stringify(openapiDocument())}\n`;
  outputs['docs/api/released/asyncapi.json'] = `${JSON.stringify(asyncapiDocument(builtInMachines))}\n`;
}
let drift = 0;
for (const [file, text] of Object.entries(outputs)) {
  const target = path(file);
  const current = existsSync(target) ? readFileSync(target, 'utf8') : '';
  if (current === text) continue;
  if (check) {
    console.error(`${file} is not what its source says; run 'npm run generate' and commit it`);
    drift = 1;
  } else {
    mkdirSync(new URL('.', new URL(file, root)), { recursive: true });
    writeFileSync(target, text);
    console.log(`wrote ${file}`);
  }
}
process.exitCode = drift;
