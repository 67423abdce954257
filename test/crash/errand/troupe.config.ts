/** The machines of the crash tests, as a user would register them. Their outside work is done at CRASH_OUTSIDE. */
import { errand, type Work } from './errand.ts';

interface Called {
  input: unknown;
  signal: AbortSignal;
  effect: { id: string; resumed: boolean };
}

async function work({ input, signal, effect }: Called): Promise<{ receipt: string }> {
  const response = await fetch(process.env.CRASH_OUTSIDE!, {
    method: 'POST',
    signal,
    headers: { 'idempotency-key': effect.id, 'content-type': 'application/json' },
    body: JSON.stringify({ ...(input as Work), resumed: effect.resumed, pid: process.pid })
  });
  if (!response.ok) throw new Error(`the outside answered ${response.status}`);
  return (await response.json()) as { receipt: string };
}

export default {
  machines: [
    {
      kind: 'errand',
      machine: errand,
      schema: {
        input: {
          type: 'object',
          additionalProperties: false,
          required: ['name', 'rest_ms'],
          properties: { name: { type: 'string' }, rest_ms: { type: 'integer', minimum: 0 } }
        }
      }
    }
  ],
  effects: { errand: { work } }
};
