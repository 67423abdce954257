/** A schema as a page for people: each definition with its fields, limits and what they mean. */

interface Node {
  $ref?: string;
  title?: string;
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  default?: unknown;
  description?: string;
  required?: string[];
  properties?: Record<string, Node>;
  items?: Node;
  oneOf?: Node[];
  [limit: string]: unknown;
}

export interface SchemaFile {
  description?: string;
  $defs: Record<string, Node>;
}

const LIMITS: Record<string, (value: unknown) => string> = {
  minimum: (value) => `from ${value}`,
  maximum: (value) => `to ${value}`,
  minLength: (value) => `at least ${value} characters`,
  maxLength: (value) => `at most ${value} characters`,
  minItems: (value) => `at least ${value}`,
  maxItems: (value) => `at most ${value}`,
  uniqueItems: () => 'each once',
  pattern: (value) => `like \`${value}\``
};

/** @param names the definitions to show, in this order */
export function schemaPage({ $defs }: SchemaFile, names: string[]): string {
  return names.map((name) => section(name, $defs[name] as Node)).join('\n');
}

function section(name: string, node: Node): string {
  const lines = [`### ${name}`, ''];
  if (node.description) lines.push(node.description, '');
  if (node.oneOf) lines.push(`One of: ${node.oneOf.map(typeOf).join(', ')}.`, '');
  const fields = Object.entries(node.properties ?? {});
  if (fields.length > 0) lines.push(...table(fields, node.required ?? []), '');
  return lines.join('\n');
}

function table(fields: [string, Node][], required: string[], prefix = ''): string[] {
  const head = prefix === '' ? ['| field | type | needed | |', '| --- | --- | --- | --- |'] : [];
  return [
    ...head,
    ...fields.flatMap(([name, node]) => {
      const needed = required.includes(name)
        ? 'yes'
        : node.default === undefined
          ? ''
          : `\`${JSON.stringify(node.default)}\``;
      const row = `| \`${prefix}${name}\` | ${typeOf(node)} | ${needed} | ${cell(node)} |`;
      const inner = Object.entries(node.properties ?? {});
      return [row, ...(inner.length > 0 ? table(inner, node.required ?? [], `${prefix}${name}.`) : [])];
    })
  ];
}

function typeOf(node: Node): string {
  if (node.$ref !== undefined) {
    const name = node.$ref.slice(node.$ref.lastIndexOf('/') + 1);
    return node.$ref.startsWith('#') ? `[${name}](#${name.toLowerCase()})` : name;
  }
  if (node.const !== undefined) return `\`${JSON.stringify(node.const)}\``;
  if (node.enum) return node.enum.map((value) => `\`${value}\``).join(' ');
  if (node.items) return `list of ${typeOf(node.items)}`;
  return [node.type ?? 'anything'].flat().join(' or ');
}

/** What it means, and its limits, in one cell. */
function cell(node: Node): string {
  const limits = Object.entries(LIMITS).flatMap(([name, say]) => (node[name] === undefined ? [] : [say(node[name])]));
  return [node.description, limits.join(', ')].filter(Boolean).join(' ').replaceAll('|', '\\|');
}
