import { SetupError } from './say.mjs';

/** Keep with `engines` of package.json. */
const OLDEST = [20, 19];

export function checkNode(version = process.versions.node) {
  const [major, minor] = version.split('.').map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return;
  throw new SetupError(
    `this is Node ${version}, and Troupe needs ${OLDEST.join('.')} or newer; install it from https://nodejs.org`
  );
}
