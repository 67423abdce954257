/**
 * Ways in which a page is hard to drive. Any page takes `?variant=a,b`, and forms carry it on to their writes, so a
 * slow page has slow writes. Numbers are query parameters of the same page: `?variant=moving&rest=0`.
 */
export interface Variant {
  says: string;
  /** Numbers it takes, with their defaults. */
  numbers?: Record<string, number>;
}

export const variants = {
  plain: { says: 'The comment form is an ordinary form: it works without script and the page is loaded anew.' },
  slow: {
    says: 'The page, every write, and the comments after a write come `delay` ms late.',
    numbers: { delay: 1500 }
  },
  shifting: {
    says: 'The layout jumps every `every` ms, and when the mouse comes within `near` px of the button: where “Post” was is then “Discard”.',
    numbers: { every: 700, near: 80 }
  },
  moving: {
    says: 'The “Post” button travels across the page: `glide` ms on its way, then `rest` ms still; `rest=0` never stands still.',
    numbers: { glide: 500, rest: 300 }
  },
  covered: { says: 'A sheet covers the page and goes away after `lasts` ms.', numbers: { lasts: 1500 } },
  'covered-forever': { says: 'A sheet covers the page and stays.' },
  stale: { says: 'Form and like button are replaced by new elements every `every` ms.', numbers: { every: 300 } },
  iframe: { says: 'The comment form is inside an iframe.' },
  shadow: { says: 'The comment form is inside an open shadow root.' },
  twins: { says: 'There are two buttons named “Post” with the same attributes.' },
  renamed: {
    says: 'A new layout: other test ids, “Write a comment” and “Post comment” for labels. The form works without script.'
  },
  lookalike: { says: 'Where “Post” was, in the same place and looks, is “Delete”; there is no “Post”.' },
  editable: { says: 'The comment is written in a contenteditable element, not in a textarea.' },
  double: {
    says: 'The form takes any number of presses: nothing is disabled and answers come `delay` ms late.',
    numbers: { delay: 800 }
  },
  leaving: { says: 'Pressing the mouse on “Post” leaves the page at once for another address.' },
  optimistic: { says: 'The comment shows before the server has it, and goes away again when the server refuses.' },
  alert: { says: 'The page opens an alert when it has loaded.' },
  'alert-submit': { says: 'Pressing “Post” opens an alert before anything is sent.' },
  captcha: { says: 'The page is behind a captcha until somebody has said that they are a person.' },
  'rate-limited': { says: 'The page answers 429 and asks for slowness.' },
  rtl: { says: 'The page reads from right to left.' },
  'fail-500': { says: 'The page answers 500.' },
  'fail-reset': { says: 'The connection is reset instead of an answer.' },
  'write-500': { says: 'Every write answers 500 and is not done.' },
  'write-drop': { says: 'Every write is done and its answer never comes.' },
  'never-answer': { says: 'The page is never answered.' },
  'never-body': { says: 'The page’s headers and most of its body come; its end never does.' },
  'never-image': { says: 'The page has an image that never ends, so it never finishes loading.' }
} as const satisfies Record<string, Variant>;

export type VariantName = keyof typeof variants;

/** The variants a query asks for, and the numbers they run with. */
export interface Asked {
  names: ReadonlySet<VariantName>;
  numbers: Readonly<Record<string, number>>;
  /** What the query said about variants, to carry on to forms: '' or '?variant=…'. */
  query: string;
}

const isVariant = (name: string): name is VariantName => Object.hasOwn(variants, name);

/** @throws RangeError naming a variant that there is not, or a number that is none: a typo must not test nothing. */
export function readVariants(query: URLSearchParams): Asked {
  const listed = (query.get('variant') ?? '').split(',').filter(Boolean);
  const numbers: Record<string, number> = {};
  const carried = new URLSearchParams();
  if (listed.length > 0) carried.set('variant', listed.join(','));
  for (const name of listed) {
    if (!isVariant(name)) throw new RangeError(`no variant '${name}'; there are ${Object.keys(variants).join(', ')}`);
    const { numbers: taken = {} }: Variant = variants[name];
    for (const [key, fallback] of Object.entries(taken)) {
      const given = query.get(key);
      const number = given === null ? fallback : Number(given);
      if (!Number.isFinite(number) || number < 0) throw new RangeError(`${key}=${given} is not a number of 0 or more`);
      numbers[key] = number;
      if (given !== null) carried.set(key, given);
    }
  }
  return {
    names: new Set(listed as VariantName[]),
    numbers,
    query: listed.length > 0 ? `?${carried.toString().replaceAll('%2C', ',')}` : ''
  };
}
