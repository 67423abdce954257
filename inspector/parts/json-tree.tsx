import type { ComponentChildren } from 'preact';

const FEW = 3;

/** JSON to look at: what is short on a line, what is long behind a name that opens. */
export function JsonTree({ value, name, depth = 0 }: { value: unknown; name?: string; depth?: number }) {
  const label = name === undefined ? null : <span class="json-key">{name}</span>;
  if (value === null || typeof value !== 'object') {
    return (
      <div class="json-line">
        {label}
        <span class={`json-${value === null ? 'null' : typeof value}`}>{text(value)}</span>
      </div>
    );
  }
  const entries: [string, unknown][] = Object.entries(value);
  if (entries.length === 0) {
    return <Line label={label}>{Array.isArray(value) ? 'none' : 'nothing'}</Line>;
  }
  const inner = entries.map(([key, one]) => <JsonTree key={key} name={key} value={one} depth={depth + 1} />);
  if (name === undefined) return <div class="json">{inner}</div>;
  return (
    <details class="json-part" open={depth < 2 && entries.length <= FEW}>
      <summary>
        {label}{' '}
        <span class="muted small">{Array.isArray(value) ? `${entries.length} items` : `${entries.length} fields`}</span>
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

const text = (value: unknown) => (typeof value === 'string' ? value : String(value));
