import type { MachineSamples } from '../../actors/user-config/define.ts';
import type { RecipeInput } from '../../machines/recipe.ts';
import { NOON } from '../noon.ts';

const input: Omit<RecipeInput, 'at'> = {
  requestId: 'r1',
  recipeId: null,
  source: 'tests',
  traceId: 'k1',
  transport: 'line',
  commands: ['keystroke'],
  decoded: true,
  dispatched: true,
  timing: { recv: 1, decode: 1, dispatch: 1, exec: 1, total: 4 },
  receivedAt: NOON,
  error: null,
  commandId: null,
  untraced: 0
};
const error = { code: 'RECIPE_FAILED', message: 'the key could not be pressed' };

export const recipe: MachineSamples = {
  inputs: [
    { ...input },
    { ...input, error },
    { ...input, dispatched: false, error },
    { ...input, decoded: false, dispatched: false, commands: [], error }
  ]
};
