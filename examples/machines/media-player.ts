import { assign, fromPromise, raise, setup } from 'xstate';

/** Playback, volume and captions side by side; taken over by an advertisement and given back as they were. */
export const mediaPlayer = setup({
  types: {
    context: {} as {
      track: string | null;
      position: number;
      duration: number;
      volume: number;
      speed: number;
      played: string[];
    },
    events: {} as
      | { type: 'track.chosen'; track: string }
      | { type: 'play' }
      | { type: 'pause' }
      | { type: 'speed.changed'; speed: number }
      | { type: 'volume.up' }
      | { type: 'volume.down' }
      | { type: 'volume.mute' }
      | { type: 'captions.toggle' }
      | { type: 'captions.language'; language: string }
      | { type: 'ad.begin' }
      | { type: 'ad.over' }
      | { type: 'device.lost' }
      | { type: 'device.found' }
      | { type: 'track.over' }
  },
  actors: {
    load: fromPromise<{ duration: number }, { track: string }>(async () => {
      throw new Error('no library');
    })
  },
  delays: { tick: ({ context }) => 1_000 / context.speed },
  guards: { atEnd: ({ context }) => context.position >= context.duration }
}).createMachine({
  id: 'player',
  context: { track: null, position: 0, duration: 0, volume: 5, speed: 1, played: [] },
  initial: 'on',
  states: {
    on: {
      type: 'parallel',
      on: { 'ad.begin': 'advertisement', 'device.lost': 'lost' },
      states: {
        playback: {
          initial: 'empty',
          on: { 'track.chosen': { target: '.loading', actions: assign({ track: ({ event }) => event.track }) } },
          states: {
            empty: {},
            loading: {
              invoke: {
                id: 'load',
                src: 'load',
                input: ({ context }) => ({ track: context.track ?? '' }),
                onDone: {
                  target: 'ready',
                  actions: assign({ duration: ({ event }) => event.output.duration, position: 0 })
                },
                onError: 'empty'
              }
            },
            ready: {
              initial: 'paused',
              states: {
                paused: { on: { play: 'playing' } },
                playing: {
                  on: {
                    pause: 'paused',
                    'speed.changed': {
                      target: 'playing',
                      reenter: true,
                      actions: assign({ speed: ({ event }) => event.speed })
                    }
                  },
                  always: { guard: 'atEnd', target: 'ended' },
                  after: {
                    tick: {
                      target: 'playing',
                      reenter: true,
                      actions: assign({ position: ({ context }) => context.position + 1 })
                    }
                  }
                },
                ended: { type: 'final', entry: raise({ type: 'track.over' }) }
              },
              onDone: 'finished'
            },
            finished: { on: { play: { target: 'ready.playing', actions: assign({ position: 0 }) } } }
          }
        },
        volume: {
          initial: 'sounding',
          states: {
            sounding: {
              on: {
                'volume.up': {
                  guard: ({ context }) => context.volume < 10,
                  actions: assign({ volume: ({ context }) => context.volume + 1 })
                },
                'volume.down': {
                  guard: ({ context }) => context.volume > 0,
                  actions: assign({ volume: ({ context }) => context.volume - 1 })
                },
                'volume.mute': 'muted'
              }
            },
            muted: { on: { 'volume.*': 'sounding' } }
          }
        },
        captions: {
          initial: 'hidden',
          states: {
            hidden: { on: { 'captions.toggle': 'shown.last' } },
            shown: {
              initial: 'english',
              on: { 'captions.toggle': 'hidden' },
              states: {
                english: { on: { 'captions.language': 'other' } },
                other: { on: { 'captions.language': 'english' } },
                last: { type: 'history' }
              }
            }
          }
        },
        log: {
          on: {
            'track.over': { actions: assign({ played: ({ context }) => [...context.played, context.track ?? ''] }) }
          }
        },
        everything: { type: 'history', history: 'deep' },
        regions: { type: 'history', history: 'shallow' }
      }
    },
    advertisement: { after: { 5000: 'on.everything' }, on: { 'ad.over': 'on.everything' } },
    lost: { on: { 'device.found': 'on.regions' } }
  }
});
