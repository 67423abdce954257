import './styles/tokens.css';
import './styles/base.css';
import './styles/shell.css';
import './styles/views.css';
import './styles/diagram.css';
import './state/theme.ts';
import { effect, signal } from '@preact/signals';
import { render } from 'preact';
import { begin, identity } from './api/connection.ts';
import { Notice } from './parts/notice.tsx';
import { type Section, Shell } from './shell.tsx';
import { place } from './state/router.ts';
import { toneOf } from './state/tone.ts';
import { actors, close, open, revision } from './state/world.ts';
import { Machines } from './views/machines.tsx';
import { Overview } from './views/overview.tsx';
import { SignIn } from './views/sign-in.tsx';

const begun = signal(false);
const trouble = signal<string | null>(null);

const asking = () => {
  revision.value;
  return [...actors.values()].filter((actor) => actor.status === 'active' && toneOf(actor) === 'ask').length;
};

const SECTIONS: (Section & { view: () => preact.JSX.Element })[] = [
  { name: '', title: 'Now', view: Overview, count: asking },
  { name: 'machines', title: 'Machines', view: Machines }
];

function App() {
  if (!begun.value) return <Notice title="Opening…" role="status" />;
  if (!identity.value?.service) return <SignIn trouble={trouble.value} />;
  const section = SECTIONS.find(({ name }) => name === (place.value[0] ?? ''));
  return (
    <Shell sections={SECTIONS}>
      {section ? (
        <section.view />
      ) : (
        <Notice title="There is no such view" role="alert">
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
  return close;
});

begin()
  .catch((error: Error) => {
    trouble.value = error.message;
  })
  .finally(() => {
    begun.value = true;
  });
