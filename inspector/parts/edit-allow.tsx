import type { ApprovalView, Flow } from '../../schemas/generated/contracts.ts';
import { api } from '../api/connection.ts';
import type { Json, Schema } from '../state/schema-value.ts';
import { Later } from './later.tsx';
import { resource } from './resource.ts';
import { SendForm } from './send-form.tsx';

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
  const asked = approval.preview.params as Record<string, Json>;
  const same = (a: Json | undefined, b: Json | undefined) => JSON.stringify(a) === JSON.stringify(b);
  const editedIn = (value: Record<string, Json>) =>
    Object.fromEntries(Object.entries(value).filter(([name, now]) => !same(now, asked[name])));
  return (
    <SendForm
      label="Edit, then allow"
      schema={schema}
      root={schema}
      first={asked}
      send={(value) =>
        api('POST', `/v1/approvals/${approval.approval_id}`, { decision: 'allow', edited: editedIn(value) })
      }
      done={done}
      // The server points into what was sent; the fields are those of the params.
      fieldOf={(path) => path.replace(/^\/(edited|params|payload\/params)(?=\/)/, '')}
    >
      {(value, busy) => {
        const different = Object.keys(editedIn(value));
        return (
          <div class="row">
            <button class="button primary" type="submit" disabled={busy || different.length === 0}>
              Allow as edited
            </button>
            <span class="muted small">
              {different.length === 0 ? 'nothing is different yet' : `different: ${different.join(', ')}`}
            </span>
          </div>
        );
      }}
    </SendForm>
  );
}
