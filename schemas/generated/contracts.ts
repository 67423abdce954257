/* Generated from schemas/*.schema.json by `npm run generate`; do not edit. */

export type Name = string;
/**
 * Ranked alternatives: css, xpath/, aria/, text/, pierce/ or @name of the registry. A list inside the list pierces shadow roots, outermost first.
 *
 * @minItems 1
 * @maxItems 30
 */
export type Selectors = (string | string[])[];
/**
 * IANA name, like Europe/Berlin: whose clock the hours of its limits are read from. Default UTC.
 */
export type TimeZone = string;
/**
 * required: a person allows everything that reaches somebody, likes and comments too. Messages always wait.
 */
export type AccountApproval = 'messages' | 'required';
/**
 * A field that is null is no limit. Defaults: none; for messages 10 an hour, 30 a day, 60 s apart, 09:00 to 21:00.
 */
export type ActionLimitsUpdate = {
  per_hour?: number | null;
  per_day?: number | null;
  /**
   * From one to the next, at least, s.
   */
  apart_s?: number | null;
  hours?: Hours | null;
} | null;
export type ClockTime = string;
/**
 * What an account's limits count, by whom an action reaches.
 */
export type LimitedKind = 'like' | 'follow' | 'comment' | 'post' | 'message';
/**
 * RFC 3339, UTC, milliseconds.
 */
export type Instant = string;
/**
 * expired: put into a browser, it no longer logs the account in.
 */
export type ProfileState = 'none' | 'saved' | 'expired';
/**
 * POST /v1/sessions/{id}/input: what the person who drives it does. Places are pixels of the page as GET …/screen shows it.
 */
export type PersonInput =
  | {
      type: 'click';
      x: Pixel;
      y: Pixel;
      count?: number;
    }
  | {
      type: 'text';
      text: string;
    }
  | {
      type: 'key';
      key:
        | 'Enter'
        | 'Tab'
        | 'Backspace'
        | 'Delete'
        | 'Escape'
        | 'ArrowUp'
        | 'ArrowDown'
        | 'ArrowLeft'
        | 'ArrowRight'
        | 'Home'
        | 'End'
        | 'PageUp'
        | 'PageDown';
      shift?: boolean;
    }
  | {
      type: 'scroll';
      x: Pixel;
      y: Pixel;
      dx?: number;
      dy: number;
    }
  | {
      type: 'open';
      url: string;
    }
  | {
      type: 'back' | 'reload' | 'accept' | 'dismiss';
    };
export type Pixel = number;
/**
 * An actor: kind/id.
 */
export type Address = string;
/**
 * Position in the log, a decimal string: strictly increasing, never reused. "0" is before the first event.
 */
export type Cursor = string;
export type Uuid = string;
export type Severity = 'debug' | 'info' | 'warn' | 'error';
export type AlertState = 'RAISED' | 'ACKNOWLEDGED' | 'EXPIRED';
export type ApprovalState = 'PENDING' | 'ALLOWED' | 'DENIED' | 'EXPIRED' | 'WITHDRAWN';
/**
 * nobody: nothing of it is seen by other people. message: somebody is written to.
 */
export type Reach = 'nobody' | 'like' | 'follow' | 'comment' | 'post' | 'message';
export type SelectorName = string;
/**
 * Address of the generator. Default: the `home` of the platform's data.
 */
export type GeneratorUrl = string;
export type CommandState =
  'CREATED' | 'QUEUED' | 'AWAITING_APPROVAL' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'CANCELLED';
export type CommandPhase = 'PREPARING' | 'ACTION_ATTEMPTED' | 'VERIFIED' | 'VERIFICATION_FAILED' | 'POLLING';
export type Outcome = 'VERIFIED' | 'VERIFICATION_FAILED' | 'UNKNOWN';
/**
 * What a command that SUCCEEDED came to. Beside these each name of the flow's `result`, such as video_path, file_size and duration_ms of sora.generate.
 */
export type CommandResult = {
  session_id: string | null;
  /**
   * All that its actions read, by the names of the flow's `extract` and `download`.
   */
  extracted?: {
    [k: string]: string | number | boolean | null | unknown[];
  };
  /**
   * Of a sweep: how many names are so.
   */
  counts?: {
    ok: number;
    ambiguous: number;
    healed: number;
    missing: number;
  };
  /**
   * Of a sweep: what it found of each name.
   */
  selectors?: {
    name: string;
    state: SelectorState;
    selector: string | null;
    tried: SelectorTried[];
    why: string | null;
  }[];
  [k: string]: unknown;
} | null;
/**
 * unknown: nobody has looked yet.
 */
export type SelectorState = 'unknown' | 'ok' | 'ambiguous' | 'healed' | 'missing';
/**
 * The window of the step: `main`, the one that was there first, or the address another one shows; a frame of that address if no window shows it. Default: the window the step before was in.
 */
export type StepTarget = string;
/**
 * Indexes of nested frames, outermost first.
 */
export type Frame = number[];
/**
 * ms.
 */
export type Timeout = number;
export type Step =
  | NavigateStep
  | SetViewportStep
  | ClickStep
  | DoubleClickStep
  | HoverStep
  | ChangeStep
  | KeyDownStep
  | KeyUpStep
  | ScrollStep
  | WaitForElementStep
  | WaitForExpressionStep
  | CloseStep
  | DragStep;
/**
 * number: the first in the text, `1,234` as 1234 and `1.2K` as 1200; null without a digit. url: made absolute.
 */
export type ReadAs = 'string' | 'number' | 'url';
export type RecordedStep =
  | NavigateStep
  | SetViewportStep
  | ClickStep
  | DoubleClickStep
  | HoverStep
  | ChangeStep
  | KeyDownStep
  | KeyUpStep
  | ScrollStep
  | WaitForElementStep
  | WaitForExpressionStep
  | CloseStep
  | EmulateNetworkConditionsStep
  | CustomStep;
/**
 * SHA-256, hex; 64 zeros before the first record.
 */
export type AuditHash = string;
export type RecipeCommand = OpenApp | OpenWithApp | Paste | Enter | Keystroke | RunMacro | RunFlow;
/**
 * PENDING until it is known; NONE when its command ended before it was.
 */
export type ActionOutcome = 'PENDING' | 'VERIFIED' | 'VERIFICATION_FAILED' | 'UNKNOWN' | 'NONE';
/**
 * PUT /v1/flows/{name}
 */
export type FlowOrRecording = Flow | Recording;
export type SessionState =
  | 'CREATED'
  | 'QUEUED'
  | 'STARTING'
  | 'READY'
  | 'BUSY'
  | 'PARKED'
  | 'PAUSED_BY_HUMAN'
  | 'HUMAN_DRIVING'
  | 'HUMAN_REQUIRED'
  | 'LOST'
  | 'CLOSING'
  | 'CLOSED'
  | 'FAILED';
/**
 * ms since 1970, as text.
 */
export type InspectTime = string;
export type ClientFrame = SubscribeFrame | UnsubscribeFrame | AckFrame | PingFrame | PongFrame;
export type ServerFrame =
  | SubscribedFrame
  | EventFrame
  | CaughtUpFrame
  | GapFrame
  | UnsubscribedFrame
  | AckedFrame
  | PingFrame
  | PongFrame
  | ErrorFrame;

/**
 * PUT /v1/accounts/{id}, scope accounts:write. What is left out stays; null is what the platform says.
 */
export interface AccountUpdate {
  platform: Name;
  /**
   * The page on which the account is seen to be logged in.
   */
  home?: string | null;
  /**
   * One of these is on a page of the account only while it is logged in; default @account.logged_in of the platform.
   */
  logged_in?: null | Selectors;
  time_zone?: TimeZone;
  approval?: AccountApproval;
  /**
   * It reaches nobody real: its messages wait for no approval, and no limit is a default. Only an admin may send this field.
   */
  test_account?: boolean;
  /**
   * By kind of action; null brings a kind's defaults back, and what is left out of one is its default.
   */
  limits?: {
    like?: ActionLimitsUpdate;
    follow?: ActionLimitsUpdate;
    comment?: ActionLimitsUpdate;
    post?: ActionLimitsUpdate;
    message?: ActionLimitsUpdate;
  };
}
/**
 * Of the account's day, from the first minute to before the last. to before from is over midnight.
 */
export interface Hours {
  from: ClockTime;
  to: ClockTime;
}
/**
 * As they hold, with the defaults put in; null is no such limit.
 */
export interface ActionLimits {
  /**
   * In any hour.
   */
  per_hour: number | null;
  /**
   * In any 24 hours.
   */
  per_day: number | null;
  /**
   * From one to the next, at least, s.
   */
  apart_s: number | null;
  hours: Hours | null;
}
/**
 * Of a kind that has limits: what they have counted, and when one more may go out.
 */
export interface AccountUse {
  last_hour: number;
  last_day: number;
  /**
   * Commands that keep a turn.
   */
  waiting: number;
  /**
   * For a new one, behind those that wait; null: never.
   */
  next_at: string | null;
  /**
   * What keeps it from being now: per_hour, per_day, apart_s, hours or site.
   */
  limit: string | null;
}
/**
 * The site asked for slowness: nobody is reached for the account before then; what only reads, and has not met the limit, may look. Twice as long each time in a row.
 */
export interface CoolDown {
  until: Instant;
  /**
   * In a row.
   */
  times: number;
  why: string;
}
/**
 * As the account's actor keeps them: only what was set.
 */
export interface AccountSettings {
  time_zone: TimeZone;
  approval: AccountApproval;
  test_account: boolean;
  limits: {
    [k: string]: ActionLimitsUpdate;
  };
}
/**
 * What is known of a stored login. Its content is never shown.
 */
export interface ProfileView {
  state: ProfileState;
  saved_at: string | null;
  /**
   * When the account was last seen to be logged in with it; null: never, its login is unproved.
   */
  proved_at: string | null;
  expired_at: string | null;
  /**
   * The key it is sealed with.
   */
  key_id: string | null;
  origins: string[];
  cookies: number;
  bytes: number;
}
export interface AccountView {
  account_id: string;
  platform: string;
  home: string | null;
  logged_in: null | Selectors;
  time_zone: TimeZone;
  approval: AccountApproval;
  test_account: boolean;
  /**
   * Of every kind.
   */
  limits: {
    [k: string]: ActionLimits;
  };
  /**
   * Of the kinds that have limits.
   */
  used: {
    [k: string]: AccountUse;
  };
  cool_down: CoolDown | null;
  profile: ProfileView;
}
/**
 * A key of stored logins; never the key itself.
 */
export interface ProfileKeyView {
  key_id: string;
  /**
   * New records are sealed with it.
   */
  active: boolean;
  created_at: Instant;
  /**
   * Stored logins that are sealed with it.
   */
  profiles: number;
}
/**
 * POST /v1/profile_keys/rotate: a new key, and every stored login sealed with it.
 */
