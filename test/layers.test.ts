import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, it } from 'node:test';

const root = new URL('..', import.meta.url);

/** DESIGN's layout table. A folder may always import itself; what is not a folder of ours is a package. */
const mayImport: Record<string, string[]> = {
  schemas: [],
  client: ['schemas'],
  machines: ['schemas'],
  actors: ['schemas', 'machines'],
  server: ['schemas', 'actors', 'client', 'testing'],
  inspector: ['schemas'],
  testing: ['schemas', 'machines', 'actors', 'client']
};
/** `troupe demo` runs the example site, which therefore stands alone. */
const exceptions = new Set(['server/cli/demo.ts -> test/site/site.ts']);
/** What is started as a process of its own: ours, and the driver executable that Appium starts. */
const programs = ['server/main.ts', 'actors/safaridriver/safaridriver.ts'];
const ours = [...Object.keys(mayImport), 'test', 'bench', 'scripts'];

interface Source {
  file: string;
  text: string;
  /** Paths from the root for our own, package names for others. */
  imports: string[];
}

function sourcesOf(folder: string): Source[] {
  const entries = readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' });
  return entries
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => {
      const file = `${folder}/${name}`;
      const text = readFileSync(new URL(file, root), 'utf8');
      const found = [
        ...text.matchAll(/^(?:import|export)\s+[^'";=]*\bfrom\s+'([^']+)'/gm),
        ...text.matchAll(/^import\s+'([^']+)'/gm),
        ...text.matchAll(/\bimport\(\s*'([^']+)'/g)
      ].map((match) => match[1]!);
      const imports = found.map((to) => (to.startsWith('.') ? posix.join(posix.dirname(file), to) : to));
      return { file, text, imports };
    });
}

/** Without comments, and without the handing on of the whole environment to a child, which reads nothing of it. */
const codeOf = (text: string) => text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$|\.\.\.process\.env\b/gm, '');

const folders = Object.keys(mayImport).filter((folder) => readdirSync(root).includes(folder));

describe('the layers', () => {
  for (const folder of folders) {
    it(`${folder}/ imports only ${[folder, ...mayImport[folder]!].join(', ')} and packages`, () => {
      const wrong = sourcesOf(folder).flatMap(({ file, imports }) =>
        imports
          .filter((to) => ours.includes(to.split('/')[0]!))
          .filter((to) => ![folder, ...mayImport[folder]!].includes(to.split('/')[0]!))
          .map((to) => `${file} -> ${to}`)
          .filter((edge) => !exceptions.has(edge))
      );
      assert.deepEqual(wrong, []);
    });
  }

  it('machines/ are pure: xstate, schemas and each other, no clock, random or process', () => {
    const wrong = sourcesOf('machines').flatMap(({ file, text, imports }) => [
      ...imports.filter((to) => to !== 'xstate' && !/^(machines|schemas)\//.test(to)).map((to) => `${file} -> ${to}`),
      ...[...text.matchAll(/\b(Date\.now|new Date\(\)|Math\.random|randomUUID|setTimeout|process\.)/g)].map(
        (match) => `${file}: ${match[0]}`
      )
    ]);
    assert.deepEqual(wrong, []);
  });

  it('examples/ import xstate and nothing of ours: they are what anybody would write', () => {
    const wrong = sourcesOf('examples').flatMap(({ file, imports }) =>
      imports.filter((to) => to !== 'xstate').map((to) => `${file} -> ${to}`)
    );
    assert.deepEqual(wrong, []);
  });

  it('server/main.ts alone reads process.env', () => {
    const readers = folders
      .flatMap(sourcesOf)
      .filter(({ file }) => !programs.includes(file))
      .filter(({ text }) => /\bprocess\.env\b/.test(codeOf(text)))
      .map(({ file }) => file);
    assert.deepEqual(readers, []);
  });

  it('test/site stands alone: node, koa and what is in its folder', () => {
    const allowed = /^(node:|koa$|@koa\/router$|@koa\/bodyparser$|test\/site\/)/;
    const wrong = sourcesOf('test/site').flatMap(({ file, imports }) =>
      imports.filter((to) => !allowed.test(to)).map((to) => `${file} -> ${to}`)
    );
    assert.deepEqual(wrong, []);
  });
});
