import type { AnyStateMachine } from 'xstate';
import { authentication } from '../../examples/machines/authentication.ts';
import { checkout, payment } from '../../examples/machines/checkout.ts';
import { crawler, parser, worker } from '../../examples/machines/crawler.ts';
import { elevator } from '../../examples/machines/elevator.ts';
import { mediaPlayer } from '../../examples/machines/media-player.ts';
import { trafficLight } from '../../examples/machines/traffic-light.ts';
import { tripSaga } from '../../examples/machines/trip-saga.ts';
import { upload } from '../../examples/machines/upload.ts';
import type { Hands } from './hands.ts';
import type { Outcome } from './life.ts';

export interface Example {
  kind: string;
  machine(hands: Hands): AnyStateMachine;
  input: Record<string, unknown>;
  /** What may be sent; some of it is legal in hardly any state. */
  events: readonly { type: string; [key: string]: unknown }[];
  /** How a promise may end. */
  outcomes: readonly Outcome[];
  /** Steps of the clock, ms. */
  times: readonly number[];
}

const event = (type: string, more: Record<string, unknown> = {}) => ({ type, ...more });
const events = (...types: string[]) => types.map((type) => event(type));
const fails = (message: string): Outcome => ({ fails: message });
const gives = (output: unknown): Outcome => ({ output });

export const examples: readonly Example[] = [
  {
    kind: 'traffic_light',
    machine: () => trafficLight,
    input: {},
    events: events('button.pressed', 'button.pressed', 'power.lost', 'power.restored', 'nothing.known'),
    outcomes: [],
    times: [1_000, 2_000, 3_000, 5_000, 6_000, 20_000, 60_000]
  },
  {
    kind: 'checkout',
    machine: (hands) =>
      checkout.provide({
        actors: {
          payment: payment.provide({ actors: { authorize: hands.work('authorize'), capture: hands.work('capture') } })
        }
      }),
    input: {},
    events: [
      event('item.added', { sku: 'tea', price: 4 }),
      event('item.added', { sku: 'cup', price: 9 }),
      event('item.removed', { sku: 'tea' }),
      ...events('checkout.begin', 'checkout.begin', 'back'),
      event('address.given', { address: '1 Mill Lane' }),
      event('address.given', { address: '2 Mill Lane' }),
      event('card.given', { card: { number: '4000' } }),
      event('card.given', { card: { number: '4111' } }),
      event('code.given', { code: '123' })
    ],
    outcomes: [
      gives({ id: 'a1', challenge: false, receipt: 'r1' }),
      gives({ id: 'a2', challenge: true, receipt: 'r2' }),
      fails('card refused')
    ],
    times: [1_000, 59_999, 60_000]
  },
  {
    kind: 'upload',
    machine: (hands) => upload.provide({ actors: { put: hands.work('put') } }),
    input: { file: 'cat.jpg', url: 'http://files/cat' },
    events: events('upload.start', 'upload.start', 'upload.pause', 'upload.resume', 'upload.cancel'),
    outcomes: [fails('503'), fails('connection reset'), fails('504'), gives({ etag: 'e1' })],
    times: [500, 1_000, 2_000, 4_000, 8_000, 30_000]
  },
  {
    kind: 'authentication',
    machine: (hands) =>
      authentication.provide({ actors: { login: hands.work('login'), refresh: hands.work('refresh') } }),
    input: {},
    events: [
      event('user.login', { user: 'ann', password: 'x' }),
      event('user.login', { user: 'bob', password: 'y' }),
      ...events('user.logout', 'user.active', 'user.active', 'request.refused', 'session.ended')
    ],
    outcomes: [
      gives({ access: 'a', refresh: 'r', expiresIn: 60_000 }),
      gives({ access: 'b', refresh: 's', expiresIn: 10_000 }),
      gives({ access: 'c', refresh: 't', expiresIn: 0 }),
      fails('401')
    ],
    times: [0, 1, 10_000, 50_000, 15 * 60_000]
  },
  {
    kind: 'elevator',
    machine: () => elevator,
    input: { floors: 5 },
    events: [
      ...[-1, 0, 1, 2, 3, 4, 5].map((floor) => event('floor.called', { floor })),
      ...events('door.held', 'alarm', 'alarm.over')
    ],
    outcomes: [],
    times: [1_500, 1_500, 3_000, 5_000, 750]
  },
  {
    kind: 'player',
    machine: (hands) => mediaPlayer.provide({ actors: { load: hands.work('load') } }),
    input: {},
    events: [
      event('track.chosen', { track: 'one' }),
      event('track.chosen', { track: 'two' }),
      ...events('play', 'play', 'pause', 'volume.up', 'volume.down', 'volume.mute', 'captions.toggle'),
      ...events('ad.begin', 'ad.over', 'device.lost', 'device.found'),
      event('captions.language', { language: 'fr' }),
      event('speed.changed', { speed: 2 }),
      event('speed.changed', { speed: 1 })
    ],
    outcomes: [gives({ duration: 3 }), gives({ duration: 0 }), fails('not in the library')],
    times: [500, 1_000, 1_000, 5_000]
  },
  {
    kind: 'trip',
    machine: (hands) => tripSaga.provide({ actors: { book: hands.work('book'), undo: hands.work('undo') } }),
    input: { traveller: 'ann' },
    events: events('trip.book', 'trip.book', 'trip.book', 'trip.cancel', 'operator.retry'),
    outcomes: [gives({ reference: 'r1' }), gives({ reference: 'r2' }), gives({ reference: 'r3' }), fails('sold out')],
    times: [1_000, 10_000]
  },
  {
    kind: 'crawler',
    machine: (hands) =>
      crawler.provide({
        actors: { worker: worker.provide({ actors: { parser, get: hands.work('get') } }) as typeof worker }
      }),
    input: {},
    events: [
      ...['/a', '/b', '/c'].map((url) => event('page.found', { url })),
      ...['/a', '/b', '/c'].map((url) => event('page.hurry', { url })),
      ...['/a', '/b'].map((url) => event('page.drop', { url })),
      event('crawl.end')
    ],
    outcomes: [gives('see /b and /d'), gives('nothing here'), fails('404')],
    times: [250, 500]
  }
];
