/** `troupe/testing`: the life of machines as tests. */
export * from './invariants.ts';
export * from './temporal.ts';
