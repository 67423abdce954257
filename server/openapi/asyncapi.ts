/** AsyncAPI 3 of the telemetry plane: every frame both ways, every type of event with what it carries, and the same as SSE. */

import type { KindOfMachine } from '../../actors/kernel/definition.ts';
import { type EventType, eventTypesOf } from '../../actors/kernel/event-types.ts';
import { reachable, readComponents, refTo } from './components.ts';
import { examples } from './examples.ts';
import { eventFilters, type Json, type Schema } from './operation.ts';
import { API_VERSION } from './version.ts';

const TO_SERVER: Record<string, string> = {
  subscribe: 'SubscribeFrame',
  unsubscribe: 'UnsubscribeFrame',
  ack: 'AckFrame',
  ping: 'PingFrame',
  pong: 'PongFrame'
};
const TO_CLIENT: Record<string, string> = {
  subscribed: 'SubscribedFrame',
  caught_up: 'CaughtUpFrame',
  gap: 'GapFrame',
  unsubscribed: 'UnsubscribedFrame',
  acked: 'AckedFrame',
  ping: 'PingFrame',
  pong: 'PongFrame',
  error: 'ErrorFrame'
};
/** Of Stately's inspector, by their names here. */
const INSPECT: Record<string, string> = {
  'inspect.client.event': 'InspectFrame',
  'inspect.actor': 'InspectActorFrame',
  'inspect.event': 'InspectEventFrame',
  'inspect.snapshot': 'InspectSnapshotFrame',
  'inspect.gap': 'GapFrame',
  'inspect.error': 'ErrorFrame'
};
const INSPECT_SAYS: Record<string, string> = {
  'inspect.client.event': 'Tells an actor an event; scope actor:KIND. What is refused is answered with an error.',
  'inspect.actor':
    'An actor that is met the first time: one that lives when the connection begins, or that moves later.',
  'inspect.event': 'What an actor was told.',
  'inspect.snapshot': 'Where that led.',
  'inspect.gap': 'With `cursor` in the address: what is not kept any more. What there is follows.',
  'inspect.error':
    'Of something that was told, and the connection stays; or it is closed after it: 4001 token, 4003 scope, 4009 frame too large or malformed.'
};
const SAYS: Record<string, string> = {
  subscribe: 'Within 10 s of the connection. Replay begins after `cursor`; without one only what comes from now on.',
  unsubscribe: 'No more events; the connection stays.',
  ack: 'Of a named consumer: up to here it is done. Reconnecting with the name and no cursor resumes there.',
  ping: 'Answered by a pong. The server also sends WebSocket pings every 25 s, and closes a peer silent for 60 s.',
  pong: 'Answers a ping.',
  subscribed: 'Sent first; `cursor` is the head of the log now.',
  caught_up: 'Replay has ended, live begins.',
  gap: 'The cursor is older than what is kept, or unknown: what is missing. What there is follows.',
  unsubscribed: 'Answers unsubscribe.',
  acked: 'The acknowledged cursor is durable.',
  error:
    'Then the connection is closed: 4001 token, 4003 scope, 4008 no subscribe in time, 4009 frame too large or malformed.'
};

/** @param kinds whose events are described; of a running server also those that were registered */
export function asyncapiDocument(kinds: readonly KindOfMachine[]): Record<string, Json> {
  const types = eventTypesOf(kinds);
  const all = readComponents();
  const messages: Record<string, Json> = {
    ...frames('client', TO_SERVER),
    ...frames('server', TO_CLIENT),
    ...Object.fromEntries(
      Object.entries(INSPECT).map(([name, schema]) => [
        name,
        {
          name: name.slice('inspect.'.length),
          title: name,
          summary: INSPECT_SAYS[name] as string,
          payload: refTo(schema)
        }
      ])
    ),
    ...Object.fromEntries(NAMED.map((name) => namedMessage(name, all[TO_CLIENT[name] as string] as Schema))),
    ...Object.fromEntries(types.flatMap(eventMessages))
  };
  const own: Record<string, Schema> = Object.fromEntries(types.map((one) => [payloadName(one), payloadOf(one, all)]));
  const names = Object.keys(messages);
  const ofStream = names.filter((name) => !/^(sse|inspect)\./.test(name));
  const ofInspect = names.filter((name) => name.startsWith('inspect.'));
  const toServer = ofStream.filter((name) => name.startsWith('client.'));
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Troupe telemetry plane',
      version: API_VERSION,
      description:
        'The log of every transition, replayed from a cursor and then live, without gap, repeat or overlap. The control plane is described in openapi.json.',
      license: { name: 'MIT' }
    },
    defaultContentType: 'application/json',
    servers: {
      telemetry: { host: '127.0.0.1:7071', protocol: 'ws', description: 'wss with TLS.', security: [security] },
      control: { host: '127.0.0.1:7070', protocol: 'http', description: 'https with TLS.', security: [security] }
    },
    channels: {
      stream: {
        address: '/v1/stream',
        servers: [{ $ref: '#/servers/telemetry' }],
        title: 'WebSocket',
        description:
          'One JSON object a message. The token is in `Authorization`, or for browsers in `Sec-WebSocket-Protocol` as `bearer.<token>`. Filters of the address and of the subscription both apply.',
        messages: refs(ofStream),
        bindings: { ws: { method: 'GET', query: filtersSchema, bindingVersion: '0.1.0' } }
      },
      events: {
        address: '/v1/stream',
        servers: [{ $ref: '#/servers/control' }],
        title: 'Server-Sent Events',
        description: 'With `Accept: text/event-stream`. `id` is the cursor; `Last-Event-ID` resumes.',
        messages: refs(names.filter((name) => name.startsWith('sse.'))),
        bindings: { http: { bindingVersion: '0.3.0' } }
      },
      inspect: {
        address: '/v1/inspect',
        servers: [{ $ref: '#/servers/telemetry' }],
        title: 'Inspector of Stately',
        description:
          'The log in the words of `@statelyai/inspect`. Nothing is asked for: at once the actors that live and then what happens, or with `cursor` everything after that. The token as of the stream, or `code` of POST /v1/sign-in/links.',
        messages: refs(ofInspect),
        bindings: { ws: { method: 'GET', query: inspectSchema, bindingVersion: '0.1.0' } }
      }
    },
    operations: {
      hearClient: {
        action: 'receive',
        channel: { $ref: '#/channels/stream' },
        summary: 'What a client may send',
        messages: toServer.map((name) => ({ $ref: `#/channels/stream/messages/${name}` }))
      },
      tellClient: {
        action: 'send',
        channel: { $ref: '#/channels/stream' },
        summary: 'What a client is sent',
        messages: ofStream
          .filter((name) => !toServer.includes(name))
          .map((name) => ({ $ref: `#/channels/stream/messages/${name}` }))
      },
      hearInspector: {
        action: 'receive',
        channel: { $ref: '#/channels/inspect' },
        summary: 'What an inspector may tell an actor',
        messages: [{ $ref: '#/channels/inspect/messages/inspect.client.event' }]
      },
      tellInspector: {
        action: 'send',
        channel: { $ref: '#/channels/inspect' },
        summary: 'What an inspector is sent',
        messages: ofInspect
          .filter((name) => !name.includes('.client.'))
          .map((name) => ({ $ref: `#/channels/inspect/messages/${name}` }))
      },
      sendEvents: {
        action: 'send',
        channel: { $ref: '#/channels/events' },
        summary: 'Events as Server-Sent Events'
      }
    },
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'Scope read:events.' } },
      messages,
      schemas: { ...own, ...reachable(all, [messages, own, refTo('EventEnvelope')] as Json, own) }
    }
  };
}

