import type { ComponentChildren } from 'preact';

const FEW = 3;

/** JSON to look at: what is short on a line, what is long behind a name that opens. */
export function JsonTree({ value, name, depth = 0 }: { value: unknown; name?: string; depth?: number }) {
  const label = name === undefined ? null : <span class="json-key">{name}</span>;
  if (value === null || typeof value !== 'object') {
    return (
      <div class="json-line">
        {label}
        <span class={`json-${value === null ? 'null' : typeof value}`}>{text(value, name)}</span>
      </div>
    );
  }
  const entries: [string, unknown][] = Object.entries(value);
  if (entries.length === 0) {
    return <Line label={label}>{Array.isArray(value) ? 'none' : 'nothing'}</Line>;
  }
  // What is not set says little, and there is much of it.
  const unset = Array.isArray(value) ? [] : entries.filter(([, one]) => one === null).map(([key]) => key);
  const inner = (
    <>
      {entries
        .filter(([key]) => !unset.includes(key))
        .map(([key, one]) => (
          <JsonTree key={key} name={key} value={one} depth={depth + 1} />
        ))}
      {unset.length > 0 && <div class="json-rest">not set: {unset.join(', ')}</div>}
    </>
  );
  if (name === undefined) return <div class="json">{inner}</div>;
  return (
    <details class="json-part" open={depth < 2 && entries.length <= FEW}>
      <summary>
        {label}{' '}
        <span class="muted small">
          {Array.isArray(value) ? plural(entries.length, 'item') : plural(entries.length, 'field')}
        </span>
      </summary>
      {inner}
    </details>
  );
}

const Line = ({ label, children }: { label: ComponentChildren; children: ComponentChildren }) => (
  <div class="json-line">
    {label}
    <span class="muted">{children}</span>
  </div>
);

const plural = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`;

/** Times are ms since 1970 in contexts, under names that say so. */
function text(value: unknown, name = ''): string {
  const isInstant = typeof value === 'number' && value > 1e12 && value < 1e13 && /(At|_at|_ms)$/.test(name);
  return isInstant ? new Date(value).toISOString() : String(value);
}
