/**
 * Troupe for programs, in Node and in browsers. Methods throw `TroupeError` with the catalogue's code; those that may be
 * sent twice are tried again by themselves, and every one takes a `signal` as its deadline.
 */
import type {
  ApprovalState,
  ApprovalView,
  CommandAccepted,
  CommandEnvelope,
  CommandState,
  CommandView,
  EventEnvelope,
  Flow,
  FlowSummary,
  GapFrame,
  SessionState,
  SessionView
} from '../schemas/generated/contracts.ts';
import { TroupeError } from './errors.ts';
import { json, type Method, type RequestOptions, sender } from './http.ts';
import { type List, list, type Page, queryString } from './list.ts';
import { listen, type StreamOptions } from './stream.ts';
import type { TlsOptions } from './tls.ts';

export interface ClientOptions {
  /** The control plane, like http://127.0.0.1:7070 */
  url: string;
  /** The telemetry plane, like ws://127.0.0.1:7071. Default: the port after that of `url`. */
  telemetryUrl?: string;
  token: string;
  /** The requester of its commands. Default: the service of the token, asked for once. */
  service?: string;
  /** Which of several instances of that service this is. */
  instanceId?: string;
  /** Further tries of a request that may be sent again. Default 4. */
  retries?: number;
  /** In Node, for https and wss: an authority the system does not know, a certificate for a server that asks for one. */
  tls?: TlsOptions;
}

export interface CallOptions {
  signal?: AbortSignal;
}

interface Said {
  note?: string;
  edited?: Record<string, unknown>;
}

export interface RunOptions extends CallOptions, Partial<Omit<CommandEnvelope, 'version' | 'type' | 'payload'>> {
  platform: string;
  account_id?: string;
  session_id?: string;
}

export interface ListOptions<State extends string> {
  state?: State;
  account_id?: string;
  platform?: string;
  /** Created at or after, RFC 3339. */
  since?: string;
  /** Items of a page, at most 500. */
  limit?: number;
}

export interface CommandListOptions extends ListOptions<CommandState> {
  type?: string;
  session_id?: string;
  correlation_id?: string;
}

export interface ApprovalListOptions extends ListOptions<ApprovalState> {
  command_id?: string;
  session_id?: string;
  correlation_id?: string;
}

export interface EventOptions extends StreamOptions {
  /** Called with what the log no longer holds, and the stream goes on behind it. Without it, EVENTS_GONE is thrown. */
  onGap?: (gap: GapFrame) => void;
  /** Called each time a replay has come to now. */
  onCaughtUp?: () => void;
}

export interface Artifact {
  bytes: Uint8Array;
  mediaType: string;
  /** Of the bytes, hex. */
  sha256: string;
}

export type Client = ReturnType<typeof createClient>;

/** The server answers `?wait=` after so long at most. Seconds. */
const WAIT = 30;

