import { basename } from 'node:path';
import { ControlError, isControlError } from '../../schemas/errors.ts';
import { type ElementRef, isDriverError } from '../webdriver/client.ts';
import { type Witness, witnessedClick } from './click.ts';
import { type Wanted, whenReady } from './locate.ts';
import { documentChanged, type Page, type Patience, sleep } from './page.ts';
import { uploadPaths } from './uploads.ts';

interface Field {
  kind: 'text' | 'editable' | 'select' | 'check' | 'value' | 'file' | 'none';
  /** The input's type. */
  type: string;
  value: string;
  /** Of a file input. */
  multiple?: boolean;
}

/**
 * What keys can type: no control character (a line break would be Enter, and Enter may send), no private-use one
 * (a driver takes those for keys), nothing beyond the BMP (WebKit drops it).
 */
const TYPEABLE = /^[\x20-\x7e\u00a0-\ud7ff\uf900-\ufffd]*$/;
/** What belongs to the character before it, or to none: one that is put together is not typed in its parts. */
const COMPOSED = /\p{M}|\p{Cf}|\p{Variation_Selector}/u;
/** Longer text goes in at once. */
const TYPED_LIMIT = 2_000;

export interface Hands {
  /** Called right before anything is sent that a page may act on at once: a choice, a tick, a file; not text. */
  onSent: () => Promise<void>;
  /** Folder of the files that may be put into pages. */
  uploads?: string | undefined;
}

/** Ways to put text in, best first: real keys; the editor's own insertion, with real events; the element's setter. */
type Way = 'keys' | 'insertText' | 'setValue';

/**
 * Makes a field read `value`, and does not return before it does.
 * @returns what a witness saw, when it took a click
 * @throws ControlError TEXT_NOT_TAKEN (a password is not quoted), STEP_UNSUPPORTED, FILE_NOT_FOUND, those of `whenReady`
 */
export async function change(
  page: Page,
  wanted: Wanted,
  value: string,
  patience: Patience,
  { onSent, uploads }: Hands
): Promise<Witness | null> {
  const expected = value.replace(/\r\n?/g, '\n');
  const ways: Way[] =
    TYPEABLE.test(expected) && !COMPOSED.test(expected) && expected.length <= TYPED_LIMIT
      ? ['keys', 'insertText', 'setValue']
      : ['insertText', 'setValue'];
  let actual = '';
  let isSecret = false;
  for (let tried = 0; ; ) {
    const field = await whenReady<Field>(page, 'field', wanted, patience, { unless: expected }, true);
    isSecret ||= field.type === 'password';
    try {
      switch (field.kind) {
        case 'none':
          throw new ControlError('STEP_UNSUPPORTED', { step: wanted.step, reason: `${field.selector} takes no text` });
        case 'file': {
          await upload(page, wanted, field, value, { onSent, uploads });
          return null;
        }
        case 'check':
          return await check(page, wanted, expected, field, patience, onSent);
        case 'select': {
          if (field.value === expected) return null;
          await onSent();
          const { chosen, value, options } = await page.ask<Choice>('selectOption', {
            element: field.element,
            text: expected
          });
          if (chosen) return null;
          actual = `${value} (there are ${options.slice(0, 20).join(', ')})`;
          break;
        }
        case 'value':
          if (field.value !== expected) {
            await onSent();
            await put(page, 'setValue', field.element, expected);
          }
          actual = await readBack(page, wanted);
          if (actual === expected) return null;
          break;
        default: {
          const way = ways[Math.min(tried, ways.length - 1)]!;
          if (field.value !== expected) await put(page, way, field.element, expected);
          actual = await readBack(page, wanted);
          if (actual === expected) return null;
          tried += 1;
          if (tried < ways.length) continue;
        }
      }
    } catch (error) {
      // A choice opened a dialog that the step has an answer for: what became of the choice is looked at again.
      if (isControlError(error, 'ALERT_OPEN') && page.answer && !patience.over) continue;
      // The field was replaced while it was written to: the new one is written to from the start.
      if (!documentChanged(error) || patience.over) throw error;
      page.forgetFrame();
      await sleep(50, page.signal);
      continue;
    }
    throw new ControlError('TEXT_NOT_TAKEN', {
      step: wanted.step,
      expected: isSecret ? mask(expected) : expected,
      actual: isSecret ? mask(actual) : actual
    });
  }
}

async function put(page: Page, way: Way, element: ElementRef, text: string): Promise<void> {
  if (text === '' && way !== 'setValue') return; // emptied when it was found
  if (way === 'keys') {
    await page.call((session, options) => session.elementSendKeys(element, text, { ...options, sensitive: true }));
  } else {
    await page.ask(way, { element, text }, { sensitive: true });
  }
}

async function readBack(page: Page, wanted: Wanted): Promise<string> {
  const { value } = await page.await<{ value: string | null }>(
    'readBack',
    { candidates: wanted.candidates },
    { sensitive: true }
  );
  return value ?? '';
}

interface Choice {
  chosen: boolean;
  value: string;
  options: string[];
}

/** Files are laid into the input by the driver, which reads them itself; what it has then is read back. */
async function upload(
  page: Page,
  wanted: Wanted,
  field: Field & { element: ElementRef; selector: string },
  names: string,
  { onSent, uploads }: Hands
): Promise<void> {
  const paths = await uploadPaths(names, uploads, wanted.step);
  const expected = paths.map((path) => basename(path)).join('\n');
  if (paths.length > 1 && !field.multiple) {
    throw new ControlError('STEP_UNSUPPORTED', {
      step: wanted.step,
      reason: `${field.selector} takes one file, not ${paths.length}`
    });
  }
  await onSent();
  // A driver adds files to those an input for several has already.
  if (field.value !== '' || paths.length === 0) await page.ask('emptyFiles', { element: field.element });
  if (paths.length > 0) {
    try {
      await page.call((session, options) => session.elementSendKeys(field.element, paths.join('\n'), options));
    } catch (error) {
      if (!isDriverError(error, 'invalid argument')) throw error;
      throw new ControlError('TEXT_NOT_TAKEN', { step: wanted.step, expected, actual: field.value });
    }
  }
  const { value } = await page.ask<{ value: string }>('readFiles', { element: field.element });
  if (value !== expected) throw new ControlError('TEXT_NOT_TAKEN', { step: wanted.step, expected, actual: value });
}

const UNCHECKED = ['', 'false', 'off', '0'];

async function check(
  page: Page,
  wanted: Wanted,
  value: string,
  field: Field,
  patience: Patience,
  onSent: () => Promise<void>
): Promise<Witness | null> {
  const isWanted = String(!UNCHECKED.includes(value));
  if (field.value === isWanted) return null;
  const seen = await witnessedClick(page, wanted, { kind: 'click', button: 'primary', holdMs: 0 }, patience, onSent);
  if (seen === 'DELIVERED') {
    const actual = await readBack(page, wanted);
    if (actual !== isWanted) {
      throw new ControlError('TEXT_NOT_TAKEN', { step: wanted.step, expected: isWanted, actual });
    }
  }
  return seen;
}

const mask = (text: string): string => '•'.repeat([...text].length);
