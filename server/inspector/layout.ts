/** Diagrams of machines, laid out once a version and kept. ELK works in a thread of its own; see layout-worker.mjs. */
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { ElkNode } from 'elkjs/lib/elk-api.js';
import { packageRoot } from '../../actors/package-root.ts';
import type { Diagram, MachineNode } from '../../schemas/generated/contracts.ts';
import { diagramGraph, diagramOf } from './diagram-graph.ts';

export interface Layout {
  /** @throws Error when ELK cannot lay it out */
  diagram(kind: string, version: string, definition: () => MachineNode): Promise<Diagram>;
  /** Ends the thread; whoever waits is refused. */
  close(): Promise<void>;
}

/** An idle thread holds 50 MB for diagrams that are all in the cache by then. */
const IDLE_MS = 10_000;

export function createLayout(): Layout {
  const cache = new Map<string, Promise<Diagram>>();
  const waiting = new Map<number, { resolve(graph: ElkNode): void; reject(error: Error): void }>();
  let worker: Worker | undefined;
  let idle: NodeJS.Timeout | undefined;
  let lastId = 0;

  function start(): Worker {
    const started = new Worker(join(packageRoot(), 'server/inspector/layout-worker.mjs'), { execArgv: [] });
    started.unref();
    started.on('message', ({ id, graph, error }: { id: number; graph: ElkNode; error?: string }) => {
      const asked = waiting.get(id);
      waiting.delete(id);
      if (error === undefined) asked?.resolve(graph);
      else asked?.reject(new Error(error));
    });
    started.on('error', (error) => ended(started, error));
    started.on('exit', () => ended(started, new Error('the layout thread ended')));
    return started;
  }

  function ended(which: Worker, error: Error) {
    if (worker !== which) return;
    worker = undefined;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  }

  async function layOut(graph: ElkNode): Promise<ElkNode> {
    clearTimeout(idle);
    worker ??= start();
    const id = ++lastId;
    try {
      return await new Promise<ElkNode>((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        worker?.postMessage({ id, graph });
      });
    } finally {
      idle = setTimeout(() => waiting.size === 0 && void close(), IDLE_MS);
      idle.unref();
    }
  }

  async function close() {
    clearTimeout(idle);
    const last = worker;
    if (last) ended(last, new Error('the process is shutting down'));
    await last?.terminate();
  }

  return {
    diagram(kind, version, definition) {
      const key = `${kind} ${version}`;
      let diagram = cache.get(key);
      if (!diagram) {
        const { graph, ...names } = diagramGraph(definition());
        diagram = layOut(graph).then((laidOut) => diagramOf(kind, version, names, laidOut));
        // One that failed is tried again by whoever asks next.
        diagram.catch(() => cache.delete(key));
        cache.set(key, diagram);
      }
      return diagram;
    },
    close
  };
}
