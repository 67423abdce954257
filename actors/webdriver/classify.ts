import { ControlError, isControlError } from '../../schemas/errors.ts';
import type { Answer, NoAnswer } from './wire.ts';

/** What was asked, for the sentence of the error. */
export interface Asked {
  slot: string;
  method: string;
  path: string;
  /** The address being opened, when it is a navigation. */
  url?: string;
  waitedMs: number;
}

/** What Appium says when the executable behind it is gone, in an 'unknown error' and in no code of its own. */
const GONE_BEHIND_APPIUM =
  /cannot be proxied to .* because the process is not running|could not proxy command|socket hang up|ECONNRE(FUSED|SET)|page crash or hang|session is either terminated or not started/i;

/**
 * A driver's error answer as one of the catalogue, by the W3C `error` code; WebKit's messages are often empty.
 * @see W3C WebDriver, 6.6 "Errors"
 */
export function classify(answer: Answer, asked: Asked): ControlError {
  const value = ((answer.body as { value?: unknown } | undefined)?.value ?? {}) as {
    error?: string;
    message?: string;
    data?: { text?: string };
  };
  const error = typeof value.error === 'string' ? value.error : 'unknown error';
  const message = typeof value.message === 'string' ? value.message : '';
  const { slot } = asked;
  switch (error) {
    case 'invalid session id':
      return new ControlError('DRIVER_LOST', { slot, reason: message || 'the session has ended', sent: true });
    case 'session not created':
      return /Allow Remote Automation/i.test(message)
        ? new ControlError('REMOTE_AUTOMATION_OFF', { slot })
        : new ControlError('DRIVER_NOT_STARTED', {
            slot,
            stage: 'session',
            reason: message || 'the driver refused a session',
            waitedMs: asked.waitedMs
          });
    case 'unexpected alert open':
      return new ControlError('ALERT_OPEN', { text: value.data?.text ?? '' });
    case 'timeout':
      return new ControlError('NAVIGATION_TIMEOUT', {
        url: asked.url?.replace(/(?<=:\/\/)[^\s/?#]*@/, '•••@') ?? 'the page',
        waitedMs: asked.waitedMs
      });
    case 'unknown error':
      if (GONE_BEHIND_APPIUM.test(message)) {
        return new ControlError('DRIVER_LOST', { slot, reason: message.slice(0, 500), sent: true });
      }
  }
  return new ControlError('DRIVER_ERROR', { error, message: message.slice(0, 500), status: answer.status });
}

/** Silence as one of the catalogue. An abort with a reason of ours keeps it. */
export function classifySilence(silence: NoAnswer, asked: Asked, signal?: AbortSignal): ControlError {
  const { slot, method, path, waitedMs } = asked;
  switch (silence.kind) {
    case 'aborted':
      return aborted(signal);
    case 'timeout':
      return new ControlError('DRIVER_TIMEOUT', { method, path, waitedMs, sent: silence.sent }, silence);
    case 'broken':
      return new ControlError('DRIVER_LOST', { slot, reason: silence.message, sent: silence.sent }, silence);
  }
}

export function aborted(signal?: AbortSignal): ControlError {
  const reason: unknown = signal?.reason;
  if (isControlError(reason)) return reason;
  return new ControlError('CANCELLED', typeof reason === 'string' ? { reason } : {});
}

/** The driver answered with this W3C error code. */
export const isDriverError = (error: unknown, ...codes: string[]): boolean =>
  isControlError(error, 'DRIVER_ERROR') && codes.includes((error.details as { error: string }).error);

/** The browser is gone or silent: nothing more can be learned from this session. */
export const isLoss = (error: unknown): boolean =>
  isControlError(error, 'DRIVER_LOST') ||
  isControlError(error, 'DRIVER_TIMEOUT') ||
  isControlError(error, 'LEASE_LOST');
