import type { MachineSamples } from '../../actors/user-config/define.ts';
import type { AccountContext } from '../../machines/account-context.ts';

/** Two commands, so that one waits for what the other took. */
const asks = ({ places }: AccountContext) =>
  places.length > 2 ? [] : ['c1', 'c2'].map((commandId) => ({ commandId, action: 'SEND', kind: 'message', n: 1 }));

export const account: MachineSamples = {
  inputs: [{ platform: 'example', accountId: 'ada' }],
  events: { 'account.set': [{ settings: { limits: { message: { per_hour: 1 } } }, by: 'admin' }] },
  told: {
    'place.ask': asks,
    'place.take': asks,
    'place.settle': [{ commandId: 'c1', kept: [] }],
    'account.limited': [{ commandId: 'c1', why: 'the site asked it to be slower', n: 1 }]
  }
};
