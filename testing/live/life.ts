/** What was done to one actor of a deployment, what came back, and what the stream says of it. */
import type { MachineEvent } from '../../actors/host/contract.ts';
import type { ActorSummary, EventEnvelope } from '../../schemas/generated/contracts.ts';
import type { Fields } from '../samples.ts';

export type Answer =
  | { kind: 'accepted'; actor: ActorSummary }
  /** 409 EVENT_REJECTED */
  | { kind: 'rejected'; state: string; legal: readonly string[] }
  /** Any other refusal: nothing may have come of it. */
  | { kind: 'refused'; code: string; why: string }
  /** None came: it may have been taken, once, or not. */
  | { kind: 'lost'; why: string };

/** One event that was sent from outside. */
export interface Request {
  event: MachineEvent;
  /** Ticks of a clock that counts beginnings and ends of requests: one that ended before another began came first. */
  begun: number;
  ended: number;
  answer: Answer;
  /** It does not fit the schema, so it must be refused. */
  unfit?: boolean;
}

export interface Life {
  address: string;
  /** What it was made with; undefined: nobody outside knows. */
  input: Fields | undefined;
  requests: Request[];
  /** Every row of the actor in the order of the stream. */
  rows: EventEnvelope[];
  /** The actor as it was read, now and then; with `at` of the past, which tells what an effect really gave. */
  looks: ActorSummary[];
}

/** The actor that the deployment shows differs from what the machine says of what was done to it. */
export interface Deviation {
  what: keyof typeof DEVIATIONS;
  why: string;
  address: string;
  cursor: string | null;
}

/** Every way in which a deployment can lie, by name. */
export const DEVIATIONS = {
  'cursor went back': 'a row has no greater cursor than the one before',
  'row came twice': 'one row of the log is on the stream more than once',
  'chain is broken': 'a transition begins in another state than the one before has led to',
  'transition is lost': 'a step that was taken is not on the stream, or not whole',
  'transition is wrong': 'the machine goes elsewhere on that event',
  'illegal event was taken': 'the machine does not take that event in that state',
  'legal event was refused': 'the machine takes that event in that state',
  'nobody sent it': 'the actor took an event from outside that was not sent, or took one twice',
  'acknowledged and lost': 'an event was answered with 202 and never came to be',
  'refusal is not in the log': 'an event was answered with 409 and there is no row event.rejected',
  'alternatives are wrong': 'the legal alternatives of a refusal are not those of the machine',
  'state is wrong': 'an answer shows another state than the machine is in after that step',
  'accepts is wrong': 'an answer shows other events than the machine takes after that step',
  'context is wrong': 'the actor has other values than the machine gives it',
  'order is wrong': 'an event was taken before one that had been answered when it was sent',
  'unfit was taken': 'an event that does not fit its schema was not refused',
  'fit was refused': 'an event that fits its schema was refused',
  'made twice': 'a creation that was repeated made something, or was not refused as one that exists',
  'stream changed': 'what was heard live is not what the log replays',
  'invariant is broken': 'what must hold of every log does not'
} as const;

export const deviation = (
  what: Deviation['what'],
  { address }: Pick<Life, 'address'>,
  why: string,
  row?: EventEnvelope
): Deviation => ({ what, why, address, cursor: row?.cursor ?? null });
