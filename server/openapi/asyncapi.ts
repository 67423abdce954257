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
  const messages: Record<string, Json> = {
    ...frames('client', TO_SERVER),
    ...frames('server', TO_CLIENT),
    ...Object.fromEntries(types.flatMap(eventMessages))
  };
  const own: Record<string, Schema> = Object.fromEntries(types.map((one) => [payloadName(one), payloadOf(one)]));
  const names = Object.keys(messages);
  const ofStream = names.filter((name) => !name.startsWith('sse.'));
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
      sendEvents: {
        action: 'send',
        channel: { $ref: '#/channels/events' },
        summary: 'Events as Server-Sent Events'
      }
    },
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'Scope read:events.' } },
      messages,
      schemas: { ...own, ...reachable(readComponents(), [messages, own, refTo('EventEnvelope')] as Json, own) }
    }
  };
}

const security: Json = { $ref: '#/components/securitySchemes/token' };
const refs = (names: string[]): Json =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/messages/${name}` }]));

const filtersSchema: Json = {
  type: 'object',
  properties: Object.fromEntries(
    Object.entries(eventFilters).map(([name, { schema, description = '' }]) => [name, { ...schema, description }])
  )
};

const frames = (from: string, all: Record<string, string>): Record<string, Json> =>
  Object.fromEntries(
    Object.entries(all).map(([type, schema]) => [
      `${from}.${type}`,
      { name: type, title: type, summary: SAYS[type] as string, payload: refTo(schema) }
    ])
  );

const payloadName = ({ type }: EventType) => `Payload.${type}`;

/** The transition, and what this type takes from context beside it. */
function payloadOf({ fields, always, kinds }: EventType): Schema {
  return {
    title: 'Payload',
    description: kinds.length > 0 ? `Said by ${kinds.join(', ')}.` : 'Said by the host, of any actor.',
    allOf: [refTo('TransitionPayload')],
    ...(fields.length > 0 ? { type: 'object', properties: Object.fromEntries(fields.map((name) => [name, {}])) } : {}),
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