export interface ProfileKeyRotated {
  key_id: string;
  resealed: number;
  /**
   * Those that do not open; they stay as they are.
   */
  failed: {
    account_id: string;
    platform: string;
    code: string;
  }[];
}
export interface ActorSummary {
  address: Address;
  kind: string;
  id: string;
  /**
   * State path; regions joined by a comma.
   */
  state: string;
  status: 'active' | 'done' | 'error';
  /**
   * Steps taken.
   */
  step: number;
  /**
   * Of the machine it is of, see MachineSummary.
   */
  version: string;
  /**
   * Why it takes no step: none of the machines that are registered fits it. Events for it answer ACTOR_HELD; what it was told and its timers are kept until a start that can carry it on.
   */
  held: string | null;
  /**
   * Events its state takes now.
   */
  accepts: string[];
  why: string | null;
  /**
   * The earliest of its timers.
   */
  deadline_at: string | null;
  created_at: Instant;
  updated_at: Instant;
  entered_at: Instant;
  last_cursor: Cursor;
  /**
   * What its events tell of it, as it is now: the fields its machine's telemetry takes. A driver: its lease, health, age, sessions and memory; the supervisor: its slots and who waits.
   */
  shows?: {
    [k: string]: unknown;
  };
  /**
   * When one actor is read, by who may read its kind (read:commands for a command): all it works with, secrets masked, long texts cut.
   */
  context?: {
    [k: string]: unknown;
  };
  /**
   * When one actor is read: what a person may do to it now.
   */
  offers?: ActorOffer[];
  /**
   * When one actor is read: whom it has to do with now.
   */
  relatives?: ActorRelative[];
  /**
   * When one actor is read: its effects that have begun and not ended.
   */
  running?: string[];
  past?: ActorPast;
  /**
   * Its last events, oldest first; when one actor is read.
   */
  transitions?: EventEnvelope[];
}
/**
 * A request that tells an actor something its state accepts now.
 */
export interface ActorOffer {
  /**
   * What the actor is told.
   */
  event: string;
  title: string;
  method: 'POST' | 'DELETE';
  path: string;
  /**
   * What the token needs.
   */
  scope: string;
  /**
   * Fields of the body that are settled.
   */
  body?: {
    [k: string]: unknown;
  };
  /**
   * JSON Schema of the fields beside them.
   */
  schema: {
    [k: string]: unknown;
  };
}
export interface ActorRelative {
  /**
   * session, driver, approval, command, runs, waits, parent, child NAME.
   */
  as: string;
  address: Address;
}
/**
 * Asked with `at`: all else is as it was right after the row of the log with this cursor. Nothing is offered: what was is not acted on.
 */
export interface ActorPast {
  cursor: Cursor;
  /**
   * When that row was written; null: nothing was yet.
   */
  emitted_at: string | null;
  /**
   * Fields that are left empty because nobody can tell any more.
   */
  unknown: {
    field: string;
    why: string;
  }[];
}
/**
 * One row of the log: an actor moved, or refused to. Sender: the host, in the transaction of the step.
 */
export interface EventEnvelope {
  version: '1.0';
  event_id: Uuid;
  cursor: Cursor;
  correlation_id: string | null;
  command_id: string | null;
  emitted_at: Instant;
  severity: Severity;
  /**
   * status.changed, action.attempted, action.verified, action.verification_failed, selector.missing, rate.limited, human.required, human.resolved, artifact.captured, session.changed, driver.changed, supervisor.changed, approval.changed, selector.changed, alert.raised, alert.acknowledged, alert.expired, sora.video.ready, sora.video.downloaded, event.rejected, actor.upgraded, actor.failed, or what a registered machine declares.
   */
  type: string;
  target: {
    session_id?: string | null;
    account_id?: string | null;
    platform?: string | null;
  };
  payload: TransitionPayload;
}
/**
 * The transition, and beside it what the event's type adds.
 */
export interface TransitionPayload {
  actor: {
    kind: string;
    id: string;
  };
  /**
   * State path, null at birth: RUNNING.ACTION_ATTEMPTED.attempting; regions joined by a comma.
   */
  from: string | null;
  to: string;
  /**
   * The machine event that caused it.
   */
  event: string;
  step?: number;
  /**
   * Address of the actor that sent the event. Absent: it came from outside, or is a timer or a result of the actor's own.
   */
  told_by?: string;
  /**
   * Present when nothing was really driven.
   */
  driver?: 'stub';
  why?: string | null;
  /**
   * actor.upgraded: whether its state was legal in the newest version of its machine, or a migration made it so. Beside it `version`, {from, to}, and `warnings` where its context is not of the shape the machine begins with.
   */
  how?: 'went_on' | 'migrated';
  /**
   * event.rejected: what the state would have accepted.
   */
  legal?: string[];
  [k: string]: unknown;
}
/**
 * POST /v1/actors/{kind}, scope actor:KIND.
 */
export interface ActorCreate {
  id?: Name;
  /**
   * Fits the schema the machine was registered with.
   */
  input?: {
    [k: string]: unknown;
  };
}
/**
 * POST /v1/actors/{kind}/{id}/events, scope actor:KIND. Other fields: as the schema of the type says.
 */
export interface ActorEvent {
  type: string;
  [k: string]: unknown;
}
export interface MachineSummary {
  kind: string;
  /**
   * Of the machine that new actors get: a hash of its states, transitions, guards, actions, actors and delays by name, invokes, tags, meta and label; after a dash, of the schema of its context.
   */
  version: string;
  /**
   * `version` in the machine's own config.
   */
  label: string | null;
  /**
   * What its living actors are of, the newest first; of a volatile kind, that one alone.
   */
  versions: {
    version: string;
    label: string | null;
    /**
     * former: it is registered beside the newest, and its actors stay with it. held: it is not here, and its actors take no step.
     */
    role: 'newest' | 'former' | 'held';
    live: number;
  }[];
  durable: boolean;
  /**
   * State → how many actors are in it.
   */
  live: {
    [k: string]: number;
  };
  /**
   * Asked with `at`: state path → how many that had not ended were in it.
   */
  states?: {
    [k: string]: number;
  };
  /**
   * JSON Schemas of what its actors take over REST; absent: nothing.
   */
  schema?: {
    input: {
      [k: string]: unknown;
    };
    /**
     * By event type, of the fields beside it.
     */
    events: {
      [k: string]: {
        [k: string]: unknown;
      };
    };
  };
  definition?: MachineNode;
  /**
   * When one machine is read: each of its transitions, and how often it was taken.
   */
  taken?: TransitionUse[];
  /**
   * When one machine is read: of the machine that the tests took; another than the one shown is older or newer. null: none did.
   */
  tested_version?: string | null;
}
/**
 * A state of a machine, as data.
 */
export interface MachineNode {
  id: string;
  key: string;
  type: 'atomic' | 'compound' | 'parallel' | 'final' | 'history';
  initial?: string;
  /**
   * Of a history state.
   */
  history?: 'shallow' | 'deep';
  /**
   * Of a history state: where it leads to before anything was there; none: where the state around it begins.
   */
  targets?: string[];
  description?: string;
  tags: string[];
  meta?: {
    [k: string]: unknown;
  };
  on: MachineTransition[];
  after: MachineTransition[];
  always: MachineTransition[];
  invoke: {
    id: string;
    src: string;
  }[];
  entry: string[];
  exit: string[];
  states: MachineNode[];
}
export interface MachineTransition {
  /**
   * Event type; empty for always.
   */
  event: string;
  /**
   * ms, or the name of a delay; of after only.
   */
  delay?: string | number;
  /**
   * Ids; none: stays where it is.
   */
  targets: string[];
  guard?: string;
  /**
   * Its own state is left and entered anew, when the target is in it.
   */
  reenter?: boolean;
  actions: string[];
}
/**
 * A transition of a machine and how often it was taken. Of several that the log cannot tell apart, the first has all.
 */
export interface TransitionUse {
  /**
   * Id of the state it is of.
   */
  source: string;
  /**
   * Event type; empty for always.
   */
  event: string;
  /**
   * Ids; none: stays where it is.
   */
  targets: string[];
  guard?: string;
  /**
   * By actors of this version in this data directory.
   */
  production: number;
  /**
   * By the tests of this release.
   */
  tests: number;
}
/**
 * POST /v1/alerts. `rule`, `about` and `cursor` are what it is known by: raised again, it is the first one again.
 */
export interface AlertRaise {
  /**
   * What was broken, in the same words each time.
   */
  rule: string;
  /**
   * Addresses of actors: command/ID. Their order does not count.
   *
   * @minItems 1
   * @maxItems 20
   */
  about: string[];
  cursor: Cursor;
  /**
   * What was seen there.
   */
  why: string;
  /**
   * The program that looked.
   */
  source?: string;
}
/**
 * POST /v1/alerts/{id}. The first counts; again it is 200 and changes nothing.
 */
export interface AlertDecision {
  decision: 'acknowledge';
  note?: string;
}
export interface AlertView {
  /**
   * Made of `rule`, `about` and `cursor`.
   */
  alert_id: string;
  state: AlertState;
  rule: string;
  about: string[];
  cursor: Cursor;
  /**
   * What was seen there.
   */
  why: string;
  source: string | null;
  /**
   * The client whose token it was.
   */
  raised_by: string;
  acknowledged_by: string | null;
  note: string | null;
  created_at: Instant;
  expires_at: Instant;
  acknowledged_at: string | null;
  last_cursor: Cursor;
}
/**
 * What a person is asked to let out, word for word.
 */
export interface ApprovalPreview {
  flow: string;
  flow_version?: number;
  account_id?: string | null;
  platform?: string;
  params: {
    [k: string]: unknown;
  };
  /**
   * Names of the actions that change something.
   */
  writes: string[];
  /**
   * Whom each of these reaches, by its name. An action that does not say counts as a message.
   */
  reaches?: {
    [k: string]: Reach;
  };
  /**
   * Addresses it opens, in order, with the params put in.
   */
  pages?: string[];
}
/**
 * POST /v1/approvals/{id}. First answer wins; the same again is 200, another 409.
 */
export interface ApprovalDecision {
  decision: 'allow' | 'deny';
  note?: string;
  /**
   * With allow: params with other values, such as a better text; the others stay. The flow's own schema judges them. What goes out then is what these say, under a hash of its own.
   */
  edited?: {
    [k: string]: unknown;
  };
}
/**
 * What was allowed instead of what was asked for.
 */
export interface ApprovalEdit {
  /**
   * Those that have another value now.
   */
  params: {
    [k: string]: unknown;
  };
  /**
   * Of what `preview` shows: the only one that was allowed.
   */
  action_hash: string;
  preview: ApprovalPreview;
  /**
   * The client whose token it was.
   */
  by: string;
}
export interface ApprovalView {
  approval_id: Uuid;
  command_id: Uuid;
  state: ApprovalState;
  /**
   * Of what `preview` shows.
   */
  action_hash: string;
  preview: ApprovalPreview;
  edited: ApprovalEdit | null;
  decided_by: string | null;
  note: string | null;
  created_at: Instant;
  expires_at: string | null;
  decided_at: string | null;
  last_cursor: Cursor;
}
/**
 * What was kept of a page. links.self answers the bytes, with the SHA-256 as ETag.
 */
export interface ArtifactView {
  artifact_id: Uuid;
  command_id: string | null;
  /**
   * Whose page it shows; null: of none.
   */
  account_id: string | null;
  kind: string;
  media_type: string;
  sha256: string;
  /**
   * bytes
   */
  size: number;
  created_at: Instant;
  links: {
    self: string;
  };
}
/**
 * POST /v1/commands. Sender: an orchestrator. Unknown fields: 400 naming the path.
 */
export interface CommandEnvelope {
  /**
   * Another version: VERSION_UNSUPPORTED.
   */
  version: '1.0';
  command_id?: Uuid;
  /**
   * Unique per requester service. Same key and body: the first command again.
   */
  idempotency_key?: string;
  correlation_id?: Uuid;
  requested_at?: Instant;
  requester: Requester;
  target: Target;
  /**
   * Unknown: COMMAND_TYPE_UNKNOWN.
   */
  type: string;
  /**
   * Validated by the schema of the type, and for flows by the flow's params.
   */
  payload: {
    [k: string]: unknown;
  };
  /**
   * 1 is served first.
   */
  priority?: number;
  deadline_at?: Instant;
  /**
   * Resolve, check selectors and dedupe; attempt nothing.
   */
  dry_run?: boolean;
}
export interface Requester {
  service: Name;
  instance_id: string;
}
/**
 * Whom a command acts for. Without session_id the open session of the account is used, or one is made.
 */
