import {
  account,
  at,
  correlation,
  filter,
  list,
  type Operations,
  ofCommand,
  ofSession,
  ok,
  oneOf,
  paging,
  pastErrors,
  platform,
  severalOf
} from '../operation.ts';

const STATES = ['SUCCEEDED', 'CREATED', 'QUEUED', 'AWAITING_APPROVAL', 'RUNNING', 'FAILED', 'CANCELLED'];
const accepted = {
  Location: 'Where the command is read.',
  'Idempotent-Replayed': 'true: it had been sent before, and this is the first one again.'
};

export const commands: Operations = {
  'POST /v1/commands': {
    id: 'sendCommand',
    tag: 'commands',
    summary: 'Send a command',
    description:
      'Durable once it is answered. The same `idempotency_key` or `command_id` with the same body is the first command again; with another body it is refused.',
    scope: '{type}:{flow}',
    body: { schema: 'CommandEnvelope' },
    answers: {
      202: ok('CommandAccepted', 'Durable, and on its way.', accepted),
      200: ok('CommandAccepted', 'Sent before, and it has ended.', accepted)
    },
    errors: [
      'VERSION_UNSUPPORTED',
      'COMMAND_TYPE_UNKNOWN',
      'FLOW_UNKNOWN',
      'PLATFORM_UNKNOWN',
      'PLATFORM_NOT_SUPPORTED',
      'DEADLINE_PAST',
      'REQUESTER_MISMATCH',
      'SCRIPT_FORBIDDEN',
      'SESSION_NOT_FOUND',
      'SESSION_CLOSED',
      'SESSION_MISMATCH',
      'IDEMPOTENCY_CONFLICT',
      'COMMAND_ID_CONFLICT',
      'QUEUE_FULL',
      'SESSION_QUEUE_FULL',
      'NOT_READY'
    ]
  },
  'GET /v1/commands': {
    id: 'listCommands',
    tag: 'commands',
    summary: 'List commands, newest first',
    scope: 'read:commands',
    query: {
      state: severalOf(STATES, 'States'),
      account_id: account,
      platform,
      type: filter('Of this type.', 'flow.run'),
      session_id: ofSession,
      correlation_id: correlation,
      at,
      ...paging
    },
    answers: { 200: list('CommandView', 'A page of them.') },
    errors: pastErrors
  },
  'GET /v1/commands/:id': {
    id: 'readCommand',
    tag: 'commands',
    summary: 'Read a command, or wait for its end',
    scope: 'read:commands',
    query: {
      wait: {
        schema: { type: 'integer', minimum: 0, maximum: 60, default: 0 },
        description: 'Seconds: answered when it has ended, at the latest after these.',
        example: 1
      },
      at
    },
    answers: { 200: ok('CommandView', 'The command.') },
    errors: ['COMMAND_NOT_FOUND', ...pastErrors]
  },
  'POST /v1/commands/:id/cancel': {
    id: 'cancelCommand',
    tag: 'commands',
    summary: 'Cancel a command',
    description:
      'A queued one ends at once; a running one before its next step. An attempt that may have happened is verified and reported. Who may send it may cancel it.',
    scope: '{type}:{flow}',
    body: { schema: 'CommandCancelRequest', optional: true },
    answers: { 202: ok('CommandView', 'It ends.') },
    errors: ['COMMAND_NOT_FOUND', 'COMMAND_ENDED', 'ACTOR_HELD']
  },
  'GET /v1/actions': {
    id: 'listActions',
    tag: 'commands',
    summary: 'List what became of each action, newest first',
    scope: 'read:actions',
    query: {
      command_id: ofCommand,
      correlation_id: correlation,
      account_id: account,
      platform,
      name: filter('`attempt` of the flow.', 'COMMENT_CREATE'),
      outcome: severalOf(['VERIFIED', 'PENDING', 'VERIFICATION_FAILED', 'UNKNOWN', 'NONE'], 'Outcomes'),
      ...paging
    },
    answers: { 200: list('ActionView', 'A page of them.') }
  },
  'GET /v1/artifacts': {
    id: 'listArtifacts',
    tag: 'commands',
    summary: 'List what was kept of pages, newest first',
    scope: 'read:artifacts',
    query: { command_id: ofCommand, account_id: account, kind: filter('Of this kind.', 'screenshot'), ...paging },
    answers: { 200: list('ArtifactView', 'A page of them.') }
  },
  'GET /v1/artifacts/:id': {
    id: 'readArtifact',
    tag: 'commands',
    summary: 'The bytes of an artifact',
    scope: 'read:artifacts',
    headers: {
      'If-None-Match': { schema: { type: 'string' }, description: 'An ETag: 304 when it still holds.' },
      Range: { schema: { type: 'string' }, description: 'A part of them: `bytes=0-99`.' }
    },
    answers: {
      200: {
        description: 'All of them.',
        content: [{ media: ['*/*'], description: 'As its media type says.' }],
        headers: { ETag: 'Their SHA-256.' }
      },
      206: {
        description: 'A part of them.',
        content: [{ media: ['*/*'], description: 'As its media type says.' }],
        headers: { ETag: 'The SHA-256 of the whole.', 'Content-Range': 'Which part.' }
      },
      304: { description: 'Those that you have.' }
    },
    errors: ['ARTIFACT_NOT_FOUND', 'RANGE_NOT_SATISFIABLE']
  },
  'GET /v1/approvals': {
    id: 'listApprovals',
    tag: 'approvals',
    summary: 'List approvals, newest first',
    scope: 'read:approvals',
    query: {
      state: severalOf(['PENDING', 'ALLOWED', 'DENIED', 'EXPIRED', 'WITHDRAWN'], 'States'),
      account_id: account,
      platform,
      command_id: ofCommand,
      session_id: ofSession,
      correlation_id: correlation,
      at,
      ...paging
    },
    answers: { 200: list('ApprovalView', 'A page of them.') },
    errors: pastErrors
  },
  'GET /v1/approvals/:id': {
    id: 'readApproval',
    tag: 'approvals',
    summary: 'Read an approval: what would go out',
    scope: 'read:approvals',
    query: { at },
    answers: { 200: ok('ApprovalView', 'The approval.') },
    errors: ['APPROVAL_NOT_FOUND', ...pastErrors]
  },
  'POST /v1/approvals/:id': {
    id: 'decideApproval',
    tag: 'approvals',
    summary: 'Allow or deny, with an edit or as it is',
    description: 'The first answer wins; the same answer again is 200, another 409. An edit makes another hash.',
    scope: 'approve:{flow}',
    body: { schema: 'ApprovalDecision' },
    answers: { 200: ok('ApprovalView', 'As it was decided.') },
    errors: ['APPROVAL_NOT_FOUND', 'APPROVAL_DECIDED', 'COMMAND_NOT_FOUND', 'ACTOR_HELD']
  },
  'GET /v1/flows': {
    id: 'listFlows',
    tag: 'flows',
    summary: 'List flows',
    scope: 'read:flows',
    query: { platform },
    answers: { 200: list('FlowSummary', 'All of them.') }
  },
  'GET /v1/flows/:name': {
    id: 'readFlow',
    tag: 'flows',
    summary: 'Read a flow',
    scope: 'read:flows',
    answers: { 200: ok('Flow', 'The newest version of it.') },
    errors: ['FLOW_NOT_FOUND']
  },
  'PUT /v1/flows/:name': {
    id: 'putFlow',
    tag: 'flows',
    summary: 'Put a flow, or a recording of the Chrome DevTools Recorder as it is',
    description:
      'Each change is a version. With JavaScript of its own it needs the scope `script` too, and `admin` to say that an action is no message.',
    scope: 'flows:write',
    query: {
      reaches: oneOf(
        ['message', 'nobody', 'like', 'follow', 'comment', 'post'],
        'Whom actions reach that act and do not say so themselves.'
      )
    },
    body: { schema: 'FlowOrRecording' },
    answers: { 201: ok('Flow', 'A new version.'), 200: ok('Flow', 'It was so already.') },
    errors: ['SCRIPT_FORBIDDEN', 'REACH_FORBIDDEN', 'FLOW_CONFLICT', 'STEP_UNSUPPORTED', 'SELECTOR_INVALID']
  }
};
