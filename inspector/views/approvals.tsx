import type { ApprovalView } from '../../schemas/generated/contracts.ts';
import { Act } from '../parts/act.tsx';
import { Later } from '../parts/later.tsx';
import { useLive } from '../parts/live-resource.ts';
import { Notice } from '../parts/notice.tsx';
import { StatePill } from '../parts/pill.tsx';
import { duration, now } from '../parts/time.tsx';
import { href } from '../state/router.ts';

/** What waits for a yes or a no: exactly what would be done, as whom, and until when one may say so. */
export function Approvals() {
  const pending = useLive<{ items: ApprovalView[] }>(
    '/v1/approvals?state=pending&limit=100',
    ({ payload }) => payload.actor.kind === 'approval'
  );
  return (
    <>
      <h1>Approvals</h1>
      <Later found={pending} what="approvals">
        {({ items }) =>
          items.length === 0 ? (
            <Notice title="Nothing waits for you">
              <p>A flow that asks first, and every message to a person, shows up here before anything is sent.</p>
            </Notice>
          ) : (
            <ul class="stack">
              {items.map((approval) => (
                <Approval key={approval.approval_id} approval={approval} done={pending.again} />
              ))}
            </ul>
          )
        }
      </Later>
    </>
  );
}

function Approval({ approval, done }: { approval: ApprovalView; done: () => void }) {
  const { approval_id: id, preview, expires_at: expires } = approval;
  const path = `/v1/approvals/${id}`;
  const scope = `approve:${preview.flow}`;
  const heading = `approval-${id}`;
  return (
    <li class="card" aria-labelledby={heading}>
      <header>
        <h2 id={heading}>
          {preview.flow} <span class="muted">as {preview.account_id ?? 'nobody in particular'}</span>
        </h2>
        <StatePill state={approval.state} />
      </header>
      <div class="body">
        <dl class="facts">
          {Object.entries(preview.params).map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd class="exact">{typeof value === 'string' ? value : JSON.stringify(value)}</dd>
            </div>
          ))}
          <div>
            <dt>would do</dt>
            <dd>{preview.writes.join(', ') || 'nothing that changes anything'}</dd>
          </div>
          <div>
            <dt>command</dt>
            <dd>
              <a class="mono" href={href('actors', 'command', approval.command_id)}>
                {approval.command_id}
              </a>
            </dd>
          </div>
        </dl>
        <div class="row">
          <Act method="POST" path={path} body={{ decision: 'allow' }} scope={scope} kind="primary" done={done}>
            Allow
          </Act>
          <Act method="POST" path={path} body={{ decision: 'deny' }} scope={scope} kind="danger" done={done}>
            Deny
          </Act>
          {expires !== null && <span class="muted small">expires in {duration(Date.parse(expires) - now.value)}</span>}
        </div>
      </div>
    </li>
  );
}
