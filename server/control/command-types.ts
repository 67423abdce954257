/** What can be asked for: each type with its payload, the scope it needs, and what it needs of a session. */
import type { Registry } from '../../actors/executor/registry.ts';
import type { CommandEnvelope, FlowRunPayload } from '../../schemas/generated/contracts.ts';
import { payloadParser } from '../contracts.ts';
import { placesOfAction } from './action-run.ts';
import type { PinnedFlow } from './flow-registry.ts';
import { draftParams, generatorParams } from './sora-params.ts';
import { sweepFlow } from './sweep-flow.ts';

export interface CommandType {
  /** @throws ControlError VALIDATION_FAILED with places under /payload */
  parsePayload(payload: unknown): unknown;
  scope(envelope: CommandEnvelope): string;
  /** The flow to run, if it runs one. */
  flow(envelope: CommandEnvelope): string | null;
  /** Its payload as params of its flow, where it is these itself. @throws ControlError VALIDATION_FAILED */
  params?(envelope: CommandEnvelope, selectors: Registry): Record<string, unknown>;
  /** The flow it is, if it is one of its own. @throws ControlError VALIDATION_FAILED */
  plan?(envelope: CommandEnvelope, selectors: Registry): PinnedFlow;
  /** Places of the actions it runs of its flow; without it all. @throws ControlError VALIDATION_FAILED */
  part?(flow: PinnedFlow, envelope: CommandEnvelope): number[];
  /** It is about the session that target.session_id names; none is opened for it. */
  needsSession: boolean;
}

const nothing = () => null;

/** A flow that ships, under a name of its own and with its params for a payload. */
function sora(verb: string, payload: string, params: NonNullable<CommandType['params']>): CommandType {
  return {
    parsePayload: payloadParser(payload),
    scope: () => `sora:${verb}`,
    flow: () => `sora_${verb}`,
    params,
    needsSession: false
  };
}

export const commandTypes: Readonly<Record<string, CommandType>> = {
  'flow.run': {
    parsePayload: payloadParser<FlowRunPayload>('FlowRunPayload'),
    scope: ({ payload }) => `flow.run:${String(payload.flow)}`,
    flow: ({ payload }) => String(payload.flow),
    needsSession: false
  },
  'action.run': {
    parsePayload: payloadParser('ActionRunPayload'),
    scope: ({ payload }) => `flow.run:${String(payload.flow)}`,
    flow: ({ payload }) => String(payload.flow),
    part: placesOfAction,
    needsSession: false
  },
  'selector.sweep': {
    parsePayload: payloadParser('SelectorSweepPayload'),
    scope: () => 'selectors:sweep',
    flow: nothing,
    plan: sweepFlow,
    needsSession: false
  },
  'sora.generate': sora('generate', 'SoraGeneratePayload', generatorParams),
  'sora.poll': sora('poll', 'SoraDraftPayload', draftParams),
  'sora.download': sora('download', 'SoraDraftPayload', draftParams),
  'sora.usage': sora('usage', 'SoraUsagePayload', generatorParams),
  'session.create': {
    parsePayload: payloadParser('SessionCreatePayload'),
    scope: () => 'session:create',
    flow: nothing,
    needsSession: false
  },
  'session.close': {
    parsePayload: payloadParser('SessionClosePayload'),
    scope: () => 'session:close',
    flow: nothing,
    needsSession: true
  }
};

export const commandType = (type: string): CommandType | undefined =>
  Object.hasOwn(commandTypes, type) ? commandTypes[type] : undefined;

/** As it was sent: of a type whose payload is its flow's params, these. */
export function payloadOf({ type, payload }: Pick<CommandEnvelope, 'type' | 'payload'>): CommandEnvelope['payload'] {
  const isParams = commandType(type)?.params !== undefined;
  return isParams ? ((payload.params ?? {}) as CommandEnvelope['payload']) : payload;
}
