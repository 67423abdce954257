/**
 * Runs in a process of its own: a whole instance, as it is installed, with actors that make a steady number of events a
 * second once they are told to: real steps of the real host, journaled and streamed. Told a data directory and how many
 * of them, it says where it is; then it answers with the CPU time it took, ends them, or with its channel itself.
 */
import { join } from 'node:path';
import pino from 'pino';
import { assign, setup } from 'xstate';
import { compiled } from './compiled.ts';

const { readConfig } = await compiled<typeof import('../../server/config.ts')>('server/config.js');
const { startTroupe } = await compiled<typeof import('../../server/start.ts')>('server/start.js');
const { readUserConfig } =
  await compiled<typeof import('../../server/user-config/read.ts')>('server/user-config/read.js');

export interface Where {
  control: string;
  token: string;
}

const [data, perSecond, tickers] = process.argv.slice(2) as [string, string, string];
/** ms; an event of each ticker in each. */
const beat = (Number(tickers) / Number(perSecond)) * 1_000;

type TickerEvent = { type: 'ticker.start' | 'ticker.stop'; at: number };

/** Goes round once it is started, on a beat of its own: what is late once makes nothing after it late. */
const ticker = setup({
  types: { context: {} as { next: number }, events: {} as TickerEvent },
  actions: {
    begin: assign({ next: ({ event }) => event.at }),
    count: assign({ next: ({ context }) => context.next + beat })
  },
  delays: { beat: ({ context, event }) => Math.max(0, context.next + beat - event.at) }
}).createMachine({
  id: 'ticker',
  context: { next: 0 },
  initial: 'still',
  states: {
    still: { on: { 'ticker.start': { target: 'tick', actions: 'begin' } } },
    tick: { after: { beat: { target: 'tock', actions: 'count' } }, on: { 'ticker.stop': 'still' } },
    tock: { after: { beat: { target: 'tick', actions: 'count' } }, on: { 'ticker.stop': 'still' } }
  }
});
const closed = { type: 'object', additionalProperties: false };
const schema = { events: { 'ticker.start': closed, 'ticker.stop': closed } };

const troupe = await startTroupe(
  readConfig(
    {
      data,
      driver: 'stub',
      recipes: false,
      request_limit: 0,
      control: '127.0.0.1:0',
      telemetry: '127.0.0.1:0'
    } as never,
    {}
  ),
  {
    logger: pino({ level: 'warn' }),
    environment: {},
    version: 'bench',
    registered: readUserConfig({ machines: [{ kind: 'ticker', machine: ticker, schema }] }, join(data, 'c.ts'))
  }
);

process.send?.({ control: troupe.endpoints.control, token: troupe.adminToken.token } satisfies Where);
process.on('message', () => process.send?.(process.cpuUsage()));
process.once('disconnect', async () => {
  await troupe.stop();
  process.exit();
});
