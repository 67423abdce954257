import { ControlError, describe, isControlError } from '../../schemas/errors.ts';
import { type CommandOptions, isDriverError, isLoss, type WebDriverSession } from '../webdriver/client.ts';

/** It is answered by the browser, not by its page, at once or never. ms */
const LOOK_MS = 3_000;

/**
 * WebKitWebDriver answers the command that was in flight when its browser ended with an 'unknown error' and no word
 * more; only the next one is told that the session is gone. So after such an answer the session is asked.
 * @returns the loss that lies behind the error; undefined when the browser lives, or the error says itself what it is
 */
export async function lossBehind(
  error: unknown,
  session: WebDriverSession,
  options: CommandOptions
): Promise<ControlError | undefined> {
  if (!isDriverError(error, 'unknown error')) return undefined;
  try {
    await session.windowHandles({ ...options, timeoutMs: LOOK_MS });
    return undefined;
  } catch (seen) {
    if (!isLoss(seen)) return undefined;
    // What the look says of its own sending is not said of the command before it.
    return new ControlError('DRIVER_LOST', { slot: session.slot, reason: reasonOf(seen) }, error);
  }
}

/** In words that name no slot: whoever hears of it knows which. */
export const reasonOf = (loss: unknown): string =>
  isControlError(loss, 'DRIVER_LOST') ? (loss.details as { reason: string }).reason : describe(loss);
