/** What `troupe test conform` tells a person: each finding, and what came of the whole. */
import type { ConformFinding, Conformity } from '../../testing/conform.ts';
import { printable, type Terminal } from './terminal.ts';

const KIND = {
  illegal: 'illegal',
  cursor: 'cursor',
  time_backwards: 'time',
  clock_adjusted: 'clock',
  invariant: 'broken'
};

/** @param limit findings that are shown; what is more is counted by `summary` */
export function findingsForPeople(terminal: Terminal, limit: number): (finding: ConformFinding) => void {
  let listed = 0;
  return ({ type, violates, cursor, line, about, why, invariant, legal, version }) => {
    listed += 1;
    if (listed > limit) return;
    const place = [line === null ? '' : `line ${line}`, cursor === null ? '' : `cursor ${cursor}`]
      .filter(Boolean)
      .join(', ');
    const kind = terminal.style(violates ? 'red' : 'yellow', KIND[type].padEnd(7));
    terminal.line(`${kind}  ${[place, about[0] && printable(about[0])].filter(Boolean).join('  ')}`);
    terminal.line(`         ${printable(why)}${version ? ` (version ${version})` : ''}`);
    if (invariant) terminal.line(terminal.style('dim', `         ${invariant}`));
    for (const move of legal ?? []) {
      const guard = move.guard === undefined ? '' : `  if ${move.guard}`;
      terminal.line(
        terminal.style('dim', `         legal: ${printable(move.event || 'always')} ─▶ ${move.to}${guard}`)
      );
    }
  };
}

/** @param judgedBy said behind the count of legal moves, where the rows do not say their version */
export function summaryForPeople(
  terminal: Terminal,
  { name, judgedBy }: { name: string; judgedBy: string | null },
  verdict: Conformity,
  limit: number
): void {
  const { rows, actors, legal, aside, cursors, not_judged, inconclusive, violations, warnings } = verdict;
  const more = violations + warnings - limit;
  if (more > 0) terminal.line(`… and ${more} more; --limit lists them`);
  terminal.line(`${name}: ${rows} rows of ${actors} actors, cursors ${cursors.from ?? '-'} to ${cursors.to ?? '-'}`);
  terminal.line(`${legal} moves are legal, ${aside} rows tell of none${judgedBy === null ? '' : `; ${judgedBy}`}`);
  for (const { kind, version, rows, why } of not_judged) {
    const of = version === null ? kind : `${kind} of version ${version}`;
    terminal.line(terminal.style('yellow', `not judged: ${rows} rows of ${of}: ${why}`));
  }
  for (const { invariant, count, first, why } of inconclusive) {
    const whom = count === 0 ? '' : ` for ${count} (${first.join(', ')}${count > first.length ? ', …' : ''})`;
    terminal.line(terminal.style('yellow', `inconclusive${whom}: ${invariant}: ${why}`));
  }
  if (verdict.conforms) terminal.line(terminal.style('green', 'it conforms'));
  else terminal.line(terminal.style('red', `it does not conform: ${violations} violations`));
}
