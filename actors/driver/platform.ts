/** Everything that differs between macOS and Linux. */
import { accessSync, chmodSync, constants, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DriverLimits } from '../../machines/driver-limits.ts';
import { ControlError } from '../../schemas/errors.ts';
import { childrenOf, type ProcessIdentity, processesNamed } from '../process/identity.ts';
import { endProcess } from './process-group.ts';

export interface Platform {
  /** Linux browsers need an X server, and each slot has its own: focus is per display. */
  needsDisplay: boolean;
  /** What must be installed. @throws ControlError PREREQUISITE_MISSING, with the cure */
  preflight(environment: NodeJS.ProcessEnv): void;
  /** A folder to put first on the PATH of the Appium child, or null when the system's own safaridriver is meant. */
  installDriver(dataDir: string): string | null;
  /** For the Appium child beside PATH. */
  driverEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv;
  /** What sessions can run on here. */
  devices: string[];
  /** Of these one browser can be open at a time. */
  exclusive: string[];
  /** W3C capabilities of a session on a device. */
  capabilities(device: string): Record<string, unknown>;
  /** The driver executable of an Appium where it does not enter itself in the ledger. */
  driverOf(appiumPid: number): ProcessIdentity[];
  /** SIGTERM to SIGKILL, ms. */
  graceMs(limits: DriverLimits): number;
  /** Ends a browser that is in no group of ours. @returns what would not end */
  endBrowser(graceMs: number): Promise<ProcessIdentity[]>;
  /** Whether a session lost for this reason was taken by a person, who has its window now. */
  isTaken(reason: string): boolean;
}

const PACKAGES: Record<string, string> = {
  WebKitWebDriver: 'install WebKitGTK and its driver: sudo apt-get install webkit2gtk-driver',
  Xvfb: 'install the virtual X server: sudo apt-get install xvfb'
};

const linux: Platform = {
  needsDisplay: true,
  graceMs: ({ graceMs }) => graceMs,
  // Each slot has its own browser in its own group.
  endBrowser: async () => [],
  isTaken: () => false,
  devices: ['desktop'],
  exclusive: [],
  preflight(environment) {
    for (const [program, cure] of Object.entries(PACKAGES)) {
      if (!which(program, environment)) throw new ControlError('PREREQUISITE_MISSING', { what: program, cure });
    }
  },
  installDriver(dataDir) {
    const folder = join(dataDir, 'bin');
    mkdirSync(folder, { recursive: true });
    const file = join(folder, 'safaridriver');
    writeFileSync(file, wrapperScript());
    chmodSync(file, 0o755);
    return folder;
  },
  driverEnvironment: (environment) => ({
    TROUPE_WEBKIT_DRIVER: which('WebKitWebDriver', environment),
    // A desktop's Wayland session would win over the slot's own X server.
    GDK_BACKEND: 'x11',
    WAYLAND_DISPLAY: undefined,
    NO_AT_BRIDGE: '1',
    LIBGL_ALWAYS_SOFTWARE: '1'
  }),
  capabilities: () => ({
    platformName: 'mac',
    browserName: 'Safari',
    'appium:automationName': 'Safari',
    // An alert stays until its text was read.
    unhandledPromptBehavior: 'ignore',
    // Else, after one page that never loads, WebKit lets every later command wait for it. The executor waits by itself.
    pageLoadStrategy: 'none'
  }),
  driverOf: () => []
};

const macOS: Platform = {
  needsDisplay: false,
  // Safari takes its time.
  graceMs: ({ safariGraceMs }) => safariGraceMs,
  devices: ['desktop', 'simulator', 'device'],
  // Safari gives its own windows to one automation session per host.
  exclusive: ['desktop'],
  preflight(environment) {
    if (!which('safaridriver', environment)) {
      throw new ControlError('PREREQUISITE_MISSING', {
        what: 'safaridriver',
        cure: 'it comes with Safari: check that /usr/bin is on the PATH, then run `sudo safaridriver --enable` once'
      });
    }
  },
  installDriver: () => null,
  driverEnvironment: () => ({}),
  capabilities: (device) => ({
    browserName: 'Safari',
    'appium:automationName': 'Safari',
    unhandledPromptBehavior: 'ignore',
    platformName: device === 'desktop' ? 'mac' : 'iOS',
    ...(device === 'simulator' ? { 'safari:useSimulator': true } : {})
  }),
  driverOf: (appiumPid) => childrenOf(appiumPid).filter((child) => /safaridriver/.test(child.command)),
  async endBrowser(graceMs) {
    const safari = processesNamed(/\/Safari\.app\/Contents\/MacOS\/Safari$/);
    return (await Promise.all(safari.map((one) => endProcess(one, graceMs)))).flat();
  },
  isTaken: (reason) => SEVERED.test(reason)
};

/**
 * Reported: a person who clicks the glass pane away severs the link for good, and every command after it is answered
 * 'invalid session id' without a word (Appium then says its own), while driver and window go on. A crashed page says
 * that it crashed.
 */
const SEVERED =
  /Request failed with status code 404|session has ended|session was (?:stopped|interrupted)|Automation (?:was )?(?:stopped|turned off)/i;

/** @throws ControlError PREREQUISITE_MISSING on any other system */
export function platformOf(system: NodeJS.Platform = process.platform): Platform {
  if (system === 'linux') return linux;
  if (system === 'darwin') return macOS;
  throw new ControlError('PREREQUISITE_MISSING', {
    what: `a browser on ${system}`,
    cure: 'run on macOS or Linux, or start with --driver stub'
  });
}

/** The program's path on the PATH given, or undefined. */
export function which(program: string, environment: NodeJS.ProcessEnv): string | undefined {
  for (const folder of (environment.PATH ?? '').split(delimiter).filter(Boolean)) {
    const path = join(folder, program);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // not in this folder
    }
  }
  return undefined;
}

/** Runs the driver executable from wherever this file is: compiled in `dist/`, or as TypeScript from a checkout. */
function wrapperScript(): string {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const program = fileURLToPath(new URL(`../safaridriver/safaridriver.${extension}`, import.meta.url));
  const loader = extension === 'ts' ? ['--import', import.meta.resolve('tsx')] : [];
  const words = [process.execPath, ...loader, program].map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
  return `#!/bin/sh\nexec ${words.join(' ')} "$@"\n`;
}
