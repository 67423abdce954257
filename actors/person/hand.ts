/** What a person does in a browser they have taken over, as WebDriver says it: with trusted events, as by their own hand. */
import { isControlError } from '../../schemas/errors.ts';
import type { PersonInput } from '../../schemas/generated/contracts.ts';
import type { CommandOptions, WebDriverSession } from '../webdriver/client.ts';

/** @see W3C WebDriver, 17.4.2 "Keyboard actions" */
const KEYS: Record<Extract<PersonInput, { type: 'key' }>['key'], string> = {
  Enter: '\uE007',
  Tab: '\uE004',
  Backspace: '\uE003',
  Delete: '\uE017',
  Escape: '\uE00C',
  ArrowUp: '\uE013',
  ArrowDown: '\uE015',
  ArrowLeft: '\uE012',
  ArrowRight: '\uE014',
  Home: '\uE011',
  End: '\uE010',
  PageUp: '\uE00E',
  PageDown: '\uE00F'
};
const SHIFT = '\uE008';

/**
 * Text goes in whole, as pasted: keys one by one would drop what is not in the basic plane, and stand in Appium's log.
 * A field that a script watches hears `beforeinput` and `input` as of a person.
 */
const TYPE = `
  let element = document.activeElement;
  while (element && element.shadowRoot && element.shadowRoot.activeElement) element = element.shadowRoot.activeElement;
  if (element && element.tagName === 'IFRAME') return 'frame';
  return document.execCommand('insertText', false, arguments[0]) ? 'typed' : 'nowhere';
`;

export type Done = 'done' | 'nowhere';

/** @returns 'nowhere' for text when no field has the cursor @throws ControlError of the session */
export async function act(session: WebDriverSession, input: PersonInput, signal: AbortSignal): Promise<Done> {
  const options: CommandOptions = { signal };
  switch (input.type) {
    case 'click':
      await session.performActions([pointer(input.x, input.y, input.count ?? 1)], options);
      return 'done';
    case 'scroll':
      await session.executeSync(SCROLL, [input.x, input.y, input.dx ?? 0, input.dy], options);
      return 'done';
    case 'key': {
      const strokes = [KEYS[input.key]];
      if (input.shift) strokes.unshift(SHIFT);
      const actions = [
        ...strokes.map((value) => ({ type: 'keyDown', value })),
        ...strokes.toReversed().map((value) => ({ type: 'keyUp', value }))
      ];
      await session.performActions([{ type: 'key', id: 'keyboard', actions }], options);
      return 'done';
    }
    case 'text':
      return type(session, input.text, options);
    case 'open':
      await session.navigate(input.url, options);
      return 'done';
    case 'back':
      await session.command('POST', '/back', {}, options);
      return 'done';
    case 'reload':
      await session.refresh(options);
      return 'done';
    case 'accept':
    case 'dismiss':
      await session.command('POST', `/alert/${input.type}`, {}, options);
      return 'done';
  }
}

/** What the log keeps of it: never a text, and of an address only whose it is. */
export function summary(input: PersonInput): Record<string, string | number> & { type: string } {
  switch (input.type) {
    case 'click':
      return { type: 'click', x: input.x, y: input.y };
    case 'scroll':
      return { type: 'scroll', x: input.x, y: input.y };
    case 'text':
      return { type: 'text', length: input.text.length };
    case 'key':
      return { type: 'key', key: input.key };
    case 'open':
      return { type: 'open', origin: new URL(input.url).origin };
    default:
      return { type: input.type };
  }
}

const pointer = (x: number, y: number, count: number) => ({
  type: 'pointer',
  id: 'mouse',
  parameters: { pointerType: 'mouse' },
  actions: [
    { type: 'pointerMove', duration: 0, origin: 'viewport', x, y },
    ...Array.from({ length: count }, () => [
      { type: 'pointerDown', button: 0 },
      { type: 'pointerUp', button: 0 }
    ]).flat()
  ]
});

/** The nearest thing under the mouse that scrolls; WebKitGTK's driver knows no wheel. */
const SCROLL = `
  const [x, y, dx, dy] = arguments;
  let element = document.elementFromPoint(x, y);
  while (element && element !== document.body && element !== document.documentElement) {
    const style = getComputedStyle(element);
    if (dy !== 0 && element.scrollHeight > element.clientHeight && /auto|scroll/.test(style.overflowY)) break;
    if (dx !== 0 && element.scrollWidth > element.clientWidth && /auto|scroll/.test(style.overflowX)) break;
    element = element.parentElement;
  }
  const own = element && element !== document.body && element !== document.documentElement;
  (own ? element : document.scrollingElement || document.documentElement).scrollBy(dx, dy);
`;

async function type(session: WebDriverSession, text: string, options: CommandOptions): Promise<Done> {
  const secret = { ...options, sensitive: true };
  try {
    for (let depth = 0; depth < 5; depth += 1) {
      const said = await session.executeSync(TYPE, [text], secret);
      if (said !== 'frame') return said === 'typed' ? 'done' : 'nowhere';
      const element = await session.command('GET', '/element/active', undefined, options);
      await session.switchToFrame(element as Parameters<typeof session.switchToFrame>[0], options);
    }
    return 'nowhere';
  } finally {
    await session.switchToFrame(null, options).catch((error) => {
      if (!isControlError(error)) throw error;
    });
  }
}
