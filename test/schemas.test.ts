import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import fc from 'fast-check';

const root = new URL('..', import.meta.url);
const readJson = (path: string) => JSON.parse(readFileSync(new URL(path, root), 'utf8')) as Record<string, unknown>;
const jsonFiles = (folder: string) =>
  existsSync(new URL(folder, root))
    ? readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.json'))
        .map((name) => `${folder}/${name}`)
    : [];

const schemas = jsonFiles('schemas').map((file) => ({
  file,
  schema: readJson(file) as { $id: string; $defs: object }
}));

/**
 * Strict: an unknown keyword, a tuple without bounds, a format nobody checks, a type that cannot be throws. Required
 * fields may be defined elsewhere: ajv's discriminator wants that of the union itself.
 */
function contractAjv(): Ajv2020 {
  const ajv = new Ajv2020({
    strict: true,
    strictRequired: false,
    allowUnionTypes: true,
    allErrors: true,
    discriminator: true
  });
  (ajvFormats as unknown as (ajv: Ajv2020) => void)(ajv);
  for (const { schema } of schemas) ajv.addSchema(schema);
  return ajv;
}

const ajv = contractAjv();
const definition = (ref: string): ValidateFunction => {
  const validate = ajv.getSchema(ref);
  assert.ok(validate, `no schema ${ref}`);
  return validate;
};
/** Places that do not fit: JSON Pointer, and the name of a field that is not known there. */
const misfits = (validate: ValidateFunction, value: unknown): string[] => {
  validate(value);
  return (validate.errors ?? []).map((error: ErrorObject) => {
    const { additionalProperty, missingProperty } = error.params as Record<string, string>;
    const more = additionalProperty ?? missingProperty;
    return more === undefined ? error.instancePath : `${error.instancePath}/${more}`;
  });
};
const fits = (ref: string, value: unknown) => assert.deepEqual(misfits(definition(ref), value), []);

describe('the schemas', () => {
  for (const { file, schema } of schemas) {
    it(`${file} compiles strictly, every definition of it`, () => {
      assert.match(schema.$id, /^troupe:[a-z]+$/);
      for (const name of Object.keys(schema.$defs)) definition(`${schema.$id}#/$defs/${name}`);
    });
  }

  it('refer to nothing that is not there', () => {
    const all = new Set(
      schemas.flatMap(({ schema }) => Object.keys(schema.$defs).map((n) => `${schema.$id}#/$defs/${n}`))
    );
    const missing = schemas.flatMap(({ file, schema }) =>
      [...JSON.stringify(schema).matchAll(/"\$ref":"([^"]+)"/g)]
        .map(([, ref]) => (ref!.startsWith('#') ? schema.$id + ref : ref!))
        .filter((ref) => !all.has(ref))
        .map((ref) => `${file}: ${ref}`)
    );
    assert.deepEqual(missing, []);
  });

  it('put defaults that fit their own place', () => {
    const wrong: string[] = [];
    const walk = (at: string, node: unknown, base: string) => {
      if (typeof node !== 'object' || node === null) return;
      if (!Array.isArray(node) && 'default' in node && ('type' in node || 'enum' in node || 'const' in node)) {
        const validate = ajv.compile({ ...node, $id: `default:${at}` } as object);
        if (!validate(node.default)) wrong.push(at);
      }
      for (const [key, child] of Object.entries(node)) walk(`${at}/${key}`, child, base);
    };
    for (const { schema } of schemas) {
      const local = JSON.parse(JSON.stringify(schema).replaceAll('"$ref":"#', `"$ref":"${schema.$id}#`)) as object;
      walk(schema.$id, (local as { $defs: object }).$defs, schema.$id);
    }
    assert.deepEqual(wrong, []);
  });
});

