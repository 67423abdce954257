/** What the kinds that are always there are walked with: enough that paths reach their states. */
import type { MachineSamples } from '../../actors/user-config/define.ts';
import { account } from './account.ts';
import { alert } from './alert.ts';
import { approval } from './approval.ts';
import { command } from './command.ts';
import { driver } from './driver.ts';
import { recipe } from './recipe.ts';
import { selector } from './selector.ts';
import { session } from './session.ts';
import { supervisor } from './supervisor.ts';

export const builtInSamples: Readonly<Record<string, MachineSamples>> = {
  account,
  alert,
  approval,
  command,
  driver,
  recipe,
  selector,
  session,
  supervisor
};
