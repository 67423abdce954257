import { account, correlation, filter, list, type Operations, ofCommand, ok, paging } from '../operation.ts';

export const audit: Operations = {
  'GET /v1/audit': {
    id: 'listAudit',
    tag: 'service',
    summary: 'List who asked for what and what came of it, newest first',
    scope: 'read:audit',
    query: {
      action: filter('Of this kind.', 'command.accepted'),
      outcome: filter('That came to this.', 'accepted'),
      service: filter('Asked for by this client.', 'orchestrator'),
      command_id: ofCommand,
      correlation_id: correlation,
      account_id: account,
      ...paging
    },
    answers: { 200: list('AuditRecord', 'A page of them.') }
  },
  'GET /v1/audit/verify': {
    id: 'verifyAudit',
    tag: 'service',
    summary: 'Whether the audit log is as it was written',
    description: 'With `seq` and `hash` of a record that you kept, also whether it and all before it are those.',
    scope: 'read:audit',
    query: {
      seq: { schema: { type: 'integer', minimum: 0 }, description: 'Of the record that you kept.' },
      hash: { schema: { type: 'string', pattern: '^[0-9a-f]{64}$' }, description: 'Its hash.' }
    },
    answers: { 200: ok('AuditVerification', 'It is, or where it begins not to be.') },
    errors: ['DRAINING']
  }
};
