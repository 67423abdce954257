import type { DriverContext } from './driver-context.ts';
import { tellWorn, words } from './driver-words.ts';

const watch = {
  id: 'watch' as const,
  src: 'watch' as const,
  input: ({ context }: { context: DriverContext }) => ({
    slot: context.slot,
    fencing: context.watched === 'browser' ? context.fencing : null,
    watched: context.watched,
    misses: context.misses,
    bytes: context.bytes,
    worn: context.worn !== null
  }),
  onError: { actions: 'sayBroken' as const }
};
const take = { slot: 'slot', fencing: 'fencing', suspicion: 'suspicion', misses: 'misses' };

/**
 * Beside the slot's states: does what is up answer?
 *
 * ```
 * healthy ──a probe is missed──▶ suspect ──three times in a row──▶ hung ──▶ the slot recovers
 *    ▲                             │ all answer                     │
 *    └─────────────────────────────┴────────── it is up again ──────┘
 * ```
 * One watch runs at a time. It ends when it has news, and is started again; what there is to watch changes with the
 * slot's states, which say so by `health.watch`. A process that has ended needs no third look: `slot.broken` goes to the
 * slot at once.
 */
export const health = words.createStateConfig({
  initial: 'healthy',
  on: {
    'health.watch': { target: '.healthy', actions: 'noteWatched' },
    'health.end': '.ended'
  },
  states: {
    healthy: {
      meta: { telemetry: { type: 'driver.changed', take } },
      invoke: {
        ...watch,
        onDone: [
          { guard: 'isLastMiss', target: 'hung', actions: 'noteMiss' },
          { guard: 'isMiss', target: 'suspect', actions: 'noteMiss' },
          { guard: 'wearsOut', target: 'healthy', reenter: true, actions: ['noteNews', tellWorn] },
          { target: 'healthy', reenter: true, actions: 'noteNews' }
        ]
      }
    },
    suspect: {
      meta: { telemetry: { type: 'driver.changed', severity: 'warn', take } },
      invoke: {
        ...watch,
        onDone: [
          { guard: 'isLastMiss', target: 'hung', actions: 'noteMiss' },
          { guard: 'isMiss', target: 'suspect', reenter: true, actions: 'noteMiss' },
          { guard: 'isLastAnswer', target: 'healthy', actions: 'noteAnswer' },
          { guard: 'isAnswer', target: 'suspect', reenter: true, actions: 'noteAnswer' },
          { guard: 'wearsOut', target: 'suspect', reenter: true, actions: ['noteNews', tellWorn] },
          { target: 'suspect', reenter: true, actions: 'noteNews' }
        ]
      }
    },
    hung: {
      meta: { telemetry: { type: 'driver.changed', severity: 'warn', take } },
      entry: 'sayHung',
      on: {
        // It stays to be seen while the slot recovers.
        'health.watch': [
          { guard: 'isNothing', actions: 'noteUnwatched' },
          { target: 'healthy', actions: 'noteWatched' }
        ]
      }
    },
    ended: { type: 'final' }
  }
});