export interface Target {
  session_id?: Uuid;
  account_id?: Name;
  platform: Name;
}
export interface FlowRunPayload {
  flow: Name;
  params?: {
    [k: string]: unknown;
  };
}
/**
 * One action of a flow, behind the reads that lead to it; what the flow writes besides is left out.
 */
export interface ActionRunPayload {
  flow: Name;
  action: Name;
  /**
   * Of the flow.
   */
  params?: {
    [k: string]: unknown;
  };
}
/**
 * Visits the platform's pages and says how each selector does; acts on nothing. With dry_run the registry is not told.
 */
export interface SelectorSweepPayload {
  platform?: Name;
  /**
   * Only these.
   *
   * @minItems 1
   */
  names?: SelectorName[];
  /**
   * Page of the platform's data → its address: only these are visited. Absent: every page whose address the data knows.
   */
  pages?: {
    [k: string]: string;
  };
}
/**
 * sora.generate: makes a video, waits for it and keeps its file; the flow `sora_generate`. Its result has `video_path` (inside the data directory), `file_size` (bytes), `duration_ms`, `artifact_id` and `draft_url`.
 */
export interface SoraGeneratePayload {
  /**
   * What the video shows, word for word. One that is among the drafts is not made again: it is waited for and kept.
   */
  prompt: string;
  url?: GeneratorUrl;
}
/**
 * sora.usage: reads what the videos have cost and which there are, for GET /v1/sora/usage and /v1/sora/drafts; the flow `sora_usage`.
 */
export interface SoraUsagePayload {
  url?: GeneratorUrl;
}
/**
 * sora.poll: waits until the video is ready; the flow `sora_poll`. sora.download: keeps the file of one that is; the flow `sora_download`, with the result of sora.generate.
 */
export interface SoraDraftPayload {
  /**
   * Address of the draft's own page, as GET /v1/sora/drafts has it.
   */
  draft_url: string;
}
/**
 * Opens a browser for the target, or attaches to the open session of its account.
 */
export interface SessionCreatePayload {}
/**
 * Closes the session named by target.session_id once what runs in it has ended.
 */
export interface SessionClosePayload {}
/**
 * What shows that an effect happened, or did not.
 */
export interface Proof {
  kind: 'screenshot' | 'page' | 'file' | 'matched_text' | 'url' | 'element' | 'witness' | 'api';
  artifact_id?: Uuid;
  sha256?: string;
  /**
   * The text, URL, or selector that matched; for a witness, DELIVERED, NOT_DELIVERED, BLOCKED, GONE or UNKNOWN.
   */
  value?: string;
}
export interface ActionResult {
  name: string;
  verify_as?: string;
  effect: 'read' | 'write';
  /**
   * 0 when it was found already done, or skipped by dry_run.
   */
  attempts: number;
  outcome: Outcome | null;
  already_done?: boolean;
  dedupe_key?: string;
  /**
   * What was read, by the names of the flow's `extract` and `download`; records are objects in a list.
   */
  extracted?: {
    [k: string]: string | number | boolean | null | unknown[];
  };
  proofs: Proof[];
}
export interface CommandError {
  /**
   * From the error catalogue.
   */
  code: string;
  message: string;
  details?: {
    [k: string]: unknown;
  };
}
export interface SelectorTried {
  selector: string;
  found: number;
  visible?: number;
}
/**
 * 202 of POST /v1/commands, sent once the command is durable.
 */
export interface CommandAccepted {
  command_id: Uuid;
  correlation_id: Uuid;
  session_id?: Uuid;
  state: CommandState;
  accepted_at: Instant;
  links: {
    self: string;
    cancel: string;
    events: string;
  };
}
/**
 * POST /v1/commands/{id}/cancel. The body may be left out.
 */
export interface CommandCancelRequest {
  reason?: string;
}
export interface CommandView {
  command_id: Uuid;
  correlation_id: Uuid;
  idempotency_key?: string;
  type: string;
  state: CommandState;
  phase: CommandPhase | null;
  /**
   * What it waits for, or why it failed.
   */
  why: string | null;
  queue_position: number | null;
  target: Target;
  requester: Requester;
  payload: {
    [k: string]: unknown;
  };
  priority: number;
  dry_run: boolean;
  session_id: string | null;
  approval_id?: string | null;
  deadline_at: string | null;
  actions: ActionResult[];
  result: CommandResult;
  error: CommandError | null;
  created_at: Instant;
  started_at: string | null;
  completed_at: string | null;
  last_cursor: Cursor;
}
export interface Config {
  /**
   * Folder that holds everything: journal, artifacts, tokens. One process at a time.
   */
  data: string;
  /**
   * HOST:PORT of the REST API; port 0 takes a free one.
   */
  control: string;
  /**
   * HOST:PORT of the WebSocket stream; port 0 takes a free one.
   */
  telemetry: string;
  /**
   * safari: real browsers through Appium. stub: every step is answered at once and nothing is driven, which each event says.
   */
  driver: 'safari' | 'stub';
  /**
   * File with machines, effects, flows and platforms of your own; without it troupe.config.ts, .mts, .js or .mjs of the current folder.
   */
  machines: string;
  /**
   * Browsers at most at the same time; macOS allows one desktop Safari.
   */
  slots: number;
  driver_limits: DriverLimits;
  /**
   * REST requests a second that one client may send; over it 429 with Retry-After. 0 is no limit.
   */
  request_limit: number;
  /**
   * File with the keys of stored logins, made when it is missing; default profile-keys.json in the data folder. On another disk, a copy of the data folder opens no login.
   */
  profile_keys: string;
  /**
   * Events older than so many days are removed, and commands, sessions and other actors that ended before, with their idempotency keys and artifacts.
   */
  retention_days: number;
  /**
   * Events kept at most; the oldest go first.
   */
  retention_events: number;
  /**
   * Days that records of the audit log are kept. It is never off.
   */
  audit_days: number;
  /**
   * Desktop commands of local programs, over sockets that only this user reaches; --no-recipes turns them off.
   */
  recipes: boolean;
  /**
   * Applications that recipes may open, by name or path, separated by commas; empty is any.
   */
  recipe_apps: string;
  /**
   * What recipes may open applications with: files, folders with all in them, and web origins, separated by commas; empty is anything.
   */
  recipe_targets: string;
  /**
   * Names under which clients reach it, separated by commas, beside its address, localhost and those of its certificate; under another it does not answer.
   */
  hosts: string;
  /**
   * PEM file with the certificate of both planes, its chain after it; then they speak TLS, and may bind other addresses than loopback. A renewed one is taken without a restart.
   */
  tls_cert: string;
  /**
   * PEM file with the key of tls_cert, without a passphrase.
   */
  tls_key: string;
  /**
   * PEM file of authorities: only clients with a certificate of one of them are let in (mTLS), and they need a token all the same.
   */
  client_ca: string;
  /**
   * Allows addresses other than loopback without TLS, for a gateway with TLS in front.
   */
  insecure: boolean;
  /**
   * What is logged to stderr, and all above it.
   */
  log_level: 'silent' | 'error' | 'warn' | 'info' | 'debug';
}
/**
 * Of browsers and of the line for them; in ms where the name says so. What is left out is as its default says.
 */
export interface DriverLimits {
  /**
   * Sessions that may wait for a browser; the next is refused, 429 with Retry-After.
   */
  queue_length?: number;
  /**
   * How long each may wait; then it has failed, QUEUE_TIMEOUT.
   */
  queue_wait_ms?: number;
  /**
   * After an operator asked to drain: what runs may go on so long.
   */
  drain_ms?: number;
  /**
   * Xvfb, to its display.
   */
  display_boot_ms?: number;
  /**
   * Appium, to its first answer.
   */
  appium_boot_ms?: number;
  /**
   * POST /session.
   */
  new_session_ms?: number;
  /**
   * After a POST /session without an answer: how long its session is looked for, to be adopted.
   */
  adopt_ms?: number;
  /**
   * Waits before a browser that another session has is asked for again; after the last, both are ended.
   *
   * @maxItems 10
   */
  paired_retry_ms?: number[];
  /**
   * Each command of the smoke test of a new browser.
   */
  smoke_ms?: number;
  /**
   * W3C script timeout.
   */
  script_ms?: number;
  /**
   * W3C page load timeout.
   */
  page_load_ms?: number;
  /**
   * Command that reads, its turn in the line of its session included.
   */
  read_ms?: number;
  /**
   * Command that acts: a click, keys, a script.
   */
  act_ms?: number;
  /**
   * Navigation; longer than page_load_ms.
   */
  navigate_ms?: number;
  /**
   * DELETE of a session.
   */
  delete_ms?: number;
  /**
   * SIGTERM to SIGKILL.
   */
  grace_ms?: number;
  /**
   * The same on macOS, where Safari takes longer.
   */
  safari_grace_ms?: number;
  /**
   * Appium ends a session that gets no command for so long.
   */
  new_command_timeout_ms?: number;
  /**
   * A command this often keeps a session that does nothing.
   */
  lease_tick_ms?: number;
  /**
   * Between two looks at the process ids.
   */
  liveness_ms?: number;
  /**
   * Appium is asked this often, and may take as long.
   */
  probe_appium_ms?: number;
  /**
   * The same for the driver executable's own port.
   */
  probe_driver_ms?: number;
  /**
   * The same for the page.
   */
  probe_page_ms?: number;
  /**
   * The same for the X server.
   */
  probe_display_ms?: number;
  /**
   * Misses of one probe in a row: hung.
   */
  misses?: number;
  /**
   * Failures within the window that quarantine a slot.
   */
  failures?: number;
  /**
   * That window.
   */
  failure_window_ms?: number;
  /**
   * Before the next try: anything up to this, doubling.
   */
  backoff_first_ms?: number;
  /**
   * And up to this at most.
   */
  backoff_most_ms?: number;
  /**
   * Until the first trial of a quarantined slot, doubling.
   */
  quarantine_first_ms?: number;
  /**
   * And this at most.
   */
  quarantine_most_ms?: number;
  /**
   * Sessions, then the slot is started anew. This and the next three only when no session has it.
   */
  recycle_sessions?: number;
  /**
   * Age, the same.
   */
  recycle_age_ms?: number;
  /**
   * Resident memory of all its processes, the same.
   */
  recycle_bytes?: number;
  /**
   * Page loads in a row that did not end, the same.
   */
  recycle_page_loads?: number;
  /**
   * A person may have a browser so long; then its session is parked.
   */
  hold_ms?: number;
}
/**
 * GET /v1/events and, of one actor, /v1/actors/{kind}/{id}/events: oldest first after the cursor.
 */
