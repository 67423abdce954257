/**
 * The error catalogue: every failure a caller can meet, with its HTTP status, whether trying again can help, and the
 * sentence a person reads. Callers match `code` and read `details`; they never parse text. Codes are not renamed or
 * reused. `docs/errors.md` is generated from here and a test holds the two together.
 */

interface Entry {
  status: number;
  retryable: boolean;
  /** Says what happened, the value quoted, and the likely cure. */
  // biome-ignore lint/suspicious/noExplicitAny: each entry narrows its own details
  message: (details: any) => string;
}

const entry = <D>(status: number, retryable: boolean, message: (details: D) => string) => ({
  status,
  retryable,
  message
});

export const catalogue = {
  // The request itself
  JSON_MALFORMED: entry<{ reason: string }>(
    400,
    false,
    (d) => `the body is not JSON: ${d.reason}; send one UTF-8 JSON object`
  ),
  REQUEST_MALFORMED: entry<{ reason: string }>(400, false, (d) => `this is no HTTP request: ${d.reason}`),
  HEADERS_TOO_LARGE: entry<{ limitBytes: number }>(
    431,
    false,
    (d) => `the headers are over ${d.limitBytes} bytes; send fewer or shorter ones`
  ),
  REQUEST_TIMEOUT: entry<Record<string, never>>(
    408,
    true,
    () => 'the request did not come in time; send its headers within 10 s and its body within 30 s'
  ),
  HEADER_REPEATED: entry<{ header: string; count: number }>(
    400,
    false,
    (d) => `the header '${d.header}' came ${d.count} times; send it once`
  ),
  HOST_UNKNOWN: entry<{ host: string }>(
    421,
    false,
    (d) => `'${d.host}' is no name of this server; use its address or localhost, or start it with --hosts NAME`
  ),
  ORIGIN_REFUSED: entry<{ origin: string }>(
    403,
    false,
    (d) => `a page of '${d.origin}' changes nothing here and opens no stream; use one that this server sent`
  ),
  BODY_TOO_LARGE: entry<{ limitBytes: number }>(413, false, (d) => `the body is over ${d.limitBytes} bytes; send less`),
  MEDIA_TYPE_UNSUPPORTED: entry<{ mediaType: string }>(
    415,
    false,
    (d) => `content-type '${d.mediaType}' is not taken; send application/json`
  ),
  ENCODING_UNSUPPORTED: entry<{ encoding: string }>(
    415,
    false,
    (d) => `content-encoding '${d.encoding}' is not read here; send gzip, deflate or br, or none`
  ),
  VALIDATION_FAILED: entry<{ what: string; errors: { path: string; message: string }[] }>(
    400,
    false,
    (d) =>
      `${d.what} does not fit its schema: ${d.errors
        .slice(0, 5)
        .map((e) => `${e.path || '/'} ${e.message}`)
        .join('; ')}`
  ),
  VERSION_UNSUPPORTED: entry<{ version: unknown }>(
    400,
    false,
    (d) => `version ${JSON.stringify(d.version)} is not spoken here; send "1.0"`
  ),
  COMMAND_TYPE_UNKNOWN: entry<{ type: string; known: string[] }>(
    400,
    false,
    (d) => `no command type '${d.type}'; known: ${d.known.join(', ')}`
  ),
  FLOW_NOT_FOUND: entry<{ flow: string }>(404, false, (d) => `no flow '${d.flow}'; GET /v1/flows lists them`),
  FLOW_UNKNOWN: entry<{ flow: string; known: string[] }>(
    400,
    false,
    (d) => `no flow '${d.flow}'; known: ${d.known.join(', ')}`
  ),
  PLATFORM_UNKNOWN: entry<{ platform: string; known: string[] }>(
    400,
    false,
    (d) => `no platform '${d.platform}'; known: ${d.known.join(', ')}`
  ),
  PLATFORM_NOT_SUPPORTED: entry<{ flow: string; platform: string; supported: string[] }>(
    400,
    false,
    (d) => `flow '${d.flow}' does not run on '${d.platform}'; it runs on ${d.supported.join(', ')}`
  ),
  DEADLINE_PAST: entry<{ deadlineAt: string }>(
    400,
    false,
    (d) => `deadline_at ${d.deadlineAt} has passed; send a later one or none`
  ),
  CURSOR_INVALID: entry<{ cursor: string }>(
    400,
    false,
    (d) => `cursor '${d.cursor}' is not a position in the log; send a decimal string that an event carried, or 0`
  ),
  ACK_AHEAD: entry<{ cursor: string; sent: string }>(
    400,
    false,
    (d) => `ack of cursor ${d.cursor}, and only up to ${d.sent} was sent on this connection; ack what has come`
  ),
  CURSOR_AHEAD: entry<{ cursor: string; head: string }>(
    400,
    false,
    (d) =>
      `nothing has happened at cursor ${d.cursor} yet: the newest row of the log is ${d.head}; leave \`at\` out for now`
  ),
  CURSOR_GONE: entry<{ cursor: string; earliest: string; head: string }>(
    410,
    false,
    (d) =>
      `what was at cursor ${d.cursor} is not kept any more: retention has removed it, or it is from before anything was kept of the past; ask from ${d.earliest} to ${d.head}`
  ),
  QUERY_INVALID: entry<{ parameter: string; value: string; expected: string }>(
    400,
    false,
    (d) => `${d.parameter}=${JSON.stringify(d.value)} is not ${d.expected}`
  ),
  ROUTE_NOT_FOUND: entry<{ method: string; path: string }>(
    404,
    false,
    (d) => `nothing answers ${d.method} ${d.path}; /docs has what there is`
  ),
  METHOD_NOT_ALLOWED: entry<{ method: string; path: string; allowed: string[] }>(
    405,
    false,
    (d) => `${d.path} does not take ${d.method}; it takes ${d.allowed.join(', ')}`
  ),

  NOT_ACCEPTABLE: entry<{ asked: string; offered: string }>(
    406,
    false,
    (d) => `Accept: '${d.asked}' is not to be had here; send Accept: ${d.offered}`
  ),
  STREAMS_FULL: entry<{ limit: number }>(
    503,
    true,
    (d) => `${d.limit} streams are open and no more may be; close one, or read GET /v1/events`
  ),
  CLIENT_STREAMS_FULL: entry<{ client: string; limit: number }>(
    429,
    true,
    (d) => `client '${d.client}' has ${d.limit} streams open, and no more may be; close one, or share it`
  ),
  SUBSCRIBED_TOO_OFTEN: entry<{ client: string; limit: number; retryAfter: number }>(
    429,
    true,
    (d) =>
      `client '${d.client}' subscribed over ${d.limit} times within a minute; keep a subscription, and filter what it tells`
  ),
  UPGRADE_REQUIRED: entry<{ path: string }>(426, false, (d) => `${d.path} is a WebSocket; connect with ws://`),

  // Who asks
  UNAUTHENTICATED: entry<{ reason: string }>(
    401,
    false,
    (d) => `${d.reason}; send Authorization: Bearer with a token from 'troupe token create'`
  ),
  REFUSED_TOO_OFTEN: entry<{ address: string; limit: number; retryAfter: number }>(
    429,
    true,
    (d) =>
      `over ${d.limit} refused tokens or codes came from ${d.address} within a minute; wait, and send one that is good`
  ),
  SIGN_IN_CODE_INVALID: entry<Record<string, never>>(
    401,
    false,
    () => `the sign-in code is unknown, was used already or has expired; 'troupe inspect' makes a new link`
  ),
  INSPECTOR_NOT_BUILT: entry<{ folder: string }>(
    503,
    false,
    (d) => `the inspector's files are not in '${d.folder}'; run 'npm run build' and start again`
  ),
  FORBIDDEN: entry<{ needs: string }>(
    403,
    false,
    (d) => `this token lacks the scope '${d.needs}'; make one with 'troupe token create --allow ${d.needs}'`
  ),
  ACCOUNT_FORBIDDEN: entry<{ account: string | null; accounts: string[] }>(
    403,
    false,
    (d) =>
      `this token is bound to ${d.accounts.join(', ')} and ${
        d.account === null ? 'has to name one of them as account_id' : `does not reach '${d.account}'`
      }`
  ),
  TOKEN_ENDED: entry<{ tokenId: string; how: string }>(
    409,
    false,
    (d) => `token '${d.tokenId}' is ${d.how} and is not rotated; make a new one with 'troupe token create'`
  ),
  REQUESTER_MISMATCH: entry<{ service: string; client: string }>(
    403,
    false,
    (d) => `requester.service '${d.service}' is not the token's client '${d.client}'; send that name`
  ),
  BIND_REFUSED: entry<{ address: string; reason: string }>(
    500,
    false,
    (d) =>
      `will not listen on ${d.address}: ${d.reason}; bind 127.0.0.1, pass --tls-cert and --tls-key, or --insecure behind a gateway that has them`
  ),

  // What is there already, or is not
  COMMAND_NOT_FOUND: entry<{ commandId: string }>(404, false, (d) => `no command '${d.commandId}'`),
  SESSION_NOT_FOUND: entry<{ sessionId: string }>(
    404,
    false,
    (d) => `no session '${d.sessionId}'; POST /v1/sessions makes one`
  ),
  REACH_FORBIDDEN: entry<{ flow: string; action: string; reaches: string }>(
    403,
    false,
    (d) =>
      `only an admin may put a flow whose action '${d.action}' acts and reaches '${d.reaches}'; leave 'reaches' out of '${d.flow}', and each run waits for a person`
  ),
  REACH_EXCEEDED: entry<{ action: string; reaches: string; page: string }>(
    403,
    false,
    (d) =>
      `'${d.action}' was let out as one that reaches '${d.reaches}', and it came to ${d.page}, where people are written to; nothing was sent there: let its flow say that it reaches 'message', and a person is asked`
  ),
  APPROVAL_NOT_FOUND: entry<{ approvalId: string }>(404, false, (d) => `no approval '${d.approvalId}'`),
  ALERT_NOT_FOUND: entry<{ alertId: string }>(404, false, (d) => `no alert '${d.alertId}'`),
  TOKEN_NOT_FOUND: entry<{ tokenId: string }>(
    404,
    false,
    (d) => `no token '${d.tokenId}'; 'troupe token list' shows them`
  ),
  MACHINE_NOT_FOUND: entry<{ kind: string; known: string[] }>(
    404,
    false,
    (d) => `no machine '${d.kind}'; known: ${d.known.join(', ')}`
  ),
  POST_NOT_FOUND: entry<{ postId: string }>(
    404,
    false,
    (d) => `no flow has seen a post '${d.postId}'; GET /v1/posts lists those that were`
  ),
  RANGE_NOT_SATISFIABLE: entry<{ range: string; size: number }>(
    416,
    false,
    (d) => `'${d.range}' begins behind the last of ${d.size} bytes; ask for a part of them`
  ),
  ARTIFACT_NOT_FOUND: entry<{ artifactId: string }>(404, false, (d) => `no artifact '${d.artifactId}'`),
  ACTOR_NOT_FOUND: entry<{ address: string; at?: string }>(
    404,
    false,
    (d) => `no actor '${d.address}'${d.at === undefined ? '' : ` was there at cursor ${d.at}`}`
  ),
  ACTOR_EXISTS: entry<{ address: string }>(
    409,
    false,
    (d) => `actor '${d.address}' exists; it is never overwritten, choose another id`
  ),
  IDEMPOTENCY_CONFLICT: entry<{ key: string; commandId: string }>(
    409,
    false,
    (d) =>
      `idempotency_key '${d.key}' was used with another body by command ${d.commandId}; use a new key for a new command`
  ),
  COMMAND_ID_CONFLICT: entry<{ commandId: string }>(
    409,
    false,
    (d) => `command_id ${d.commandId} exists with another body; use a new id`
  ),
  COMMAND_ENDED: entry<{ commandId: string; state: string }>(
    409,
    false,
    (d) => `command ${d.commandId} has ended: ${d.state}; there is nothing to cancel`
  ),
  SESSION_CLOSED: entry<{ sessionId: string; state: string }>(
    409,
    false,
    (d) => `session ${d.sessionId} is ${d.state}; POST /v1/sessions makes another`
  ),
  SESSION_MISMATCH: entry<{ sessionId: string; field: string; asked: string; actual: string }>(
    409,
    false,
    (d) => `session ${d.sessionId} has ${d.field} '${d.actual}', not '${d.asked}'`
  ),
  APPROVAL_DECIDED: entry<{ approvalId: string; state: string }>(
    409,
    false,
    (d) => `approval ${d.approvalId} is ${d.state}; the first answer counts`
  ),
  ALERT_EXPIRED: entry<{ alertId: string }>(
    409,
    false,
    (d) => `alert ${d.alertId} was not acknowledged in time, and is kept as it is`
  ),
  EVENT_REJECTED: entry<{ address: string; state: string; event: string; legal: string[] }>(
    409,
    false,
    (d) => `${d.address} in ${d.state} does not accept '${d.event}'; it accepts ${d.legal.join(', ') || 'nothing more'}`
  ),
  ACTOR_HELD: entry<{ address: string; why: string }>(
    503,
    true,
    (d) => `${d.address} is held until a start that can carry it on: ${d.why}`
  ),
  KIND_CLOSED: entry<{ kind: string; way: string }>(
    403,
    false,
    (d) => `actors of kind '${d.kind}' are not made or moved here: ${d.way}`
  ),
  EVENT_UNKNOWN: entry<{ kind: string; event: string; known: string[] }>(
    400,
    false,
    (d) => `machine '${d.kind}' declares no event '${d.event}'; it declares ${d.known.join(', ') || 'none'}`
  ),
  FLOW_CONFLICT: entry<{ flow: string; version: number }>(
    409,
    false,
    (d) => `flow '${d.flow}' is at version ${d.version}; send version ${d.version + 1} or none`
  ),

  // Too much
  QUEUE_FULL: entry<{ waiting: number; limit: number }>(
    429,
    true,
    (d) => `${d.waiting} sessions wait for a browser and ${d.limit} may; try again later or start with more --slots`
  ),
  SESSION_QUEUE_FULL: entry<{ sessionId: string; limit: number }>(
    429,
    true,
    (d) => `session ${d.sessionId} has ${d.limit} commands waiting; try again when some have ended`
  ),
  RATE_LIMITED: entry<{ client: string; limit: number; retryAfter: number }>(
    429,
    true,
    (d) => `client '${d.client}' is over ${d.limit} requests a second; slow down`
  ),

  // Running a command
  DEADLINE_EXCEEDED: entry<{ deadlineAt: string }>(504, false, (d) => `not done by its deadline ${d.deadlineAt}`),
  QUEUE_TIMEOUT: entry<{ waitedMs: number }>(
    504,
    true,
    (d) => `no browser became free in ${d.waitedMs} ms; start with more --slots`
  ),
  CANCELLED: entry<{ reason?: string }>(409, false, (d) => `cancelled${d.reason ? `: ${d.reason}` : ''}`),
  APPROVAL_DENIED: entry<{ note?: string }>(403, false, (d) => `a person denied it${d.note ? `: ${d.note}` : ''}`),
  APPROVAL_VOID: entry<{ allowed: string; action_hash: string }>(
    409,
    false,
    (d) =>
      `what was allowed (${d.allowed}) is not what would go out (${d.action_hash}); send the command again to ask anew`
  ),
  APPROVAL_EXPIRED: entry<{ waitedMs: number }>(
    504,
    false,
    (d) => `nobody answered the approval in ${d.waitedMs} ms; send the command again to ask anew`
  ),
  SITE_RATE_LIMITED: entry<{ reason: string }>(
    429,
    true,
    (d) => `${d.reason}; its account cools down, and GET /v1/accounts/{id} says until when`
  ),
  SELECTOR_MISSING: entry<{
    step: string;
    tried: { selector: string; found: number }[];
    url?: string;
    waitedMs: number;
  }>(
    422,
    false,
    (d) =>
      `${d.step}: no selector matched in ${d.waitedMs} ms; tried ${d.tried.map((t) => `${t.selector} (${t.found})`).join(', ')}`
  ),
  SELECTOR_AMBIGUOUS: entry<{ step: string; tried: { selector: string; found: number }[] }>(
    422,
    false,
    (d) =>
      `${d.step}: no selector matched exactly one element; tried ${d.tried.map((t) => `${t.selector} (${t.found})`).join(', ')}; make one more specific`
  ),
  SELECTOR_UNKNOWN: entry<{ name: string; platform: string }>(
    422,
    false,
    (d) =>
      `the registry of '${d.platform}' has no selector '@${d.name}'; add it to machines/selectors/${d.platform}.json`
  ),
  SELECTOR_NOT_FOUND: entry<{ platform: string; name: string }>(
    404,
    false,
    (d) => `platform '${d.platform}' has no selector '${d.name}'; GET /v1/selector_registry lists them`
  ),
  SELECTOR_UNDECIDABLE: entry<{ platform: string; name: string; state: string }>(
    409,
    false,
    (d) => `'@${d.name}' of '${d.platform}' is ${d.state}: that selector is not in quarantine, or not any more`
  ),
  SELECTOR_QUARANTINED: entry<{ name: string; platform: string; selector: string; why: string }>(
    422,
    false,
    (d) => `nothing on the page matches '@${d.name}' of '${d.platform}'; the nearest is ${d.selector}, and ${d.why}`
  ),
  SELECTOR_INVALID: entry<{ selector: string; reason: string }>(
    422,
    false,
    (d) => `selector '${d.selector}' is not valid: ${d.reason}`
  ),
  ELEMENT_NOT_ACTIONABLE: entry<{
    step: string;
    reason: string;
    waitedMs: number;
    tried?: { selector: string; found: number }[];
  }>(422, false, (d) => `${d.step}: the element was not ready in ${d.waitedMs} ms: ${d.reason}`),
  TEXT_NOT_TAKEN: entry<{ step: string; expected: string; actual: string }>(
    422,
    false,
    (d) =>
      `${d.step}: typed ${JSON.stringify(d.expected.slice(0, 100))}, the field reads ${JSON.stringify(d.actual.slice(0, 100))}; nothing was submitted`
  ),
  FILE_NOT_FOUND: entry<{ step: string; file: string; folder: string; reason: string }>(
    422,
    false,
    (d) => `${d.step}: '${d.file}' is not put into the page: ${d.reason}; lay the file into ${d.folder} and name it`
  ),
  DOWNLOAD_FAILED: entry<{ step: string; url: string; reason: string }>(
    502,
    true,
    (d) => `${d.step}: the file at '${d.url}' was not had: ${d.reason}`
  ),
  PAGE_LOST: entry<{ action: string; after: string }>(
    409,
    false,
    (d) =>
      `${d.action} goes on from where ${d.after} left the page, and the browser of then is gone; look what was done, then run the whole again if it may be done twice`
  ),
  CLICK_NOT_DELIVERED: entry<{
    step: string;
    tries: number;
    last: string;
    tried?: { selector: string; found: number }[];
  }>(
    422,
    false,
    (d) => `${d.step}: the click did not reach its element in ${d.tries} tries (${d.last}); nothing was done`
  ),
  STEP_TIMEOUT: entry<{ step: string; waitedMs: number }>(504, false, (d) => `${d.step}: not done in ${d.waitedMs} ms`),
  STEP_UNSUPPORTED: entry<{ step: string; reason: string }>(422, false, (d) => `${d.step}: ${d.reason}`),
  SCRIPT_FORBIDDEN: entry<{ step: string }>(
    403,
    false,
    (d) => `${d.step}: flows run no JavaScript of their own unless the token has the scope 'script'`
  ),
  PARAMS_SEALED: entry<{ commandId: string }>(
    500,
    false,
    (d) =>
      `the secret params of command '${d.commandId}' cannot be opened: its key is gone, or they are of another command; send it again`
  ),
  NAVIGATION_FAILED: entry<{ url: string; reason: string }>(
    502,
    true,
    (d) => `${d.url} could not be opened: ${d.reason}`
  ),
  NAVIGATION_TIMEOUT: entry<{ url: string; waitedMs: number }>(
    504,
    true,
    (d) => `${d.url} did not finish loading in ${d.waitedMs} ms`
  ),
  ALERT_OPEN: entry<{ text: string }>(422, false, (d) => `the page opened an alert: ${JSON.stringify(d.text)}`),
  VERIFICATION_FAILED: entry<{ action: string; predicate: string; waitedMs: number }>(
    422,
    false,
    (d) => `${d.action} was attempted and '${d.predicate}' did not hold in ${d.waitedMs} ms`
  ),
  OUTCOME_UNKNOWN: entry<{ action: string; why: string }>(
    409,
    false,
    (d) =>
      `whether ${d.action} happened is not known (${d.why}); look at the page, then send a new command if it did not`
  ),
  DEDUPE_CONFLICT: entry<{ dedupeKey: string; commandId: string; state: string }>(
    409,
    false,
    (d) => `command ${d.commandId} has already attempted this very action (${d.state}); it is not attempted again`
  ),
  HUMAN_REQUIRED: entry<{ reason: string }>(409, false, (d) => `a person is needed: ${d.reason}`),

  // The browser and what drives it
  DRIVER_NOT_STARTED: entry<{ slot: string; stage: string; reason: string; waitedMs?: number }>(
    502,
    true,
    (d) => `slot ${d.slot} did not start (${d.stage}): ${d.reason}`
  ),
  DRIVER_LOST: entry<{ slot: string; reason: string; sent?: boolean }>(
    502,
    true,
    (d) => `the browser of slot ${d.slot} was lost: ${d.reason}`
  ),
  DRIVER_TIMEOUT: entry<{ method: string; path: string; waitedMs: number; sent?: boolean }>(
    504,
    true,
    (d) => `the driver gave no answer to ${d.method} ${d.path} in ${d.waitedMs} ms`
  ),
  DRIVER_ERROR: entry<{ error: string; message: string; status: number }>(
    502,
    false,
    (d) => `the driver answered '${d.error}' (${d.status})${d.message ? `: ${d.message}` : ''}`
  ),
  DRIVER_UNKILLABLE: entry<{ slot: string; processes: string }>(
    500,
    false,
    (d) => `slot ${d.slot} left processes that do not end: ${d.processes}; find out why, or reboot`
  ),
  LEASE_LOST: entry<{ fencing: number }>(
    409,
    false,
    (d) => `lease ${d.fencing} is no longer valid: the browser was given to somebody else or is gone`
  ),
  BROWSER_TAKEN: entry<{ slot: string }>(
    409,
    false,
    (d) => `a person took the window of slot ${d.slot} out of automation; it is theirs until they hand the session back`
  ),
  DEVICE_UNAVAILABLE: entry<{ device: string; devices: string[] }>(
    422,
    false,
    (d) => `there is no '${d.device}' here, only ${d.devices.join(', ')}; simulators and devices need macOS`
  ),
  REMOTE_AUTOMATION_OFF: entry<{ slot: string }>(
    502,
    false,
    (d) =>
      `Safari on slot ${d.slot} refuses automation; run 'safaridriver --enable' once, and tick Develop > Allow Remote Automation`
  ),
  PREREQUISITE_MISSING: entry<{ what: string; cure: string }>(503, false, (d) => `${d.what} is missing; ${d.cure}`),

  // Accounts and their stored logins
  ACCOUNT_NOT_FOUND: entry<{ accountId: string }>(
    404,
    false,
    (d) => `no account '${d.accountId}' has a stored login or settings here; GET /v1/accounts lists those that have`
  ),
  LOGIN_EXPIRED: entry<{ platform: string; accountId: string; why: string }>(
    409,
    false,
    (d) =>
      `'${d.accountId}' is no longer logged in at ${d.platform} (${d.why}); take its session over, log in, hand it back`
  ),
  SESSION_NOT_DRIVEN: entry<{ sessionId: string; state: string }>(
    409,
    false,
    (d) => `session ${d.sessionId} is ${d.state}: nobody drives it; POST /v1/sessions/${d.sessionId}/takeover first`
  ),
  SCREEN_UNAVAILABLE: entry<{ sessionId: string; state: string; why: string }>(
    409,
    true,
    (d) => `there is no picture of session ${d.sessionId}, which is ${d.state}: ${d.why}`
  ),
  PROFILE_KEYS_INVALID: entry<{ path: string; reason: string }>(
    500,
    false,
    (d) => `the keys of stored logins in ${d.path} cannot be used: ${d.reason}`
  ),
  PROFILE_KEY_NOT_FOUND: entry<{ keyId: string }>(
    404,
    false,
    (d) => `no key '${d.keyId}'; 'troupe key list' shows them`
  ),
  PROFILE_KEY_IN_USE: entry<{ keyId: string; reason: string }>(
    409,
    false,
    (d) => `key '${d.keyId}' is needed: ${d.reason}; 'troupe key rotate' first`
  ),
  PROFILE_KEY_UNKNOWN: entry<{ platform: string; accountId: string; keyId: string; path: string }>(
    409,
    false,
    (d) =>
      `the stored login of '${d.accountId}' at ${d.platform} is sealed with key '${d.keyId}', which ${d.path} does not hold; bring that file back, or log in anew by takeover`
  ),
  PROFILE_DAMAGED: entry<{ platform: string; accountId: string }>(
    409,
    false,
    (d) =>
      `the stored login of '${d.accountId}' at ${d.platform} does not open: it is damaged, or was sealed for another account; log in anew by takeover`
  ),
  PROFILE_TOO_LARGE: entry<{ platform: string; accountId: string; bytes: number; limitBytes: number }>(
    413,
    false,
    (d) =>
      `the login of '${d.accountId}' at ${d.platform} is ${d.bytes} bytes and ${d.limitBytes} are kept; the one before stays`
  ),

  // The process
  NOT_READY: entry<{ what: string; why: string }>(503, true, (d) => `${d.what} is not ready: ${d.why}`),
  DRAINING: entry<Record<string, never>>(
    503,
    true,
    () => 'the process is shutting down and takes no new commands; try again when it is back'
  ),
  JOURNAL_UNAVAILABLE: entry<{ reason: string }>(
    503,
    true,
    (d) => `the journal cannot be written: ${d.reason}; nothing was accepted`
  ),
  JOURNAL_DAMAGED: entry<{ path: string; reason: string }>(
    500,
    false,
    (d) =>
      `the database ${d.path} is damaged: ${d.reason}; with the process ended, move it away together with its -wal and -shm, and restore a backup`
  ),
  JOURNAL_MISSING: entry<{ path: string; found: string }>(
    500,
    false,
    (d) =>
      `the database ${d.path} is missing or empty, and ${d.found} is beside it: it was lost; restore a backup, or to begin anew move the folder away`
  ),
  JOURNAL_TOO_NEW: entry<{ path: string; version: number; known: number }>(
    500,
    false,
    (d) => `the database ${d.path} is at version ${d.version} and this program knows ${d.known}; run the newer program`
  ),
  BACKUP_TARGET_TAKEN: entry<{ path: string; reason: string }>(
    409,
    false,
    (d) => `${d.path} takes no backup: ${d.reason}; name a folder that is not there yet, or is empty`
  ),
  BACKUP_FAILED: entry<{ path: string; reason: string }>(
    500,
    true,
    (d) => `${d.path} could not be backed up: ${d.reason}; nothing of the copy was kept`
  ),
  DATA_DIR_IN_USE: entry<{ path: string; pid: number; since: string }>(
    409,
    false,
    (d) => `${d.path} is in use by process ${d.pid}, started ${d.since}; stop it, or use another --data`
  ),
  RECIPES_FOLDER_UNSAFE: entry<{ folder: string; reason: string }>(
    500,
    false,
    (d) => `the folder of the recipe sockets, ${d.folder}, is not ours alone: ${d.reason}`
  ),
  RECIPES_PATH_TOO_LONG: entry<{ path: string; bytes: number; limit: number }>(
    500,
    false,
    (d) => `a socket's path has at most ${d.limit} bytes and ${d.path} has ${d.bytes}; use a shorter --data`
  ),
  RECIPES_SOCKET_IN_USE: entry<{ path: string; by: string }>(
    409,
    false,
    (d) => `${d.path} is in use by ${d.by}; stop that, or start with --no-recipes`
  ),
  DATAGRAMS_UNAVAILABLE: entry<{ reason: string }>(
    500,
    false,
    (d) => `recipes have no datagrams here, only the stream: ${d.reason}`
  ),
  DATA_DIR_UNWRITABLE: entry<{ path: string; reason: string }>(
    500,
    false,
    (d) =>
      `${d.path} cannot be written: ${d.reason}; look at its owner, its permissions and the room on its disk, or use another --data`
  ),
  CLOCK_PUT_BACK: entry<{ seconds: number; now: string }>(
    500,
    true,
    (d) =>
      `the clock was put back by ${d.seconds} s and says ${d.now}; timers keep the time they had left, events say what the clock says; set it right if it is wrong`
  ),
  PORT_IN_USE: entry<{ address: string }>(
    500,
    false,
    (d) => `${d.address} is in use; pass another --control or --telemetry, port 0 takes a free one`
  ),
  CONFIG_INVALID: entry<{ option: string; value: string; reason: string }>(
    500,
    false,
    (d) => `${d.option} ${JSON.stringify(d.value)}: ${d.reason}`
  ),
  MACHINE_UNFIT: entry<{ kind: string; place: string; reason: string }>(
    500,
    false,
    (d) => `machine '${d.kind}' cannot be hosted: ${d.place}: ${d.reason}`
  ),
  VERSIONS_UNCLEAR: entry<{ kind: string; place: string; reason: string }>(
    500,
    false,
    (d) => `machine '${d.kind}', ${d.place}: ${d.reason}`
  ),
  EFFECT_FAILED: entry<{ src: string; reason: string }>(500, false, (d) => `effect '${d.src}' failed: ${d.reason}`),
  INTERNAL: entry<Record<string, never>>(500, true, () => 'an error of ours; the log has it under this request_id'),

  // Stream
  SUBSCRIBE_TIMEOUT: entry<{ waitedMs: number }>(
    408,
    true,
    (d) => `no subscribe frame in ${d.waitedMs} ms; send {"type":"subscribe"} first`
  ),
  FRAME_MALFORMED: entry<{ reason: string }>(400, false, (d) => `the frame is not one of the stream's: ${d.reason}`),
  FRAME_TOO_LARGE: entry<{ limitBytes: number }>(413, false, (d) => `the frame is over ${d.limitBytes} bytes`)
} as const satisfies Record<string, Entry>;

