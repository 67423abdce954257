import type { JSX } from 'preact';
import { Notice } from './notice.tsx';
import type { Resource } from './resource.ts';

/** What is being read, what could not be, and what is here. `what` completes the sentences. */
export function Later<T>({
  found,
  what,
  whole = false,
  children
}: {
  found: Resource<T>;
  what: string;
  /** It is all there is on the page. */
  whole?: boolean;
  children: (value: T) => JSX.Element;
}) {
  if (found.state === 'loading') return <Notice title={`Reading ${what}…`} role="status" whole={whole} />;
  if (found.state === 'here') return children(found.value);
  return (
    <Notice title={`Cannot read ${what}`} role="alert" whole={whole}>
      <p>{found.why}</p>
    </Notice>
  );
}
