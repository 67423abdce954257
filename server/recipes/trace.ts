import type { RecipeMeta, RecipeReply } from '../../schemas/generated/contracts.ts';

/** Which way a request came: datagram, stream; line and json are the older protocols on the stream. */
export type Transport = 'datagram' | 'stream' | 'line' | 'json';

/** What the log is told of a request: never what was typed or pasted. */
export interface Trace {
  id: string | null;
  meta: RecipeMeta | undefined;
  transport: Transport;
  /** Of its commands, in order. */
  types: string[];
  /** It could be read. */
  decoded: boolean;
  /** Its first command was begun. */
  dispatched: boolean;
  timing: RecipeReply['timing_us'];
  error?: { code: string; message: string; index?: number };
  /** Of the first flow it handed over. */
  commandId?: string;
}

/** What takes traces away from the hot path. */
export interface TraceFeed {
  /** Returns at once. */
  push(trace: Trace): void;
}