const security: Json = { $ref: '#/components/securitySchemes/token' };
const refs = (names: string[]): Json =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/messages/${name}` }]));

const filters: Record<string, Json> = Object.fromEntries(
  Object.entries(eventFilters).map(([name, { schema, description = '' }]) => [name, { ...schema, description }])
);
const filtersSchema: Json = { type: 'object', properties: filters };
const inspectSchema: Json = {
  type: 'object',
  properties: {
    ...filters,
    cursor: { ...refTo('Cursor'), description: 'Everything after it; without one the actors that live.' },
    code: { type: 'string', description: 'Good once, instead of a token.' }
  }
};

const frames = (from: string, all: Record<string, string>): Record<string, Json> =>
  Object.fromEntries(
    Object.entries(all).map(([type, schema]) => [
      `${from}.${type}`,
      { name: type, title: type, summary: SAYS[type] as string, payload: refTo(schema) }
    ])
  );

/** What the stream of Server-Sent Events says beside the rows, as events of these names. */
const NAMED = ['subscribed', 'caught_up', 'gap', 'error'];

/** As a frame, without its type: that is the event's name. */
function namedMessage(name: string, frame: Schema): [string, Json] {
  const { type: _, ...properties } = frame.properties as Record<string, Json>;
  const required = (frame.required as string[]).filter((field) => field !== 'type');
  const payload: Json = { type: 'object', additionalProperties: false, required, properties };
  const summary = name === 'error' ? 'Then the response ends.' : (SAYS[name] as string);
  return [`sse.${name}`, { name, title: name, summary, payload }];
}

const payloadName = ({ type }: EventType) => `Payload.${type}`;

/** The definition of what an event of ours carries: action.verified is ActionVerifiedPayload. */
export const payloadDefinition = (type: string): string =>
  `${type
    .split(/[._]/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')}Payload`;

/** The transition, and what this type takes from context beside it; of a registered machine's the names alone are known. */
function payloadOf({ type, fields, always, kinds }: EventType, all: Record<string, Schema>): Schema {
  const known = (all[payloadDefinition(type)]?.properties ?? {}) as Record<string, Json>;
  return {
    title: 'Payload',
    description: kinds.length > 0 ? `Said by ${kinds.join(', ')}.` : 'Said by the host, of any actor.',
    allOf: [refTo('TransitionPayload')],
    ...(fields.length > 0
      ? { type: 'object', properties: Object.fromEntries(fields.map((name) => [name, known[name] ?? {}])) }
      : {}),
    ...(always.length > 0 ? { required: always } : {})
  };
}

function eventMessages(one: EventType): [string, Json][] {
  const { type } = one;
  const envelope: Schema = {
    allOf: [
      refTo('EventEnvelope'),
      { type: 'object', properties: { type: { const: type }, payload: refTo(payloadName(one)) } }
    ]
  };
  const frame: Schema = {
    allOf: [refTo('EventFrame'), { type: 'object', properties: { event: envelope } }]
  };
  const example = exampleOf(type);
  const said = { name: 'event', title: type, summary: summaryOf(one) };
  return [
    [
      `event.${type}`,
      { ...said, payload: frame, ...(example ? { examples: [{ payload: { type: 'event', event: example } }] } : {}) }
    ],
    [`sse.${type}`, { ...said, payload: envelope, ...(example ? { examples: [{ payload: example }] } : {}) }]
  ];
}

const summaryOf = ({ fields }: EventType) =>
  fields.length > 0 ? `The transition, and ${fields.join(', ')}.` : 'The transition.';

/** The one of the examples, where it is of this type. */
function exampleOf(type: string): Json | undefined {
  const { items } = examples.EventPage as { items: { [key: string]: Json }[] };
  return items.find((event) => event.type === type);
}
