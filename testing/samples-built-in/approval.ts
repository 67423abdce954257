import type { MachineSamples } from '../../actors/user-config/define.ts';
import type { ApprovalInput } from '../../machines/approval.ts';
import { NOON } from '../noon.ts';

const input: Omit<ApprovalInput, 'at'> = {
  approvalId: 'a1',
  commandId: 'c1',
  correlationId: 'k1',
  sessionId: 's1',
  accountId: 'ada',
  platform: 'example',
  actionHash: 'asked',
  preview: { flow: 'message', params: { text: 'Hi' }, writes: ['SEND'] },
  expiresAt: NOON + 900_000
};
const edited = {
  params: { text: 'Hello' },
  changed: { text: 'Hello' },
  actionHash: 'edited',
  preview: { flow: 'message', params: { text: 'Hello' }, writes: ['SEND'] },
  reaches: ['message']
};

export const approval: MachineSamples = {
  inputs: [{ ...input }],
  events: {
    'approval.decide': [
      { decision: 'allow', by: 'admin' },
      { decision: 'deny', by: 'admin', note: 'not like this' },
      { decision: 'allow', by: 'admin', edited }
    ]
  },
  told: { 'approval.withdraw': [{}] }
};
