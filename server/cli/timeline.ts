/** Events of the stream as aligned lines for a person. */
import type { EventEnvelope } from '../../schemas/generated/contracts.ts';
import { printable, type Terminal } from './terminal.ts';

const SEVERITY_STYLE = { debug: 'dim', info: null, warn: 'yellow', error: 'red' } as const;
const WIDTH = { when: 12, actor: 16, change: 57, type: 18 };
/** The cause is shown where the line has room for it. */
const COLUMNS_FOR_CAUSE = 140;

/**
 * A printer of events, one line each: when, who, from → to, the event's type, what caused it.
 *
 * ```
 *    +0.412 s  command 1f0c4a9e  QUEUED.waiting → RUNNING.PREPARING.looking     status.changed  session.granted
 *    +0.588 s  command 1f0c4a9e  RUNNING: PREPARING.looking → ACTION_ATTEMPTED  status.changed  xstate.done.actor.prepare
 * ```
 * Events of severity debug (states that are only passed through) are left out unless `debug` is true; each line goes on
 * from the state that the actor's last line showed.
 * @param when `offset`: seconds since the first event; `clock`: local time
 */
export function timeline(
  terminal: Terminal,
  { when, debug = false }: { when: 'offset' | 'clock'; debug?: boolean }
): (event: EventEnvelope) => void {
  let start: number | undefined;
  const shown = new Map<string, string>();
  return (event) => {
    const at = Date.parse(event.emitted_at);
    start ??= at;
    if (event.severity === 'debug' && !debug) return;
    const { actor, to, why } = event.payload;
    const who = `${actor.kind}/${actor.id}`;
    const from = shown.get(who) ?? event.payload.from;
    shown.set(who, to);
    // A name that is longer than its column takes from the next, so that what follows stands in line again.
    const moved = `${`${actor.kind} ${shortId(actor.id)}`.padEnd(WIDTH.actor)}  ${change(from, to)}`;
    const line = [
      (when === 'offset' ? `+${((at - start) / 1000).toFixed(3)} s` : clock(at)).padStart(WIDTH.when),
      moved.padEnd(WIDTH.actor + 2 + WIDTH.change),
      event.type.padEnd(WIDTH.type),
      terminal.columns < COLUMNS_FOR_CAUSE ? '' : printable(event.payload.event)
    ].join('  ');
    const style = lineStyle(event);
    terminal.line(style ? terminal.style(style, line.trimEnd()) : line.trimEnd());
    if (why && event.severity !== 'debug' && event.severity !== 'info') {
      terminal.line(terminal.style('dim', `${' '.repeat(WIDTH.when + 2)}${printable(why)}`));
    }
  };
}

/** What both have in common is said once: `RUNNING: PREPARING → VERIFIED`. */
export function change(from: string | null, to: string): string {
  if (from === null) return `· → ${to}`;
  if (from === to) return `(${to})`;
  const [before, after] = [from.split('.'), to.split('.')];
  let common = 0;
  while (common < Math.min(before.length, after.length) - 1 && before[common] === after[common]) common++;
  const rest = (path: string[]) => path.slice(common).join('.');
  const shared = common === 0 ? '' : `${before.slice(0, common).join('.')}: `;
  return `${shared}${rest(before)} → ${rest(after)}`;
}

/** Uuids by their first group, names as they are. */
const shortId = (id: string): string => (/^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(id) ? id.slice(0, 8) : id);

function lineStyle(event: EventEnvelope): 'dim' | 'yellow' | 'red' | 'green' | null {
  const good = event.type === 'action.verified' || event.payload.to === 'SUCCEEDED';
  return good ? 'green' : SEVERITY_STYLE[event.severity];
}

function clock(at: number): string {
  const date = new Date(at);
  const two = (n: number) => String(n).padStart(2, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(at % 1000).padStart(3, '0')}`;
}
