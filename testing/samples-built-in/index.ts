/** What the kinds that are always there are walked with: enough that paths reach their states. */
import type { MachineSamples } from '../../actors/user-config/define.ts';

export const builtInSamples: Readonly<Record<string, MachineSamples>> = {};
