import { ControlError } from '../../schemas/errors.ts';
import type { ElementRef } from '../webdriver/client.ts';
import { type Witness, witnessedClick } from './click.ts';
import { type Wanted, whenReady } from './locate.ts';
import { documentChanged, type Page, type Patience, sleep } from './page.ts';

interface Field {
  kind: 'text' | 'editable' | 'select' | 'check' | 'value' | 'file' | 'none';
  /** The input's type. */
  type: string;
  value: string;
}

/**
 * What keys can type: no control character (a line break would be Enter, and Enter may send), no private-use one
 * (a driver takes those for keys), nothing beyond the BMP (WebKit drops it).
 */
const TYPEABLE = /^[\x20-\x7e\u00a0-\ud7ff\uf900-\ufffd]*$/;
/** Longer text goes in at once. */
const TYPED_LIMIT = 2_000;

/** Ways to put text in, best first: real keys; the editor's own insertion, with real events; the element's setter. */
type Way = 'keys' | 'insertText' | 'setValue';

/**
 * Makes a field read `value`, and does not return before it does.
 * @returns what a witness saw, when it took a click
 * @throws ControlError TEXT_NOT_TAKEN (a password is not quoted), STEP_UNSUPPORTED, those of `whenReady`
 */
export async function change(
  page: Page,
  wanted: Wanted,
  value: string,
  patience: Patience,
  onSent: () => void
): Promise<Witness | null> {
  const expected = value.replace(/\r\n?/g, '\n');
  const ways: Way[] =
    TYPEABLE.test(expected) && expected.length <= TYPED_LIMIT
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
        case 'file':
          throw new ControlError('STEP_UNSUPPORTED', { step: wanted.step, reason: 'flows put no files into pages' });
        case 'check':
          return await check(page, wanted, expected, field, patience, onSent);
        case 'select': {
          actual = await select(page, field.element, expected);
          if (actual === expected) return null;
          break;
        }
        case 'value':
          if (field.value !== expected) await put(page, 'setValue', field.element, expected);
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

/** @returns `text` when that option is chosen now */
async function select(page: Page, element: ElementRef, text: string): Promise<string> {
  const { value, options } = await page.ask<{ value: string; options: string[] }>('selectOption', { element, text });
  return options.length > 0 ? `${value} (there are ${options.slice(0, 20).join(', ')})` : value;
}

const UNCHECKED = ['', 'false', 'off', '0'];

async function check(
  page: Page,
  wanted: Wanted,
  value: string,
  field: Field,
  patience: Patience,
  onSent: () => void
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
