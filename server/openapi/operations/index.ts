import type { Operations } from '../operation.ts';
import { actors } from './actors.ts';
import { alerts } from './alerts.ts';
import { audit } from './audit.ts';
import { commands } from './commands.ts';
import { seen } from './seen.ts';
import { service } from './service.ts';
import { sessions } from './sessions.ts';

/** Every route of the control plane but those of `pages`: method and path as the router has them. */
export const operations: Operations = { ...commands, ...sessions, ...actors, ...alerts, ...audit, ...seen, ...service };

export { pages } from './service.ts';
