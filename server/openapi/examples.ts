import type { Json } from './operation.ts';

const selectorView = {
  platform: 'instagram',
  name: 'account.logged_in',
  state: 'unknown',
  why: 'nobody has looked at it yet; sweep its platform',
  version: 1,
  candidates: ['a[href="/direct/inbox/"]'],
  promoted: [],
  rejected: [],
  selector: null,
  healed: null,
  fingerprint: null,
  tried: [],
  counts: {
    ok: 0,
    ambiguous: 0,
    healed: 0,
    missing: 0
  },
  created_at: null,
  swept_at: null,
  last_seen_at: null,
  waiting: [],
  description: 'There only while somebody is logged in.'
};

/** One of each shape, by the name of its definition; each fits its schema, and tests send those of requests. */
export const examples: Record<string, Json> = {
  CommandAccepted: {
    command_id: '3f1a0000-5a1c-4e3b-9d27-6b2f00000000',
    correlation_id: '3f1a0111-5a1c-4e3b-9d27-6b2f00001eef',
    session_id: '3f1a0222-5a1c-4e3b-9d27-6b2f00003dde',
    state: 'QUEUED',
    accepted_at: '2026-01-31T09:30:36.628Z',
    links: {
      self: '/v1/commands/3f1a0000-5a1c-4e3b-9d27-6b2f00000000',
      cancel: '/v1/commands/3f1a0000-5a1c-4e3b-9d27-6b2f00000000/cancel',
      events: '/v1/events?command_id=3f1a0000-5a1c-4e3b-9d27-6b2f00000000'
    }
  },
  CommandView: {
    command_id: '3f1a0000-5a1c-4e3b-9d27-6b2f00000000',
    correlation_id: '3f1a0111-5a1c-4e3b-9d27-6b2f00001eef',
    type: 'flow.run',
    state: 'SUCCEEDED',
    phase: null,
    why: null,
    queue_position: null,
    target: {
      account_id: 'ada',
      platform: 'instagram'
    },
    requester: {
      service: 'orchestrator',
      instance_id: 'one'
    },
    payload: {
      flow: 'greet',
      params: {
        text: 'hello',
        times: 1
      }
    },
    priority: 3,
    dry_run: false,
    session_id: '3f1a0222-5a1c-4e3b-9d27-6b2f00003dde',
    approval_id: null,
    deadline_at: null,
    actions: [
      {
        name: 'GREET',
        verify_as: 'GREETED',
        effect: 'write',
        attempts: 1,
        outcome: 'VERIFIED',
        proofs: [],
        dedupe_key: 'ffad6c55908810b7d0fac5e924a314f7d4bb235a7ee97d26c33369a6a3c23187'
      }
    ],
    result: {
      session_id: '3f1a0222-5a1c-4e3b-9d27-6b2f00003dde',
      extracted: {}
    },
    error: null,
    created_at: '2026-01-31T09:30:36.628Z',
    started_at: '2026-01-31T09:30:36.801Z',
    completed_at: '2026-01-31T09:30:36.817Z',
    last_cursor: '21'
  },
  SessionView: {
    session_id: '3f1a0222-5a1c-4e3b-9d27-6b2f00003dde',
    account_id: 'ada',
    platform: 'instagram',
    browser: 'safari',
    device: 'desktop',
    state: 'READY',
    why: null,
    driver: {
      slot: 'desktop-1',
      fencing: 2
    },
    current_command_id: null,
    queue: [],
    profile: null,
    needs: null,
    driven_by: null,
    created_at: '2026-01-31T09:30:36.667Z',
    ready_at: '2026-01-31T09:30:36.787Z',
    closed_at: null,
    deadline_at: '2026-01-31T09:30:36.821Z',
    last_cursor: '22'
  },
  EventPage: {
    items: [
      {
        version: '1.0',
        event_id: '3f1a0555-5a1c-4e3b-9d27-6b2f00009aab',
        cursor: '19',
        correlation_id: '3f1a0111-5a1c-4e3b-9d27-6b2f00001eef',
        command_id: '3f1a0000-5a1c-4e3b-9d27-6b2f00000000',
        emitted_at: '2026-01-31T09:30:36.818Z',
        severity: 'info',
        type: 'action.verified',
        target: {
          session_id: '3f1a0222-5a1c-4e3b-9d27-6b2f00003dde',
          account_id: 'ada',
          platform: 'instagram'
        },
        payload: {
          action: 'GREET',
          effect: 'write',
          attempts: 1,
          dedupe_key: 'ffad6c55908810b7d0fac5e924a314f7d4bb235a7ee97d26c33369a6a3c23187',
          verify_as: 'GREETED',
          proofs: [],
          profile: null,
          already_done: null,
          extracted: null,
          actor: {
            kind: 'command',
            id: '3f1a0000-5a1c-4e3b-9d27-6b2f00000000'
          },
          from: 'RUNNING.ACTION_ATTEMPTED.judging',
          to: 'RUNNING.VERIFIED',
          event: 'xstate.done.actor.verify',
          step: 6
        }
      }
    ],
    next_cursor: '26',
    head: '26'
  },
  MachineSummary: {
    kind: 'notes',
    version: '7753e6357af22e8d',
    label: null,
    durable: false,
    live: {
      TICK: 1
    },
    versions: [
      {
        version: '7753e6357af22e8d',
        label: null,
        role: 'newest',
        live: 1
      }
    ]
  },
  Diagram: {
    kind: 'notes',
    version: '7753e6357af22e8d',
    width: 205.5,
    height: 198,
    nodes: [
      {
        id: 'notes',
        path: '',
        key: 'notes',
        type: 'compound',
        initial: false,
        notes: [],
        x: 12,
        y: 12,
        width: 181.5,
        height: 174
      },
      {
        id: 'notes.TICK',
        path: 'TICK',
        key: 'TICK',
        type: 'atomic',
        initial: true,
        notes: [],
        x: 70.3,
        y: 50,
        width: 64,
        height: 32
      },
      {
        id: 'notes.TOCK',
        path: 'TOCK',
        key: 'TOCK',
        type: 'atomic',
        initial: false,
        notes: [],
        x: 70.3,
        y: 138,
        width: 64,
        height: 32
      }
    ],
    edges: [
      {
        id: 'notes.TICK → notes.TOCK',
        source: 'notes.TICK',
        target: 'notes.TOCK',
        transitions: [
          {
            event: 'note.add',
            kind: 'event',
            text: 'note.add'
          }
        ],
        points: [
          [112.9, 82],
          [112.9, 138]
        ],
        label: {
          x: 115.9,
          y: 102,
          width: 61.6,
          height: 16
        }
      },
      {
        id: 'notes.TOCK → notes.TICK',
        source: 'notes.TOCK',
        target: 'notes.TICK',
        transitions: [
          {
            event: 'note.add',
            kind: 'event',
            text: 'note.add'
          }
        ],
        points: [
          [91.6, 138],
          [91.6, 82]
        ],
        label: {
          x: 28,
          y: 102,
          width: 61.6,
          height: 16
        }
      }
    ]
  },
  ActorSummary: {
    address: 'notes/main',
    kind: 'notes',
    id: 'main',
    state: 'TICK',
    status: 'active',
    step: 1,
    version: '7753e6357af22e8d',
    held: null,
    accepts: ['note.add'],
    why: null,
    deadline_at: null,
    created_at: '2026-01-31T09:30:35.195Z',
    updated_at: '2026-01-31T09:30:35.195Z',
    entered_at: '2026-01-31T09:30:35.195Z',
    last_cursor: '2',
    context: {
      text: ''
    },
    offers: [],
    relatives: [],
    running: [],
    shows: {
      text: ''
    },
    transitions: [
      {
        version: '1.0',
        event_id: '3f1a0666-5a1c-4e3b-9d27-6b2f0000b99a',
        cursor: '2',
        correlation_id: null,
        command_id: null,
        emitted_at: '2026-01-31T09:30:35.196Z',
        severity: 'info',
        type: 'note.added',
        target: {
          session_id: null,
          account_id: null,
          platform: null
        },
        payload: {
          text: '',
          actor: {
            kind: 'notes',
            id: 'main'
          },
          from: null,
          to: 'TICK',
          event: 'actor.created',
          step: 1
        }
      }
    ]
  },
  StuckPage: {
    items: [
      {
        actor: {
          address: 'notes/main',
          kind: 'notes',
          id: 'main',
          state: 'TICK',
          status: 'active',
          step: 1,
          version: '7753e6357af22e8d',
          held: null,
          accepts: ['note.add'],
          why: null,
          deadline_at: null,
          created_at: '2026-01-31T09:30:35.195Z',
          updated_at: '2026-01-31T09:30:35.195Z',
          entered_at: '2026-01-31T09:30:35.195Z',
          last_cursor: '2'
        },
        account_id: null,
        platform: null,
        since: '2026-01-31T09:30:35.195Z',
        for_ms: 61000,
        by: 'usual',
        limit_ms: 4594,
        usual: { samples: 1480, p50_ms: 36, p99_ms: 4594 }
      }
    ],
    next_page: null,
    total: 1
  },
  SearchResult: {
    q: 'gree',
    items: [
      {
        what: 'flow',
        id: 'greet',
        title: 'Say something'
      }
    ]
  },
  SelectorDetail: {
    selector: selectorView,
    history: []
  },
  AccountView: {
    account_id: 'ada',
    platform: 'instagram',
    home: 'https://www.instagram.com/',
    logged_in: null,
    time_zone: 'Europe/London',
    approval: 'messages',
    test_account: false,
    limits: { message: { per_hour: 10, per_day: 30, apart_s: 60, hours: { from: '09:00', to: '21:00' } } },
    used: {},
    cool_down: null,
    profile: {
      state: 'none',
      saved_at: null,
      proved_at: null,
      expired_at: null,
      key_id: null,
      origins: [],
      cookies: 0,
      bytes: 0
    }
  },
  ProfileKeyRotated: {
    key_id: 'kbd222e4f97c6',
    resealed: 0,
    failed: []
  },
  TokenView: {
    token_id: '3f1a0777-5a1c-4e3b-9d27-6b2f0000d889',
    service: 'orchestrator',
    scopes: ['flow.run:*', 'read:*'],
    accounts: null,
    created_at: '2026-01-31T09:30:38.641Z',
    expires_at: null,
    revoked_at: null,
    token: 'trp_…'
  },
  OwnToken: {
    token_id: '3f1a0888-5a1c-4e3b-9d27-6b2f0000f778',
    service: 'admin',
    scopes: ['admin'],
    accounts: null,
    expires_at: null
  },
  SignInLink: {
    code: 'one-time-code',
    path: '/inspector#sign-in=one-time-code',
    expires_at: '2026-01-31T10:30:00.000Z'
  },
  Flow: {
    name: 'greet',
    title: 'Say something',
    version: 3,
    platforms: ['instagram', 'x'],
    params: {
      type: 'object',
      required: ['text'],
      additionalProperties: false,
      properties: {
        text: {
          type: 'string',
          maxLength: 20
        },
        times: {
          type: 'integer',
          default: 1
        }
      }
    },
    actions: [
      {
        attempt: 'GREET',
        effect: 'write',
        reaches: 'nobody',
        steps: [
          {
            type: 'click',
            selectors: ['#greet']
          }
        ],
        verify: {
          as: 'GREETED',
          steps: [
            {
              type: 'waitForElement',
              selectors: ['#done']
            }
          ]
        }
      }
    ]
  },
  Health: {
    status: 'up',
    version: '0.0.0-test'
  },
  Readiness: {
    status: 'ready',
    version: '0.0.0-test',
    checks: [
      {
        name: 'host',
        state: 'up',
        why: 'running; taken up again at the start: 0 actors, 0 timers, 0 effects, 0 tells'
      },
      {
        name: 'machines',
        state: 'up',
        why: 'at the start 0 actors went on with a newer machine, 0 were migrated, 0 stayed'
      },
      {
        name: 'database',
        state: 'up',
        why: null
      },
      {
        name: 'journal_lag',
        state: 'up',
        why: '0 of at most 50000 not yet durable'
      }
    ],
    recovered: {
      actors: 0,
      timers: 0,
      effects: 0,
      tells: 0
    }
  },
  ActionView: {
    command_id: '3f1a0000-5a1c-4e3b-9d27-6b2f00000000',
    name: 'GREET',
    effect: 'write',
    flow: 'greet',
    correlation_id: '3f1a0111-5a1c-4e3b-9d27-6b2f00001eef',
    session_id: '3f1a0222-5a1c-4e3b-9d27-6b2f00003dde',
    account_id: 'ada',
    platform: 'instagram',
    attempts: 1,
    outcome: 'VERIFIED',
    verify_as: 'GREETED',
    dedupe_key: 'ffad6c55908810b7d0fac5e924a314f7d4bb235a7ee97d26c33369a6a3c23187',
    why: null,
    error_code: null,
    created_at: '2026-01-31T09:30:36.811Z',
    updated_at: '2026-01-31T09:30:36.817Z',
    already_done: false,
    proofs: [],
    artifacts: [],
    extracted: null,
    links: {
      command: '/v1/commands/3f1a0000-5a1c-4e3b-9d27-6b2f00000000'
    }
  },
  SelectorView: selectorView,
  ProfileKeyView: {
    key_id: 'ka71121a7aae0',
    active: true,
    created_at: '2026-01-31T09:30:36.198Z',
    profiles: 0
  },
  FlowSummary: {
    name: 'asked',
    title: 'Say something',
    version: 3,
    platforms: ['instagram', 'x'],
    writes: true
  },
  AuditRecord: {
    seq: 2,
    at: '2026-01-31T09:30:36.628Z',
    action: 'command.accepted',
    outcome: 'accepted',
    service: 'orchestrator',
    token_id: '3f1a0333-5a1c-4e3b-9d27-6b2f00005ccd',
    subject: 'command/3f1a0000-5a1c-4e3b-9d27-6b2f00000000',
    correlation_id: '3f1a0111-5a1c-4e3b-9d27-6b2f00001eef',
    command_id: '3f1a0000-5a1c-4e3b-9d27-6b2f00000000',
    session_id: '3f1a0222-5a1c-4e3b-9d27-6b2f00003dde',
    account_id: 'ada',
    platform: 'instagram',
    detail: {
      type: 'flow.run',
      flow: 'greet',
      flow_version: 3,
      requester: { service: 'orchestrator', instance_id: 'one' },
      body_hash: 'ffad6c55908810b7d0fac5e924a314f7d4bb235a7ee97d26c33369a6a3c23187'
    },
    prev_hash: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    hash: '0263829989b6fd954f72baaf2fc64bc2e2f01d692d4de72986ea808f6e99813f'
  },
  AuditVerification: {
    ok: true,
    checked: 2,
    fault: null,
    checkpoint: { seq: 0, hash: '0000000000000000000000000000000000000000000000000000000000000000' },
    head: { seq: 2, hash: '0263829989b6fd954f72baaf2fc64bc2e2f01d692d4de72986ea808f6e99813f' }
  },
  PostView: {
    post_id: '9f86d081884c7d659a2feaa0c55ad015',
    platform: 'instagram',
    account_id: 'ada',
    url: 'https://www.instagram.com/p/1/',
    author: 'grace',
    text: 'Hello',
    stats: { likes: 12, comments: 3 },
    command_id: '3f1a0000-5a1c-4e3b-9d27-6b2f00000000',
    first_seen_at: '2026-01-31T09:30:36.817Z',
    last_seen_at: '2026-01-31T09:30:36.817Z',
    links: {
      stats: '/v1/posts/9f86d081884c7d659a2feaa0c55ad015/stats',
      command: '/v1/commands/3f1a0000-5a1c-4e3b-9d27-6b2f00000000'
    }
  },
  PostStats: {
    post_id: '9f86d081884c7d659a2feaa0c55ad015',
    command_id: '3f1a0000-5a1c-4e3b-9d27-6b2f00000000',
    stats: { likes: 12, comments: 3 },
    seen_at: '2026-01-31T09:30:36.817Z'
  },
  DmThreadView: {
    thread_id: '0263829989b6fd954f72baaf2fc64bc2',
    platform: 'instagram',
    account_id: 'ada',
    url: 'https://www.instagram.com/direct/t/1/',
    with: 'grace',
    last_message: 'See you',
    unread: 1,
    command_id: '3f1a0000-5a1c-4e3b-9d27-6b2f00000000',
    first_seen_at: '2026-01-31T09:30:36.817Z',
    last_seen_at: '2026-01-31T09:30:36.817Z',
    links: { command: '/v1/commands/3f1a0000-5a1c-4e3b-9d27-6b2f00000000' }
  },
  SoraDraftView: {
    draft_id: '0263829989b6fd954f72baaf2fc64bc2',
    platform: 'sora',
    account_id: 'ada',
    url: 'https://sora.chatgpt.com/d/1',
    prompt: 'A paper boat on a river of ink',
    state: 'Rendering',
    command_id: '3f1a0000-5a1c-4e3b-9d27-6b2f00000000',
    first_seen_at: '2026-01-31T09:30:36.817Z',
    last_seen_at: '2026-01-31T09:30:36.817Z',
    links: { command: '/v1/commands/3f1a0000-5a1c-4e3b-9d27-6b2f00000000' }
  },
  SoraUsageView: {
    platform: 'sora',
    account_id: 'ada',
    credits_used: 10,
    credits_left: 90,
    videos: 1,
    figures: { credits_used: 10, credits_left: 90, videos: 1 },
    command_id: '3f1a0000-5a1c-4e3b-9d27-6b2f00000000',
    seen_at: '2026-01-31T09:30:36.817Z',
    links: { command: '/v1/commands/3f1a0000-5a1c-4e3b-9d27-6b2f00000000' }
  },
  ArtifactView: {
    artifact_id: '3f1a0222-5a1c-4e3b-9d27-6b2f00003dd9',
    command_id: '3f1a0000-5a1c-4e3b-9d27-6b2f00000000',
    account_id: 'ada',
    kind: 'screenshot',
    media_type: 'image/png',
    sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    size: 48213,
    created_at: '2026-01-31T09:30:36.817Z',
    links: {
      self: '/v1/artifacts/3f1a0222-5a1c-4e3b-9d27-6b2f00003dd9'
    }
  },
  ApprovalView: {
    approval_id: '3f1ac0de-5a1c-4e3b-9d27-6b2f0000beef',
    command_id: '3f1a0000-5a1c-4e3b-9d27-6b2f00000000',
    state: 'PENDING',
    action_hash: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    preview: {
      flow: 'greet',
      flow_version: 3,
      account_id: 'ada',
      platform: 'instagram',
      params: {
        text: 'hello'
      },
      writes: ['GREET'],
      reaches: {
        GREET: 'message'
      }
    },
    edited: null,
    decided_by: null,
    note: null,
    created_at: '2026-01-31T09:30:36.628Z',
    expires_at: '2026-02-01T09:30:36.628Z',
    decided_at: null,
    last_cursor: '30'
  },
  AlertView: {
    alert_id: '9f86d081884c7d659a2feaa0c55ad015',
    state: 'RAISED',
    rule: 'every move is one of the machine',
    about: ['command/3f1a0000-5a1c-4e3b-9d27-6b2f00000000'],
    cursor: '21',
    why: 'there is no transition QUEUED ─▶ SUCCEEDED',
    source: 'troupe test conform --follow',
    raised_by: 'admin',
    acknowledged_by: null,
    note: null,
    created_at: '2026-01-31T09:30:36.628Z',
    expires_at: '2026-03-02T09:30:36.628Z',
    acknowledged_at: null,
    last_cursor: '30'
  },
  AlertRaise: {
    rule: 'every move is one of the machine',
    about: ['command/3f1a0000-5a1c-4e3b-9d27-6b2f00000000'],
    cursor: '21',
    why: 'there is no transition QUEUED ─▶ SUCCEEDED',
    source: 'troupe test conform --follow'
  },
  AlertDecision: {
    decision: 'acknowledge',
    note: 'it was the proxy'
  },
  CommandEnvelope: {
    version: '1.0',
    idempotency_key: 'hello-1',
    requester: {
      service: 'admin',
      instance_id: 'one'
    },
    target: {
      account_id: 'ada',
      platform: 'instagram'
    },
    type: 'flow.run',
    payload: {
      flow: 'greet',
      params: {
        text: 'hello'
      }
    }
  },
  CommandCancelRequest: {
    reason: 'no longer wanted'
  },
  ApprovalDecision: {
    decision: 'allow',
    note: 'reads well'
  },
  SessionCreate: {
    account_id: 'ada',
    platform: 'instagram'
  },
  AccountUpdate: {
    platform: 'instagram',
    home: 'https://www.instagram.com/'
  },
  PersonInput: {
    type: 'click',
    x: 120,
    y: 340
  },
  InputDone: {
    done: 'click'
  },
  ActorCreate: {
    id: 'first',
    input: {}
  },
  ActorEvent: { type: 'note.add' },
  SelectorDecision: {
    decision: 'accept',
    note: 'looked at it'
  },
  TokenCreate: {
    service: 'orchestrator',
    scopes: ['flow.run:*', 'read:*']
  },
  TokenRotate: {
    grace_ms: 60000
  },
  SignIn: {
    code: 'one-time-code'
  }
};
// Without a number: the next version, whatever there is.
const { version: _, ...next } = examples.Flow as { [key: string]: Json };
examples.FlowOrRecording = next;
