import type { ArtifactView, CommandView, Proof } from '../../schemas/generated/contracts.ts';
import { wasBy } from '../state/cursor.ts';
import { Picture, save } from './artifact.tsx';
import { Later } from './later.tsx';
import { useLive } from './live-resource.ts';

const OUTCOMES: Record<string, string> = { VERIFIED: 'good', VERIFICATION_FAILED: 'bad', UNKNOWN: 'ask' };

/** What a command did to the world: each action, whether it is proved, by what, and the pictures that were taken. */
export function Effects({ id }: { id: string }) {
  const mine = ({ command_id }: { command_id: string | null }) => command_id === id;
  const command = useLive<CommandView>(`/v1/commands/${id}`, mine);
  const artifacts = useLive<{ items: ArtifactView[] }>(`/v1/artifacts?command_id=${id}&limit=100`, mine);
  const kept = artifacts.state === 'here' ? artifacts.value.items.filter(({ created_at }) => wasBy(created_at)) : [];
  return (
    <section class="card" aria-labelledby="effects">
      <header>
        <h2 id="effects">Effects</h2>
        <span class="muted small">what it did, and how that is known</span>
      </header>
      <Later found={command} what="its effects">
        {({ actions }) => (
          <>
            {actions.length === 0 && <p class="body muted">Nothing was done yet.</p>}
            {actions.map((action) => (
              <article class="effect" key={action.name}>
                <h3 class="mono">{action.name}</h3>
                <span class={`pill tone-${OUTCOMES[action.outcome ?? ''] ?? 'idle'}`}>
                  {action.outcome ?? 'not yet'}
                </span>
                <span class="muted small">
                  {action.effect}, {action.already_done ? 'was done already' : `attempted ${times(action.attempts)}`}
                </span>
                <ul class="proofs">
                  {action.proofs.map((proof) => (
                    <li key={JSON.stringify(proof)}>
                      <Proved proof={proof} />
                    </li>
                  ))}
                </ul>
              </article>
            ))}
            <Kept artifacts={kept.filter((one) => !isProof(one, actions))} />
          </>
        )}
      </Later>
    </section>
  );
}

const isProof = ({ artifact_id: id }: ArtifactView, actions: CommandView['actions']) =>
  actions.some(({ proofs }) => proofs.some((proof) => proof.artifact_id === id));

const times = (count: number) => (count === 1 ? 'once' : `${count} times`);

function Proved({ proof: { kind, value, artifact_id } }: { proof: Proof }) {
  const path = `/v1/artifacts/${artifact_id}`;
  return (
    <>
      <b class="small">{kind.replaceAll('_', ' ')}</b> <span class="mono wrap">{value}</span>
      {artifact_id !== undefined &&
        (kind === 'screenshot' ? (
          <Picture path={path} alt="Screenshot that proves it" />
        ) : (
          <button type="button" class="button" onClick={() => void save(path, artifact_id)}>
            Save
          </button>
        ))}
    </>
  );
}

function Kept({ artifacts }: { artifacts: ArtifactView[] }) {
  if (artifacts.length === 0) return null;
  return (
    <div class="body">
      <h3>Kept of the pages</h3>
      <div class="pictures">
        {artifacts.map(({ artifact_id: id, kind, links, size }) =>
          kind === 'screenshot' ? (
            <Picture key={id} path={links.self} alt={`Screenshot ${id.slice(0, 8)}`} />
          ) : (
            <button key={id} type="button" class="button" onClick={() => void save(links.self, `${id}.${kind}`)}>
              {kind}, {Math.ceil(size / 1024)} KB
            </button>
          )
        )}
      </div>
    </div>
  );
}