export interface EventPage {
  items: EventEnvelope[];
  next_cursor: Cursor;
  head: Cursor;
  gap?: {
    from: string;
    to: string;
    reason: 'retention' | 'unknown_cursor';
  };
}
export interface Flow {
  name: Name;
  title?: string;
  version?: number;
  /**
   * ["*"] is every platform.
   *
   * @minItems 1
   */
  platforms: ('*' | Name)[];
  /**
   * required: a person allows each run before its first action.
   */
  approval?: 'required' | 'none';
  /**
   * JSON Schema of the params.
   */
  params?: {
    [k: string]: unknown;
  };
  /**
   * @minItems 1
   * @maxItems 500
   */
  actions: FlowAction[];
  /**
   * Field of the command's result → name of what its actions extract or download. What was not read is left out.
   */
  result?: {
    [k: string]: string;
  };
}
export interface FlowAction {
  attempt: Name;
  /**
   * write: attempted once, proved, never blindly repeated.
   */
  effect: 'read' | 'write';
  reaches?: Reach;
  /**
   * It goes on from the page as the actions before left it: in a browser in which these were not done it is not attempted. Actions of a recording do.
   */
  continues?: boolean;
  dedupe?: Predicate;
  /**
   * @minItems 1
   * @maxItems 200
   */
  steps: Step[];
  verify?: Verify;
  poll?: Poll;
  /**
   * Names of the registry that are looked for once the steps are done; the registry is told how each does.
   */
  sweep?: {
    /**
     * @minItems 1
     * @maxItems 200
     */
    names: SelectorName[];
    /**
     * How long the page may take to show them all, ms.
     */
    timeoutMs?: number;
  };
  /**
   * name → where to read it once the action is verified.
   */
  extract?: {
    [k: string]: {
      selectors: Selectors;
      /**
       * An attribute instead of the text.
       */
      attribute?: string;
      /**
       * A list of every match.
       */
      all?: boolean;
      as?: ReadAs;
      /**
       * Every match is a record with these fields, and the value a list of records. A field without selectors is of the match itself, one that is not there null.
       */
      fields?: {
        [k: string]: {
          selectors?: Selectors;
          /**
           * An attribute instead of the text.
           */
          attribute?: string;
          as?: ReadAs;
        };
      };
    };
  };
  /**
   * name → the element whose file is kept once the action is verified: fetched by the page itself, with its cookies, and stored as an artifact. The result has the artifact's id under the name.
   */
  download?: {
    [k: string]: {
      selectors: Selectors;
      /**
       * Where the address stands. Default: the first of href, src and data that is there.
       */
      attribute?: string;
      frame?: Frame;
      maxBytes?: number;
      /**
       * ms
       */
      timeout?: number;
      /**
       * What it has to be, by its bytes and not by what the site calls it. video: MP4, QuickTime or WebM with a header that says how long it plays; the result has `NAME_path` (inside the data directory), `NAME_size` (bytes) and `NAME_duration_ms` beside the artifact's id.
       */
      media?: 'video';
    };
  };
}
export interface Predicate {
  /**
   * @minItems 1
   */
  steps: (WaitForElementStep | NavigateStep)[];
  timeoutMs?: number;
}
export interface WaitForElementStep {
  type: 'waitForElement';
  selectors: Selectors;
  operator?: '>=' | '==' | '<=';
  /**
   * count 0 means none, whatever the operator's default.
   */
  count?: number;
  visible?: boolean;
  properties?: {
    [k: string]: unknown;
  };
  attributes?: {
    [k: string]: string;
  };
  target?: StepTarget;
  frame?: Frame;
  timeout?: Timeout;
  /**
   * @maxItems 20
   */
  assertedEvents?: AssertedEvent[];
}
export interface AssertedEvent {
  type: 'navigation';
  url?: string;
  title?: string;
  [k: string]: unknown;
}
export interface NavigateStep {
  type: 'navigate';
  url: string;
  timeout?: Timeout;
  /**
   * @maxItems 20
   */
  assertedEvents?: AssertedEvent[];
  target?: StepTarget;
}
export interface SetViewportStep {
  type: 'setViewport';
  width: number;
  height: number;
  deviceScaleFactor?: number;
  isMobile?: boolean;
  hasTouch?: boolean;
  isLandscape?: boolean;
  target?: StepTarget;
  timeout?: Timeout;
  /**
   * @maxItems 20
   */
  assertedEvents?: AssertedEvent[];
}
export interface ClickStep {
  type: 'click';
  selectors: Selectors;
  target?: StepTarget;
  frame?: Frame;
  offsetX?: number;
  offsetY?: number;
  button?: 'primary' | 'auxiliary' | 'secondary' | 'back' | 'forward';
  duration?: number;
  deviceType?: 'mouse' | 'pen' | 'touch';
  timeout?: Timeout;
  /**
   * @maxItems 20
   */
  assertedEvents?: AssertedEvent[];
  dialog?: Dialog;
}
/**
 * What to answer an alert, confirm or prompt that this step opens. Its text is read first and reported. Without this field every dialog is dismissed.
 */
export interface Dialog {
  action: 'accept' | 'dismiss';
  /**
   * What to put into a prompt.
   */
  text?: string;
}
export interface DoubleClickStep {
  type: 'doubleClick';
  selectors: Selectors;
  target?: StepTarget;
  frame?: Frame;
  offsetX?: number;
  offsetY?: number;
  button?: 'primary' | 'auxiliary' | 'secondary' | 'back' | 'forward';
  deviceType?: 'mouse' | 'pen' | 'touch';
  timeout?: Timeout;
  /**
   * @maxItems 20
   */
  assertedEvents?: AssertedEvent[];
  dialog?: Dialog;
}
export interface HoverStep {
  type: 'hover';
  selectors: Selectors;
  target?: StepTarget;
  frame?: Frame;
  timeout?: Timeout;
  /**
   * @maxItems 20
   */
  assertedEvents?: AssertedEvent[];
}
export interface ChangeStep {
  type: 'change';
  selectors: Selectors;
  /**
   * Text; for a checkbox `true` or `false`; for a list of options their values, one a line; for a file input names of files in the data directory's `uploads`, one a line.
   */
  value: string;
  target?: StepTarget;
  frame?: Frame;
  timeout?: Timeout;
  /**
   * @maxItems 20
   */
  assertedEvents?: AssertedEvent[];
  dialog?: Dialog;
}
export interface KeyDownStep {
  type: 'keyDown';
  key: string;
  target?: StepTarget;
  timeout?: Timeout;
  /**
   * @maxItems 20
   */
  assertedEvents?: AssertedEvent[];
  dialog?: Dialog;
}
export interface KeyUpStep {
  type: 'keyUp';
  key: string;
  target?: StepTarget;
  timeout?: Timeout;
  /**
   * @maxItems 20
   */
  assertedEvents?: AssertedEvent[];
}
export interface ScrollStep {
  type: 'scroll';
  x?: number;
  y?: number;
  until?: Selectors;
  selectors?: Selectors;
  target?: StepTarget;
  frame?: Frame;
  timeout?: Timeout;
  /**
   * @maxItems 20
   */
  assertedEvents?: AssertedEvent[];
}
/**
 * Arbitrary JavaScript: refused unless the token has the scope script.
 */
export interface WaitForExpressionStep {
  type: 'waitForExpression';
  expression: string;
  target?: StepTarget;
  frame?: Frame;
  timeout?: Timeout;
  /**
   * @maxItems 20
   */
  assertedEvents?: AssertedEvent[];
}
export interface CloseStep {
  type: 'close';
  target?: StepTarget;
  timeout?: Timeout;
  /**
   * @maxItems 20
   */
  assertedEvents?: AssertedEvent[];
}
/**
 * Ours, not the Recorder's: from an element to another one, or by a distance.
 */
export interface DragStep {
  type: 'drag';
  selectors: Selectors;
  to?: Selectors;
  /**
   * How far, px.
   */
  by?: {
    x?: number;
    y?: number;
  };
  offsetX?: number;
  offsetY?: number;
  target?: StepTarget;
  frame?: Frame;
  timeout?: Timeout;
  /**
   * @maxItems 20
   */
  assertedEvents?: AssertedEvent[];
}
export interface Verify {
  as: Name;
  /**
   * @minItems 1
   */
  steps: (WaitForElementStep | NavigateStep)[];
  /**
   * How long the predicate is polled, ms: at 100, 250, 500, 1000, then every 1000.
   */
  timeoutMs?: number;
  /**
   * Must hold again after the page is loaded anew: for what cannot be undone.
   */
  afterReload?: boolean;
}
/**
 * What `verify` waits for may take minutes or hours: while it does not hold the command rests in POLLING, without its browser, and the action is done and looked at again. Of a read whose first step navigates.
 */
export interface Poll {
  /**
   * The first rest, ms.
   */
  everyMs?: number;
  /**
   * Each rest is this many times the one before.
   */
  backoff?: number;
  /**
   * The longest rest, ms.
   */
  maxEveryMs?: number;
  /**
   * From the first look to the last, ms; then the action has failed.
   */
  limitMs?: number;
  /**
   * Looked at when `verify` does not hold: what says that it never will. The action has failed at once then.
   *
   * @maxItems 10
   */
  failed?: PollFailure[];
}
export interface PollFailure {
  as: Name;
  /**
   * All of them hold in one look.
   *
   * @minItems 1
   * @maxItems 20
   */
  steps: WaitForElementStep[];
}
export interface FlowSummary {
  name: string;
  title?: string;
  version: number;
  platforms: string[];
  writes: boolean;
}
/**
 * Of an extension of the Recorder. Refused: nobody here knows what it means.
 */
export interface CustomStep {
  type: 'customStep';
  name: string;
  parameters?: unknown;
  target?: StepTarget;
  frame?: Frame;
  timeout?: Timeout;
  /**
   * @maxItems 20
   */
  assertedEvents?: AssertedEvent[];
}
/**
 * Refused: WebKit's driver cannot slow a network down.
 */
export interface EmulateNetworkConditionsStep {
  type: 'emulateNetworkConditions';
  download: number;
  upload: number;
  latency: number;
  target?: StepTarget;
  timeout?: Timeout;
  /**
   * @maxItems 20
   */
  assertedEvents?: AssertedEvent[];
}
/**
 * An export of the Chrome DevTools Recorder, as it is: each step becomes an action, its asserted events the verification.
 */
export interface Recording {
  title: string;
  timeout?: Timeout;
  /**
   * The attribute that was preferred when the selectors were made; they stand as they are.
   */
  selectorAttribute?: string;
  /**
   * @minItems 1
   * @maxItems 500
   */
  steps: RecordedStep[];
}
/**
 * GET /v1/machines/{kind}/diagram: a machine laid out, in px. The same for every reader of one version.
 */
export interface Diagram {
  kind: string;
  version: string;
  width: number;
  height: number;
  /**
   * A state before those inside it.
   */
  nodes: DiagramNode[];
  edges: DiagramEdge[];
}
export interface DiagramNode {
  /**
   * As in the machine's definition.
   */
  id: string;
  /**
   * RUNNING.PREPARING; empty for the machine itself.
   */
  path: string;
  key: string;
  type: 'atomic' | 'compound' | 'parallel' | 'final' | 'history';
  /**
   * Where the state around it begins.
   */
  initial: boolean;
  description?: string;
  /**
   * From the diagram's left edge.
   */
  x: number;
  y: number;
  width: number;
  height: number;
  /**
   * What is not an arrow: its work, its actions, events it takes and stays.
   */
  notes: {
    kind: 'invoke' | 'entry' | 'exit' | 'takes';
    text: string;
  }[];
}
/**
 * All transitions from one state to another, as one arrow.
 */
