/**
 * A piece of the log as one HTML file: no script, nothing from elsewhere, readable by whoever opens it. The events are in it
 * as JSON too, in a `<script type="application/json">` that no browser runs, so that nothing is lost.
 */
import type { EventEnvelope } from '../../../schemas/generated/contracts.ts';

/** Events of one export; who wants more goes on from the last cursor. */
export const EXPORTED_MOST = 100_000;

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const text = (value: unknown) => String(value ?? '').replace(/[&<>"]/g, (one) => ESCAPES[one] as string);

const STYLE = `
:root { color-scheme: light dark; font: 14px/1.5 system-ui, sans-serif; }
body { margin: 24px; } h1 { font-size: 20px; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: 4px 8px; text-align: left; vertical-align: top; border-bottom: 1px solid #8884; }
th { font-weight: 600; } td { font-family: ui-monospace, monospace; font-size: 12px; overflow-wrap: anywhere; }
tr.warn td:first-child { border-left: 3px solid #c90; } tr.error td:first-child { border-left: 3px solid #c33; }`;

/** Piece by piece; the events are looked at once. */
export async function* timelinePage(pages: AsyncIterable<EventEnvelope[]>, filters: Record<string, unknown>) {
  const what = Object.entries(filters).map(([name, value]) => `${name} ${String(value)}`);
  yield `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Timeline</title>
<style>${STYLE}</style>
</head>
<body>
<h1>Timeline</h1>
<p>${text(what.join(', '))}</p>
<table>
<thead><tr>${HEADINGS.map((name) => `<th scope="col">${name}</th>`).join('')}</tr></thead>
<tbody>
`;
  const data: string[] = [];
  for await (const events of pages) {
    yield `${events.map(rowOf).join('\n')}\n`;
    // A '<' would let a text of an event end the element it is in.
    for (const event of events) data.push(JSON.stringify(event).replace(/</g, '\\u003c'));
  }
  yield `</tbody>
</table>
<p>${data.length} events.</p>
<script type="application/json" id="events">[${data.join(',\n')}]</script>
</body>
</html>
`;
}

const HEADINGS = ['Cursor', 'At', 'Type', 'Actor', 'State', 'By', 'Why'];

function rowOf({
  cursor,
  emitted_at,
  severity,
  type,
  payload: { actor, from, to, event, why }
}: EventEnvelope): string {
  const move = from === null || from === to ? to : `${from} → ${to}`;
  const cells = [cursor, emitted_at, type, `${actor.kind}/${actor.id}`, move, event, why];
  return `<tr class="${text(severity)}">${cells.map((cell) => `<td>${text(cell)}</td>`).join('')}</tr>`;
}
