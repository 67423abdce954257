import { isControlError } from '../../schemas/errors.ts';
import type { KeyDownStep, KeyUpStep } from '../../schemas/generated/contracts.ts';
import { isLoss } from '../webdriver/client.ts';
import type { Witness } from './click.ts';
import { keyOf } from './keys.ts';
import { documentChanged, newToken, type Page } from './page.ts';

/** A key goes to whatever has the focus; Enter may send a form, so it is witnessed and never pressed again. */
export async function key(
  step: KeyDownStep | KeyUpStep,
  { page, name, onSent }: { page: Page; name: string; onSent: () => Promise<void> }
): Promise<Witness | null> {
  const actions = [{ type: step.type, value: keyOf(step.key, name) }];
  const send = () =>
    page.call((session, options) => session.performActions([{ type: 'key', id: 'keyboard', actions }], options));
  if (step.type === 'keyUp') {
    await page.pastAlerts(send);
    return null;
  }
  const token = newToken();
  await page.ask('armKeys', { token });
  await onSent();
  try {
    await send();
  } catch (error) {
    if (isLoss(error) || isControlError(error, 'CANCELLED')) throw error;
    // A dialog that the key opened: the key was taken.
    if (isControlError(error, 'ALERT_OPEN')) return 'DELIVERED';
    if (!isControlError(error, 'DRIVER_ERROR')) throw error;
    return 'UNKNOWN';
  }
  try {
    const { verdict } = await page.ask<{ verdict: string }>(
      'collect',
      { token },
      { timeoutMs: page.session.deadlines.navigateMs }
    );
    return verdict === 'DELIVERED' || verdict === 'GONE' ? verdict : 'UNKNOWN';
  } catch (error) {
    if (documentChanged(error) || isControlError(error, 'NAVIGATION_TIMEOUT')) {
      page.forgetFrame();
      return 'GONE';
    }
    if (isControlError(error, 'ALERT_OPEN')) return 'DELIVERED';
    throw error;
  }
}
