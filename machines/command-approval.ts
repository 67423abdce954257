/** AWAITING_APPROVAL of a command: nothing of it goes on until a person has answered, and no browser is held meanwhile. */
import { assign } from 'xstate';
import { says } from './command-telemetry.ts';
import { awaitDecision, keepArtifacts, reportTrouble, withdrawApproval } from './command-tells.ts';
import { words } from './command-words.ts';

export const awaitingApproval = words.createStateConfig({
  initial: 'asking',
  states: {
    asking: {
      entry: [
        assign({
          approvalId: ({ context }) => context.approval?.approvalId ?? null,
          lease: null,
          why: 'waiting for a person to allow it'
        }),
        {
          type: 'create',
          params: ({ context }) => ({
            address: `approval/${context.approvalId}`,
            input: {
              ...context.approval,
              commandId: context.commandId,
              correlationId: context.correlationId,
              sessionId: context.sessionId,
              accountId: context.envelope.target.account_id ?? null,
              platform: context.envelope.target.platform
            },
            ifAbsent: true
          })
        }
      ],
      on: {
        'approval.resolved': [
          { guard: 'isAllowed', target: '#command.QUEUED.admitting', actions: 'noteAllowed' },
          { guard: 'isOurApproval', target: '#command.FAILED', actions: 'noteRefusal' }
        ],
        'command.cancel': {
          target: '#command.CANCELLED',
          actions: ['stopCancelled', 'takeStop', withdrawApproval]
        },
        'command.expire': { target: '#command.FAILED', actions: ['stopExpired', 'takeStop', withdrawApproval] }
      }
    },
    /** What it would act on was found by likeness alone. Its browser is free meanwhile; then it begins anew. */
    selector: {
      meta: says('human.required', 'warn', {
        action: 'current.name',
        selectors: 'findings',
        artifacts: 'verdict.artifacts'
      }),
      entry: ['explainQuarantine', keepArtifacts, ...reportTrouble, awaitDecision],
      on: {
        'selector.settled': [
          { guard: 'isRejected', target: '#command.FAILED', actions: 'failRejected' },
          { guard: 'isOfOurSelectors', target: 'resolved', actions: 'rewind' }
        ],
        'command.cancel': { target: '#command.CANCELLED', actions: ['stopCancelled', 'takeStop'] },
        'command.expire': { target: '#command.FAILED', actions: ['stopExpired', 'takeStop'] }
      },
      after: { selectorLimit: { target: '#command.FAILED', actions: 'failQuarantined' } }
    },
    resolved: {
      meta: says('human.resolved', 'info', { action: 'findings.0.name' }),
      always: '#command.QUEUED.waiting'
    }
  }
});