export type ErrorCode = keyof typeof catalogue;
export type ErrorDetails<C extends ErrorCode> = Parameters<(typeof catalogue)[C]['message']>[0];

/** How a failure is kept in a snapshot, an event and a view: JSON, never an Error. */
export interface Failure {
  code: string;
  message: string;
  details?: Record<string, unknown>;
  cause?: string;
}

/** A failure of the catalogue. `message` is the catalogue's sentence for `details`. */
export class ControlError<C extends ErrorCode = ErrorCode> extends Error {
  readonly code: C;
  readonly details: ErrorDetails<C>;

  constructor(code: C, details: ErrorDetails<C>, cause?: unknown) {
    super((catalogue[code].message as (d: unknown) => string)(details), cause === undefined ? undefined : { cause });
    this.name = 'ControlError';
    this.code = code;
    this.details = details;
  }

  get status(): number {
    return catalogue[this.code].status;
  }

  get retryable(): boolean {
    return catalogue[this.code].retryable;
  }
}

export const isControlError = (error: unknown, code?: ErrorCode): error is ControlError =>
  error instanceof ControlError && (code === undefined || error.code === code);

/** Any thrown thing as data. An error that is not of the catalogue becomes `fallback` with its text as the reason. */
export function toFailure(error: unknown, fallback: ErrorCode = 'INTERNAL'): Failure {
  const cause = error instanceof Error && error.cause !== undefined ? describe(error.cause) : undefined;
  if (error instanceof ControlError) {
    return {
      code: error.code,
      message: error.message,
      details: error.details as Record<string, unknown>,
      ...(cause === undefined ? {} : { cause })
    };
  }
  return { code: fallback, message: describe(error), ...(cause === undefined ? {} : { cause }) };
}

export const describe = (error: unknown): string =>
  error instanceof Error
    ? error.message || error.name
    : typeof error === 'string'
      ? error
      : (JSON.stringify(error) ?? String(error));
