import {
  account,
  at,
  limit,
  list,
  type Operation,
  type Operations,
  ok,
  oneOf,
  page,
  paging,
  pastErrors,
  platform,
  severalOf
} from '../operation.ts';

const STATES = [
  'READY',
  'CREATED',
  'QUEUED',
  'STARTING',
  'BUSY',
  'PARKED',
  'PAUSED_BY_HUMAN',
  'HUMAN_DRIVING',
  'HUMAN_REQUIRED',
  'LOST',
  'CLOSING',
  'CLOSED',
  'FAILED'
];

const hold = (verb: string, summary: string): Operation => ({
  id: `${verb}Session`,
  tag: 'sessions',
  summary,
  scope: `session:${verb}`,
  answers: { 202: ok('SessionView', 'The session.') },
  errors: ['SESSION_NOT_FOUND', 'EVENT_REJECTED', 'ACTOR_HELD']
});

export const sessions: Operations = {
  'POST /v1/sessions': {
    id: 'openSession',
    tag: 'sessions',
    summary: 'Open a session, or attach to the open one of the account',
    scope: 'session:create',
    body: { schema: 'SessionCreate' },
    answers: {
      201: ok('SessionView', 'A new one.', { Location: 'Where it is read.' }),
      200: ok('SessionView', 'The open one of its account.', { Location: 'Where it is read.' })
    },
    errors: [
      'PLATFORM_UNKNOWN',
      'PLATFORM_NOT_SUPPORTED',
      'SESSION_NOT_FOUND',
      'SESSION_MISMATCH',
      'SESSION_CLOSED',
      'QUEUE_FULL',
      'DEVICE_UNAVAILABLE',
      'NOT_READY'
    ]
  },
  'GET /v1/sessions': {
    id: 'listSessions',
    tag: 'sessions',
    summary: 'List sessions, newest first',
    scope: 'read:sessions',
    query: { state: severalOf(STATES, 'States'), account_id: account, platform, at, ...paging },
    answers: { 200: list('SessionView', 'A page of them.') },
    errors: pastErrors
  },
  'GET /v1/sessions/:id': {
    id: 'readSession',
    tag: 'sessions',
    summary: 'Read a session',
    scope: 'read:sessions',
    query: { at },
    answers: { 200: ok('SessionView', 'The session.') },
    errors: ['SESSION_NOT_FOUND', ...pastErrors]
  },
  'DELETE /v1/sessions/:id': {
    id: 'closeSession',
    tag: 'sessions',
    summary: 'Close a session',
    description: 'Closing what is closed, or closes already, is done.',
    scope: 'session:close',
    answers: { 202: ok('SessionView', 'It closes.'), 200: ok('SessionView', 'It is closed.') },
    errors: ['SESSION_NOT_FOUND', 'ACTOR_HELD']
  },
  'POST /v1/sessions/:id/pause': hold('pause', 'Commands wait after the one that runs'),
  'POST /v1/sessions/:id/resume': hold('resume', 'Commands go on'),
  'POST /v1/sessions/:id/takeover': hold('takeover', 'A person drives; commands wait'),
  'POST /v1/sessions/:id/handback': hold('handback', 'The person hands it back'),
  'GET /v1/sessions/:id/screen': {
    id: 'readScreen',
    tag: 'sessions',
    summary: 'The window of a session, as a picture',
    description:
      'As long as its browser is open, whoever drives it. Taken anew at most once a second, five times while a person drives, however many look; never between the steps of an attempt: then it is the last one, as old as `Age` says, or SCREEN_UNAVAILABLE.',
    scope: 'session:drive',
    query: { driven: oneOf(['false', 'true'], 'true: only while a person drives it, else SESSION_NOT_DRIVEN.') },
    headers: { 'If-None-Match': { schema: { type: 'string' }, description: 'An ETag: 304 when it still holds.' } },
    answers: {
      200: {
        description: 'The picture.',
        content: [{ media: ['image/png'], description: 'PNG' }],
        headers: { ETag: 'Its SHA-256.', Age: 'How old it is, s.' }
      },
      304: { description: 'The one that you have.' }
    },
    errors: [
      'SESSION_NOT_FOUND',
      'SCREEN_UNAVAILABLE',
      'SESSION_NOT_DRIVEN',
      'LEASE_LOST',
      'BROWSER_TAKEN',
      'DRIVER_LOST',
      'DRIVER_TIMEOUT',
      'DRIVER_ERROR',
      'ALERT_OPEN'
    ]
  },
  'POST /v1/sessions/:id/input': {
    id: 'sendInput',
    tag: 'sessions',
    summary: 'Click, type, scroll or go somewhere in the window that a person drives',
    scope: 'session:drive',
    body: { schema: 'PersonInput' },
    answers: { 200: ok('InputDone', 'It was done.') },
    errors: [
      'SESSION_NOT_FOUND',
      'SESSION_NOT_DRIVEN',
      'EVENT_REJECTED',
      'ACTOR_HELD',
      'LEASE_LOST',
      'BROWSER_TAKEN',
      'DRIVER_LOST',
      'DRIVER_TIMEOUT',
      'DRIVER_ERROR',
      'ELEMENT_NOT_ACTIONABLE',
      'NAVIGATION_FAILED',
      'NAVIGATION_TIMEOUT',
      'ALERT_OPEN'
    ]
  },
  'GET /v1/sessions/:id/view': {
    id: 'viewSession',
    tag: 'sessions',
    summary: 'A page that shows the window and takes input',
    description: 'It holds nothing, and asks the API with the token that is typed into it.',
    scope: 'open',
    answers: { 200: { description: 'The page.', content: [{ media: ['text/html'], description: 'HTML' }] } }
  },
  'GET /v1/accounts': {
    id: 'listAccounts',
    tag: 'accounts',
    summary: 'List accounts: settings, and what is known of their stored logins',
    scope: 'read:accounts',
    query: { platform, limit: limit(), page },
    answers: { 200: list('AccountView', 'A page of them.') }
  },
  'GET /v1/accounts/:id': {
    id: 'readAccount',
    tag: 'accounts',
    summary: 'Read an account',
    scope: 'read:accounts',
    query: { platform },
    answers: { 200: ok('AccountView', 'The account.') },
    errors: ['ACCOUNT_NOT_FOUND']
  },
  'PUT /v1/accounts/:id': {
    id: 'setAccount',
    tag: 'accounts',
    summary: 'Set what belongs to an account',
    scope: 'accounts:write',
    body: { schema: 'AccountUpdate' },
    answers: { 200: ok('AccountView', 'The account.') },
    errors: ['PLATFORM_UNKNOWN', 'ACCOUNT_NOT_FOUND']
  },
  'DELETE /v1/accounts/:id/profile': {
    id: 'forgetLogin',
    tag: 'accounts',
    summary: 'Forget a stored login',
    scope: 'accounts:write',
    query: { platform },
    answers: { 204: { description: 'It is gone.' } },
    errors: ['ACCOUNT_NOT_FOUND']
  },
  'GET /v1/profile_keys': {
    id: 'listProfileKeys',
    tag: 'accounts',
    summary: 'List the keys that logins are sealed with, never what they are',
    scope: 'admin',
    answers: { 200: list('ProfileKeyView', 'All of them.') }
  },
  'POST /v1/profile_keys/rotate': {
    id: 'rotateProfileKey',
    tag: 'accounts',
    summary: 'Seal every login anew with a new key',
    scope: 'admin',
    answers: { 200: ok('ProfileKeyRotated', 'What was sealed, and what could not be.') },
    errors: ['PROFILE_KEYS_INVALID']
  },
  'DELETE /v1/profile_keys/:id': {
    id: 'removeProfileKey',
    tag: 'accounts',
    summary: 'Remove a key that seals nothing any more',
    scope: 'admin',
    answers: { 204: { description: 'It is gone.' } },
    errors: ['PROFILE_KEY_NOT_FOUND', 'PROFILE_KEY_IN_USE', 'PROFILE_KEYS_INVALID']
  }
};
