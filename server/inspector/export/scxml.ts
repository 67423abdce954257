/**
 * A machine as SCXML (W3C, 2015), for tools that read it. States, their nesting, regions, history and final states,
 * events, guards as `cond`, `after` as a delayed `<send>`, and invokes are told in its own words. Guards, delays and actions
 * are names: what they do is code, and code is not told. An action is an element of a namespace of ours.
 */
import type { MachineNode, MachineTransition } from '../../../schemas/generated/contracts.ts';

const SCXML = 'http://www.w3.org/2005/07/scxml';
export const ACTIONS = 'urn:troupe:scxml';

export function scxmlOf(root: MachineNode, kind: string, version: string): string {
  const ids = new Names(/^[A-Za-z_]/, /[^A-Za-z0-9_.-]/g);
  const visit = (node: MachineNode) => {
    ids.of(node.id);
    node.states.forEach(visit);
  };
  visit(root);
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<!-- ${comment(`${kind}, version ${version}`)} -->`,
    tag('scxml', {
      xmlns: SCXML,
      'xmlns:troupe': ACTIONS,
      version: '1.0',
      datamodel: 'ecmascript',
      name: kind.replace(/[^A-Za-z0-9_.-]/g, '_'),
      initial: ids.of(root.id)
    }),
    ...indented(stateLines(root, undefined, ids)),
    '</scxml>'
  ];
  return `${lines.join('\n')}\n`;
}

function stateLines(node: MachineNode, parent: MachineNode | undefined, ids: Names): string[] {
  const id = ids.of(node.id);
  if (node.type === 'history') {
    const to = node.targets?.length ? node.targets : initialOf(parent);
    const inner = [tag('transition', { target: to.map((target) => ids.of(target)).join(' ') }, true)];
    return wrapped('history', { id, type: node.history ?? 'shallow' }, inner);
  }
  const timers = new Map(node.after.map((item, at) => [item, `after.${at}.${id}`]));
  const delays = [...new Map(node.after.map((item) => [item.event, item])).values()];
  const sends = delays.map((item) => {
    const isMs = /^\d+(\.\d+)?$/.test(String(item.delay));
    const after: Record<string, string> = isMs ? { delay: `${item.delay}ms` } : { delayexpr: `${item.delay}` };
    return tag('send', { id: timers.get(item) as string, event: eventOf(item.event), ...after }, true);
  });
  const cancels = delays.map((item) => tag('cancel', { sendid: timers.get(item) as string }, true));
  const actions = (names: string[]) => names.map((name) => tag('troupe:action', { name }, true));
  const transition = (item: MachineTransition) =>
    wrapped(
      'transition',
      {
        ...(item.event === '' ? {} : { event: eventOf(item.event) }),
        ...(item.guard === undefined ? {} : { cond: item.guard }),
        ...(item.targets.length === 0 ? {} : { target: item.targets.map((target) => ids.of(target)).join(' ') }),
        // XState stays in a state whose inside it moves, unless it is told to enter it anew; SCXML leaves it.
        ...(item.targets.length === 0 || item.reenter ? {} : { type: 'internal' })
      },
      actions(item.actions)
    );
  const entry = [...sends, ...actions(without(node.entry, 'xstate.raise', sends.length))];
  const exit = [...cancels, ...actions(without(node.exit, 'xstate.cancel', cancels.length))];
  const lines = [
    ...(node.description === undefined ? [] : [`<!-- ${comment(node.description)} -->`]),
    ...(entry.length > 0 ? wrapped('onentry', {}, entry) : []),
    ...(exit.length > 0 ? wrapped('onexit', {}, exit) : []),
    ...(node.type === 'final'
      ? []
      : [
          ...node.invoke.map(({ id: name, src }) =>
            tag('invoke', { id: name, src: `#${encodeURIComponent(src)}` }, true)
          ),
          ...[...node.always, ...inOrder([...node.on, ...node.after])].flatMap(transition),
          ...node.states.flatMap((child) => stateLines(child, node, ids))
        ])
  ];
  if (node.type === 'final') return wrapped('final', { id }, lines);
  if (node.type === 'parallel') return wrapped('parallel', { id }, lines);
  const [initial] = initialOf(node);
  return wrapped('state', { id, ...(initial === undefined ? {} : { initial: ids.of(initial) }) }, lines);
}

/** XState sends and cancels what `after` needs by actions, the last of their names; here they have words of their own. */
function without(names: string[], name: string, times: number): string[] {
  const own = names.filter((one) => one === name).length - times;
  let met = 0;
  return names.filter((one) => one !== name || ++met <= own);
}

/** SCXML takes the first that fits, and `order` fits `order.paid` too; XState the closest, wherever it is written. */
const inOrder = (items: MachineTransition[]): MachineTransition[] => {
  const closeness = ({ event }: MachineTransition) =>
    event.split('.').length * 2 - (event === '*' ? 2 : event.endsWith('.*') ? 1 : 0);
  return items.toSorted((a, b) => closeness(b) - closeness(a));
};

const initialOf = (node: MachineNode | undefined): string[] =>
  node?.states.filter(({ key }) => key === node.initial).map(({ id }) => id) ?? [];

/** XState's own events in the words of SCXML. */
const eventOf = (event: string): string =>
  event
    .replace(/^xstate\.done\.actor\./, 'done.invoke.')
    .replace(/^xstate\.error\.actor\./, 'error.platform.')
    .replace(/^xstate\.done\.state\./, 'done.state.')
    .replace(/\s+/g, '_');

/** Names as the format has them, each one's own. */
export class Names {
  readonly #first: RegExp;
  readonly #not: RegExp;
  readonly #names = new Map<string, string>();
  readonly #taken = new Set<string>();

  constructor(first: RegExp, not: RegExp) {
    this.#first = first;
    this.#not = not;
  }

  of(id: string): string {
    const known = this.#names.get(id);
    if (known !== undefined) return known;
    const bare = id.replace(this.#not, '_');
    const begins = this.#first.test(bare) ? bare : `_${bare}`;
    let name = begins;
    for (let n = 2; this.#taken.has(name); n++) name = `${begins}_${n}`;
    this.#taken.add(name);
    this.#names.set(id, name);
    return name;
  }
}

const ESCAPES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\n': '&#10;',
  '\t': '&#9;'
};
/** What no XML document may hold, however it is escaped. */
const isForbidden = (letter: string) => {
  const code = letter.codePointAt(0) as number;
  return (code < 0x20 && !'\t\n\r'.includes(letter)) || (code >= 0xd800 && code < 0xe000) || (code & 0xfffe) === 0xfffe;
};
const legal = (text: string) => [...text].map((letter) => (isForbidden(letter) ? '\ufffd' : letter)).join('');
const escaped = (text: string) => legal(text).replace(/[&<>"\n\t]/g, (one) => ESCAPES[one] as string);
const comment = (text: string) => legal(text).replace(/-(?=-|$)/g, '- ');

function tag(name: string, attributes: Record<string, string>, closed = false): string {
  const told = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(value)}"`);
  return `<${name}${told.join('')}${closed ? '/' : ''}>`;
}

const indented = (lines: string[]) => lines.map((line) => `  ${line}`);

const wrapped = (name: string, attributes: Record<string, string>, inner: string[]): string[] =>
  inner.length === 0 ? [tag(name, attributes, true)] : [tag(name, attributes), ...indented(inner), `</${name}>`];
