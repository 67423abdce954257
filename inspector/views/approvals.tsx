import { useSignal } from '@preact/signals';
import type { ApprovalView, ArtifactView, Reach } from '../../schemas/generated/contracts.ts';
import { may } from '../api/connection.ts';
import { Act } from '../parts/act.tsx';
import { Picture } from '../parts/artifact.tsx';
import { EditAndAllow } from '../parts/edit-allow.tsx';
import { Later } from '../parts/later.tsx';
import { useLive } from '../parts/live-resource.ts';
import { Notice } from '../parts/notice.tsx';
import { StatePill } from '../parts/pill.tsx';
import { duration, now, Since } from '../parts/time.tsx';
import { at, wasBy } from '../state/cursor.ts';
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
            <Notice title={at.value === null ? 'Nothing waits for you' : 'Nothing waited for anybody'}>
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
  const editing = useSignal(false);
  const note = useSignal('');
  const said = note.value.trim() === '' ? {} : { note: note.value.trim() };
  return (
    <li class="card" aria-labelledby={heading}>
      <header>
        <h2 id={heading}>
          {preview.flow} <span class="muted">as</span> {preview.account_id ?? 'nobody in particular'}{' '}
          {preview.platform !== undefined && <span class="muted">on {preview.platform}</span>}
        </h2>
        <StatePill state={approval.state} />
      </header>
      <div class="body approval">
        <dl class="facts">
          {Object.entries(preview.params).map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd class="exact">{typeof value === 'string' ? value : JSON.stringify(value)}</dd>
            </div>
          ))}
          <div>
            <dt>would do</dt>
            <dd>
              {preview.writes.length === 0 && 'nothing that changes anything'}
              {preview.writes.map((write) => (
                <span class="reach" key={write}>
                  {write}
                  {preview.reaches?.[write] !== undefined && (
                    <span class="muted small"> {REACHES[preview.reaches[write]]}</span>
                  )}
                </span>
              ))}
            </dd>
          </div>
          {preview.pages !== undefined && preview.pages.length > 0 && (
            <div>
              <dt>opens</dt>
              <dd>
                {preview.pages.map((address) => (
                  <div class="mono" key={address}>
                    {address}
                  </div>
                ))}
              </dd>
            </div>
          )}
          <div>
            <dt>command</dt>
            <dd>
              <a class="mono" href={href('actors', 'command', approval.command_id)}>
                {approval.command_id}
              </a>
            </dd>
          </div>
          <div>
            <dt>asked</dt>
            <dd>
              <Since at={Date.parse(approval.created_at)} /> ago
              {expires !== null && <span class="muted">, expires in {duration(Date.parse(expires) - now.value)}</span>}
            </dd>
          </div>
        </dl>
        <Seen commandId={approval.command_id} />
        <label class="note">
          Note
          <input
            class="field"
            maxLength={2000}
            placeholder="kept with the decision"
            value={note.value}
            onInput={({ currentTarget }) => {
              note.value = currentTarget.value;
            }}
          />
        </label>
        <div class="row">
          <Act method="POST" path={path} body={{ decision: 'allow', ...said }} scope={scope} kind="primary" done={done}>
            Allow
          </Act>
          <button
            type="button"
            class="button"
            aria-expanded={editing.value}
            disabled={!may(scope) || at.value !== null}
            onClick={() => {
              editing.value = !editing.value;
            }}
          >
            Edit…
          </button>
          <Act method="POST" path={path} body={{ decision: 'deny', ...said }} scope={scope} kind="danger" done={done}>
            Deny
          </Act>
          {!may(scope) && <span class="muted small">Your token lacks the scope {scope}.</span>}
        </div>
        {editing.value && at.value === null && <EditAndAllow approval={approval} done={done} />}
      </div>
    </li>
  );
}

const REACHES: Record<Reach, string> = {
  nobody: 'nobody else sees it',
  like: 'a like that others see',
  follow: 'a follow that others see',
  comment: 'a comment that others read',
  post: 'a post that others read',
  message: 'a message to somebody'
};

/** What was last seen of the page it is about; most are asked before a page is open. */
function Seen({ commandId }: { commandId: string }) {
  const kept = useLive<{ items: ArtifactView[] }>(
    `/v1/artifacts?command_id=${commandId}&limit=50`,
    ({ command_id }) => command_id === commandId
  );
  if (kept.state !== 'here') return null;
  const newest = kept.value.items.find(({ kind, created_at }) => kind === 'screenshot' && wasBy(created_at));
  if (!newest) return <p class="muted small">No page was open yet when it asked.</p>;
  return <Picture path={newest.links.self} alt="The page it is about" />;
}
