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

/**
 * An error as the log has it: what the client said, which every message puts in quotes, is left out, for it may be what
 * was to be typed.
 */
export const errorForLog = ({ message, ...rest }: NonNullable<RecipeReply['error']>): NonNullable<Trace['error']> => ({
  ...rest,
  message: message.replace(/['"].*['"]/s, '…').slice(0, MOST_CHARACTERS)
});

const MOST_CHARACTERS = 300;

/** What takes traces away from the hot path. */
export interface TraceFeed {
  /** Returns at once. */
  push(trace: Trace): void;
}
