/** The site alone: `npx tsx test/site/main.ts --port 8080 [--host H] [--seed N] [--as alice]`. Ends on SIGINT and SIGTERM. */
import { parseArgs } from 'node:util';
import { startSite } from './site.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8080' },
    host: { type: 'string', default: '127.0.0.1' },
    seed: { type: 'string', default: '1' },
    as: { type: 'string' }
  }
});

const site = await startSite({
  port: Number(values.port),
  host: values.host,
  seed: Number(values.seed),
  visitor: values.as ?? null
});
console.log(site.url);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void site.close());
