/** Text that is already markup. Everything else put into `html` is escaped. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type Child = Markup | string | number | null | undefined | false | Child[];

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (c) => escapes[c]!);

function render(child: Child): string {
  if (child instanceof Markup) return child.text;
  if (Array.isArray(child)) return child.map(render).join('');
  if (child === null || child === undefined || child === false) return '';
  return escapeHtml(String(child));
}

/** html`<p>${anything}</p>`: lists are joined, null, undefined and false are nothing. */
export function html(strings: TemplateStringsArray, ...children: Child[]): Markup {
  return new Markup(strings.reduce((text, part, i) => text + render(children[i - 1]) + part));
}