export interface DiagramEdge {
  id: string;
  source: string;
  target: string;
  /**
   * [x, y], bends included.
   */
  points: number[][];
  label?: {
    x: number;
    y: number;
    width: number;
    height: number;
  };
  transitions: {
    /**
     * The machine event, as payload.event of the log's rows.
     */
    event: string;
    kind: 'event' | 'after' | 'always' | 'done' | 'error';
    /**
     * One line of the arrow's label.
     */
    text: string;
    guard?: string;
  }[];
}
/**
 * How long actors of a kind stay in a state, of those that have left it; within a tenth.
 */
export interface UsualStay {
  /**
   * Stays that have ended. Fewer than 100 say nothing of what is unusual.
   */
  samples: number;
  /**
   * Half of them were no longer, ms; null: too few.
   */
  p50_ms: number | null;
  /**
   * 99 of 100 were no longer, ms; null: too few.
   */
  p99_ms: number | null;
}
/**
 * A living actor that has been in its state for longer than 99 of 100 before it; where too few are known, for longer than the state's own deadline.
 */
export interface StuckActor {
  actor: ActorSummary;
  account_id: string | null;
  platform: string | null;
  since: Instant;
  /**
   * How long that is, ms.
   */
  for_ms: number;
  /**
   * What it has outlasted: the 99th percentile of the state's dwell times, or for want of samples its deadline.
   */
  by: 'usual' | 'deadline';
  /**
   * How long that would have been, ms.
   */
  limit_ms: number;
  usual: UsualStay;
}
/**
 * GET /v1/stuck: who came first into its state is first.
 */
export interface StuckPage {
  items: StuckActor[];
  /**
   * Send it as `page` for more; null at the end.
   */
  next_page: string | null;
  /**
   * Of all pages.
   */
  total: number;
}
export interface SearchHit {
  what: 'actor' | 'correlation' | 'account' | 'artifact' | 'event' | 'flow';
  /**
   * Of an account, a flow: its name.
   */
  id: string;
  /**
   * Of an actor, of an artifact, of the actor that an event is of.
   */
  kind?: string;
  /**
   * Of a flow; of an event, its type.
   */
  title?: string;
  state?: string;
  status?: 'active' | 'done' | 'error';
  account_id?: string | null;
  platform?: string | null;
  /**
   * Of an artifact.
   */
  command_id?: string | null;
  /**
   * Of an event.
   */
  actor_id?: string;
  cursor?: Cursor;
  at?: Instant;
}
/**
 * GET /v1/search?q=, scope read:actors: what has an id or a name that is q or begins with it. An address (command/03d5) finds of that kind alone, a number the event with that cursor. What the token may not read is left out.
 */
export interface SearchResult {
  q: string;
  /**
   * Exact ones first.
   */
  items: SearchHit[];
}
/**
 * How something failed. `details` are those of its code.
 */
export interface PayloadFailure {
  /**
   * From the error catalogue.
   */
  code: string;
  message: string;
  details?: {
    [k: string]: unknown;
  };
  /**
   * What was behind it.
   */
  cause?: string;
}
export interface PayloadArtifact {
  id: string;
  kind: 'screenshot' | 'html' | 'download';
  media_type: string;
  sha256: string;
  /**
   * Bytes.
   */
  size: number;
}
/**
 * The nearest element when no candidate found any, in quarantine.
 */
export interface PayloadHealed {
  /**
   * By which it can be found again.
   */
  selector: string;
  likeness: number;
  /**
   * Of the next nearest.
   */
  second: number;
  /**
   * Name or id are as before.
   */
  sure: boolean;
  fingerprint: Fingerprint;
  /**
   * ms since 1970
   */
  since?: number;
  /**
   * In a row.
   */
  cleanSweeps?: number;
}
/**
 * What an element is known by when its selectors are gone. Words of the interface only: of content and of inputs no text is kept.
 */
export interface Fingerprint {
  role: string;
  tag: string;
  /**
   * Accessible name of a control, small letters, digits as #; '' for anything else.
   */
  name: string;
  /**
   * Those that pages keep: test ids, id, name, type.
   */
  attributes: {
    [k: string]: string;
  };
  /**
   * @maxItems 6
   */
  classes: string[];
  /**
   * The nearest landmarks it stands in, innermost first.
   *
   * @maxItems 4
   */
  around: string[];
  /**
   * The other controls of its form, dialog or card: role:name.
   *
   * @maxItems 8
   */
  near: string[];
}
/**
 * One look at one name of the registry, on one page.
 */
export interface PayloadFinding {
  name: string;
  state: SelectorState;
  tried: SelectorTried[];
  /**
   * The candidate that found it.
   */
  selector: string | null;
  fingerprint: Fingerprint | null;
  healed: PayloadHealed | null;
  why: string | null;
}
/**
 * What was allowed in the place of what was asked for.
 */
export interface PayloadEdited {
  /**
   * All of them; the flow's own schema judged them.
   */
  params: {
    [k: string]: unknown;
  };
  /**
   * Those that have another value now.
   */
  changed: {
    [k: string]: unknown;
  };
  /**
   * Of what `preview` shows: the only one that was allowed.
   */
  actionHash: string;
  preview: ApprovalPreview;
  /**
   * Of each action of the flow, in order.
   */
  reaches: Reach[];
}
/**
 * The site asked for slowness: nobody is reached for the account before then; what only reads, and has not met the limit, may look.
 */
export interface PayloadCoolDown {
  /**
   * ms since 1970
   */
  until: number;
  /**
   * ms; twice as long each time in a row.
   */
  lastsMs: number;
  /**
   * In a row.
   */
  times: number;
  why: string;
}
/**
 * What a person who drives did last. Of what they typed the length alone.
 */
export interface PayloadInput {
  type: 'click' | 'text' | 'key' | 'scroll' | 'open' | 'back' | 'reload' | 'accept' | 'dismiss';
  /**
   * Pixels of the page.
   */
  x?: number;
  /**
   * Pixels of the page.
   */
  y?: number;
  /**
   * Characters that were typed.
   */
  length?: number;
  key?: string;
  /**
   * Of the address that was opened.
   */
  origin?: string;
}
/**
 * A slot in the supervisor's books.
 */
export interface PayloadSlot {
  slot: string;
  /**
   * In capitals: the driver's own words for not now.
   */
  state:
    | 'cold'
    | 'idle'
    | 'starting'
    | 'leased'
    | 'closing'
    | 'recycling'
    | 'RECOVERING'
    | 'NEEDS_HUMAN'
    | 'QUARANTINED'
    | 'drained';
  sessionId: string | null;
  /**
   * The lease's number.
   */
  fencing: number | null;
  /**
   * What the lease's browser runs on.
   */
  device: string | null;
  /**
   * Whose account is in it.
   */
  owner: string | null;
  /**
   * A person drives.
   */
  held: boolean;
  /**
   * Out of quarantine: booted once without a session before one may have it.
   */
  trial: boolean;
  /**
   * Its session was asked to give the browser up.
   */
  wanted: boolean;
  failure: {
    /**
     * From the error catalogue.
     */
    code: string;
    why: string;
  } | null;
}
/**
 * A session in the line for a browser.
 */
export interface PayloadWaiting {
  sessionId: string;
  device: string;
  owner: string | null;
  /**
   * 1 is served first.
   */
  priority: number;
  /**
   * ms since 1970
   */
  since: number;
  /**
   * As it was last told; 0: not told yet.
   */
  position: number;
}
/**
 * status.changed: beside the transition.
 */
export interface StatusChangedPayload {
  /**
   * Its `attempt` in the flow.
   */
  action?: string | null;
  /**
   * 1 is next.
   */
  queue_position?: number | null;
  /**
   * How often an action that polls was looked at.
   */
  looks?: number | null;
  next_look_at?: Instant | null;
  result?: CommandResult;
  error?: PayloadFailure | null;
  [k: string]: unknown;
}
/**
 * action.attempted: beside the transition.
 */
export interface ActionAttemptedPayload {
  /**
   * Its `attempt` in the flow.
   */
  action?: string | null;
  effect?: 'read' | 'write' | null;
  attempts?: number | null;
  dedupe_key?: string | null;
  /**
   * Whom each action of the flow reaches, in order.
   */
  reaches?: Reach[] | null;
  /**
   * Which of them this is, from 0.
   */
  index?: number | null;
  /**
   * How a person is asked before it goes out; null: nobody ever has to be.
   */
  approval_id?: string | null;
  /**
   * Of what goes out, as its approval is bound to it.
   */
  action_hash?: string | null;
  [k: string]: unknown;
}
/**
 * action.verified: beside the transition.
 */
export interface ActionVerifiedPayload {
  /**
   * Its `attempt` in the flow.
   */
  action?: string | null;
  effect?: 'read' | 'write' | null;
  attempts?: number | null;
  dedupe_key?: string | null;
  verify_as?: string | null;
  proofs?: Proof[] | null;
  already_done?: boolean | null;
  /**
   * What was read, by the names of the flow's `extract` and `download`; records are objects in a list.
   */
  extracted?: {
    [k: string]: string | number | boolean | null | unknown[];
  } | null;
  /**
   * What became of the account's login on the page that proves it.
   */
  profile?: string | null;
  [k: string]: unknown;
}
/**
 * action.verification_failed: beside the transition.
 */
export interface ActionVerificationFailedPayload {
  /**
   * Its `attempt` in the flow.
   */
  action?: string | null;
  effect?: 'read' | 'write' | null;
  attempts?: number | null;
  dedupe_key?: string | null;
  verify_as?: string | null;
  proofs?: Proof[] | null;
  [k: string]: unknown;
}
/**
 * artifact.captured: beside the transition.
 */
export interface ArtifactCapturedPayload {
  /**
   * Its `attempt` in the flow.
   */
  action?: string | null;
  /**
   * Of the page as it was.
   */
  artifacts?: PayloadArtifact[] | null;
  [k: string]: unknown;
}
/**
 * selector.missing: beside the transition.
 */
export interface SelectorMissingPayload {
  /**
   * Its `attempt` in the flow.
   */
  action?: string | null;
  error?: PayloadFailure | null;
  name?: string | null;
  state?: SelectorState | null;
  by?: string | null;
  healed?: PayloadHealed | null;
  tried?: SelectorTried[] | null;
  [k: string]: unknown;
}
/**
 * selector.changed: beside the transition.
 */
export interface SelectorChangedPayload {
  name?: string | null;
  state?: SelectorState | null;
  by?: string | null;
  healed?: PayloadHealed | null;
  tried?: SelectorTried[] | null;
  [k: string]: unknown;
}
/**
 * rate.limited: beside the transition.
 */
export interface RateLimitedPayload {
  /**
   * Its `attempt` in the flow.
   */
  action?: string | null;
  /**
   * When it goes on.
   */
  retry_at?: Instant | null;
  /**
   * Which limit; site: the site's own.
   */
  limit?: 'per_hour' | 'per_day' | 'apart_s' | 'hours' | 'site' | null;
  [k: string]: unknown;
}
/**
 * human.required: beside the transition.
 */
export interface HumanRequiredPayload {
  /**
   * Its `attempt` in the flow.
   */
  action?: string | null;
  effect?: 'read' | 'write' | null;
  attempts?: number | null;
  dedupe_key?: string | null;
  verify_as?: string | null;
  proofs?: Proof[] | null;
  /**
   * Of the page as it was.
   */
  artifacts?: PayloadArtifact[] | null;
  /**
   * Of the failure that a person is for.
   */
  code?: string | null;
  error?: PayloadFailure | null;
  slot?: string | null;
  /**
   * Found by likeness alone, for a person to accept or reject.
   */
  selectors?: PayloadFinding[] | null;
  [k: string]: unknown;
}
/**
 * human.resolved: beside the transition.
 */
