import type { JSX } from 'preact';
import { Notice } from './notice.tsx';
import type { Resource } from './resource.ts';

/** What is being read, what could not be, and what is here. `what` completes the sentences. */
export function Later<T>({
  found,
  what,
  children
}: {
  found: Resource<T>;
  what: string;
  children: (value: T) => JSX.Element;
}) {
  if (found.state === 'loading') return <Notice title={`Reading ${what}…`} role="status" />;
  if (found.state === 'here') return children(found.value);
  return (
    <Notice title={`Cannot read ${what}`} role="alert">
      <p>{found.why}</p>
    </Notice>
  );
}
