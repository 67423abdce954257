import type { Happening } from './script.ts';

/** What usually happens to each example, told in order, and the states it must pass: chance alone seldom comes so far. */
export interface Story {
  kind: string;
  happenings: Happening[];
  /** State values, in the order they are first seen. */
  passes: unknown[];
}

const send = (type: string, more: object = {}): Happening => ({ send: { type, ...more } });
const advance = (ms: number): Happening => ({ advance: ms });
const gives = (output: unknown): Happening => ({ settle: 0, outcome: { output } });
const fails = (message: string): Happening => ({ settle: 0, outcome: { fails: message } });

export const stories: readonly Story[] = [
  {
    kind: 'traffic_light',
    happenings: [
      advance(2_000),
      send('button.pressed'),
      advance(5_000),
      advance(3_000),
      advance(6_000),
      send('power.lost'),
      send('power.restored'),
      advance(2_000)
    ],
    passes: [{ working: { green: 'held' } }, { working: 'yellow' }, { working: { red: 'wait' } }, 'blinking']
  },
  {
    kind: 'checkout',
    happenings: [
      send('checkout.begin'),
      send('item.added', { sku: 'tea', price: 4 }),
      send('item.added', { sku: 'cup', price: 9 }),
      send('checkout.begin'),
      send('address.given', { address: '1 Mill Lane' }),
      send('card.given', { card: { number: '4000' } }),
      fails('card refused'),
      send('card.given', { card: { number: '4111' } }),
      gives({ id: 'a1', challenge: true }),
      send('back'),
      send('code.given', { code: '0' }),
      send('address.given', { address: '2 Mill Lane' }),
      send('card.given', { card: { number: '4111' } }),
      gives({ id: 'a2', challenge: true }),
      advance(60_000),
      send('card.given', { card: { number: '4111' } }),
      gives({ id: 'a3', challenge: true }),
      send('code.given', { code: '123' }),
      gives({ receipt: 'r3' }),
      send('back')
    ],
    passes: ['basket', 'delivery', { paying: 'card' }, { paying: 'charging' }, 'complete']
  },
  {
    kind: 'upload',
    happenings: [
      send('upload.start'),
      fails('503'),
      advance(999),
      advance(1),
      advance(30_000),
      advance(2_000),
      fails('reset'),
      advance(4_000),
      send('upload.pause'),
      { settleLate: 0, outcome: { output: { etag: 'late' } } },
      send('upload.resume'),
      fails('504'),
      send('upload.start'),
      gives({ etag: 'e1' })
    ],
    passes: ['ready', 'sending', 'waiting', 'paused', 'failed', 'sent']
  },
  {
    kind: 'authentication',
    happenings: [
      send('user.login', { user: 'ann', password: 'x' }),
      fails('401'),
      send('user.login', { user: 'ann', password: 'y' }),
      gives({ access: 'a', refresh: 'r', expiresIn: 60_000 }),
      advance(50_000),
      gives({ access: 'b', refresh: 's', expiresIn: 60_000 }),
      send('request.refused'),
      fails('revoked'),
      send('user.login', { user: 'ann', password: 'y' }),
      gives({ access: 'c', refresh: 't', expiresIn: 3_600_000 }),
      send('user.active'),
      advance(15 * 60_000),
      send('user.login', { user: 'bob', password: 'z' }),
      advance(10_000)
    ],
    passes: [
      { session: 'signingIn', presence: 'present' },
      { session: { signedIn: 'fresh' }, presence: 'present' },
      { session: { signedIn: 'refreshing' }, presence: 'present' },
      { session: 'signedOut', presence: 'away' }
    ]
  },
  {
    kind: 'elevator',
    happenings: [
      send('floor.called', { floor: 2 }),
      advance(1_500),
      send('floor.called', { floor: 0 }),
      send('alarm'),
      send('door.held'),
      send('alarm.over'),
      advance(1_500),
      send('door.held'),
      advance(5_000),
      advance(1_500),
      advance(1_500),
      advance(3_000)
    ],
    passes: [
      { car: { moving: 'up' } },
      'stopped',
      { car: 'open' },
      { car: 'held' },
      { car: { moving: 'down' } },
      { car: 'idle' }
    ]
  },
  {
    kind: 'player',
    happenings: [
      send('track.chosen', { track: 'one' }),
      gives({ duration: 3 }),
      send('captions.toggle'),
      send('captions.language', { language: 'fr' }),
      send('volume.mute'),
      send('play'),
      advance(1_000),
      send('ad.begin'),
      advance(5_000),
      send('captions.toggle'),
      send('captions.toggle'),
      send('speed.changed', { speed: 2 }),
      advance(500),
      advance(500),
      send('play'),
      send('device.lost'),
      send('device.found')
    ],
    passes: [
      { on: { playback: { ready: 'playing' }, volume: 'muted', captions: { shown: 'other' }, log: {} } },
      'advertisement',
      { on: { playback: 'finished', volume: 'muted', captions: { shown: 'other' }, log: {} } },
      'lost'
    ]
  },
  {
    kind: 'trip',
    happenings: [
      send('trip.book'),
      gives({ reference: 'f' }),
      gives({ reference: 'h' }),
      fails('no cars'),
      fails('busy'),
      advance(10_000),
      fails('busy'),
      advance(10_000),
      fails('busy'),
      send('operator.retry'),
      gives(undefined),
      gives(undefined)
    ],
    passes: [
      { booking: 'flight' },
      { booking: 'hotel' },
      { booking: 'car' },
      { undoing: 'one' },
      { undoing: 'waiting' },
      { undoing: 'stuck' },
      'undone'
    ]
  },
  {
    kind: 'crawler',
    happenings: [
      send('page.found', { url: '/a' }),
      send('page.found', { url: '/b' }),
      send('page.found', { url: '/c' }),
      gives('see /b and /d'),
      send('page.hurry', { url: '/a' }),
      gives('nothing here'),
      send('page.hurry', { url: '/a' }),
      fails('404'),
      send('page.drop', { url: '/a' }),
      send('page.found', { url: '/a' }),
      gives('see /e'),
      advance(500),
      send('page.found', { url: '/d' }),
      send('crawl.end')
    ],
    passes: ['open', 'over']
  }
];
