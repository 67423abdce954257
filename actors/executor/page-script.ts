import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../package-root.ts';

/** In order: each file uses names of those before it. They run in the page, so they are data here and no modules. */
const FILES = ['locate', 'actionable', 'witness', 'fields', 'drag', 'report', 'download', 'operations', 'fingerprint'];

const folder = join(packageRoot(), 'actors', 'executor', 'page');

/** Comments are for us; the page's parser need not read them on each call. */
const library = FILES.map((name) => readFileSync(join(folder, `${name}.js`), 'utf8'))
  .join('\n')
  .replace(/^\s*\/\*[\s\S]*?\*\/\s*$/gm, '')
  .replace(/^\s*\/\/.*$/gm, '');

/**
 * Body of an execute/sync: `(operation, args, element) → answer`. The element has an argument of its own, because
 * WebKitWebDriver turns references into elements only there and not inside objects.
 */
export const syncScript = `${library}\nreturn answerNow(arguments[0], { ...arguments[1], element: arguments[2] });`;

/** Body of an execute/async, for operations that wait for frames. */
export const asyncScript = `${library}\nanswerLater(arguments[0], arguments[1], arguments[arguments.length - 1]);`;
