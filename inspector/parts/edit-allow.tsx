import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import type { ApprovalView, Flow } from '../../schemas/generated/contracts.ts';
import { ApiError, api } from '../api/connection.ts';
import type { Json, Schema } from '../state/schema-value.ts';
import { Later } from './later.tsx';
import { resource } from './resource.ts';
import { SchemaFields } from './schema-form.tsx';

/** Another text than was asked for, allowed as it is then; the flow's own schema says what may be written. */
export function EditAndAllow({ approval, done }: { approval: ApprovalView; done: () => void }) {
  const flow = resource<Flow>(`/v1/flows/${encodeURIComponent(approval.preview.flow)}`).value;
  return (
    <Later found={flow} what="the flow">
      {({ params }) => <EditForm approval={approval} schema={(params ?? {}) as Schema} done={done} />}
    </Later>
  );
}

function EditForm({ approval, schema, done }: { approval: ApprovalView; schema: Schema; done: () => void }) {
  const id = useId();
  const asked = approval.preview.params as Record<string, Json>;
  const value = useSignal<Record<string, Json>>(asked);
  const busy = useSignal(false);
  const errors = useSignal<ReadonlyMap<string, string>>(new Map());
  const failure = useSignal<string | null>(null);
  const same = (a: Json | undefined, b: Json | undefined) => JSON.stringify(a) === JSON.stringify(b);
  const edited = Object.fromEntries(Object.entries(value.value).filter(([name, now]) => !same(now, asked[name])));

  async function send(event: Event) {
    event.preventDefault();
    busy.value = true;
    errors.value = new Map();
    failure.value = null;
    try {
      await api('POST', `/v1/approvals/${approval.approval_id}`, { decision: 'allow', edited });
      done();
    } catch (error) {
      const problem = error instanceof ApiError ? error.problem : undefined;
      // The server points into what was sent; the fields are those of the params.
      const placed = problem?.errors?.map(({ path, message }): [string, string] => [
        path.replace(/^\/(edited|params|payload\/params)(?=\/)/, ''),
        message
      ]);
      errors.value = new Map(placed);
      failure.value = (error as Error).message;
    } finally {
      busy.value = false;
    }
  }

  return (
    <form class="offer-form" onSubmit={send} aria-label="Edit, then allow">
      <SchemaFields
        schema={schema}
        root={schema}
        value={value.value}
        change={(next) => {
          value.value = (next ?? {}) as Record<string, Json>;
        }}
        errors={errors.value}
        id={id}
      />
      {failure.value !== null && (
        <p class="failure small" role="alert">
          {failure.value}
        </p>
      )}
      <div class="row">
        <button class="button primary" type="submit" disabled={busy.value || Object.keys(edited).length === 0}>
          Allow as edited
        </button>
        <span class="muted small">
          {Object.keys(edited).length === 0
            ? 'nothing is different yet'
            : `different: ${Object.keys(edited).join(', ')}`}
        </span>
      </div>
    </form>
  );
}
