import { setup } from 'xstate';
import { hostActions } from './protocol.ts';

/** µs spent in each part of a request. */
export interface RecipeTiming {
  recv: number;
  decode: number;
  dispatch: number;
  exec: number;
  total: number;
}

/** A request and how it ended. What was typed, pasted or opened is not in it. */
export interface RecipeInput {
  /** The sender's; null when it gave none. */
  requestId: string | null;
  recipeId: string | null;
  source: string | null;
  traceId: string | null;
  transport: 'datagram' | 'stream' | 'line' | 'json';
  /** Types of its commands, in order. */
  commands: string[];
  /** It could be read. */
  decoded: boolean;
  /** Its first command was begun. */
  dispatched: boolean;
  timing: RecipeTiming;
  /** ms since 1970. The steps are journalled later. */
  receivedAt: number;
  error: { code: string; message: string; index?: number } | null;
  /** Of the flow it handed over. */
  commandId: string | null;
  /** Requests before it that the log could not take. */
  untraced: number;
  at: number;
}

export interface RecipeContext extends Omit<RecipeInput, 'at'> {
  why: string | null;
}

const who = { id: 'requestId', recipe_id: 'recipeId', source: 'source', transport: 'transport' };
const event = (type: string, take: Record<string, string>, severity: 'info' | 'debug' | 'warn' = 'debug') => ({
  telemetry: { type, severity, take: { ...who, ...take } }
});

/**
 * One request over a local socket, told afterwards: it was answered before the log heard of it, so that no disk is in a
 * key press's way. All of it is one step.
 *
 * ```
 * RECEIVED ─▶ DECODED ─▶ DISPATCHED ─▶ EXECUTED
 *     └──────────┴───────────┴────────▶ FAILED
 * ```
 */
export const recipeMachine = setup({
  types: { input: {} as RecipeInput, context: {} as RecipeContext, events: {} as { type: 'host.resumed' } },
  actions: { ...hostActions },
  guards: {
    wasDecoded: ({ context }) => context.decoded,
    wasDispatched: ({ context }) => context.dispatched,
    succeeded: ({ context }) => context.error === null
  }
}).createMachine({
  id: 'recipe',
  meta: {
    telemetry: { type: 'recipe.changed' },
    subject: { correlation_id: 'traceId', command_id: 'commandId' }
  },
  context: ({ input: { at: _, ...input } }) => ({ ...input, why: input.error?.message ?? null }),
  initial: 'RECEIVED',
  states: {
    RECEIVED: {
      meta: event('recipe.recv', { us: 'timing.recv', received_at: 'receivedAt', untraced: 'untraced' }),
      always: [{ guard: 'wasDecoded', target: 'DECODED' }, { target: 'FAILED' }]
    },
    DECODED: {
      meta: event('recipe.decode', { us: 'timing.decode', commands: 'commands' }),
      always: [{ guard: 'wasDispatched', target: 'DISPATCHED' }, { target: 'FAILED' }]
    },
    DISPATCHED: {
      meta: event('recipe.dispatch', { us: 'timing.dispatch' }),
      always: [{ guard: 'succeeded', target: 'EXECUTED' }, { target: 'FAILED' }]
    },
    EXECUTED: {
      type: 'final',
      meta: event('recipe.exec', { us: 'timing.exec', timing_us: 'timing', commands: 'commands' }, 'info')
    },
    FAILED: {
      type: 'final',
      meta: event('recipe.error', { us: 'timing.total', timing_us: 'timing', error: 'error' }, 'warn')
    }
  }
});
