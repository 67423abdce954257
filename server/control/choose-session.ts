import { ControlError } from '../../schemas/errors.ts';
import type { CommandEnvelope, SessionCreate } from '../../schemas/generated/contracts.ts';
import { maySee } from '../auth/accounts.ts';
import type { Client } from '../auth/tokens.ts';
import { parse } from '../contracts.ts';
import { admit } from './admission.ts';
import type { CommandType } from './command-types.ts';
import type { Control } from './deps.ts';
import type { OpenSession, SessionInput } from './session-directory.ts';

export interface ChosenSession {
  sessionId: string;
  /** Whose browser it is; null: nobody's. */
  accountId: string | null;
  /** How the command has to make it, while nobody has. */
  toMake: SessionInput | null;
  /** To be called when the command did not come to be. */
  release(): void;
}

/**
 * The session a command runs in: the one it names, else the open one of its account, else one to be made.
 * From looking to promising nothing is awaited, so two commands of one account choose the same.
 * @throws ControlError SESSION_NOT_FOUND, SESSION_CLOSED, SESSION_MISMATCH, SESSION_QUEUE_FULL, QUEUE_FULL,
 *   DEVICE_UNAVAILABLE, DRAINING
 */
export async function chooseSession(
  control: Control,
  commandId: string,
  { target }: CommandEnvelope,
  type: CommandType,
  client: Client
): Promise<ChosenSession> {
  const { sessions } = control;
  const { session_id: named, account_id: account, platform } = target;
  if (named !== undefined) {
    return sessions.ofSession(named, (session) => {
      const seen = session && maySee(client, session.accountId) ? session : undefined;
      assertUsable(named, seen, target);
      return enter(control, commandId, named, type, session);
    });
  }
  const enterNew = () => {
    const input = sessionInput(target, control);
    return enter(control, commandId, input.sessionId, type, undefined, input);
  };
  if (account === undefined) return enterNew();
  return sessions.ofAccount(account, platform, (open) =>
    open ? enter(control, commandId, open.sessionId, type, open) : enterNew()
  );
}

/** A session that is only promised is made by whichever of its commands is durable first. */
function enter(
  control: Control,
  commandId: string,
  sessionId: string,
  type: CommandType,
  known: OpenSession | undefined,
  toMake = control.sessions.promised(sessionId)
): ChosenSession {
  const { sessions, limits } = control;
  // Closing a session is never kept out by what waits in it.
  if (!type.needsSession && sessions.waiting(sessionId) >= limits.sessionQueue) {
    throw new ControlError('SESSION_QUEUE_FULL', { sessionId, limit: limits.sessionQueue });
  }
  // A session that is new, or parked, will ask for a browser.
  if (!known && toMake) admit(control, toMake.device);
  else if (known?.state === 'PARKED' && !type.needsSession) admit(control, null);
  const takeBack = toMake ? sessions.promise(toMake) : () => {};
  const leave = sessions.enter(commandId, sessionId);
  return {
    sessionId,
    accountId: known?.accountId ?? toMake?.accountId ?? null,
    toMake: toMake ?? null,
    release() {
      leave();
      takeBack();
    }
  };
}

/** With the contract's defaults. */
export function sessionInput(
  wish: Omit<SessionCreate, 'browser'>,
  { newId, browsers }: Pick<Control, 'newId' | 'browsers'>
): SessionInput {
  const session = parse.sessionCreate({ ...wish });
  return {
    sessionId: session.session_id ?? newId(),
    accountId: session.account_id ?? null,
    platform: session.platform,
    browser: session.browser,
    device: session.device,
    idleLimitMs: session.idle_limit_ms,
    parkLimitMs: session.park_limit_ms,
    ...(browsers && session.account_id !== undefined ? { keepsProfile: true } : {})
  };
}

/** @throws ControlError SESSION_NOT_FOUND, SESSION_CLOSED, SESSION_MISMATCH */
function assertUsable(sessionId: string, session: OpenSession | undefined, target: CommandEnvelope['target']) {
  if (!session) throw new ControlError('SESSION_NOT_FOUND', { sessionId });
  const { state, accountId, platform } = session;
  assertSame(sessionId, { accountId, platform }, target);
  if (['CLOSING', 'CLOSED', 'FAILED'].includes(state)) throw new ControlError('SESSION_CLOSED', { sessionId, state });
}

/** @throws ControlError SESSION_MISMATCH */
export function assertSame(
  sessionId: string,
  actual: { accountId: string | null; platform: string },
  asked: { account_id?: string; platform: string }
): void {
  if (asked.account_id !== undefined && asked.account_id !== actual.accountId) {
    const details = { sessionId, field: 'account_id', asked: asked.account_id, actual: actual.accountId ?? 'none' };
    throw new ControlError('SESSION_MISMATCH', details);
  }
  if (asked.platform !== actual.platform) {
    const details = { sessionId, field: 'platform', asked: asked.platform, actual: actual.platform };
    throw new ControlError('SESSION_MISMATCH', details);
  }
}
