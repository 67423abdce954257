import { assign, raise } from 'xstate';
import { awaitingApproval } from './command-approval.ts';
import { cooling } from './command-cooling.ts';
import { lostTooOften, noBrowser } from './command-failures.ts';
import { makeAccount, settlePlaces, takePlace, tellLimited } from './command-places.ts';
import { polling } from './command-polling.ts';
import { queued } from './command-queue.ts';
import { closeAction, ended, ledger } from './command-records.ts';
import { attempt, came, captured, needed, pictured, proof, says, video } from './command-telemetry.ts';
import {
  blocked,
  keepArtifacts,
  keepNeed,
  keepPicture,
  letGo,
  reportFindings,
  reportTrouble
} from './command-tells.ts';
import { actionInput, refused, words } from './command-words.ts';
import { routing } from './protocol.ts';

/** After the evidence is kept: what it says. */
const byVerdict = [
  { guard: 'isVerified' as const, target: '#command.RUNNING.VERIFIED' },
  { guard: 'isPending' as const, target: '#command.RUNNING.POLLING', actions: 'noteRest' as const },
  { target: '#command.RUNNING.VERIFICATION_FAILED' }
];
/** Nothing of it was sent: its place is free for another. */
const notSent = ['giveBackPlace' as const, settlePlaces] as const;
/** Its account cools down, and all that acts for it waits; this one begins anew then. */
const slowDown = ['countPlace' as const, makeAccount, tellLimited, 'rewind' as const] as const;
/** The same of a write that was sent: it is looked for then. Who has ended it does not wait for that. */
const coolDown = [
  {
    guard: 'metSiteLimitStopped',
    target: '#command.RUNNING.VERIFICATION_FAILED',
    actions: ['doubt', 'noteAttemptError', makeAccount, tellLimited]
  },
  {
    guard: 'metSiteLimit',
    target: '#command.RUNNING.ACTION_ATTEMPTED.cooling',
    actions: ['noteAttemptError', 'countPlace', makeAccount, tellLimited]
  }
] as const;
/** Not to be looked at now; what waits for it looks again later. */
const lookLater = { guard: 'failedToLook', target: '#command.RUNNING.POLLING', actions: 'noteRest' } as const;
/** Word that belongs to a state already left. */
const late = {};

/**
 * One command: what somebody asked for, and what came of it.
 *
 * ```
 * CREATED ─▶ QUEUED ⇄ AWAITING_APPROVAL
 *              │ session.granted
 *              ▼
 * RUNNING  PREPARING ──not done yet──▶ ACTION_ATTEMPTED ──the predicate holds──▶ VERIFIED ──more──▶ PREPARING
 *            │    └──already done──────────────────────────────────────────────────▲   └──no more──▶ SUCCEEDED
 *            │                               └──it does not──▶ VERIFICATION_FAILED ──▶ FAILED
 *            └──failed──▶ FAILED             └──not yet, and it polls──▶ POLLING ──later──▶ PREPARING
 * command.cancel: CANCELLED at once; while a write is being attempted, after looking what came of it.
 * ```
 * A write is attempted once. When the browser or the process dies under it, the command gets another browser, walks
 * back to the page (`reconciling`) and looks; what is not there then is UNKNOWN, and a person decides, unless the ledger
 * says that nothing of it had been sent: then it begins again. What it would
 * act on but was found by likeness alone waits for a person too (`AWAITING_APPROVAL.selector`), see `selector.ts`.
 */
