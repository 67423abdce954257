import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { query } from '../state/router.ts';
import { save } from './artifact.tsx';

const MACHINE = { mermaid: 'mmd', scxml: 'scxml', json: 'json' } as const;

/** A machine to take away, for documents and for other tools. */
export function MachineExports({ kind }: { kind: string }) {
  return (
    <Exports label="Save as">
      {Object.entries(MACHINE).map(([format, extension]) => (
        <Save
          key={format}
          path={`/v1/machines/${encodeURIComponent(kind)}?format=${format}`}
          name={`${kind}.${extension}`}
        >
          {format}
        </Save>
      ))}
    </Exports>
  );
}

/** Names of the timeline's filters in its address, which are those of the API. */
const FILTERS = [
  'severity',
  'actor_kinds',
  'event_types',
  'account_id',
  'platform',
  'session_id',
  'command_id',
  'correlation_id'
];

/** The events that pass the filters, from the oldest there is, at most 100,000. */
export function TimelineExports() {
  const asked = new URLSearchParams({ limit: '100000' });
  for (const name of FILTERS) if (query.value.get(name)) asked.set(name, query.value.get(name) as string);
  const path = (format: string) => `/v1/events/export?${asked}&format=${format}`;
  return (
    <Exports label="Save these as">
      <Save path={path('jsonl')} name="timeline.jsonl">
        JSON lines
      </Save>
      <Save path={path('html')} name="timeline.html">
        a page
      </Save>
    </Exports>
  );
}

const Exports = ({ label, children }: { label: string; children: ComponentChildren }) => (
  <div class="row exports">
    <span class="muted small">{label}</span>
    {children}
  </div>
);

function Save({ path, name, children }: { path: string; name: string; children: ComponentChildren }) {
  const failure = useSignal<string | null>(null);
  const busy = useSignal(false);
  async function run() {
    busy.value = true;
    failure.value = null;
    try {
      await save(path, name);
    } catch (error) {
      failure.value = (error as Error).message;
    } finally {
      busy.value = false;
    }
  }
  return (
    <>
      <button type="button" class="button" disabled={busy.value} onClick={run}>
        {children}
      </button>
      {failure.value !== null && (
        <span class="failure small" role="alert">
          {failure.value}
        </span>
      )}
    </>
  );
}
