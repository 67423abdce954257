/**
 * Runs in a process of its own: Troupe with its recipe sockets, whose desktop does nothing, and the two bare echoes that
 * they are measured against. Told the folder, it says where everything is, and ends with its channel.
 */
import { createServer } from 'node:net';
import { join } from 'node:path';
import pino from 'pino';
import unixDgram from 'unix-dgram';
import { compiled } from './compiled.ts';

const { readConfig } = await compiled<typeof import('../../server/config.ts')>('server/config.js');
const { startTroupe } = await compiled<typeof import('../../server/start.ts')>('server/start.js');
const [folder] = process.argv.slice(2) as [string];
const config = readConfig(
  { data: join(folder, 'data'), control: '127.0.0.1:0', telemetry: '127.0.0.1:0', driver: 'stub' },
  {}
);
const troupe = await startTroupe(config, {
  logger: pino({ level: 'warn' }),
  environment: { ...process.env, XDG_RUNTIME_DIR: '' },
  version: 'bench'
});

const echo = unixDgram.createSocket('unix_dgram');
const echoPath = join(folder, 'echo.dgram');
echo.bind(echoPath);
echo.on('message', (bytes, { path }) => {
  if (path) echo.send(bytes, 0, bytes.length, path, () => {});
});
const streamPath = join(folder, 'echo.sock');
const stream = createServer((socket) => {
  socket.on('error', () => {});
  socket.on('data', (chunk) => socket.write(chunk));
});
await new Promise<void>((resolve) => stream.listen(streamPath, resolve));

process.send?.({
  recipes: troupe.endpoints.recipes,
  control: troupe.endpoints.control,
  token: troupe.adminToken.token,
  echo: { datagram: echoPath, stream: streamPath }
});
process.once('disconnect', async () => {
  await troupe.stop();
  process.exit();
});
