/** The documents as pages: HTML alone, no script, nothing from elsewhere, so they work without a network. */
import { createHash } from 'node:crypto';
import { tokens } from './generated/tokens.ts';
import type { Json } from './operation.ts';
import { style as own } from './page-style.ts';

// biome-ignore lint/suspicious/noExplicitAny: a document is looked into freely
type Any = any;

const style = tokens + own;
/** Its own style, and nothing else. */
export const pagePolicy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'"
].join('; ');

const escaped = (text: unknown): string =>
  String(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
/** Prose with `code` in it. */
const prose = (text: unknown): string => escaped(text ?? '').replace(/`([^`]+)`/g, '<code>$1</code>');
const code = (value: Json): string => `<pre><code>${escaped(JSON.stringify(value, null, 2))}</code></pre>`;
const anchor = (name: string): string => escaped(name.replace(/[^A-Za-z0-9._-]/g, '-'));

function page(title: string, here: string, nav: string, main: string): string {
  const links = [
    ['/docs', 'REST'],
    ['/docs/stream', 'Stream']
  ].map(([href, text]) => `<a href="${href}"${href === here ? ' aria-current="page"' : ''}>${text}</a>`);
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title}</title><style>${style}</style></head>
<body>
<a class="skip" href="#main">Skip to the text</a>
<header><strong>Troupe</strong><nav aria-label="Pages">${links.join(' ')}</nav></header>
<div class="columns"><nav class="side" aria-label="Contents">${nav}</nav><main id="main"><h1>${title}</h1>${main}</main></div>
</body>
</html>
`;
}

/** OpenAPI as a page: operations by group, then the shapes they speak of. */
export function openapiPage(document: Any): string {
  const found = Object.entries<Any>(document.paths).flatMap(([path, methods]) =>
    Object.entries<Any>(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation }))
  );
  const groups = (document.tags as Any[]).map(({ name, description }) => ({
    name,
    description,
    of: found.filter(({ operation }) => operation.tags[0] === name)
  }));
  const nav = groups.map(
    ({ name, of }) =>
      `<h2><a href="#${name}">${name}</a></h2><ul>${of.map(({ path, method, operation }) => `<li><a href="#${operation.operationId}"><b>${method}</b> ${escaped(path)}</a></li>`).join('')}</ul>`
  );
  const sections = groups.map(
    ({ name, description, of }) =>
      `<section><h2 id="${name}">${name}</h2><p>${prose(description)}</p>${of.map((one) => operationHtml(document, one)).join('')}</section>`
  );
  const intro = `<p>${prose(document.info.description)} Version ${escaped(document.info.version)}, as a file: <a href="/openapi.json">openapi.json</a>.</p>`;
  return page('REST', '/docs', nav.join('') + shapesNav, intro + sections.join('') + shapes(document));
}

const shapesNav = '<h2><a href="#shapes">shapes</a></h2>';

function operationHtml(document: Any, { path, method, operation }: { path: string; method: string; operation: Any }) {
  const { parameters = [], requestBody, responses } = operation;
  const body = requestBody?.content['application/json'];
  const rows = (parameters as Any[]).map(
    (one) =>
      `<tr><td><code>${escaped(one.name)}</code></td><td>${one.in}${one.required ? ', needed' : ''}</td><td>${typeOf(one.schema)}</td><td>${prose(one.description)}</td></tr>`
  );
  const answers = Object.entries<Any>(responses).map(([status, given]) => {
    const response = given.$ref ? document.components.responses[given.$ref.split('/').at(-1)] : given;
    const shapesOf = Object.entries<Any>(response.content ?? {})
      .filter(([type]) => type !== 'application/problem+json')
      .map(([type, { schema }]) => (schema ? typeOf(schema) : `<code>${escaped(type)}</code>`));
    const says = response.description.replaceAll(/\b[A-Z]{4,}(?:_[A-Z]+)*\b/g, '`$&`');
    return `<tr><td>${status}</td><td>${prose(says)}</td><td>${shapesOf.join(', ')}</td></tr>`;
  });
  const example = Object.entries<Any>(responses).find(([, one]) => one.content?.['application/json']?.example);
  return `<article><h3 id="${operation.operationId}"><b class="${method}">${method}</b> <code>${escaped(path)}</code></h3>
<p><strong>${prose(operation.summary)}.</strong> ${prose(operation.description)}</p>
<p>Scope: ${scopeOf(operation['x-scope'])}</p>
<pre><code>${escaped(curl(method, path, parameters, body?.example, operation['x-scope']))}</code></pre>
${rows.length > 0 ? table('Parameters', ['name', 'in', 'type', 'meaning'], rows) : ''}
${body ? `<p>Body: ${typeOf(body.schema)}${requestBody.required ? '' : ', may be left out'}</p>` : ''}
${table('Answers', ['status', 'meaning', 'shape'], answers)}
${example ? `<details><summary>Example of ${example[0]}</summary>${code(example[1].content['application/json'].example)}</details>` : ''}
</article>`;
}

const scopeOf = (scope: Any): string =>
  scope === 'open'
    ? 'none, no token is asked for'
    : scope === null
      ? 'any token'
      : typeof scope === 'object'
        ? `none on this machine, <code>${escaped(scope.afar)}</code> from elsewhere`
        : `<code>${escaped(scope)}</code>`;

