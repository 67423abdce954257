import './styles/tokens.css';
import './styles/base.css';
import './styles/shell.css';
import './styles/views.css';
import './styles/diagram.css';
import './styles/acts.css';
import './styles/time.css';
import './styles/stuck.css';
import './styles/heat.css';
import './styles/sequence.css';
import './state/theme.ts';
import { computed, effect, signal } from '@preact/signals';
import { render } from 'preact';
import { begin, identity } from './api/connection.ts';
import { Notice } from './parts/notice.tsx';
import { type Section, Shell } from './shell.tsx';
import { at } from './state/cursor.ts';
import { shownIn, shownOf } from './state/past.ts';
import { place } from './state/router.ts';
import { stuckCount, watchStuck } from './state/stuck.ts';
import { close, open } from './state/world.ts';
import { ActorView } from './views/actor.tsx';
import { Actors } from './views/actors.tsx';
import { Approvals } from './views/approvals.tsx';
import { Drivers } from './views/drivers.tsx';
import { FlowView } from './views/flow.tsx';
import { Machines } from './views/machines.tsx';
import { Overview } from './views/overview.tsx';
import { Sequence } from './views/sequence.tsx';
import { Sessions } from './views/sessions.tsx';
import { SignIn } from './views/sign-in.tsx';
import { Stuck } from './views/stuck.tsx';
import { Timeline } from './views/timeline.tsx';

const begun = signal(false);
const trouble = signal<string | null>(null);

const ActorPlace = () => (place.value.length > 1 ? <ActorView /> : <Actors />);

const SECTIONS: (Section & { view: () => preact.JSX.Element })[] = [
  { name: '', title: 'Now', view: Overview, count: computed(() => shownOf('ask')) },
  { name: 'stuck', title: 'Stuck', view: Stuck, count: stuckCount },
  { name: 'approvals', title: 'Approvals', view: Approvals, count: computed(() => shownIn('approval', 'PENDING')) },
  { name: 'sessions', title: 'Sessions', view: Sessions },
  { name: 'actors', title: 'Actors', view: ActorPlace },
  { name: 'machines', title: 'Machines', view: Machines },
  { name: 'drivers', title: 'Drivers', view: Drivers },
  { name: 'timeline', title: 'Timeline', view: Timeline }
];

/** Places that other views lead to. */
const ASIDE: Record<string, () => preact.JSX.Element> = { flows: FlowView, sequence: Sequence };

function App() {
  if (!begun.value) return <Notice title="Opening…" role="status" whole />;
  if (!identity.value?.service) return <SignIn trouble={trouble.value} />;
  const here = place.value[0] ?? '';
  const View = ASIDE[here] ?? SECTIONS.find(({ name }) => name === here)?.view;
  return (
    <Shell sections={SECTIONS}>
      {View && here === 'stuck' && at.value !== null ? (
        <Notice title="Who is stuck is told of now alone" role="status" whole />
      ) : View ? (
        <View />
      ) : (
        <Notice title="There is no such view" role="alert" whole>
          <p>
            Nothing is at <code>/{place.value.join('/')}</code>.
          </p>
        </Notice>
      )}
    </Shell>
  );
}

render(<App />, document.getElementById('app') as HTMLElement);

effect(() => {
  if (!identity.value?.service) return;
  open().catch((error: Error) => {
    trouble.value = error.message;
  });
  const stop = watchStuck();
  return () => {
    stop();
    close();
  };
});

begin()
  .catch((error: Error) => {
    trouble.value = error.message;
  })
  .finally(() => {
    begun.value = true;
  });