describe('the shipped data', () => {
  const flows = jsonFiles('machines/flows');
  const registries = jsonFiles('machines/selectors');

  it('has flows and selectors', () => {
    assert.ok(flows.length > 0, 'machines/flows has no flow');
    assert.ok(registries.length > 0, 'machines/selectors has no registry');
  });

  for (const file of flows) {
    it(`${file} is a flow, named as its file, with params that are a schema`, () => {
      const flow = readJson(file) as { name: string; params?: object };
      fits('troupe:flow#/$defs/Flow', flow);
      assert.equal(`machines/flows/${flow.name}.json`, file);
      ajv.compile(flow.params ?? {});
    });

    it(`${file} uses only selectors that each of its platforms has, and params that it takes`, () => {
      const flow = readJson(file) as { platforms: string[]; params?: { properties?: object } };
      const text = JSON.stringify(flow);
      const used = [...text.matchAll(/"@([a-z0-9_.]+)"/g)].map((match) => match[1]!);
      const known = registries
        .map((path) => readJson(path) as { platform: string; selectors: object })
        .filter(({ platform }) => flow.platforms.includes('*') || flow.platforms.includes(platform));
      for (const { platform, selectors } of known) {
        const missing = used.filter((name) => !Object.hasOwn(selectors, name));
        assert.deepEqual(missing, [], `${platform} lacks what ${file} uses`);
      }
      const params = new Set([...text.matchAll(/\$\{params\.([A-Za-z0-9_]+)/g)].map((match) => match[1]!));
      const taken = Object.keys(flow.params?.properties ?? {});
      assert.deepEqual(
        [...params].filter((name) => !taken.includes(name)),
        []
      );
    });
  }

  for (const file of registries) {
    it(`${file} is a registry, named as its platform`, () => {
      const registry = readJson(file) as { platform: string };
      fits('troupe:selectors#/$defs/SelectorRegistry', registry);
      assert.equal(`machines/selectors/${registry.platform}.json`, file);
    });
  }
});

/** One value that fits of each thing that comes from outside. */
const samples: Record<string, Record<string, unknown>> = {
  'troupe:command#/$defs/CommandEnvelope': {
    version: '1.0',
    command_id: '4b1c3f1e-5f0e-4a35-9d76-3c0a8f1a2b3c',
    idempotency_key: 'k-1',
    correlation_id: '4b1c3f1e-5f0e-4a35-9d76-3c0a8f1a2b3d',
    requested_at: '2026-01-02T03:04:05.678Z',
    requester: { service: 'orchestrator', instance_id: 'i-1' },
    target: { platform: 'example', account_id: 'alice' },
    type: 'flow.run',
    payload: { flow: 'comment_on_post', params: {} },
    priority: 3,
    deadline_at: '2026-01-02T03:14:05Z',
    dry_run: false
  },
  'troupe:session#/$defs/SessionCreate': { platform: 'example', account_id: 'alice', idle_limit_ms: 60_000 },
  'troupe:approval#/$defs/ApprovalDecision': { decision: 'allow', note: 'fine' },
  'troupe:flow#/$defs/Flow': {
    name: 'greet',
    platforms: ['*'],
    params: { type: 'object', additionalProperties: false },
    actions: [
      {
        attempt: 'GREETED',
        effect: 'write',
        steps: [{ type: 'click', selectors: ['#greet', ['my-element', 'button'], '@post.like'] }],
        verify: { as: 'GREETING_SHOWN', steps: [{ type: 'waitForElement', selectors: ['text/hello'] }] }
      }
    ]
  },
  'troupe:stream#/$defs/ClientFrame': { type: 'subscribe', cursor: '12', filters: { severity: ['warn'] } }
};

/** Every object in a value with the pointer to it, except those whose fields anybody may choose. */
function objectsIn(value: unknown, at = ''): { at: string; object: Record<string, unknown> }[] {
  if (typeof value !== 'object' || value === null) return [];
  const inside = Object.entries(value)
    .filter(([key]) => key !== 'payload' && key !== 'params')
    .flatMap(([key, child]) => objectsIn(child, `${at}/${key}`));
  return Array.isArray(value) ? inside : [{ at, object: value as Record<string, unknown> }, ...inside];
}

describe('what comes from outside', () => {
  for (const [ref, sample] of Object.entries(samples)) {
    it(`${ref.split('/').at(-1)} as it should be fits`, () => fits(ref, sample));

    it(`${ref.split('/').at(-1)} with a field that is not known, anywhere, is refused by its path`, () => {
      const places = objectsIn(sample).length;
      fc.assert(
        fc.property(
          fc.nat(places - 1),
          fc.string({ minLength: 1 }).map((name) => `not a field ${name}`),
          fc.jsonValue(),
          (index, name, value) => {
            const copy = structuredClone(sample);
            const { at, object } = objectsIn(copy)[index]!;
            object[name] = value;
            assert.ok(misfits(definition(ref), copy).includes(`${at}/${name}`), `${at}/${name} was taken`);
          }
        )
      );
    });

    it(`${ref.split('/').at(-1)} that lacks what it must have, or has it in another type, is refused by its path`, () => {
      const required = requiredOf(ref);
      assert.ok(required.length > 0);
      for (const name of required) {
        const { [name]: _, ...lacking } = sample;
        assert.ok(misfits(definition(ref), lacking).some((path) => path === `/${name}` || path === ''));
      }
      const names = Object.keys(sample);
      fc.assert(
        fc.property(fc.constantFrom(...names), fc.jsonValue(), (name, value) => {
          fc.pre(typeOf(value) !== typeOf(sample[name]));
          const paths = misfits(definition(ref), { ...sample, [name]: value });
          assert.ok(
            paths.some((path) => path === `/${name}` || path.startsWith(`/${name}/`) || path === ''),
            `${name}: ${JSON.stringify(value)} was taken`
          );
        })
      );
    });
  }

  it('never makes a validator throw, whatever it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        for (const ref of Object.keys(samples)) assert.equal(typeof definition(ref)(value), 'boolean');
      })
    );
  });

  const envelope = samples['troupe:command#/$defs/CommandEnvelope']!;
  for (const [name, value] of [
    ['version', '2.0'],
    ['command_id', 'not-a-uuid'],
    ['idempotency_key', ''],
    ['idempotency_key', 'k'.repeat(256)],
    ['requested_at', 'yesterday'],
    ['priority', 0],
    ['priority', 6],
    ['priority', 1.5],
    ['dry_run', 'true'],
    ['payload', []],
    ['deadline_at', 1_700_000_000_000]
  ] as const) {
    it(`refuses a command whose ${name} is ${JSON.stringify(value).slice(0, 40)}`, () => {
      assert.deepEqual(misfits(definition('troupe:command#/$defs/CommandEnvelope'), { ...envelope, [name]: value }), [
        `/${name}`
      ]);
    });
  }

  it('refuses a cursor that is no position in the log', () => {
    const validate = definition('troupe:common#/$defs/Cursor');
    for (const cursor of ['0', '1', '9007199254740991']) assert.ok(validate(cursor), cursor);
    for (const cursor of ['', '-1', '01', '1.5', '1e3', ' 1', '99999999999999999', 1])
      assert.ok(!validate(cursor), String(cursor));
  });

  it('says what is wrong with a step by its own type, not by all the others', () => {
    const validate = definition('troupe:flow#/$defs/Step');
    assert.deepEqual(misfits(validate, { type: 'click' }), ['/selectors']);
    assert.deepEqual(misfits(validate, { type: 'clack' }), ['']);
    assert.deepEqual(misfits(validate, { type: 'navigate', url: 'http://127.0.0.1/', timeout: 0 }), ['/timeout']);
  });
});

function requiredOf(ref: string): string[] {
  const [id, path] = ref.split('#/$defs/') as [string, string];
  const schema = schemas.find((candidate) => candidate.schema.$id === id)!.schema;
  return ((schema.$defs as Record<string, { required?: string[] }>)[path]!.required ?? []) as string[];
}

const typeOf = (value: unknown) => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value);