export interface HumanResolvedPayload {
  /**
   * Its `attempt` in the flow.
   */
  action?: string | null;
  by?: string | null;
  code?: string | null;
  profile?: string | null;
  profile_why?: string | null;
  [k: string]: unknown;
}
/**
 * session.changed: beside the transition.
 */
export interface SessionChangedPayload {
  slot?: string | null;
  /**
   * The lease's number.
   */
  fencing?: number | null;
  /**
   * The command that drives.
   */
  current?: string | null;
  /**
   * The person who drives.
   */
  by?: string | null;
  input?: PayloadInput | null;
  [k: string]: unknown;
}
/**
 * driver.changed: beside the transition.
 */
export interface DriverChangedPayload {
  slot?: string | null;
  /**
   * The lease's number.
   */
  fencing?: number | null;
  code?: string | null;
  suspicion?: string | null;
  /**
   * In a row, by probe.
   */
  misses?: {
    [k: string]: number;
  } | null;
  sessions?: number | null;
  /**
   * In a row.
   */
  failures?: number | null;
  /**
   * ms since 1970
   */
  up_since_ms?: number | null;
  resident_bytes?: number | null;
  /**
   * Why it is to be recycled.
   */
  worn?: string | null;
  [k: string]: unknown;
}
/**
 * supervisor.changed: beside the transition.
 */
export interface SupervisorChangedPayload {
  slots?: PayloadSlot[] | null;
  waiting?: PayloadWaiting[] | null;
  [k: string]: unknown;
}
/**
 * approval.changed: beside the transition.
 */
export interface ApprovalChangedPayload {
  /**
   * SHA-256 of what would go out, hex.
   */
  action_hash?: string | null;
  preview?: ApprovalPreview | null;
  edited?: PayloadEdited | null;
  decided_by?: string | null;
  note?: string | null;
  [k: string]: unknown;
}
/**
 * account.changed: beside the transition.
 */
export interface AccountChangedPayload {
  cool_down?: PayloadCoolDown | null;
  settings?: AccountSettings | null;
  set_by?: string | null;
  [k: string]: unknown;
}
/**
 * alert.raised: beside the transition.
 */
export interface AlertRaisedPayload {
  /**
   * What was broken.
   */
  rule?: string | null;
  /**
   * Addresses of the actors it is about.
   */
  about?: string[] | null;
  /**
   * Of the row that shows it.
   */
  at_cursor?: string | null;
  /**
   * What was seen there.
   */
  found?: string | null;
  /**
   * The program that looked.
   */
  source?: string | null;
  /**
   * The client whose token it was.
   */
  raised_by?: string | null;
  [k: string]: unknown;
}
/**
 * alert.acknowledged: beside the transition.
 */
export interface AlertAcknowledgedPayload {
  /**
   * What was broken.
   */
  rule?: string | null;
  /**
   * Addresses of the actors it is about.
   */
  about?: string[] | null;
  /**
   * Of the row that shows it.
   */
  at_cursor?: string | null;
  /**
   * What was seen there.
   */
  found?: string | null;
  /**
   * The program that looked.
   */
  source?: string | null;
  /**
   * The client whose token it was.
   */
  acknowledged_by?: string | null;
  /**
   * Theirs.
   */
  note?: string | null;
  [k: string]: unknown;
}
/**
 * alert.expired: beside the transition.
 */
export interface AlertExpiredPayload {
  /**
   * What was broken.
   */
  rule?: string | null;
  /**
   * Addresses of the actors it is about.
   */
  about?: string[] | null;
  /**
   * Of the row that shows it.
   */
  at_cursor?: string | null;
  /**
   * What was seen there.
   */
  found?: string | null;
  /**
   * The program that looked.
   */
  source?: string | null;
  [k: string]: unknown;
}
/**
 * recipe.recv: beside the transition.
 */
export interface RecipeRecvPayload {
  /**
   * The sender's.
   */
  id?: string | null;
  recipe_id?: string | null;
  source?: string | null;
  transport?: 'datagram' | 'stream' | 'line' | 'json' | null;
  /**
   * Of this part, µs.
   */
  us?: number | null;
  /**
   * ms since 1970
   */
  received_at?: number | null;
  /**
   * Requests before it that the log could not take.
   */
  untraced?: number | null;
  [k: string]: unknown;
}
/**
 * recipe.decode: beside the transition.
 */
export interface RecipeDecodePayload {
  /**
   * The sender's.
   */
  id?: string | null;
  recipe_id?: string | null;
  source?: string | null;
  transport?: 'datagram' | 'stream' | 'line' | 'json' | null;
  /**
   * Of this part, µs.
   */
  us?: number | null;
  /**
   * Types, in order.
   */
  commands?: string[] | null;
  [k: string]: unknown;
}
/**
 * recipe.dispatch: beside the transition.
 */
export interface RecipeDispatchPayload {
  /**
   * The sender's.
   */
  id?: string | null;
  recipe_id?: string | null;
  source?: string | null;
  transport?: 'datagram' | 'stream' | 'line' | 'json' | null;
  /**
   * Of this part, µs.
   */
  us?: number | null;
  [k: string]: unknown;
}
/**
 * recipe.exec: beside the transition.
 */
export interface RecipeExecPayload {
  /**
   * The sender's.
   */
  id?: string | null;
  recipe_id?: string | null;
  source?: string | null;
  transport?: 'datagram' | 'stream' | 'line' | 'json' | null;
  /**
   * Of this part, µs.
   */
  us?: number | null;
  /**
   * Of each part, µs.
   */
  timing_us?: {
    recv: number;
    decode: number;
    dispatch: number;
    exec: number;
    total: number;
  } | null;
  /**
   * Types, in order.
   */
  commands?: string[] | null;
  [k: string]: unknown;
}
/**
 * recipe.error: beside the transition.
 */
export interface RecipeErrorPayload {
  /**
   * The sender's.
   */
  id?: string | null;
  recipe_id?: string | null;
  source?: string | null;
  transport?: 'datagram' | 'stream' | 'line' | 'json' | null;
  /**
   * Of this part, µs.
   */
  us?: number | null;
  /**
   * Of each part, µs.
   */
  timing_us?: {
    recv: number;
    decode: number;
    dispatch: number;
    exec: number;
    total: number;
  } | null;
  error?: PayloadFailure | null;
  [k: string]: unknown;
}
/**
 * sora.video.ready: beside the transition.
 */
export interface SoraVideoReadyPayload {
  /**
   * Its `attempt` in the flow.
   */
  action?: string | null;
  /**
   * What was read, by the names of the flow's `extract` and `download`; records are objects in a list.
   */
  extracted?: {
    [k: string]: string | number | boolean | null | unknown[];
  } | null;
  proofs?: Proof[] | null;
  [k: string]: unknown;
}
/**
 * sora.video.downloaded: beside the transition.
 */
export interface SoraVideoDownloadedPayload {
  /**
   * Its `attempt` in the flow.
   */
  action?: string | null;
  /**
   * What was read, by the names of the flow's `extract` and `download`; records are objects in a list.
   */
  extracted?: {
    [k: string]: string | number | boolean | null | unknown[];
  } | null;
  proofs?: Proof[] | null;
  [k: string]: unknown;
}
/**
 * event.rejected: beside the transition.
 */
export interface EventRejectedPayload {
  /**
   * What the state would have accepted.
   */
  legal?: string[];
  sender?: string | null;
  [k: string]: unknown;
}
/**
 * actor.failed: beside the transition.
 */
export interface ActorFailedPayload {
  error?: PayloadFailure | null;
  [k: string]: unknown;
}
/**
 * actor.upgraded: beside the transition.
 */
export interface ActorUpgradedPayload {
  how?: 'went_on' | 'migrated';
  version?: {
    from: string;
    to: string;
  };
  warnings?: string[];
  [k: string]: unknown;
}
/**
 * audit.recorded: beside the transition.
 */
export interface AuditRecordedPayload {
  /**
   * Of the audit log: its place, and its hash by which a reader can hold the log to it.
   */
  record?: {
    seq: number;
    hash: AuditHash;
    action: string;
    outcome: string;
  };
  [k: string]: unknown;
}
/**
 * application/problem+json, RFC 9457.
 */
export interface Problem {
  /**
   * urn:troupe:error:CODE
   */
  type: string;
  title: string;
  status: number;
  /**
   * From the error catalogue; match this, never the text.
   */
  code: string;
  /**
   * What happened, the value, the cure.
   */
  detail: string;
  request_id: string;
  retryable?: boolean;
  /**
   * Seconds.
   */
  retry_after?: number;
  details?: {
    [k: string]: unknown;
  };
  /**
   * Every place of a body that does not fit.
   */
  errors?: {
    /**
     * JSON Pointer.
     */
    path: string;
    message: string;
  }[];
}
/**
 * A batch, or one command inlined. Commands run in order; the first that fails stops the batch, and nothing is rolled back.
 */
export interface RecipeRequest {
  /**
   * Another version: unsupported_version.
   */
  v: 1;
  /**
   * The same id again, within 10 min and 10,000 requests, answers the same reply and runs nothing. Without one nothing is remembered.
   */
  id?: string;
  /**
   * batch, or the type of one command.
   */
  type: string;
  /**
   * Of a batch.
   *
   * @minItems 1
   * @maxItems 100
   */
  commands?: RecipeCommand[];
  meta?: RecipeMeta;
  /**
   * false: no reply is sent.
   */
  ack?: boolean;
  /**
   * Of the whole request, ms from when it was received. Late: timeout.
   */
  timeout_ms?: number;
  [k: string]: unknown;
}
/**
 * Brings an application to the front, starting it when it does not run.
 */
export interface OpenApp {
  type: 'open_app';
  app: string;
  /**
   * In front already: it is hidden.
   */
  toggle?: boolean;
}
export interface OpenWithApp {
  type: 'open_with_app';
  app: string;
  /**
   * A file or an http(s) URL.
   */
  target: string;
}
export interface Paste {
  type: 'paste';
  text: string;
}
/**
 * Paste, then Return.
 */
export interface Enter {
  type: 'enter';
  text: string;
}
export interface Keystroke {
  type: 'keystroke';
  /**
   * One character, or a name: Return, Escape, Tab, Space, Backspace, Delete, Left, Right, Up, Down, Home, End, PageUp, PageDown, F1 to F24.
   */
  key: string;
  /**
   * cmd is Super on Linux.
   *
   * @maxItems 4
   */
  mods?: ('cmd' | 'ctrl' | 'alt' | 'shift')[];
}
export interface RunMacro {
  type: 'run_macro';
  name: string;
}
/**
 * Hands a flow to the command actor; its result is the command_id, once that is durable.
 */
export interface RunFlow {
  type: 'flow';
  name: Name;
  params?: {
    [k: string]: unknown;
  };
  platform?: Name;
  account_id?: Name;
}
export interface RecipeMeta {
  /**
   * Who sends: a program's name.
   */
  source?: string;
  recipe_id?: string;
  trace_id?: string;
}
/**
 * DATA/macros/NAME.json: commands in order. A macro may run another, eight deep.
 */
