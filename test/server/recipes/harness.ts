/** The recipe sockets of this process, real ones, before a desktop that is a list of what it was told. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import pino from 'pino';
import type { Desktop, DesktopCommand, Done } from '../../../actors/desktop/contract.ts';
import type { AuditEntry } from '../../../actors/host/contract.ts';
import type { RecipeReply } from '../../../schemas/generated/contracts.ts';
import type { LoadPeerUid } from '../../../server/recipes/peer.ts';
import { recipePaths } from '../../../server/recipes/place.ts';
import { startRecipes } from '../../../server/recipes/recipes.ts';
import type { FlowContext } from '../../../server/recipes/service.ts';
import type { StreamLimits } from '../../../server/recipes/stream.ts';
import type { LoadDatagrams } from '../../../server/recipes/unix-dgram.ts';

export type Reply = RecipeReply & Record<string, unknown>;

interface RecipeTestOptions {
  limits?: Partial<StreamLimits>;
  folder?: string;
  loadDatagrams?: LoadDatagrams;
  loadPeerUid?: LoadPeerUid;
  /** What the desktop does with a command, once it is put down. Default: nothing. */
  run?: Desktop['run'];
}

export async function recipesFor(
  t: TestContext,
  { limits, folder, loadDatagrams, loadPeerUid, run }: RecipeTestOptions = {}
) {
  const dataDir = folder ?? mkdtempSync(join(tmpdir(), 'troupe-recipes-'));
  const told: DesktopCommand[] = [];
  /** Set: the next command waits until it is called. */
  const held: (() => void)[] = [];
  let hold = false;
  const desktop: Desktop = {
    about: 'a list',
    run(command, deadline) {
      told.push(command);
      if (run) return run(command, deadline);
      if (!hold) return {};
      return new Promise<Done>((resolve) => held.push(() => resolve({})));
    },
    close: async () => {}
  };
  const created: Record<string, unknown>[] = [];
  const flows: (FlowContext & { name: string })[] = [];
  const refusals: (AuditEntry & { from: string })[] = [];
  const logged: Record<string, unknown>[] = [];
  const recipes = await startRecipes({
    host: {
      create: async (_, input) => {
        created.push(input);
        return {} as never;
      }
    },
    dataDir,
    paths: recipePaths(dataDir, undefined),
    desktop,
    runFlow: async ({ name }, context) => {
      flows.push({ name, ...context });
      return `command-of-${name}`;
    },
    refused: {
      note: async (from, entry) => {
        refusals.push({ from, ...entry });
      }
    },
    logger: pino({ level: 'warn' }, { write: (line) => logged.push(JSON.parse(line)) }),
    ...(limits ? { limits } : {}),
    ...(loadDatagrams ? { loadDatagrams } : {}),
    ...(loadPeerUid ? { loadPeerUid } : {})
  });
  t.after(async () => {
    for (const go of held.splice(0)) go();
    await recipes.close(1_000);
    if (!folder) rmSync(dataDir, { recursive: true, force: true });
  });
  return {
    recipes,
    dataDir,
    told,
    created,
    flows,
    refusals,
    logged,
    path: join(dataDir, 'recipes/recipes.sock'),
    hold: () => {
      hold = true;
    },
    letGo: () => {
      hold = false;
      for (const go of held.splice(0)) go();
    }
  };
}

/** A client of the stream that hears line by line. */
export async function open(t: TestContext, path: string) {
  const socket = connect(path);
  await once(socket, 'connect');
  t.after(() => socket.destroy());
  socket.on('error', () => {});
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  const next = async () => (await lines.next()).value as string;
  const ask = async (line: unknown): Promise<Reply> => {
    socket.write(`${typeof line === 'string' ? line : JSON.stringify(line)}\n`);
    return JSON.parse(await next());
  };
  return { socket, next, ask };
}

export const key = (name: string, more: object = {}) => ({ v: 1, type: 'keystroke', key: name, ...more });
export const codeOf = ({ error }: Reply) => error?.code;
export const until = async (holds: () => boolean) => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
};
