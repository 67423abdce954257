/** `troupe/testing`: the life of machines as tests. */
export * from './invariants.ts';
export * from './kinds.ts';
export * from './samples.ts';
export * from './temporal.ts';
