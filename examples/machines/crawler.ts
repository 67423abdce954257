import { assign, emit, fromPromise, sendParent, sendTo, setup, spawnChild, stopChild } from 'xstate';

/** Reads what it is given as text; tells its worker how far it is. A machine so that it can take its time. */
export const parser = setup({
  types: {
    input: {} as { text: string },
    context: {} as { text: string; links: string[] },
    events: {} as { type: 'parse.hurry' },
    output: {} as { links: string[] }
  }
}).createMachine({
  id: 'parser',
  context: ({ input }) => ({ text: input.text, links: input.text.split(' ').filter((word) => word.startsWith('/')) }),
  initial: 'looking',
  states: {
    looking: {
      always: { guard: ({ context }) => context.links.length === 0, target: 'done' },
      entry: sendParent({ type: 'parser.begun' }),
      after: { 500: 'done' },
      on: { 'parse.hurry': 'done' }
    },
    done: { type: 'final' }
  },
  output: ({ context }) => ({ links: context.links })
});

/** One page: fetched, then parsed by a child of its own; its boss hears of every stage. */
export const worker = setup({
  types: {
    input: {} as { url: string },
    context: {} as { url: string; links: string[]; begun: number },
    events: {} as { type: 'parser.begun' } | { type: 'hurry' },
    output: {} as { url: string; links: string[] }
  },
  actors: {
    parser,
    get: fromPromise<string, { url: string }>(async ({ input, signal }) => (await fetch(input.url, { signal })).text())
  }
}).createMachine({
  id: 'worker',
  context: ({ input }) => ({ url: input.url, links: [], begun: 0 }),
  initial: 'fetching',
  on: {
    'parser.begun': {
      actions: [
        assign({ begun: ({ context }) => context.begun + 1 }),
        sendParent(({ context }) => ({ type: 'page.parsing', url: context.url }))
      ]
    }
  },
  states: {
    fetching: {
      invoke: { id: 'get', src: 'get', input: ({ context }) => ({ url: context.url }), onDone: 'parsing' }
    },
    parsing: {
      invoke: {
        id: 'parser',
        src: 'parser',
        input: ({ event }) => ({ text: (event as unknown as { output: string }).output }),
        onDone: { target: 'done', actions: assign({ links: ({ event }) => event.output.links }) }
      },
      on: { hurry: { actions: sendTo('parser', { type: 'parse.hurry' }) } }
    },
    done: { type: 'final' }
  },
  output: ({ context: { url, links } }) => ({ url, links })
});

/** A site read page by page, each by a worker spawned for it; the workers that end report through `xstate.done.actor.*`. */
export const crawler = setup({
  types: {
    context: {} as { seen: string[]; parsing: string[]; found: string[]; lost: number },
    events: {} as
      | { type: 'page.found'; url: string }
      | { type: 'page.parsing'; url: string }
      | { type: 'page.hurry'; url: string }
      | { type: 'page.drop'; url: string }
      | { type: 'crawl.end' },
    emitted: {} as { type: 'page.read'; url: string; links: number },
    children: {} as Record<string, 'worker'>,
    output: {} as { found: string[] }
  },
  actors: { worker }
}).createMachine({
  id: 'crawler',
  context: { seen: [], parsing: [], found: [], lost: 0 },
  initial: 'open',
  states: {
    open: {
      on: {
        'page.found': {
          guard: ({ context, event }) => !context.seen.includes(event.url),
          actions: [
            assign({ seen: ({ context, event }) => [...context.seen, event.url] }),
            spawnChild('worker', {
              id: ({ event }) => (event as Found).url,
              input: ({ event }) => ({ url: (event as Found).url })
            })
          ]
        },
        'page.parsing': { actions: assign({ parsing: ({ context, event }) => [...context.parsing, event.url] }) },
        'page.hurry': {
          guard: ({ context, event }) => context.seen.includes(event.url),
          actions: sendTo(({ event }) => event.url, { type: 'hurry' })
        },
        'page.drop': {
          guard: ({ context, event }) => context.seen.includes(event.url),
          actions: [
            stopChild(({ event }) => event.url),
            assign({ seen: ({ context, event }) => context.seen.filter((url) => url !== event.url) })
          ]
        },
        'xstate.done.actor.*': {
          actions: [
            assign({ found: ({ context, event }) => [...context.found, ...(event as unknown as Done).output.links] }),
            emit(({ event }) => ({
              type: 'page.read',
              url: (event as unknown as Done).output.url,
              links: (event as unknown as Done).output.links.length
            }))
          ]
        },
        'xstate.error.actor.*': { actions: assign({ lost: ({ context }) => context.lost + 1 }) },
        'crawl.end': 'over'
      }
    },
    over: { type: 'final' }
  },
  output: ({ context }) => ({ found: context.found })
});

type Found = { type: 'page.found'; url: string };
interface Done {
  output: { url: string; links: string[] };
}
