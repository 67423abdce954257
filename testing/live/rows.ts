/** Rows of the stream beside those that the kernel gives, and how they read. */
import type { Step } from '../../actors/kernel/step.ts';
import type { EventEnvelope } from '../../schemas/generated/contracts.ts';

export const isOfStep = (row: EventEnvelope, first: EventEnvelope) =>
  row.type !== 'event.rejected' && row.payload.step === first.payload.step;

export const isAs = (one: Step['rows'][number], { type, payload }: EventEnvelope) =>
  one.type === type &&
  one.payload.from === payload.from &&
  one.payload.to === payload.to &&
  one.payload.event === payload.event;

export const sameRows = ({ rows: expected }: Step, rows: EventEnvelope[]) =>
  expected.length === rows.length && expected.every((one, i) => isAs(one, rows[i] as EventEnvelope));

export const told = ({ payload }: EventEnvelope) => `${payload.from ?? '·'} ─▶ ${payload.to} on '${payload.event}'`;
export const list = (types: readonly string[]) => types.join(', ') || 'none';
