/** POST /session, and what may come of it: refused, too late, or taken by a session nobody knows. */
import { setTimeout as delay } from 'node:timers/promises';
import type { DriverLimits } from '../../machines/driver-limits.ts';
import { isControlError } from '../../schemas/errors.ts';
import type { WebDriverClient, WebDriverSession } from '../webdriver/client.ts';

/** Safari says the first, WebKitWebDriver the second. */
const PAIRED = /already paired with another WebDriver session|Maximum number of active sessions/i;
const LOOK_AGAIN_MS = 250;

interface Opening {
  client: WebDriverClient;
  capabilities: Record<string, unknown>;
  limits: DriverLimits;
  signal: AbortSignal;
}

/**
 * A browser that another session has is asked for again after 2 s and 4 s, its strays deleted first; what still holds it
 * then, the ladder ends.
 * @throws ControlError DRIVER_NOT_STARTED, REMOTE_AUTOMATION_OFF, DRIVER_TIMEOUT, DRIVER_LOST, CANCELLED
 */
export async function openSession(opening: Opening): Promise<WebDriverSession> {
  for (const waitMs of opening.limits.pairedRetryMs) {
    try {
      return await openOrAdopt(opening);
    } catch (error) {
      if (!isPaired(error)) throw error;
      await deleteStrays(opening.client, opening.limits);
      await delay(waitMs, undefined, { signal: opening.signal }).catch(() => opening.signal.throwIfAborted());
    }
  }
  return openOrAdopt(opening);
}

/** Every session of this Appium, which leases none. @returns how many there were */
export async function deleteStrays(client: WebDriverClient, limits: DriverLimits): Promise<number> {
  const found = await client.sessions({ timeoutMs: limits.probeAppiumMs }).catch(() => []);
  const deleted = found.map(({ id }) => client.session(id).delete({ timeoutMs: limits.deleteMs }));
  await Promise.allSettled(deleted);
  return found.length;
}

/** One that was given up may live all the same, and nobody was told its id: Appium's list has it, once it is open. */
async function openOrAdopt({ client, capabilities, limits, signal }: Opening): Promise<WebDriverSession> {
  try {
    return await client.newSession(capabilities, { timeoutMs: limits.newSessionMs, signal });
  } catch (error) {
    if (!isControlError(error, 'DRIVER_TIMEOUT')) throw error;
    for (const until = Date.now() + limits.adoptMs; !signal.aborted && Date.now() < until; await delay(LOOK_AGAIN_MS)) {
      const [found] = await client.sessions({ timeoutMs: limits.probeAppiumMs, signal }).catch(() => []);
      if (found) return client.session(found.id, found.capabilities);
    }
    throw error;
  }
}

const isPaired = (error: unknown): boolean =>
  isControlError(error, 'DRIVER_NOT_STARTED') && PAIRED.test((error.details as { reason: string }).reason);
