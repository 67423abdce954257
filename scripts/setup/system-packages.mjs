/** The programs that do not come from npm: on Debian from apt when we are root, else named with the one command. */
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { runQuietly, SetupError, say } from './say.mjs';

const BROWSER = [
  { program: 'WebKitWebDriver', package: 'webkit2gtk-driver' },
  { program: 'Xvfb', package: 'xvfb' }
];
/** Drives the pages of our own in tests. */
const CHROMIUM = [{ program: 'chromium', package: 'chromium' }];
/** Nothing fails without them; screenshots show boxes for what they lack. */
const FONTS = [
  { file: '/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf', package: 'fonts-dejavu-core' },
  { file: '/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf', package: 'fonts-noto-color-emoji' }
];

/**
 * What a real browser needs on Linux; on macOS Safari is there, and `troupe doctor` says how to allow automation.
 * @param {{ tests: boolean }} options
 * @throws SetupError with the one command, when something is missing and we may not install it
 */
export async function ensureBrowser({ tests }) {
  if (process.platform !== 'linux') return;
  const needed = missingTools([...BROWSER, ...(tests ? CHROMIUM : [])]);
  const fonts = mayInstall() ? missingFonts() : [];
  if (needed.length > 0) await installPackages([...needed, ...fonts], 'driving a real WebKit');
  else if (fonts.length > 0) await installPackages(fonts, 'legible screenshots').catch((error) => say(error.message));
}

/** Package names of the tools that are not on the PATH. */
export function missingTools(tools) {
  return tools.filter(({ program }) => !onPath(program)).map((tool) => tool.package);
}

const missingFonts = () => FONTS.filter(({ file }) => !existsSync(file)).map((font) => font.package);

function onPath(program) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return folder !== '';
    } catch {
      return false;
    }
  });
}

const hasApt = () => process.platform === 'linux' && onPath('apt-get');
const mayInstall = () => hasApt() && process.getuid?.() === 0;

/** The one command for a person. */
function cure(command) {
  if (hasApt()) return `install with\n\n  sudo sh -c '${command}'\n`;
  if (process.platform === 'darwin') return "install Apple's command line tools with\n\n  xcode-select --install\n";
  return "these are Debian's names; install them with this system's package manager";
}

/** @throws SetupError when it cannot be done here, saying what to do */
export async function installPackages(packages, why) {
  const command = `apt-get update && apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  if (!mayInstall()) throw new SetupError(`${why} needs ${packages.join(', ')}; ${cure(command)}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  // Another apt may be at work: wait for it instead of failing.
  const apt = (what, args) => runQuietly(what, 'apt-get', ['-o', 'DPkg::Lock::Timeout=300', ...args], { env });
  const updated = await apt('updating the list of Debian packages', ['update']);
  if (!updated.ok) say(`apt-get update failed, trying with the list there is:\n${updated.output}`);
  const done = await apt(`installing ${packages.join(', ')}`, [
    'install',
    '-y',
    '--no-install-recommends',
    ...packages
  ]);
  if (!done.ok) throw new SetupError(`'${command}' failed:\n${done.output}`);
}
