import {
  account,
  at,
  correlation,
  cursor,
  eventFilters,
  filter,
  limit,
  list,
  type Operation,
  type Operations,
  ofSession,
  ok,
  oneOf,
  page,
  pastErrors,
  platform,
  severalOf
} from '../operation.ts';

const told = (kind: string, id: string, summary: string): Operation => ({
  id,
  tag: 'actors',
  summary,
  scope: `actor:{kind}`,
  body: {
    schema: 'ActorEvent',
    example: kind === 'supervisor' ? { type: 'supervisor.drain' } : { type: 'driver.retry' }
  },
  answers: { 202: ok('ActorSummary', 'What became of it.') },
  errors: ['ACTOR_NOT_FOUND', 'EVENT_REJECTED', 'EVENT_UNKNOWN', 'KIND_CLOSED', 'ACTOR_HELD']
});

export const actors: Operations = {
  'GET /v1/events': {
    id: 'listEvents',
    tag: 'events',
    summary: 'The log as pages, oldest first',
    scope: 'read:events',
    query: { ...eventFilters, cursor: cursor('What comes after it.'), limit: limit() },
    answers: { 200: ok('EventPage', 'What there is after the cursor.') },
    errors: ['CURSOR_INVALID']
  },
  'GET /v1/events/export': {
    id: 'exportEvents',
    tag: 'events',
    summary: 'The log to take away: an event a line, or one page',
    scope: 'read:events',
    query: {
      ...eventFilters,
      format: oneOf(['jsonl', 'html'], 'Lines of JSON, or a page for people.'),
      cursor: cursor('What comes after it.'),
      to: { ...cursor('And up to this.'), example: '100' },
      limit: limit(100_000, 10_000)
    },
    answers: {
      200: {
        description: 'The file.',
        content: [{ media: ['application/jsonl', 'text/html'], description: 'As `format` says.' }],
        headers: { 'Content-Disposition': 'A name for the file.' }
      }
    },
    errors: ['CURSOR_INVALID']
  },
  'GET /v1/stream': {
    id: 'followEvents',
    tag: 'events',
    summary: 'The log as Server-Sent Events',
    description: '`id` is the cursor. The same as a WebSocket, with frames: asyncapi.json.',
    scope: 'read:events',
    query: { ...eventFilters, cursor: cursor('What comes after it. Without: what comes from now on.') },
    headers: {
      'Last-Event-ID': {
        schema: { type: 'string' },
        description: 'The cursor that was heard last; goes before `cursor`.'
      }
    },
    answers: {
      200: { description: 'Events, without end.', content: [{ media: ['text/event-stream'], description: 'SSE' }] }
    },
    errors: ['CURSOR_INVALID', 'NOT_ACCEPTABLE', 'STREAMS_FULL', 'CLIENT_STREAMS_FULL', 'DRAINING']
  },
  'GET /v1/machines': {
    id: 'listMachines',
    tag: 'actors',
    summary: 'List machines: kinds of actors, and how many live in which state',
    scope: 'read:machines',
    query: { at },
    answers: { 200: list('MachineSummary', 'All of them.') },
    errors: pastErrors
  },
  'GET /v1/machines/:kind': {
    id: 'readMachine',
    tag: 'actors',
    summary: 'The definition of a machine: as JSON, SCXML or Mermaid',
    scope: 'read:machines',
    query: {
      version: filter('Another than the newest.'),
      at,
      format: severalOf(['json', 'mermaid', 'scxml'], 'Before what `Accept` says')
    },
    answers: {
      200: {
        description: 'The machine.',
        content: [
          { schema: 'MachineSummary' },
          { media: ['text/vnd.mermaid', 'application/scxml+xml'], description: 'As `format` or `Accept` say.' }
        ]
      }
    },
    errors: ['MACHINE_NOT_FOUND', ...pastErrors]
  },
  'GET /v1/machines/:kind/diagram': {
    id: 'readDiagram',
    tag: 'actors',
    summary: 'A machine laid out to be drawn',
    scope: 'read:machines',
    headers: { 'If-None-Match': { schema: { type: 'string' }, description: 'An ETag: 304 when it still holds.' } },
    answers: {
      200: ok('Diagram', 'Where its states and transitions are.', { ETag: 'The version of the machine.' }),
      304: { description: 'The one that you have.' }
    },
    errors: ['MACHINE_NOT_FOUND']
  },
  'GET /v1/actors': {
    id: 'listActors',
    tag: 'actors',
    summary: 'List actors',
    scope: 'read:actors',
    query: {
      kind: severalOf(
        ['command', 'session', 'approval', 'selector', 'supervisor', 'driver'],
        'The kind, also a registered one'
      ),
      state: filter('State, or the beginning of its path.', 'RUNNING'),
      status: severalOf(['active', 'done', 'error'], 'Whether it lives'),
      session_id: ofSession,
      account_id: account,
      correlation_id: correlation,
      platform,
      at,
      limit: limit(),
      page
    },
    answers: { 200: list('ActorSummary', 'A page of them.') },
    errors: pastErrors
  },
  'GET /v1/stuck': {
    id: 'listStuck',
    tag: 'actors',
    summary: 'List living actors that have been in their state for unusually long',
    description:
      'Longer than the 99th percentile of the dwell times of that state; with fewer than 100 of them, past its deadline. Longest first.',
    scope: 'read:actors',
    query: {
      kind: severalOf(
        ['command', 'session', 'approval', 'selector', 'supervisor', 'driver'],
        'The kind, also a registered one'
      ),
      account_id: account,
      limit: limit(),
      page
    },
    answers: { 200: ok('StuckPage', 'A page of them.') }
  },
  'GET /v1/actors/:kind/:id': {
    id: 'readActor',
    tag: 'actors',
    summary: 'Read an actor: its state, what it accepts, its last transitions',
    scope: 'read:actors',
    query: { at },
    answers: { 200: ok('ActorSummary', 'The actor.') },
    errors: ['ACTOR_NOT_FOUND', ...pastErrors]
  },
  'GET /v1/actors/:kind/:id/events': {
    id: 'listEventsOfActor',
    tag: 'actors',
    summary: 'The path an actor took: its rows of the log as pages, oldest first',
    description: 'Where it was at a cursor: the `to` of its last row up to there.',
    scope: 'read:events',
    query: { cursor: cursor('What comes after it.'), limit: limit() },
    answers: { 200: ok('EventPage', 'What it did after the cursor.') },
    errors: ['ACTOR_NOT_FOUND', 'CURSOR_INVALID']
  },
  'POST /v1/actors/:kind': {
    id: 'createActor',
    tag: 'actors',
    summary: 'Make an actor of a registered kind',
    scope: 'actor:{kind}',
    body: { schema: 'ActorCreate', optional: true },
    answers: { 201: ok('ActorSummary', 'It lives.', { Location: 'Where it is read.' }) },
    errors: ['MACHINE_NOT_FOUND', 'KIND_CLOSED', 'ACTOR_EXISTS']
  },
  'POST /v1/actors/:kind/:id/events': {
    ...told('', 'sendEvent', 'Send an event to an actor of a registered kind'),
    body: { schema: 'ActorEvent' },
    errors: ['MACHINE_NOT_FOUND', 'KIND_CLOSED', 'ACTOR_NOT_FOUND', 'EVENT_REJECTED', 'EVENT_UNKNOWN', 'ACTOR_HELD']
  },
  'POST /v1/actors/supervisor/:id/events': told(
    'supervisor',
    'drainBrowsers',
    'Tell the supervisor to give no more browsers'
  ),
  'POST /v1/actors/driver/:id/events': told(
    'driver',
    'retryBrowser',
    'Tell a browser slot that what it waits for is mended'
  ),
  'GET /v1/search': {
    id: 'search',
    tag: 'actors',
    summary: 'Whatever has an id or a name that begins so, and the token may read',
    scope: 'read:actors',
    query: { q: filter('An id, a name, an address, or the beginning of one.', 'gree'), limit: limit(100, 20) },
    answers: { 200: ok('SearchResult', 'What was found.') }
  },
  'GET /v1/selector_registry': {
    id: 'listSelectors',
    tag: 'selectors',
    summary: 'List selectors, the newest first',
    description:
      'By when they were looked at for the first time; those nobody has looked at come last, by platform and name.',
    scope: 'read:selectors',
    query: {
      platform: { ...platform, example: 'instagram' },
      name: filter('This one.', 'post.body'),
      state: severalOf(['unknown', 'ok', 'ambiguous', 'healed', 'missing'], 'States'),
      limit: limit(),
      page
    },
    answers: { 200: list('SelectorView', 'A page of them.') }
  },
  'GET /v1/selector_registry/:platform/:name': {
    id: 'readSelector',
    tag: 'selectors',
    summary: 'Read a selector and its sweeps',
    scope: 'read:selectors',
    answers: { 200: ok('SelectorDetail', 'The selector.') },
    errors: ['SELECTOR_NOT_FOUND']
  },
  'POST /v1/selector_registry/:platform/:name': {
    id: 'decideSelector',
    tag: 'selectors',
    summary: 'Promote or reject what a selector was healed with',
    scope: 'selectors:decide',
    body: { schema: 'SelectorDecision' },
    answers: { 200: ok('SelectorView', 'The selector.') },
    errors: ['SELECTOR_NOT_FOUND', 'SELECTOR_UNDECIDABLE', 'EVENT_REJECTED', 'ACTOR_HELD']
  }
};
