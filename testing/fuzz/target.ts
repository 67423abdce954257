/** What is fuzzed: a deployment, and what can be done to it beside sending it something. */
import type { Endpoint } from '../live/deployment.ts';
import type { MishapProxy } from './proxy.ts';

export interface Target {
  endpoint: Endpoint;
  /** Nobody else uses it: its whole log is ours, so that it can have no hole. */
  alone: boolean;
  /** Ends it in the middle of what it does. */
  kill?(): Promise<void>;
  /** Brings it back; resolves when it takes requests again. */
  start?(): Promise<void>;
  /** Ends it in order and brings it back; resolves when it takes requests again. */
  restart?(): Promise<void>;
  /** Delays, doubles and cuts requests; `endpoint` is its. */
  proxy?: MishapProxy;
}
