/** What Safari needs of a Mac, and what can be seen of it without opening one. */

import { which } from '../../actors/driver/platform.ts';
import type { Config } from '../../schemas/generated/contracts.ts';
import { type Check, fail, ok, printed, warn } from './doctor-finding.ts';

export function macOS(env: Record<string, string | undefined>, { slots }: Config): Check[] {
  const says = (program: string, ...args: string[]) => printed(program, args, env);
  return [
    {
      name: 'safaridriver',
      run: async () => {
        const path = which('safaridriver', env);
        if (!path) return fail('is not on the PATH', 'it comes with Safari; check that /usr/bin is on the PATH');
        return ok([path, await says('safaridriver', '--version')].filter(Boolean).join(', '));
      }
    },
    {
      name: 'Remote Automation',
      run: async () => {
        const allowed = await says('defaults', 'read', 'com.apple.Safari', 'AllowRemoteAutomation');
        if (allowed === '1') return ok('allowed');
        // Safari's settings can only be read with Full Disk Access: what cannot be read may well be on.
        return warn(
          'not known to be allowed; the real page below will tell',
          "run 'sudo safaridriver --enable' once, and tick Develop > Allow Remote Automation in Safari"
        );
      }
    },
    {
      name: 'desktop',
      run: async () => {
        const manager = await says('launchctl', 'managername');
        if (manager === 'Aqua') return ok('a logged-in desktop session');
        return warn(
          manager === undefined ? 'not known to be a logged-in desktop session' : `this is a '${manager}' session`,
          'start Troupe from a terminal of the logged-in user, or as a LaunchAgent; over ssh Safari has no desktop'
        );
      }
    },
    {
      name: 'slots',
      run: async () =>
        slots === 1
          ? ok('1: the one desktop Safari there can be')
          : warn(
              `${slots}: one serves desktop sessions, the others only simulators and devices`,
              'Safari gives its own windows to one automation session per Mac; for more, more Macs'
            )
    },
    {
      name: 'simulators',
      run: async () => {
        const count = simulatorsIn(await says('xcrun', 'simctl', 'list', 'devices', 'available', '--json'));
        if (count) return ok(`${count} available`);
        return warn(
          'none, so no session with device: simulator',
          "install Xcode and an iOS simulator: 'xcodebuild -downloadPlatform iOS'"
        );
      }
    },
    {
      name: 'devices',
      run: async () => {
        const listed = await says('xcrun', 'xctrace', 'list', 'devices');
        const count = (listed?.split(/== (?:Devices Offline|Simulators) ==/)[0] ?? '').match(
          /\(\d+(?:\.\d+)*\) \(/g
        )?.length;
        if (count) return ok(`${count} connected`);
        return warn(
          'none seen, so no session with device: device',
          'connect one, trust this Mac, and switch on Settings > Safari > Advanced > Remote Automation there'
        );
      }
    }
  ];
}

function simulatorsIn(listed: string | undefined): number {
  try {
    const { devices } = JSON.parse(listed ?? '{}') as { devices?: Record<string, unknown[]> };
    return Object.entries(devices ?? {})
      .filter(([runtime]) => runtime.includes('iOS'))
      .reduce((sum, [, found]) => sum + found.length, 0);
  } catch {
    return 0;
  }
}
