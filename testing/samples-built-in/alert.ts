import type { MachineSamples } from '../../actors/user-config/define.ts';
import type { AlertInput } from '../../machines/alert.ts';

const input: Omit<AlertInput, 'at'> = {
  rule: 'every move is one of the machine',
  about: ['command/c1'],
  atCursor: '7',
  found: 'there is no transition QUEUED ─▶ SUCCEEDED',
  source: 'tests',
  raisedBy: 'admin'
};

export const alert: MachineSamples = {
  inputs: [{ ...input }],
  events: { 'alert.acknowledge': [{ by: 'admin' }, { by: 'admin', note: 'it was the proxy' }] }
};
