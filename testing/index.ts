/** `troupe/testing`: the life of machines as tests. */
export { builtInMachines } from '../actors/built-in-machines.ts';
export type { Trace, TraceExpectation, TraceStart, TraceStep } from '../schemas/generated/contracts.ts';
export * from './conform.ts';
export * from './conform-machines.ts';
export * from './difference.ts';
export * from './invariants.ts';
export * from './kinds.ts';
export * from './legal-moves.ts';
export * from './log-lines.ts';
export * from './paths.ts';
export * from './recorded-life.ts';
export * from './samples.ts';
export * from './temporal.ts';
export * from './trace.ts';
