import { slotOnly, tellFailed, tellIdle, watching, words } from './driver-words.ts';

/** One rung of the ladder: done, failed or overdue, the next one follows. */
function rung<K extends 'probe' | 'deleteSession' | 'killDriverGroup' | 'killAppiumGroup', T extends string>(
  src: K,
  next: T
) {
  return {
    invoke: { id: src, src, input: slotOnly, onDone: next, onError: next },
    after: { rungLimit: next }
  } as const;
}

/**
 * Whatever was wrong, everything of the browser is ended from its own end: first what asks nicely, then by force, and
 * Appium last and only when it does not work, for its end orphans driver and browser. Then a wait, and the slot is free.
 */
export const ladder = words.createStateConfig({
  meta: {
    telemetry: {
      type: 'driver.changed',
      severity: 'warn',
      take: { slot: 'slot', fencing: 'fencing', code: 'failure.code', suspicion: 'suspicion' }
    }
  },
  entry: [tellFailed('RECOVERING'), 'unlease', watching('nothing')],
  initial: 'probe',
  states: {
    probe: rung('probe', 'deleteSession'),
    deleteSession: rung('deleteSession', 'killDriverGroup'),
    killDriverGroup: rung('killDriverGroup', 'killBrowser'),
    killBrowser: {
      invoke: {
        id: 'killBrowser',
        src: 'killBrowser',
        // A person has taken the window: what they see is theirs.
        input: ({ context }) => ({ slot: context.slot, spare: context.failure?.code === 'BROWSER_TAKEN' }),
        onDone: {
          target: 'deciding',
          actions: 'noteAppium'
        },
        onError: 'killAppiumGroup'
      },
      after: { rungLimit: 'killAppiumGroup' }
    },
    deciding: { always: [{ guard: 'appiumStays', target: 'sweep' }, { target: 'killAppiumGroup' }] },
    killAppiumGroup: rung('killAppiumGroup', 'sweep'),
    sweep: {
      invoke: {
        id: 'sweep',
        src: 'sweep',
        input: slotOnly,
        onDone: [{ guard: 'areLeft', target: '#slot.NEEDS_HUMAN', actions: 'noteLeft' }, { target: 'cooldown' }],
        onError: 'cooldown'
      },
      after: { rungLimit: 'cooldown' }
    },
    cooldown: { after: { cooldown: 'recovered' } },
    recovered: {
      always: [
        { guard: 'failsTooOften', target: '#slot.QUARANTINED' },
        { guard: 'appiumStays', target: '#slot.READY.idle', actions: tellIdle(true) },
        { target: '#slot.COLD', actions: tellIdle(false) }
      ]
    }
  }
});