export const commandMachine = words.createMachine({
  id: 'command',
  meta: {
    telemetry: { type: 'status.changed', take: { queue_position: 'queuePosition' } },
    subject: {
      correlation_id: 'correlationId',
      command_id: 'commandId',
      session_id: 'sessionId',
      account_id: 'envelope.target.account_id',
      platform: 'envelope.target.platform'
    }
  },
  context: ({ input: { at, ...input } }) => ({
    ...input,
    approvalId: (!input.waived && input.approval?.approvalId) || null,
    approved: false,
    waived: input.waived ?? false,
    reaches: input.reaches ?? [],
    place: { n: 0, asked: false, given: [], kept: [], wait: null },
    lease: null,
    index: 0,
    actions: [],
    current: null,
    verdict: null,
    attemptError: null,
    doubtful: false,
    findings: [],
    swept: [],
    polling: null,
    stop: null,
    needs: null,
    losses: 0,
    queuePosition: null,
    why: null,
    result: null,
    error: null,
    createdAt: at,
    startedAt: null,
    completedAt: null
  }),
  after: { deadline: { actions: raise(({ event }) => ({ type: 'command.expire', at: event.at })) } },
  on: {
    'session.queued': late,
    'session.granted': late,
    'session.lost': late,
    'selector.settled': late,
    'place.open': late,
    'place.given': late,
    'place.wait': late,
    'place.again': late,
    'tell.refused': late
  },
  initial: 'CREATED',
  states: {
    CREATED: {
      entry: {
        type: 'create',
        params: ({ context: { createSession, sessionId } }) =>
          createSession ? [{ address: `session/${sessionId}`, input: { ...createSession }, ifAbsent: true }] : []
      },
      always: 'QUEUED'
    },
    QUEUED: queued,
    AWAITING_APPROVAL: awaitingApproval,
    RUNNING: {
      initial: 'PREPARING',
      exit: letGo,
      on: {
        'session.refused': { target: '.failing', actions: refused() }
      },
      states: {
        PREPARING: {
          initial: 'choosing',
          on: {
            'command.cancel': { target: '#command.CANCELLED', actions: ['stopCancelled', 'takeStop'] },
            'command.expire': { target: '#command.FAILED', actions: ['stopExpired', 'takeStop'] },
            'session.lost': { target: '.waiting', actions: 'noteLoss' },
            'host.resumed': { target: '.waiting', actions: 'noteLoss' }
          },
          states: {
            choosing: {
              meta: routing('status.changed'),
              always: [
                { guard: 'isOver', target: '#command.SUCCEEDED', actions: 'succeed' },
                { guard: 'awaitsSkipped', target: 'choosing', actions: 'skipAction', reenter: true },
                { guard: 'isProvenWrite', target: 'choosing', actions: 'skipAction', reenter: true },
                { target: 'looking' }
              ]
            },
            looking: {
              entry: 'beginAction',
              invoke: {
                id: 'prepare',
                src: 'prepare',
                input: actionInput,
                onDone: [
                  { guard: 'isDone', target: 'found', actions: 'notePrepared' },
                  { guard: 'wasTried', target: '#command.RUNNING.failing', actions: ['notePrepared', 'refuseRepeat'] },
                  { guard: 'isDryWrite', target: 'choosing', actions: ['notePrepared', 'skipAction'] },
                  { guard: 'foundHealed', target: '#command.AWAITING_APPROVAL.selector', actions: 'notePrepared' },
                  { guard: 'isUnasked', target: '#command.AWAITING_APPROVAL.asking', actions: 'rewind' },
                  { guard: 'isAltered', target: '#command.RUNNING.failing', actions: 'failAltered' },
                  { guard: 'takesPlace', target: 'placing', actions: 'notePrepared' },
                  { target: '#command.RUNNING.ACTION_ATTEMPTED', actions: 'notePrepared' }
                ],
                onError: [
                  { guard: 'lostBrowser', target: 'waiting', actions: 'noteLoss' },
                  { guard: 'metSiteLimit', target: '#command.QUEUED.slowing', actions: slowDown },
                  { guard: 'meetsPerson', target: 'person', actions: 'notePerson' },
                  lookLater,
                  { target: '#command.RUNNING.failing', actions: 'failWithEvent' }
                ]
              }
            },
            /** The last word before it is sent is its account's: a place among what goes out, and who has to be asked. */
            placing: {
              meta: routing('status.changed'),
              entry: [
                'countPlace',
                { type: 'because', params: { why: 'its account counts it before it is sent' } },
                makeAccount,
                takePlace
              ],
              on: {
                'place.given': [
                  {
                    guard: 'isUnaskedOpen',
                    target: '#command.AWAITING_APPROVAL.asking',
                    actions: ['notePlace', 'giveBackPlace', settlePlaces, 'rewind']
                  },
                  { guard: 'isOurPlace', target: '#command.RUNNING.ACTION_ATTEMPTED', actions: 'notePlace' }
                ],
                'place.wait': {
                  guard: 'isOurPlace',
                  target: '#command.QUEUED.limited',
                  actions: ['noteWait', 'rewind']
                }
              },
              after: { answerLimit: { target: '#command.QUEUED.asking', actions: 'rewind' } }
            },
            /** Its page asks for somebody. When they hand the session back it begins anew: every page is looked at again. */
            person: {
              meta: needed,
              entry: [keepNeed, blocked],
              on: {
                'session.granted': { target: 'resumed', actions: ['noteLease', 'noteCame'] },
                'session.lost': late,
                'host.resumed': late
              },
              after: { personLimit: { target: '#command.RUNNING.failing', actions: 'failForPerson' } }
            },
            resumed: { meta: came, exit: 'rewind', always: 'choosing' },
            /** The page shows it done already: nothing is attempted. */
            found: {
              meta: routing('status.changed'),
              always: [{ guard: 'hasArtifacts', target: 'captured' }, { target: '#command.RUNNING.VERIFIED' }]
            },
            captured: {
              meta: captured,
              entry: keepArtifacts,
              always: '#command.RUNNING.VERIFIED'
            },
            /** What whoever waits for videos listens for. */
            videoReady: { meta: says('sora.video.ready', 'info', video), always: 'choosing' },
            videoDownloaded: { meta: says('sora.video.downloaded', 'info', video), always: 'choosing' },
            waiting: {
              always: {
                guard: 'lostTooOften',
                target: '#command.RUNNING.failing',
                actions: { type: 'fail', params: { failure: lostTooOften } }
              },
              on: {
                'session.granted': { target: 'choosing', actions: ['noteLease', 'rewind'] },
                'session.lost': late,
                'host.resumed': late
              },
              after: {
                regrantLimit: {
                  target: '#command.RUNNING.failing',
                  actions: { type: 'fail', params: { failure: noBrowser } }
                }
              }
            }
          }
        },
        ACTION_ATTEMPTED: {
          initial: 'attempting',
          on: {
            'command.cancel': [
              { guard: 'isWrite', actions: 'stopCancelled' },
              { target: '#command.CANCELLED', actions: ['stopCancelled', 'takeStop'] }
            ],
            'command.expire': [
              { guard: 'isWrite', actions: 'stopExpired' },
              { target: '#command.FAILED', actions: ['stopExpired', 'takeStop'] }
            ],
            'session.lost': [
              { guard: 'isWrite', target: '.recovering', actions: ['noteLoss', 'doubt'] },
              { target: 'PREPARING.waiting', actions: 'noteLoss' }
            ],
            'session.refused': [
              { guard: 'isWrite', target: 'VERIFICATION_FAILED', actions: 'doubt' },
              { target: 'failing', actions: refused() }
            ],
            'host.resumed': [
              { guard: 'isWrite', target: '.recovering', actions: ['noteLoss', 'doubt'] },
              { target: 'PREPARING.waiting', actions: 'noteLoss' }
            ]
          },
          states: {
            attempting: {
              meta: says('action.attempted', 'info', attempt),
              entry: ['countAttempt', 'keepPlace', ledger('ATTEMPTED')],
              invoke: {
                id: 'attempt',
                src: 'attempt',
                input: actionInput,
                onDone: { target: 'verifying', actions: 'noteAttempt' },
                onError: [
                  {
                    guard: 'lostBrowserInRead',
                    target: '#command.RUNNING.PREPARING.waiting',
                    actions: 'noteLoss'
                  },
                  { guard: 'lostBrowser', target: 'recovering', actions: ['noteAttemptError', 'noteLoss', 'doubt'] },
                  {
                    guard: 'metSiteLimitFirst',
                    target: '#command.QUEUED.slowing',
                    actions: [
                      { type: 'noteOutcome', params: { outcome: 'VERIFICATION_FAILED' } },
                      ledger('VERIFICATION_FAILED'),
                      ...notSent,
                      ...slowDown
                    ]
                  },
                  {
                    guard: 'meetsPersonFirst',
                    target: '#command.RUNNING.PREPARING.person',
                    actions: [
                      ...notSent,
                      { type: 'noteOutcome', params: { outcome: 'VERIFICATION_FAILED' } },
                      ledger('VERIFICATION_FAILED'),
                      'notePerson'
                    ]
                  },
                  { guard: 'meetsPerson', target: 'person', actions: ['noteAttemptError', 'notePerson', 'doubt'] },
                  {
                    guard: 'neverSentToHealed',
                    target: '#command.AWAITING_APPROVAL.selector',
                    actions: [
                      ...notSent,
                      'noteFindings',
                      { type: 'noteOutcome', params: { outcome: 'VERIFICATION_FAILED' } },
                      ledger('VERIFICATION_FAILED')
                    ]
                  },
                  lookLater,
                  {
                    guard: 'neverSent',
                    target: '#command.RUNNING.failing',
                    actions: [
                      ...notSent,
                      'failWithEvent',
                      { type: 'noteOutcome', params: { outcome: 'VERIFICATION_FAILED' } },
                      ledger('VERIFICATION_FAILED')
                    ]
                  },
                  { guard: 'isWrite', target: 'verifying', actions: 'noteAttemptError' },
                  { target: '#command.RUNNING.failing', actions: 'failWithEvent' }
                ]
              },
              on: {
                'command.cancel': { guard: 'isWrite', target: 'verifying', actions: ['stopCancelled', 'doubt'] },
                'command.expire': { guard: 'isWrite', target: 'verifying', actions: ['stopExpired', 'doubt'] }
              }
            },
            verifying: {
              invoke: {
                id: 'verify',
                src: 'verify',
                input: actionInput,
                onDone: { target: 'judging', actions: 'noteVerdict' },
                onError: [
                  {
                    guard: 'lostBrowserInRead',
                    target: '#command.RUNNING.PREPARING.waiting',
                    actions: 'noteLoss'
                  },
                  { guard: 'lostBrowser', target: 'recovering', actions: ['noteLoss', 'doubt'] },
                  { guard: 'metSiteLimitFirst', target: '#command.QUEUED.slowing', actions: slowDown },
                  ...coolDown,
                  { guard: 'meetsPersonFirst', target: '#command.RUNNING.PREPARING.person', actions: 'notePerson' },
                  { guard: 'meetsPerson', target: 'person', actions: 'notePerson' },
                  lookLater,
                  {
                    guard: 'isWrite',
                    target: '#command.RUNNING.VERIFICATION_FAILED',
                    actions: ['doubt', 'noteAttemptError']
                  },
                  { target: '#command.RUNNING.failing', actions: 'failWithEvent' }
                ]
              },
              after: { lookLimit: { target: '#command.RUNNING.VERIFICATION_FAILED', actions: 'doubt' } }
            },
            /** A write whose browser is gone: another one is needed to look what came of it. */
            recovering: {
              always: { guard: 'lostTooOften', target: '#command.RUNNING.VERIFICATION_FAILED' },
              on: {
                'session.granted': { target: 'reconciling', actions: 'noteLease' },
                'session.lost': late,
                'host.resumed': late
              },
              after: { regrantLimit: '#command.RUNNING.VERIFICATION_FAILED' }
            },
            reconciling: {
              invoke: {
                id: 'reconcile',
                src: 'reconcile',
                input: actionInput,
                onDone: [
                  { guard: 'isUnsent', target: '#command.RUNNING.PREPARING.choosing', actions: [...notSent, 'rewind'] },
                  { target: 'judging', actions: 'noteVerdict' }
                ],
                onError: [
                  { guard: 'lostBrowser', target: 'recovering', actions: 'noteLoss' },
                  ...coolDown,
                  { guard: 'meetsPerson', target: 'person', actions: 'notePerson' },
                  { target: '#command.RUNNING.VERIFICATION_FAILED', actions: ['doubt', 'noteAttemptError'] }
                ]
              },
              after: { lookLimit: { target: '#command.RUNNING.VERIFICATION_FAILED', actions: 'doubt' } }
            },
            /** Looked for when the site lets it. */
            cooling,
            /** What came of the write stands behind something that asks for somebody; then it is looked for, not done again. */
            person: {
              meta: needed,
              entry: [keepNeed, blocked],
              on: {
                'session.granted': { target: 'resumed', actions: ['noteLease', 'noteCame'] },
                'session.lost': late,
                'host.resumed': late,
                'command.cancel': {
                  target: '#command.RUNNING.VERIFICATION_FAILED',
                  actions: ['stopCancelled', 'doubt']
                },
                'command.expire': { target: '#command.RUNNING.VERIFICATION_FAILED', actions: ['stopExpired', 'doubt'] }
              },
              after: { personLimit: { target: '#command.RUNNING.VERIFICATION_FAILED', actions: 'doubt' } }
            },
            resumed: { meta: came, always: 'reconciling' },
            judging: {
              meta: routing('status.changed'),
              always: [{ guard: 'hasArtifacts', target: 'captured' }, ...byVerdict]
            },
            captured: {
              meta: captured,
              entry: keepArtifacts,
              always: byVerdict
            }
          }
        },
        VERIFIED: {
          meta: says('action.verified', 'info', {
            ...proof,
            profile: 'verdict.profile',
            already_done: 'current.already_done',
            extracted: 'current.extracted'
          }),
          entry: [
            { type: 'noteOutcome', params: { outcome: 'VERIFIED' } },
            ledger('VERIFIED'),
            ...reportFindings,
            'noteSwept'
          ],
          always: [
            { guard: 'isCancelled', target: '#command.CANCELLED', actions: 'takeStop' },
            { guard: 'isStopped', target: '#command.FAILED', actions: 'takeStop' },
            { guard: 'showsReady', target: 'PREPARING.videoReady', actions: 'skipAction' },
            { guard: 'showsDownloaded', target: 'PREPARING.videoDownloaded', actions: 'skipAction' },
            { target: 'PREPARING', actions: 'skipAction' }
          ]
        },
        POLLING: polling,
        VERIFICATION_FAILED: {
          initial: 'deciding',
          states: {
            deciding: {
              meta: says('action.verification_failed', 'warn', proof),
              always: [{ guard: 'isDoubtful', target: 'unknown' }, { target: 'absent' }]
            },
            /** It was looked for and is not there. */
            absent: {
              entry: [
                { type: 'noteOutcome', params: { outcome: 'VERIFICATION_FAILED' } },
                ledger('VERIFICATION_FAILED'),
                'explainFailure'
              ],
              always: [
                { guard: 'isCancelled', target: '#command.CANCELLED', actions: 'takeStop' },
                { guard: 'isStopped', target: '#command.FAILED', actions: 'takeStop' },
                { target: '#command.RUNNING.failing' }
              ]
            },
            /** Nobody can say. The program does not try again; a person looks. */
            unknown: {
              meta: says('human.required', 'error', { ...proof, error: 'error' }),
              entry: [
                { type: 'noteOutcome', params: { outcome: 'UNKNOWN' } },
                ledger('UNKNOWN'),
                'explainUnknown',
                ...reportTrouble
              ],
              always: [{ guard: 'isCancelled', target: '#command.CANCELLED' }, { target: '#command.FAILED' }]
            }
          }
        },
        /** On the way to FAILED: what operators look for has an event of its own. */
        failing: {
          initial: 'picturing',
          states: {
            picturing: {
              meta: routing('status.changed'),
              always: [{ guard: 'hasPicture', target: 'captured' }, { target: 'sorting' }]
            },
            /** What the page looked like when it failed. */
            captured: { meta: pictured, entry: keepPicture, always: 'sorting' },
            sorting: {
              meta: routing('status.changed'),
              always: [
                { guard: 'missedSelector', target: 'selector' },
                { guard: 'needsPerson', target: 'person' },
                { target: '#command.FAILED' }
              ]
            },
            selector: {
              meta: says('selector.missing', 'error', { action: 'current.name', error: 'error' }),
              entry: [...reportTrouble],
              always: '#command.FAILED'
            },
            person: {
              meta: says('human.required', 'warn', { action: 'current.name', error: 'error' }),
              always: '#command.FAILED'
            }
          }
        }
      }
    },
    SUCCEEDED: {
      type: 'final',
      meta: says('status.changed', 'info', { result: 'result' }),
      entry: ['end', ended('SUCCEEDED'), settlePlaces]
    },
    FAILED: {
      type: 'final',
      meta: says('status.changed', 'error', { error: 'error' }),
      entry: [
        'end',
        closeAction,
        ended('FAILED'),
        settlePlaces,
        assign({ why: ({ context }) => context.error?.message ?? context.why })
      ]
    },
    CANCELLED: {
      type: 'final',
      meta: says('status.changed', 'warn', { error: 'error' }),
      entry: [
        'end',
        closeAction,
        ended('CANCELLED'),
        settlePlaces,
        assign({ why: ({ context }) => context.error?.message ?? context.why })
      ]
    }
  }
});
