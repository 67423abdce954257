import type { ComponentChildren } from 'preact';

/** What stands where there is nothing to show: what that means, and what to do about it. */
export function Notice({
  title,
  children,
  role,
  whole = false
}: {
  title: string;
  children?: ComponentChildren;
  role?: 'alert' | 'status';
  /** It is all there is on the page. */
  whole?: boolean;
}) {
  return (
    <div class="notice" role={role}>
      {whole ? <h1>{title}</h1> : <h2>{title}</h2>}
      {children}
    </div>
  );
}
