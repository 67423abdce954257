import type { ArtifactView, SessionView } from '../../schemas/generated/contracts.ts';
import { connection, may } from '../api/connection.ts';
import { at, wasBy } from '../state/cursor.ts';
import { Picture } from './artifact.tsx';
import { useLive } from './live-resource.ts';

/** Between two pictures of a window: of one that a person drives, of one that somebody only looks at. */
const DRIVEN_MS = 1_000;
const WATCHED_MS = 2_000;
const OPEN = ['READY', 'BUSY', 'PAUSED_BY_HUMAN', 'HUMAN_REQUIRED', 'HUMAN_DRIVING'];

/** The window of a session as it is, while somebody looks; without a browser, what its command last kept of the page. */
export function Screen({ session }: { session: SessionView }) {
  const { session_id: id, state, driver, current_command_id: command, account_id } = session;
  const isOpen = driver !== null && OPEN.includes(state);
  const isSeen = isOpen && may('session:drive') && connection.value?.stub === false && at.value === null;
  const kept = useLive<{ items: ArtifactView[] }>(
    command === null || isSeen ? null : `/v1/artifacts?command_id=${command}&limit=20`,
    ({ command_id }) => command_id === command
  );
  if (isSeen) {
    return (
      <Picture
        path={`/v1/sessions/${id}/screen`}
        alt={`Window of ${account_id ?? id}`}
        every={state === 'HUMAN_DRIVING' ? DRIVEN_MS : WATCHED_MS}
      />
    );
  }
  const newest =
    kept.state === 'here'
      ? kept.value.items.find(({ kind, created_at }) => kind === 'screenshot' && wasBy(created_at))
      : undefined;
  if (newest) return <Picture path={newest.links.self} alt="What its command last kept of the page" />;
  return <p class="picture muted small">{whyNot(isOpen)}</p>;
}

function whyNot(isOpen: boolean): string {
  if (at.value !== null) return 'Nothing was kept of its window by then.';
  if (!isOpen) return 'Its browser is not open: there is no window to see.';
  if (connection.value?.stub) return 'Nothing is really driven here: there is no window to see.';
  return 'Your token lacks the scope session:drive to see its window.';
}
