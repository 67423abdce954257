/** Which desktop this machine has. */
import { Apps } from './apps.ts';
import { type Desktop, noDesktop, stubDesktop } from './contract.ts';
import { MacApps } from './macos/apps.ts';
import { MacDesktop } from './macos/desktop.ts';
import { Targets } from './targets.ts';
import { X11Desktop } from './x11/desktop.ts';

export interface DesktopOptions {
  /** Nothing is really done. */
  stub: boolean;
  /** Where DISPLAY, PATH and the folders of desktop entries are read, and what started programs inherit. */
  environment: NodeJS.ProcessEnv;
  /** Names or paths of applications that may be opened; none allows all. */
  allowed: readonly string[];
  /** Files, folders and web origins that they may be opened with; none allows all. */
  targets: readonly string[];
  platform?: NodeJS.Platform;
}

/** Nothing is opened before the first command. */
export function openDesktop({
  stub,
  environment,
  allowed,
  targets: places,
  platform = process.platform
}: DesktopOptions): Desktop {
  if (stub) return stubDesktop();
  const targets = new Targets(places);
  if (platform === 'darwin') return new MacDesktop({ apps: new MacApps({ allowed, home: environment.HOME }), targets });
  const display = environment.DISPLAY;
  if (!display) return noDesktop('there is no desktop: DISPLAY is not set where Troupe was started');
  return new X11Desktop({ display, targets, apps: new Apps(environment, allowed), environment });
}
