import { assign, fromPromise, setup } from 'xstate';

/** One file to one address: tried again with twice the wait each time, paused and resumed, given up after five. */
export const upload = setup({
  types: {
    input: {} as { file: string; url: string },
    context: {} as { file: string; url: string; attempts: number; problem: string | null; etag: string | null },
    events: {} as
      | { type: 'upload.start' }
      | { type: 'upload.pause' }
      | { type: 'upload.resume' }
      | { type: 'upload.cancel' },
    output: {} as { etag: string | null; attempts: number }
  },
  actors: {
    put: fromPromise<{ etag: string }, { file: string; url: string; attempt: number }>(async ({ input, signal }) => {
      const answer = await fetch(input.url, { method: 'PUT', body: input.file, signal });
      if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
      return { etag: answer.headers.get('etag') ?? '' };
    })
  },
  guards: { givenUp: ({ context }) => context.attempts >= 5 },
  delays: { backoff: ({ context }) => 1_000 * 2 ** (context.attempts - 1) }
}).createMachine({
  id: 'upload',
  context: ({ input }) => ({ ...input, attempts: 0, problem: null, etag: null }),
  initial: 'ready',
  states: {
    ready: { on: { 'upload.start': 'sending' } },
    sending: {
      entry: assign({ attempts: ({ context }) => context.attempts + 1 }),
      invoke: {
        id: 'put',
        src: 'put',
        input: ({ context: { file, url, attempts } }) => ({ file, url, attempt: attempts }),
        onDone: { target: 'sent', actions: assign({ etag: ({ event }) => event.output.etag, problem: null }) },
        onError: {
          target: 'deciding',
          actions: assign({ problem: ({ event }) => (event.error as Error).message })
        }
      },
      after: { 30000: { target: 'deciding', actions: assign({ problem: 'no answer in 30 seconds' }) } },
      on: { 'upload.pause': 'paused' }
    },
    deciding: { always: [{ guard: 'givenUp', target: 'failed' }, { target: 'waiting' }] },
    waiting: { after: { backoff: 'sending' }, on: { 'upload.pause': 'paused', 'upload.start': 'sending' } },
    paused: { on: { 'upload.resume': 'sending' } },
    sent: { type: 'final' },
    failed: { on: { 'upload.start': { target: 'sending', actions: assign({ attempts: 0 }) } } },
    cancelled: { type: 'final' }
  },
  on: { 'upload.cancel': '.cancelled' },
  output: ({ context: { etag, attempts } }) => ({ etag, attempts })
});