function curl(method: string, path: string, parameters: Any[], example: Json | undefined, scope: Any): string {
  const query = parameters.find((one) => one.in === 'query' && one.example !== undefined);
  const address = `http://127.0.0.1:7070${path}${query ? `?${query.name}=${encodeURIComponent(query.example)}` : ''}`;
  return [
    `curl -s${method === 'GET' ? '' : ` -X ${method}`} '${address}'`,
    ...(scope === 'open' ? [] : [`-H "Authorization: Bearer $TOKEN"`]),
    ...(example === undefined
      ? []
      : [`-H 'Content-Type: application/json'`, `-d '${JSON.stringify(example).replaceAll("'", "'\\''")}'`])
  ].join(' \\\n  ');
}

/** AsyncAPI as a page: frames of the client, frames of the server, events by type, shapes. */
export function asyncapiPage(document: Any): string {
  const all = Object.entries<Any>(document.components.messages);
  const groups = [
    { id: 'client', title: 'A client sends', of: all.filter(([name]) => name.startsWith('client.')) },
    { id: 'server', title: 'A client is sent', of: all.filter(([name]) => name.startsWith('server.')) },
    { id: 'inspector', title: 'Inspector of Stately', of: all.filter(([name]) => name.startsWith('inspect.')) },
    { id: 'events', title: 'Events, by type', of: all.filter(([name]) => name.startsWith('event.')) }
  ];
  const nav = groups.map(
    ({ id, title, of }) =>
      `<h2><a href="#${id}">${title}</a></h2><ul>${of.map(([name, { title: type }]) => `<li><a href="#${anchor(name)}">${escaped(type)}</a></li>`).join('')}</ul>`
  );
  const sections = groups.map(
    ({ id, title, of }) =>
      `<section><h2 id="${id}">${title}</h2>${of.map(([name, message]) => messageHtml(document, name, message)).join('')}</section>`
  );
  const channels = Object.values<Any>(document.channels).map(
    ({ title, address, servers, description }) =>
      `<li><strong>${escaped(title)}</strong>: <code>${escaped(servers[0].$ref.split('/').at(-1))} ${escaped(address)}</code>. ${prose(description)}</li>`
  );
  const intro = `<p>${prose(document.info.description)} As a file: <a href="/asyncapi.json">asyncapi.json</a>.</p><ul>${channels.join('')}</ul>`;
  return page('Stream', '/docs/stream', nav.join('') + shapesNav, intro + sections.join('') + shapes(document));
}

function messageHtml(document: Any, name: string, message: Any): string {
  const isEvent = name.startsWith('event.');
  const payload = isEvent ? document.components.schemas[`Payload.${message.title}`] : undefined;
  const [example] = message.examples ?? [];
  return `<article><h3 id="${anchor(name)}"><code>${escaped(message.title)}</code></h3><p>${prose(message.summary)} ${prose(payload?.description)}</p>
${isEvent ? `<p>In a ${typeOf({ $ref: '#/components/schemas/EventFrame' })}; its payload is a ${typeOf({ $ref: '#/components/schemas/TransitionPayload' })} and these fields.</p>` : `<p>${typeOf(message.payload)}</p>`}
${example ? `<details><summary>Example</summary>${code(example.payload)}</details>` : ''}</article>`;
}

function shapes(document: Any): string {
  const sections = Object.entries<Any>(document.components.schemas)
    .filter(([name]) => !name.startsWith('Payload.'))
    .map(([name, schema]) => `<article><h3 id="${anchor(name)}">${escaped(name)}</h3>${shapeHtml(schema)}</article>`);
  return `<section><h2 id="shapes">Shapes</h2>${sections.join('')}</section>`;
}

function shapeHtml(schema: Any): string {
  const said = schema.description ? `<p>${prose(schema.description)}</p>` : '';
  const fields = Object.entries<Any>(schema.properties ?? {});
  if (fields.length === 0) return `${said}<p>${typeOf(schema)}</p>`;
  const rows = fields.flatMap(([name, one]) => fieldRows(name, one, schema.required ?? []));
  return said + table('Fields', ['field', 'type', 'needed', 'meaning'], rows);
}

function fieldRows(name: string, schema: Any, required: string[], prefix = ''): string[] {
  const needed = required.includes(name) ? 'yes' : '';
  const row = `<tr><td><code>${escaped(prefix + name)}</code></td><td>${typeOf(schema)}</td><td>${needed}</td><td>${prose(schema.description)}</td></tr>`;
  const inner = Object.entries<Any>(schema.properties ?? {});
  return [row, ...inner.flatMap(([key, one]) => fieldRows(key, one, schema.required ?? [], `${prefix}${name}.`))];
}

function typeOf(schema: Any): string {
  if (schema.$ref) {
    const name = schema.$ref.split('/').at(-1);
    return `<a href="#${anchor(name)}">${escaped(name)}</a>`;
  }
  if (schema.const !== undefined) return `<code>${escaped(JSON.stringify(schema.const))}</code>`;
  if (schema.enum) return schema.enum.map((one: Json) => `<code>${escaped(one)}</code>`).join(' ');
  const branches = schema.oneOf ?? schema.anyOf;
  if (branches) return branches.map(typeOf).join(' or ');
  if (schema.items) return `list of ${typeOf(schema.items)}`;
  if (schema.properties?.items?.items) return `page of ${typeOf(schema.properties.items.items)}`;
  return escaped([schema.type ?? 'anything'].flat().join(' or '));
}

const table = (caption: string, heads: string[], rows: string[]): string =>
  `<table><caption>${caption}</caption><thead><tr>${heads.map((one) => `<th scope="col">${one}</th>`).join('')}</tr></thead><tbody>${rows.join('')}</tbody></table>`;
