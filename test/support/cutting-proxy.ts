import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

/** Passes bytes on to `port`, until its connections are cut. */
export async function cuttingProxy(
  t: Pick<TestContext, 'after'>,
  port: number
): Promise<{ host: string; cut(): void; connections(): number }> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const cut = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  const server: Server = createServer((near) => {
    connections++;
    const far = connect(port, '127.0.0.1');
    for (const [one, other] of [
      [near, far],
      [far, near]
    ] as const) {
      sockets.add(one);
      one
        .on('error', () => {})
        .on('close', () => {
          sockets.delete(one);
          other.destroy();
        });
      one.pipe(other);
    }
  });
  t.after(() => {
    cut();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, cut, connections: () => connections };
}
