import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { ControlError, catalogue, type ErrorCode } from '../schemas/errors.ts';

const root = new URL('..', import.meta.url);
const codes = Object.keys(catalogue) as ErrorCode[];

/** Code without comments: a code that is only talked about is not used. */
function codeOf(folder: string): string {
  return readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(new URL(`${folder}/${name}`, root), 'utf8'))
    .join('\n')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/.*$/gm, '');
}

describe('the error catalogue', () => {
  it('is docs/errors.md, code for code', () => {
    const page = readFileSync(new URL('docs/errors.md', root), 'utf8');
    const documented = [...page.matchAll(/^\| `([A-Z_]+)`/gm)].map((match) => match[1]!);
    assert.deepEqual(documented.toSorted(), codes.toSorted());
  });

  it('has no code that nothing uses', () => {
    const code = ['actors', 'server', 'machines'].map(codeOf).join('\n');
    const unused = codes.filter((name) => !new RegExp(`['"\`]${name}['"\`]`).test(code));
    assert.deepEqual(unused, [], `not used in actors/, server/ or machines/: ${unused.join(', ')}`);
  });

  it('answers every failure with an error status and a sentence that quotes it', () => {
    for (const code of codes) {
      const { status, message } = catalogue[code];
      assert.ok(status >= 400 && status <= 599, `${code} has status ${status}`);
      assert.ok(message.length <= 1, `${code} takes more than its details`);
    }
    const error = new ControlError('SESSION_NOT_FOUND', { sessionId: 's-1' });
    assert.equal(error.message, "no session 's-1'; POST /v1/sessions makes one");
    assert.deepEqual(error.details, { sessionId: 's-1' });
  });
});
