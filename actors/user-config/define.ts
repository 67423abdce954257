/**
 * `troupe` and `troupe/config`: what a `troupe.config.ts` is written with.
 *
 * ```ts
 * import { defineConfig } from 'troupe/config';
 * export default defineConfig({ machines: [{ kind: 'order', machine: orderMachine, schema: { … } }] });
 * ```
 */
import type { AnyStateMachine } from 'xstate';
import { hostActions as all } from '../../machines/protocol.ts';
import type { Failure } from '../../schemas/errors.ts';
import type { Flow, SelectorRegistry } from '../../schemas/generated/contracts.ts';
import type { Migration } from '../host/contract.ts';
import type { EffectArguments } from '../host/effect.ts';

export type { Create, TelemetryMeta, Tell } from '../../machines/protocol.ts';
export type { Flow, SelectorRegistry } from '../../schemas/generated/contracts.ts';
export type { EffectContext, Migrated, Migrating, Migration } from '../host/contract.ts';
export { type EffectArguments, effect } from '../host/effect.ts';

/** JSON Schema, draft 2020-12. */
export type JsonSchema = Record<string, unknown>;

/** What REST takes for actors of a kind. A machine without one is hosted and readable, and takes nothing from outside. */
export interface MachineSchema {
  /** Of what an actor is made with. Without it: `{}`. */
  input?: JsonSchema;
  /** By event type, of its fields beside `type`. A type that is not here is not taken. */
  events?: Record<string, JsonSchema>;
  /**
   * Of what an actor's context must be to go on with this machine when it was made by another version of it. A `default`
   * in it fills what the other one did not have. It counts in the version; without it a context is only compared with
   * what the machine begins with, and a difference is a warning.
   */
  context?: JsonSchema;
}

export interface RegisteredMachine {
  /** `[a-z][a-z0-9_]*`: addresses are `kind/id`. */
  kind: string;
  machine: AnyStateMachine;
  schema?: MachineSchema;
  /** Versions from before, newest first. Their actors stay with them until they end; new actors get `machine`. */
  previous?: PreviousMachine[];
  /** How actors of versions from before become actors of `machine`. One that is given for a version comes before all else. */
  migrations?: Migration[];
  /** What `troupe test` walks the machine with, over what is derived from `schema`. */
  samples?: MachineSamples;
}

/** Each list stands in place of the one that would be derived. */
export interface MachineSamples {
  /** What an actor is made with, as the machine has it. */
  inputs?: readonly Record<string, unknown>[];
  /** By event type of `schema.events`: fields beside `type`. */
  events?: Record<string, Sampled<Record<string, unknown>>>;
  /** By type, of events that nobody outside may say: from other actors, child machines and the host. */
  told?: Record<string, Sampled<Record<string, unknown>>>;
  /** By the name in `setup({ actors })`: what the promise or the child machine returns, and what it fails with. */
  outcomes?: Record<string, { done?: Sampled<unknown>; error?: Sampled<Failure> }>;
}

/** A list, or a pure function of the context of the actor that is to hear it: an answer names the question it is to. */
// biome-ignore lint/suspicious/noExplicitAny: the machine knows its context
export type Sampled<T> = readonly T[] | ((context: any) => readonly T[]);

export interface PreviousMachine {
  machine: AnyStateMachine;
  /** What its actors take over REST. Default: what those of the newest take. */
  schema?: MachineSchema;
  /** Over those of the config: kind → name → the work. */
  effects?: Record<string, Record<string, EffectFunction>>;
}

/**
 * One piece of outside work. It may run again after a crash, with the same `effect.id` and `effect.resumed: true`:
 * hand that id on as the idempotency key.
 */
// biome-ignore lint/suspicious/noExplicitAny: the machine knows what it invokes it with
export type EffectFunction = (args: EffectArguments<any>) => Promise<unknown>;

export interface UserConfig {
  machines?: RegisteredMachine[];
  /** Kind → name in the machine's `setup({ actors })` → the work itself. */
  effects?: Record<string, Record<string, EffectFunction>>;
  /** One stands over a shipped flow of its name. */
  flows?: Flow[];
  /** Platforms with their selectors; one stands over a shipped platform of its name. */
  platforms?: SelectorRegistry[];
}

/** The config as it is, with its type. */
export const defineConfig = (config: UserConfig): UserConfig => config;

/** Actions for `setup({ actions })`: messages to other actors, and new ones, in the transaction of the step. */
export const hostActions = { tell: all.tell, create: all.create };
