/** What a flow reads off the page once an action is proved: values, lists of them, and lists of records. */
import type { ActionResult, FlowAction, ReadAs, Selectors } from '../../schemas/generated/contracts.ts';
import type { Page } from './page.ts';
import type { Candidate } from './selectors.ts';

type Rules = NonNullable<FlowAction['extract']>;
type Read = string | null | Record<string, string | null>;

/** @returns name → value; null, or an empty list, where nothing matches @throws ControlError SELECTOR_INVALID */
export async function extract(
  page: Page,
  rules: Rules,
  candidatesOf: (rule: { selectors: Selectors }) => Candidate[]
): Promise<NonNullable<ActionResult['extracted']>> {
  const extracted: NonNullable<ActionResult['extracted']> = {};
  await page.enter();
  for (const [name, { selectors, attribute, all, as, fields }] of Object.entries(rules)) {
    const inside = Object.entries(fields ?? {}).map(([field, rule]) => [
      field,
      {
        ...(rule.selectors && { candidates: candidatesOf({ selectors: rule.selectors }) }),
        ...(rule.attribute !== undefined && { attribute: rule.attribute }),
        url: rule.as === 'url'
      }
    ]);
    const { values } = await page.ask<{ values: Read[] }>('extract', {
      candidates: candidatesOf({ selectors }),
      ...(attribute !== undefined && { attribute }),
      url: as === 'url',
      ...(fields && { fields: Object.fromEntries(inside) })
    });
    const read = values.map((value) =>
      value !== null && typeof value === 'object'
        ? Object.fromEntries(Object.entries(value).map(([field, text]) => [field, readAs(text, fields?.[field]?.as)]))
        : readAs(value, as)
    );
    extracted[name] = all || fields ? read : ((read[0] ?? null) as string | number | null);
  }
  return extracted;
}

const readAs = (text: string | null, as: ReadAs | undefined) => (as === 'number' ? toNumber(text) : text);

/** A small m is minutes or metres. */
const SUFFIXES: Record<string, number> = { k: 1e3, K: 1e3, M: 1e6, B: 1e9 };

/** '1,234', '3 likes' and '1.2K' are numbers on a page; null when there is no digit. */
export function toNumber(text: string | null): number | null {
  const match = /(-?\d[\d,\u00a0\u202f' ]*(?:\.\d+)?)(?:([kKMB])(?![\p{L}\d]))?/u.exec(text ?? '');
  if (!match) return null;
  const number = Number(match[1]!.replace(/[,\u00a0\u202f' ]/g, ''));
  // 1.1K is 1100 and not 1100.0000000000002.
  return match[2] ? Math.round(number * SUFFIXES[match[2]]!) : number;
}
