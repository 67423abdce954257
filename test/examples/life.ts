/** What is compared between a machine here and the same machine under a plain `createActor`. All of it is JSON. */
export interface Life {
  value: unknown;
  context: unknown;
  status: string;
  output: unknown;
  /** The message of the error it ended with. */
  error: string | null;
}

export interface Picture {
  /** By place: '' for the actor itself, `pay[0]` for the first child of that name, `pay[0].charge[1]` below it. */
  lives: Record<string, Life>;
  /** Promises waited for, in the order they were asked for. */
  waiting: string[];
  /** What each emitted, in order. */
  emitted: Record<string, string[]>;
}

/** One side of the comparison. Every call returns once nothing moves any more. */
export interface Stage {
  begin(): Promise<void>;
  /** `andCrash`: the process ends as soon as the sender has its answer, before anything that follows from it. */
  send(event: { type: string; [key: string]: unknown }, andCrash?: boolean): Promise<void>;
  advance(ms: number): Promise<void>;
  /** Settles the nth promise waited for, if there are so many. */
  settle(index: number, outcome: Outcome): Promise<void>;
  /** Settles the nth promise whose state was left already. */
  settleLate(index: number, outcome: Outcome): Promise<void>;
  /** The process ends without warning and another one takes over. A plain actor knows no such thing: nothing. */
  crash(): Promise<void>;
  picture(): Promise<Picture>;
  end(): Promise<void>;
}

export type Outcome = { output: unknown } | { fails: string };

export const life = (from: {
  value?: unknown;
  context?: unknown;
  status: string;
  output?: unknown;
  error?: unknown;
}): Life => ({
  value: from.value,
  context: json(from.context),
  status: from.status,
  output: json(from.output ?? null),
  error: from.status === 'error' ? messageOf(from.error) : null
});

export const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value) ?? 'null');
const messageOf = (error: unknown) => String((error as { message?: unknown } | undefined)?.message ?? error);
