/** The kinds that `troupe test` knows: those that are always there, and those of a `troupe.config.ts`. */
import { builtInTestedKinds, type TestedKind, testedKind } from '../../testing/kinds.ts';
import { userConfigPath } from '../user-config/file.ts';
import { loadUserConfig } from '../user-config/load.ts';
import { CliError, EXIT } from './exit.ts';

/**
 * @param machines what `--machines` names; undefined: what is found in the folder, as with `troupe start`
 * @throws ControlError CONFIG_INVALID, MACHINE_UNFIT
 */
export async function testedKinds(machines: string | undefined, folder = process.cwd()): Promise<TestedKind[]> {
  const { kinds, intakes, samples } = await loadUserConfig(userConfigPath(machines ?? '', folder));
  const own = kinds.map((actorKind) => {
    const { kind, machine } = actorKind;
    return testedKind({ kind, machine, schema: intakes.get(kind)?.schema, samples: samples.get(kind) }, actorKind);
  });
  return [...builtInTestedKinds(), ...own];
}

/** @throws CliError with the kinds there are */
export function kindNamed(kinds: readonly TestedKind[], name: string): TestedKind {
  const found = kinds.find(({ kind }) => kind === name);
  if (found) return found;
  const names = kinds.map(({ kind }) => kind).join(', ');
  throw new CliError(`there is no kind '${name}'; there are ${names}`, EXIT.usage);
}
