import { realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, sep } from 'node:path';
import { ControlError } from '../../schemas/errors.ts';

/**
 * Paths of the files a flow puts into a page: only what an operator laid into one folder, or a flow could carry away
 * anything on this machine. A recording's `C:\fakepath\photo.jpg` is `photo.jpg`.
 * @param names one a line; none empties the field
 * @throws ControlError STEP_UNSUPPORTED without a folder, FILE_NOT_FOUND
 */
export async function uploadPaths(names: string, folder: string | undefined, step: string): Promise<string[]> {
  if (folder === undefined) {
    throw new ControlError('STEP_UNSUPPORTED', { step, reason: 'there is no folder of files for uploads' });
  }
  const paths: string[] = [];
  for (const name of names.split(/\r?\n/).filter((line) => line !== '')) {
    const own = name.replace(/^[a-z]:\\fakepath\\/i, '');
    paths.push(await pathOf(own, folder, step));
  }
  return paths;
}

async function pathOf(name: string, folder: string, step: string): Promise<string> {
  const missing = (reason: string, cause?: unknown) =>
    new ControlError('FILE_NOT_FOUND', { step, file: name, folder, reason }, cause);
  if (isAbsolute(name)) throw missing('it is a path and not a name');
  let path: string;
  let root: string;
  try {
    [root, path] = await Promise.all([realpath(folder), realpath(join(folder, name))]);
    if (!(await stat(path)).isFile()) throw missing('it is not a file');
  } catch (cause) {
    throw cause instanceof ControlError ? cause : missing('it is not there', cause);
  }
  // A link out of the folder is out of the folder.
  const inside = relative(root, path);
  if (inside === '' || inside.split(sep)[0] === '..' || isAbsolute(inside)) throw missing('it is outside');
  return path;
}
