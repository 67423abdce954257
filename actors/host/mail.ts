import type { ControlError } from '../../schemas/errors.ts';
import type { Outcome } from '../kernel/carry.ts';
import type {
  ActorRecord,
  ActorView,
  Address,
  AuditEntry,
  EffectRow,
  MachineEvent,
  TellRow,
  TimerRow,
  Write
} from './contract.ts';

/** Who waits for a piece of mail: a caller outside, who is answered once it is durable. */
export interface Sender {
  resolve(view: ActorView): void;
  reject(error: ControlError): void;
}

/** What comes from inside: nobody waits for it, and it is never given up. */
export type InsideMail =
  | { kind: 'tell'; address: Address; tell: TellRow }
  | { kind: 'timer'; address: Address; timer: TimerRow }
  | { kind: 'effect'; address: Address; effect: EffectRow; event: MachineEvent }
  | { kind: 'resume'; address: Address };

/** One thing to be done with one actor. */
export type Mail =
  | { kind: 'create'; address: Address; input: Record<string, unknown>; writes: Write[]; sender: Sender }
  | { kind: 'send'; address: Address; event: MachineEvent; writes: Write[]; sender: Sender }
  | { kind: 'note'; address: null; entry: AuditEntry; writes: Write[]; sender: Sender }
  | { kind: 'write'; address: null; writes: Write[]; sender: Sender }
  | { kind: 'upgrade'; address: Address; told: (record: ActorRecord, outcome: Outcome) => void }
  | InsideMail;

export const senderOf = (mail: Mail): Sender | undefined => ('sender' in mail ? mail.sender : undefined);
