/** Deployments in this process, and one that stands before them and lies. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import { WebSocket, WebSocketServer } from 'ws';
import type { UserConfig } from '../../actors/user-config/define.ts';
import { readConfig } from '../../server/config.ts';
import { startTroupe, type Troupe } from '../../server/start.ts';
import { loadUserConfig } from '../../server/user-config/load.ts';
import { readUserConfig } from '../../server/user-config/read.ts';
import { type TestedKind, testedKind } from '../../testing/kinds.ts';
import type { Endpoint } from '../../testing/live/deployment.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { orderKind } from './orders.ts';

/** The machine as a tester has it beside the deployment. */
export const ordersHere = (variant: Parameters<typeof orderKind>[0] = {}): TestedKind => testedKind(orderKind(variant));

/** @param config what is registered, or the file that registers it */
export async function deploy(t: Pick<TestContext, 'after'>, config: UserConfig | string): Promise<Troupe> {
  const data = await temporaryFolder(t);
  const places = { data, driver: 'stub', recipes: false, control: '127.0.0.1:0', telemetry: '127.0.0.1:0' };
  const isFile = typeof config === 'string';
  const registered = isFile ? await loadUserConfig(config) : readUserConfig(config, '/x/troupe.config.ts');
  const troupe = await startTroupe(readConfig(places as never, {}), {
    logger: pino({ level: 'silent' }),
    environment: {},
    version: '0.0.0',
    registered
  });
  t.after(() => troupe.stop());
  return troupe;
}

export const endpointOf = ({ endpoints, adminToken }: Troupe): Endpoint => ({
  url: endpoints.control,
  telemetryUrl: endpoints.telemetry,
  token: adminToken.token
});

// biome-ignore lint/suspicious/noExplicitAny: a liar takes what comes
type Any = any;

export interface Lies {
  /** What a client is told instead of the answer. */
  answer?(
    method: string,
    path: string,
    status: number,
    body: Any,
    sent: Any
  ): { status: number; body: Any } | undefined;
  /** How often a request is really made; 0: it is answered and not made. Default 1. */
  times?(method: string, path: string, sent: Any): number;
  /** What comes of a frame of the stream. */
  frame?(frame: Any): Any[];
}

/** Passes on what clients and the deployment say, and changes it. */
export async function lyingDeployment(t: Pick<TestContext, 'after'>, honest: Endpoint, lies: Lies): Promise<Endpoint> {
  const control = createServer(async (request, response) => {
    const [method, path] = [request.method as string, request.url as string];
    const text = await read(request);
    const sent = text === '' ? undefined : JSON.parse(text);
    const ask = async () => {
      const answer = await fetch(honest.url + path, {
        method,
        headers: { authorization: request.headers.authorization ?? '', 'content-type': 'application/json' },
        ...(text === '' ? {} : { body: text })
      });
      return { status: answer.status, body: await answer.json() };
    };
    let answer: { status: number; body: Any } = { status: 202, body: {} };
    const times = lies.times?.(method, path, sent) ?? 1;
    for (let i = 0; i < times; i++) answer = await ask();
    answer = lies.answer?.(method, path, answer.status, answer.body, sent) ?? answer;
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
  });
  await new Promise<void>((resolve) => control.listen(0, '127.0.0.1', resolve));
  const telemetry = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  if (telemetry.address() === null) await new Promise<void>((resolve) => telemetry.once('listening', resolve));
  telemetry.on('connection', (near, request) => {
    const far = new WebSocket(honest.telemetryUrl + request.url, {
      headers: { authorization: request.headers.authorization ?? '' }
    });
    const waiting: string[] = [];
    near.on('message', (data) =>
      far.readyState === WebSocket.OPEN ? far.send(String(data)) : waiting.push(String(data))
    );
    far.on('open', () => {
      for (const text of waiting.splice(0)) far.send(text);
    });
    far.on('message', (data) => {
      const frame = JSON.parse(String(data));
      for (const one of lies.frame?.(frame) ?? [frame]) near.send(JSON.stringify(one));
    });
    near.on('close', () => far.close());
    far.on('close', () => near.close());
    far.on('error', () => near.close());
  });
  t.after(() => {
    control.closeAllConnections();
    control.close();
    for (const socket of telemetry.clients) socket.terminate();
    telemetry.close();
  });
  return {
    url: `http://127.0.0.1:${(control.address() as AddressInfo).port}`,
    telemetryUrl: `ws://127.0.0.1:${(telemetry.address() as AddressInfo).port}`,
    token: honest.token
  };
}

async function read(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  return text;
}