export interface Macro {
  description?: string;
  /**
   * @minItems 1
   * @maxItems 100
   */
  steps: RecipeCommand[];
}
export interface RecipeReply {
  v: 1;
  /**
   * Null when the request could not be read so far.
   */
  id: string | null;
  ok: boolean;
  /**
   * µs spent in each part.
   */
  timing_us: {
    recv: number;
    decode: number;
    /**
     * Waiting for those before it.
     */
    dispatch: number;
    exec: number;
    total: number;
  };
  /**
   * Of the commands that ran, in order; the last may be the one that failed.
   */
  results?: RecipeResult[];
  error?: {
    code:
      | 'malformed'
      | 'unsupported_version'
      | 'unknown_command'
      | 'invalid_argument'
      | 'too_large'
      | 'timeout'
      | 'app_not_found'
      | 'not_permitted'
      | 'busy'
      | 'internal';
    message: string;
    /**
     * Of the command it is about.
     */
    index?: number;
  };
}
export interface RecipeResult {
  type: string;
  ok: boolean;
  /**
   * µs
   */
  us: number;
  command_id?: Uuid;
  /**
   * Of open_app: shown, started or hidden.
   */
  state?: string;
}
/**
 * GET /v1/actions: what became of an action of a command. One row an action, however often it was begun again.
 */
export interface ActionView {
  command_id: Uuid;
  /**
   * `attempt` of the flow's action.
   */
  name: string;
  effect: 'read' | 'write';
  flow: string | null;
  correlation_id: string | null;
  session_id: string | null;
  account_id: string | null;
  platform: string | null;
  attempts: number;
  outcome: ActionOutcome;
  /**
   * The page showed it done before anything was attempted.
   */
  already_done: boolean;
  verify_as: string | null;
  dedupe_key: string | null;
  /**
   * Why it is not VERIFIED.
   */
  why: string | null;
  /**
   * From the error catalogue.
   */
  error_code: string | null;
  proofs: Proof[];
  /**
   * Ids of what was kept of the page that it was judged by.
   */
  artifacts: string[];
  extracted: {
    [k: string]: unknown;
  } | null;
  created_at: Instant;
  updated_at: Instant;
  links: {
    command: string;
  };
}
/**
 * GET /v1/audit: who asked for what, and what came of it. `hash` is the SHA-256 of the record's canonical JSON (RFC 8785) without `hash`.
 */
export interface AuditRecord {
  /**
   * One more than the record before.
   */
  seq: number;
  at: Instant;
  /**
   * noun.verb, such as command.accepted.
   */
  action: string;
  /**
   * A state of the contract, done, or refused.
   */
  outcome: string;
  /**
   * Who asked; null: the program itself.
   */
  service: string | null;
  token_id: string | null;
  /**
   * An actor's address, or kind/id of what is none.
   */
  subject: string;
  correlation_id: string | null;
  command_id: string | null;
  session_id: string | null;
  account_id: string | null;
  platform: string | null;
  /**
   * Bodies are there by their hash.
   */
  detail: {
    [k: string]: unknown;
  };
  prev_hash: AuditHash;
  hash: AuditHash;
}
export interface AuditMark {
  seq: number;
  hash: AuditHash;
}
export interface AuditFault {
  /**
   * Of the first record that is not as it was written.
   */
  seq: number;
  /**
   * changed: its content is not what was hashed. missing: it is not there, and later ones are. inserted: it does not follow from the one before. cut: it and all after it are gone. removed: retention did not remove what is missing before it. anchor: it is another than the one asked for.
   */
  problem: 'changed' | 'missing' | 'inserted' | 'cut' | 'removed' | 'anchor';
  detail: string;
}
/**
 * GET /v1/audit/verify.
 */
export interface AuditVerification {
  ok: boolean;
  /**
   * Records that were found as they were written.
   */
  checked: number;
  fault: AuditFault | null;
  checkpoint: AuditMark;
  head: AuditMark;
}
/**
 * Each number that was extracted as post_NAME, by its NAME: likes, comments, views.
 */
export interface Figures {
  [k: string]: number;
}
/**
 * GET /v1/posts: a post as a flow saw it last.
 */
export interface PostView {
  /**
   * The same for the same address, platform and account.
   */
  post_id: string;
  platform: string;
  /**
   * By whose browser it was seen; null: by none's.
   */
  account_id: string | null;
  url: string;
  /**
   * That saw it last.
   */
  command_id: string;
  first_seen_at: Instant;
  last_seen_at: Instant;
  author: string | null;
  text: string | null;
  stats: Figures;
  links: {
    stats: string;
    command: string;
  };
}
/**
 * GET /v1/posts/{id}/stats: what one look at a post read.
 */
export interface PostStats {
  post_id: string;
  command_id: string;
  stats: Figures;
  seen_at: Instant;
}
/**
 * GET /v1/dm_threads: a thread of messages as a flow saw it last.
 */
export interface DmThreadView {
  /**
   * The same for the same address, platform and account.
   */
  thread_id: string;
  platform: string;
  /**
   * By whose browser it was seen; null: by none's.
   */
  account_id: string | null;
  url: string;
  /**
   * That saw it last.
   */
  command_id: string;
  first_seen_at: Instant;
  last_seen_at: Instant;
  with: string | null;
  last_message: string | null;
  unread: number | null;
  links: {
    command: string;
  };
}
/**
 * GET /v1/sora/drafts: a video of the generator as a flow saw it last.
 */
export interface SoraDraftView {
  /**
   * The same for the same address, platform and account.
   */
  draft_id: string;
  platform: string;
  /**
   * By whose browser it was seen; null: by none's.
   */
  account_id: string | null;
  /**
   * For sora.poll and sora.download.
   */
  url: string;
  prompt: string | null;
  /**
   * In the site's words.
   */
  state: string | null;
  /**
   * That saw it last.
   */
  command_id: string;
  first_seen_at: Instant;
  last_seen_at: Instant;
  links: {
    command: string;
  };
}
/**
 * GET /v1/sora/usage: what one look read about the cost of videos; the newest is how it stands.
 */
export interface SoraUsageView {
  platform: string;
  account_id: string | null;
  credits_used: number | null;
  credits_left: number | null;
  videos: number | null;
  figures: Figures;
  command_id: string;
  seen_at: Instant;
  links: {
    command: string;
  };
}
/**
 * One of `extracted.posts`.
 */
export interface ScrapedPost {
  /**
   * Its own address, absolute.
   */
  url: string;
  /**
   * The site's name for it.
   */
  post_id?: string | null;
  author?: string | null;
  text?: string | null;
  likes?: number | null;
  comments?: number | null;
  views?: number | null;
  /**
   * When, as the page says it: '2 h'.
   */
  posted?: string | null;
  [k: string]: unknown;
}
/**
 * One of `extracted.dm_threads`.
 */
export interface ScrapedThread {
  /**
   * Its own address, absolute.
   */
  url: string;
  /**
   * The site's name for it.
   */
  thread_id?: string | null;
  /**
   * Who the other is, as the page says it.
   */
  with?: string | null;
  last_message?: string | null;
  /**
   * null where the page shows no number.
   */
  unread?: number | null;
  /**
   * When it was last written to, as the page says it.
   */
  updated?: string | null;
  [k: string]: unknown;
}
/**
 * One of `extracted.drafts`: a video of the generator.
 */
export interface ScrapedDraft {
  /**
   * Its own address, absolute.
   */
  url: string;
  prompt?: string | null;
  /**
   * In the site's words: Rendering, Ready.
   */
  state?: string | null;
  [k: string]: unknown;
}
/**
 * The one of `extracted.sora_usage`: what videos have cost. Whatever number stands beside these is kept too.
 */
export interface ScrapedUsage {
  credits_used?: number | null;
  credits_left?: number | null;
  /**
   * How many were made.
   */
  videos?: number | null;
  [k: string]: unknown;
}
/**
 * machines/selectors/<platform>.json: ranked alternatives a name.
 */
export interface SelectorRegistry {
  platform: Name;
  /**
   * null: never seen by us against the real site.
   */
  last_seen_working: string | null;
  /**
   * The page on which @account.logged_in says whether somebody is logged in.
   */
  home?: string;
  /**
   * Beginnings of paths under which people are written to, in small letters: /direct. What acts there is a message, whatever its flow says.
   *
   * @maxItems 50
   */
  message_pages?: string[];
  note?: string;
  selectors: {
    [k: string]: {
      candidates: Selectors;
      description?: string;
      /**
       * It names a list: any number of elements is right, and none is ever chosen by likeness.
       */
      many?: boolean;
      frame?: Frame;
      fingerprint?: Fingerprint;
    };
  };
  /**
   * What a sweep visits. A name is looked for on the first page that lists it.
   *
   * @maxItems 100
   */
  pages?: {
    page: Name;
    /**
     * Absent: whoever asks for a sweep says where it is.
     */
    url?: string;
    /**
     * @minItems 1
     */
    names: string[];
    /**
     * How long it may take to show all its names, ms.
     */
    timeoutMs?: number;
  }[];
}
/**
 * The nearest element when no candidate found any. In quarantine until a person or three clean sweeps accept it.
 */
export interface SelectorHealed {
  /**
   * By which it can be found again.
   */
  selector: string;
  likeness: number;
  /**
   * Of the next nearest.
   */
  second: number;
  /**
   * Name or id are the same as before. Without it sweeps alone never accept it.
   */
  sure: boolean;
  clean_sweeps: number;
  since: Instant;
  fingerprint: Fingerprint;
}
/**
 * A candidate that was healed and accepted.
 */
export interface SelectorPromoted {
  selector: string;
  version: number;
  since: Instant;
  by: 'person' | 'sweeps';
  decided_by: string | null;
  note: string | null;
}
/**
 * GET /v1/selector_registry: one name of one platform.
 */
export interface SelectorView {
  platform: string;
  name: string;
  state: SelectorState;
  why: string | null;
  /**
   * One more with each candidate that was accepted or taken back.
   */
  version: number;
  candidates: Selectors;
  promoted: SelectorPromoted[];
  rejected: string[];
  /**
   * The candidate that found it when it was last found.
   */
  selector: string | null;
  healed: SelectorHealed | null;
  fingerprint: Fingerprint | null;
  tried: SelectorTried[];
  counts: SelectorCounts;
  /**
   * When it was looked at for the first time, by which the list goes; null: nobody has yet.
   */
  created_at: string | null;
  swept_at: string | null;
  last_seen_at: string | null;
  /**
   * Commands that wait for the decision.
   */
  waiting: string[];
  description?: string;
}
/**
 * Sweeps that found it so.
 */
export interface SelectorCounts {
  ok: number;
  ambiguous: number;
  healed: number;
  missing: number;
}
/**
 * One sweep's look at one name.
 */
export interface SelectorSweepRow {
  command_id: string;
  swept_at: Instant;
  state: SelectorState;
  selector: string | null;
  likeness: number | null;
  tried: SelectorTried[];
}
/**
 * GET /v1/selector_registry/{platform}/{name}
 */
export interface SelectorDetail {
  selector: SelectorView;
  /**
   * Newest first.
   */
  history: SelectorSweepRow[];
}
/**
 * POST /v1/selector_registry/{platform}/{name}, scope selectors:decide.
 */
export interface SelectorDecision {
  decision: 'accept' | 'reject';
  /**
   * What is decided about: accept only what is in quarantine now, reject also takes back a promoted one. Default: the one in quarantine.
   */
  selector?: string;
  note?: string;
}
/**
 * GET /health
 */
export interface Health {
  status: 'up';
  version: string;
  /**
   * Present when nothing is really driven.
   */
  driver?: 'stub';
}
/**
 * GET /ready
 */
export interface Readiness {
  status: 'ready' | 'not_ready' | 'draining';
  version: string;
  /**
   * Present when nothing is really driven.
   */
  driver?: 'stub';
  checks: {
    name: string;
    state: 'up' | 'down';
    why: string | null;
  }[];
  /**
   * What the start found and took up again.
   */
  recovered: {
    actors: number;
    timers: number;
    effects: number;
    tells: number;
  };
}
/**
 * POST /v1/sessions/{id}/input
 */
