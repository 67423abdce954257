import { loadFile } from './file.ts';
import { nothingRegistered, type Registered, readUserConfig } from './read.ts';

/**
 * The machines, effects, flows and platforms of a user's own.
 * @param path from `userConfigPath`; null is none
 * @throws ControlError CONFIG_INVALID, MACHINE_UNFIT with the place and the cure
 */
export const loadUserConfig = async (path: string | null): Promise<Registered> =>
  path === null ? nothingRegistered : readUserConfig(await loadFile(path), path);
