/**
 * Lays out beside the event loop: a large machine takes half a second. One message in, one out, by id.
 * Plain JavaScript, shipped as it is: a thread is started from a file, whether the rest was compiled or not.
 */
import { parentPort } from 'node:worker_threads';
import Elk from 'elkjs/lib/elk.bundled.js';

const elk = new Elk();

parentPort.on('message', async ({ id, graph }) => {
  try {
    parentPort.postMessage({ id, graph: await elk.layout(graph) });
  } catch (error) {
    parentPort.postMessage({ id, error: error.message });
  }
});