export interface InputDone {
  /**
   * The type of the input.
   */
  done: string;
}
/**
 * GET /v1/tokens/self
 */
export interface OwnToken {
  token_id: Uuid;
  /**
   * What requester.service of a command has to say.
   */
  service: string;
  scopes: string[];
  accounts: string[] | null;
  expires_at: string | null;
}
/**
 * POST /v1/sessions. With account_id, an open session of that account and platform is answered instead of a second one.
 */
export interface SessionCreate {
  session_id?: Uuid;
  account_id?: Name;
  platform: Name;
  browser?: 'safari';
  device?: 'desktop' | 'simulator' | 'device';
  /**
   * READY this long without a command: PARKED, its browser is given back. ms
   */
  idle_limit_ms?: number;
  /**
   * PARKED this long without a command: closed, reason idle. ms
   */
  park_limit_ms?: number;
}
export interface SessionView {
  session_id: Uuid;
  account_id: string | null;
  platform: string;
  browser: string;
  device: string;
  state: SessionState;
  why: string | null;
  driver: null | {
    slot: string;
    fencing: number;
  };
  current_command_id: string | null;
  /**
   * Command ids, next first.
   */
  queue: string[];
  /**
   * What became of the stored login of its account; null: none is kept, or no browser was open yet.
   */
  profile?: null | {
    /**
     * proved, expired: what the account's logged-in predicate says. unproved: nothing says so.
     */
    state: 'none' | 'proved' | 'unproved' | 'expired' | 'unreadable';
    why: string;
  };
  /**
   * What it waits for a person for.
   */
  needs?: null | {
    code: string;
    message: string;
    /**
     * The page's picture.
     */
    artifact_id: string | null;
  };
  /**
   * The client whose person has taken it over.
   */
  driven_by?: string | null;
  created_at: Instant;
  ready_at: string | null;
  closed_at: string | null;
  deadline_at: string | null;
  last_cursor: Cursor;
}
/**
 * Client to WS /v1/inspect, scope actor:KIND: tells an actor an event, as @xstate/inspect did. What is refused is answered with {type: 'error', code, message}.
 */
export interface InspectFrame {
  type: 'xstate.event';
  sessionId: Address;
  /**
   * {type, …}; the same as JSON text; its type alone; or the envelope of XState 4, {name, data, $$type: 'scxml'}.
   */
  event:
    | {
        [k: string]: unknown;
      }
    | string;
  [k: string]: unknown;
}
/**
 * Of an actor that is met the first time, as @statelyai/inspect tells of it.
 */
export interface InspectActorFrame {
  type: '@xstate.actor';
  /**
   * The parent's, or its own.
   */
  rootId: string;
  sessionId: Address;
  createdAt: InspectTime;
  id: string;
  _version: string;
  cursor: Cursor;
  name: string;
  /**
   * JSON text of the machine's config; absent: it is not known here.
   */
  definition?: string;
  parentId?: string;
  snapshot: InspectSnapshot;
}
export interface InspectSnapshot {
  status: 'active' | 'done' | 'error';
  /**
   * XState's value of the state.
   */
  value:
    | string
    | {
        [k: string]: unknown;
      };
  /**
   * What its last event told: the log keeps no contexts.
   */
  context: {
    [k: string]: unknown;
  };
}
/**
 * What an actor was told; one that was refused led nowhere.
 */
export interface InspectEventFrame {
  type: '@xstate.event';
  rootId: string;
  sessionId: Address;
  createdAt: InspectTime;
  /**
   * `event_id` of the row of the log.
   */
  id: string;
  _version: string;
  cursor: Cursor;
  event: InspectedEvent;
}
export interface InspectedEvent {
  type: string;
  [k: string]: unknown;
}
/**
 * Where that led.
 */
export interface InspectSnapshotFrame {
  type: '@xstate.snapshot';
  rootId: string;
  sessionId: Address;
  createdAt: InspectTime;
  id: string;
  _version: string;
  cursor: Cursor;
  event: InspectedEvent;
  snapshot: InspectSnapshot;
}
/**
 * All that are given must match. Query-string filters apply as well.
 */
export interface StreamFilters {
  /**
   * @maxItems 4
   */
  severity?: Severity[];
  /**
   * @maxItems 100
   */
  event_types?: string[];
  session_id?: string;
  account_id?: string;
  platform?: string;
  command_id?: string;
  correlation_id?: string;
  /**
   * @maxItems 100
   */
  actor_kinds?: string[];
}
export interface SubscribeFrame {
  type: 'subscribe';
  cursor?: Cursor;
  consumer?: Name;
  filters?: StreamFilters;
}
export interface UnsubscribeFrame {
  type: 'unsubscribe';
}
export interface AckFrame {
  type: 'ack';
  cursor: Cursor;
}
export interface PingFrame {
  type: 'ping';
}
export interface PongFrame {
  type: 'pong';
}
export interface SubscribedFrame {
  type: 'subscribed';
  cursor: Cursor;
}
export interface EventFrame {
  type: 'event';
  event: EventEnvelope;
}
export interface CaughtUpFrame {
  type: 'caught_up';
  cursor: Cursor;
}
export interface GapFrame {
  type: 'gap';
  from: Cursor;
  to: Cursor;
  reason: 'retention' | 'unknown_cursor';
}
export interface UnsubscribedFrame {
  type: 'unsubscribed';
}
export interface AckedFrame {
  type: 'acked';
  cursor: Cursor;
}
export interface ErrorFrame {
  type: 'error';
  code: string;
  message: string;
}
/**
 * POST /v1/tokens, scope admin.
 */
export interface TokenCreate {
  service: Name;
  /**
   * admin, script, flows:write, accounts:write, flow.run:NAME, read:THING, approve:FLOW, session:VERB, actor:KIND, selectors:sweep, selectors:decide, alerts:raise, alerts:decide; * for any.
   *
   * @minItems 1
   * @maxItems 100
   */
  scopes: string[];
  /**
   * It reads and acts on these accounts alone, on whatever platform, and on nothing that belongs to none. Without it: on all. Not with admin, flows:write, selectors:decide, actor:supervisor, actor:driver, alerts:raise, alerts:decide.
   *
   * @minItems 1
   * @maxItems 100
   */
  accounts?: Name[];
  expires_at?: Instant;
}
/**
 * POST /v1/tokens/{id}/rotate, scope admin: another secret for the same client, under an id of its own.
 */
export interface TokenRotate {
  /**
   * The former secret holds so long beside the new one; 0 ends it at once.
   */
  grace_ms?: number;
}
/**
 * POST /v1/sign-in, without a token: a one-time code for a token that ends after 12 hours.
 */
export interface SignIn {
  code: string;
}
/**
 * POST /v1/sign-in/links: a link into the inspector for the scopes of the token that asks.
 */
export interface SignInLink {
  /**
   * Good once.
   */
  code: string;
  /**
   * Below the control plane's address.
   */
  path: string;
  expires_at: Instant;
}
export interface TokenView {
  token_id: Uuid;
  service: string;
  scopes: string[];
  /**
   * It is bound to these; null: to none.
   */
  accounts: string[] | null;
  created_at: Instant;
  expires_at: string | null;
  revoked_at: string | null;
  /**
   * The secret; only in the answer that made it.
   */
  token?: string;
}
/**
 * What one actor was made with, everything that came to it, and what came of that. Replayed in virtual time by `replay` of troupe/testing: no promise runs, no timer waits.
 */
export interface Trace {
  format: 'troupe.trace/1';
  /**
   * Where it is from, for people.
   */
  about?: string;
  /**
   * Of the actor: command, order, order_payment.
   */
  kind: string;
  /**
   * That it was recorded with. Replayed with another, it says what is different now.
   */
  machine: {
    /**
     * See MachineSummary.
     */
    version: string;
    label: string | null;
  };
  start: TraceStart;
  steps: TraceStep[];
  /**
   * Nothing more came: the actor is in a final state, or failed.
   */
  ended: boolean;
  /**
   * What a recorded life does not have any more, or never kept, each as a sentence. None: it is whole.
   */
  gaps?: string[];
}
/**
 * Its first step, from `input`; or, where that is not known, the state in which the trace takes it up, as `snapshot`. One of both.
 */
export interface TraceStart {
  /**
   * Of the actor; names of its effects are made of it.
   */
  id: string;
  /**
   * Virtual time of it, ms since 1970; the steps count on from there.
   */
  at: number;
  input?: {
    [k: string]: unknown;
  };
  /**
   * Of a child machine: whom it reports to, and under which name.
   */
  parent?: {
    address: string;
    child: string;
  };
  /**
   * Persisted XState snapshot with children, timers and parent.
   */
  snapshot?: {
    [k: string]: unknown;
  };
  /**
   * With `snapshot`: steps taken until then.
   */
  step?: number;
  expect?: TraceExpectation;
}
/**
 * What came of a step. What is left out is not compared.
 */
export interface TraceExpectation {
  /**
   * State path; regions joined by a comma.
   */
  state: string;
  status?: 'active' | 'done' | 'error';
  /**
   * The state does not take the event; over REST 409.
   */
  rejected?: true;
  /**
   * The end of an effect, or a timer, that was over already.
   */
  stale?: true;
  /**
   * States it only passed through, in order.
   */
  through?: string[];
  /**
   * Members of its context that this step changed, as they are after it; of the first step all of them.
   */
  context?: {
    [k: string]: unknown;
  };
  /**
   * Members of its context that this step removed.
   */
  gone?: string[];
  /**
   * Types of its events on the stream, one a row of the log, in order.
   */
  events?: string[];
  /**
   * Those it starts, in order.
   */
  effects?: {
    /**
     * Id of the invoke.
     */
    child: string;
    src: string;
    /**
     * Left out, it is not compared.
     */
    input?: {
      [k: string]: unknown;
    };
  }[];
  /**
   * Ids of invokes that are over by it, sorted.
   */
  stops?: string[];
  /**
   * All that run after it: id → ms until it is due.
   */
  timers?: {
    [k: string]: number;
  };
  /**
   * What it tells other actors, in order.
   */
  tells?: {
    to: string;
    event: {
      type: string;
      [k: string]: unknown;
    };
  }[];
  /**
   * Tables it writes a row to in its transaction, one a row, in order.
   */
  records?: string[];
  /**
   * Of its end.
   */
  output?: {
    [k: string]: unknown;
  };
  /**
   * Code of the failure it ended with.
   */
  error?: string;
}
export interface TraceStep {
  /**
   * client: from outside. actor: told by another. host: its own word, `host.resumed`, `tell.refused`. effect, child: its end; which one says the event's type, `xstate.done.actor.ID`. timer: it is due. self: what the actor sent itself.
   */
  by: 'client' | 'actor' | 'host' | 'effect' | 'child' | 'timer' | 'self';
  /**
   * Address of who told it.
   */
  from?: string;
  /**
   * By a timer: its id. Of an `after` that is the event's type.
   */
  timer?: string;
  /**
   * Virtual time since the step before, ms. Less than 0: the clock of the recording was put back.
   */
  after_ms: number;
  event: {
    type: string;
    [k: string]: unknown;
  };
  /**
   * The snapshot after it, where not all of the event is known. The event is not replayed then: that the machine has a transition on it from here to there is all that is judged, and the replay goes on from this snapshot.
   */
  becomes?: {
    [k: string]: unknown;
  };
  expect: TraceExpectation;
}
