/** A client of the stream that resumes by cursor through every death of the manager, and keeps all it was told. */
import { setTimeout as delay } from 'node:timers/promises';
import { FrameStream } from '../support/frame-stream.ts';
import type { Troupe } from './process.ts';

export interface Follower {
  /** `event_id` by cursor - 1, in the order they came. */
  readonly events: string[];
  readonly wrong: string[];
  /** How often it had to connect again. */
  readonly connections: number;
  /** Resolves once it has the event of this cursor. @throws Error after `timeoutMs` */
  until(cursor: number, timeoutMs?: number): Promise<void>;
  stop(): Promise<void>;
}

/** @param consumer a name under which the manager itself keeps how far this one has come; else it says so itself */
export function follow(troupe: Troupe, consumer?: string): Follower {
  const events: string[] = [];
  const wrong: string[] = [];
  const state = { connections: 0, stopping: false, acked: 0, stream: undefined as FrameStream | undefined };

  async function listen(stream: FrameStream) {
    const acked = state.acked;
    for await (const frame of stream) {
      if (frame.type === 'acked') state.acked = Number(frame.cursor);
      const isGoodbye =
        frame.type === 'error' && (frame.code === 'DRAINING' || /is closed; nothing was accepted$/.test(frame.message));
      if (frame.type === 'gap' || (frame.type === 'error' && !isGoodbye)) {
        wrong.push(`the stream sent ${JSON.stringify(frame)}`);
      }
      if (frame.type !== 'event') continue;
      const { cursor, event_id } = frame.event;
      const place = Number(cursor) - 1;
      if (consumer !== undefined && place < events.length) {
        // What was not acknowledged durably comes again, and is the same.
        if (place < acked) wrong.push(`cursor ${cursor} came again and was acknowledged up to ${acked}`);
        if (events[place] !== event_id) wrong.push(`cursor ${cursor} was ${events[place]} and is now ${event_id}`);
      } else if (place !== events.length) {
        wrong.push(`cursor ${cursor} came after ${events.length}`);
      } else {
        events.push(event_id);
      }
      if (consumer !== undefined && Number(cursor) % 50 === 0) stream.send({ type: 'ack', cursor });
    }
  }

  const running = (async () => {
    while (!state.stopping) {
      const up = await troupe.whenUp();
      if (!up) return;
      const cursor = String(events.length);
      // Until the manager has kept a place for it, a consumer says itself where it is.
      const how = consumer === undefined ? { cursor } : state.acked > 0 ? { consumer } : { consumer, cursor };
      try {
        state.stream = await FrameStream.open(`${up.wsUrl}/v1/stream`, up.token, how);
      } catch {
        await delay(20);
        continue;
      }
      state.connections += 1;
      await listen(state.stream);
      await delay(20);
    }
  })();

  return {
    events,
    wrong,
    get connections() {
      return state.connections;
    },
    async until(cursor, timeoutMs = 60_000) {
      for (const deadline = Date.now() + timeoutMs; events.length < cursor; await delay(20)) {
        if (Date.now() > deadline) throw new Error(`the stream is at ${events.length} and not at ${cursor}`);
      }
    },
    async stop() {
      state.stopping = true;
      await state.stream?.drop();
      await running;
    }
  };
}
