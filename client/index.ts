/** `troupe/client`. */
export type * from '../schemas/generated/contracts.ts';
export * from './client.ts';
export { type ClientCode, TroupeError } from './errors.ts';
export type { List, Page } from './list.ts';
export type { TlsOptions } from './tls.ts';