export function createClient(options: ClientOptions) {
  const { token, url, telemetryUrl = streamBeside(url), tls } = options;
  const send = sender(options);
  const instanceId = options.instanceId ?? `client-${crypto.randomUUID().slice(0, 8)}`;
  let service = options.service;

  /** Any request of the API, by its path: the JSON it is answered with, undefined for nothing. */
  const request = <T>(method: Method, path: string, more?: RequestOptions): Promise<T> =>
    json<T>(send(method, path, more));
  const get = <T>(path: string, { signal }: CallOptions = {}) => request<T>('GET', path, signal ? { signal } : {});
  const post = <T>(path: string, body: unknown, { signal }: CallOptions, repeatable = false) =>
    request<T>('POST', path, { repeatable, ...(body === undefined ? {} : { body }), ...(signal ? { signal } : {}) });
  const listOf = <T>(path: string, { signal, ...query }: object & CallOptions) =>
    list<T>((at) => get<Page<T>>(at, signal ? { signal } : {}), path, query);
  const decide = (decision: 'allow' | 'deny', id: string, { note, edited, signal }: CallOptions & Said) =>
    // The same answer again is as good as the first.
    post<ApprovalView>(
      at('approvals', id),
      { decision, ...(note === undefined ? {} : { note }), ...(edited === undefined ? {} : { edited }) },
      signal ? { signal } : {},
      true
    );
  const hold =
    (verb: 'pause' | 'resume' | 'takeover' | 'handback') =>
    (id: string, call: CallOptions = {}) =>
      post<SessionView>(`${at('sessions', id)}/${verb}`, undefined, call);

  /** A command as it is. It gets an idempotency key if it has none, so that sending it again is safe. */
  const sendCommand = (envelope: CommandEnvelope, call: CallOptions = {}) =>
    post<CommandAccepted>('/v1/commands', { idempotency_key: crypto.randomUUID(), ...envelope }, call, true);

  return {
    request,
    send: sendCommand,

    /** Sends a flow to be run; resolves once that is durable, not when it has ended: see `wait`. */
    async run(
      flow: string,
      params: Record<string, unknown>,
      { platform, account_id, session_id, signal, ...envelope }: RunOptions
    ): Promise<CommandAccepted> {
      const call = signal ? { signal } : {};
      service ??= envelope.requester?.service ?? (await get<{ service: string }>('/v1/tokens/self', call)).service;
      return sendCommand(
        {
          version: '1.0',
          requester: { service, instance_id: instanceId },
          target: {
            platform,
            ...(account_id === undefined ? {} : { account_id }),
            ...(session_id ? { session_id } : {})
          },
          type: 'flow.run',
          payload: { flow, params },
          ...envelope
        },
        call
      );
    },

    /** The command once it has ended, however it did: look at its `state`. */
    async wait(id: string, call: CallOptions = {}): Promise<CommandView> {
      for (;;) {
        const view = await get<CommandView>(`${at('commands', id)}?wait=${WAIT}`, call);
        if (view.completed_at !== null) return view;
      }
    },

    /** COMMAND_ENDED when there is nothing to cancel any more. */
    cancel: (id: string, { reason, signal }: CallOptions & { reason?: string } = {}) =>
      post<CommandView>(
        `${at('commands', id)}/cancel`,
        reason === undefined ? undefined : { reason },
        signal ? { signal } : {}
      ),

    /** `edited`: params with other values, such as a better text; that is what goes out then. */
    approve: (id: string, more: CallOptions & Said = {}) => decide('allow', id, more),
    deny: (id: string, more: CallOptions & Pick<Said, 'note'> = {}) => decide('deny', id, more),

    command: (id: string, call?: CallOptions) => get<CommandView>(at('commands', id), call),
    session: (id: string, call?: CallOptions) => get<SessionView>(at('sessions', id), call),
    approval: (id: string, call?: CallOptions) => get<ApprovalView>(at('approvals', id), call),
    flow: (name: string, call?: CallOptions) => get<Flow>(at('flows', name), call),

    /** Lists, newest first: `for await` reads all pages. */
    commands: (query: CommandListOptions & CallOptions = {}): List<CommandView> => listOf('/v1/commands', query),
    sessions: (query: ListOptions<SessionState> & CallOptions = {}): List<SessionView> => listOf('/v1/sessions', query),
    approvals: (query: ApprovalListOptions & CallOptions = {}): List<ApprovalView> => listOf('/v1/approvals', query),
    flows: (query: CallOptions & { platform?: string } = {}): List<FlowSummary> => listOf('/v1/flows', query),

    /** A person holds the session between commands, which wait. */
    pause: hold('pause'),
    resume: hold('resume'),
    takeover: hold('takeover'),
    handback: hold('handback'),

    async artifact(id: string, { signal }: CallOptions = {}): Promise<Artifact> {
      const response = await send('GET', at('artifacts', id), signal ? { signal } : {});
      return {
        bytes: new Uint8Array(await response.arrayBuffer()),
        mediaType: response.headers.get('content-type') ?? 'application/octet-stream',
        sha256: (response.headers.get('etag') ?? '').replace(/^W\/|"/g, '')
      };
    },

    /**
     * The log from `cursor` on, then live, each event once and in order however often the connection breaks; the speed of
     * the loop is the speed of the connection. `break` and the signal end it.
     * @throws TroupeError EVENTS_GONE when the log does not go back to the cursor (see `onGap`); UNREACHABLE when the
     *   connection does not come back; the server's own for a token or filters that it refuses
     */
    async *events({ onGap, onCaughtUp, ...stream }: EventOptions = {}): AsyncGenerator<EventEnvelope, void, void> {
      for await (const heard of listen({ telemetryUrl, token, ...(tls ? { tls } : {}) }, stream)) {
        if (heard.type === 'event') yield heard.event;
        else if (heard.type === 'caught_up') onCaughtUp?.();
        else if (onGap) onGap(heard);
        else {
          const { from, to, reason } = heard;
          throw new TroupeError('EVENTS_GONE', `events ${from} to ${to} are gone (${reason})`, {
            details: { from, to, reason }
          });
        }
      }
    },

    /** The cursor of the newest event. */
    head: async (call?: CallOptions): Promise<string> =>
      (await get<{ head: string }>(`/v1/events${queryString({ cursor: '0', limit: 1 })}`, call)).head
  };
}

const at = (collection: string, id: string) => `/v1/${collection}/${encodeURIComponent(id)}`;

/** As the default ports have it: the stream is one port further. */
function streamBeside(url: string): string {
  const { protocol, hostname, port } = new URL(url);
  const secure = protocol === 'https:';
  return `${secure ? 'wss' : 'ws'}://${hostname}:${Number(port || (secure ? 443 : 80)) + 1}`;
}
