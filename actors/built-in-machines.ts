import { accountMachine } from '../machines/account.ts';
import { alertMachine } from '../machines/alert.ts';
import { approvalMachine } from '../machines/approval.ts';
import { commandMachine } from '../machines/command.ts';
import { driverMachine } from '../machines/driver.ts';
import { recipeMachine } from '../machines/recipe.ts';
import { selectorMachine } from '../machines/selector.ts';
import { sessionMachine } from '../machines/session.ts';
import { supervisorMachine } from '../machines/supervisor.ts';
import type { KindOfMachine } from './kernel/definition.ts';

/** The machines that are always there, without hands: for documents of what they are. */
export const builtInMachines: KindOfMachine[] = [
  { kind: 'command', machine: commandMachine, durable: true },
  { kind: 'session', machine: sessionMachine, durable: true },
  { kind: 'approval', machine: approvalMachine, durable: true },
  { kind: 'account', machine: accountMachine, durable: true },
  { kind: 'selector', machine: selectorMachine, durable: true },
  { kind: 'recipe', machine: recipeMachine, durable: true },
  { kind: 'alert', machine: alertMachine, durable: true },
  { kind: 'supervisor', machine: supervisorMachine, durable: false },
  { kind: 'driver', machine: driverMachine, durable: false }
];
