import type { ComponentChildren } from 'preact';

/** What stands where there is nothing to show: what that means, and what to do about it. */
export function Notice({
  title,
  children,
  role
}: {
  title: string;
  children?: ComponentChildren;
  role?: 'alert' | 'status';
}) {
  return (
    <div class="notice" role={role}>
      <h2>{title}</h2>
      {children}
    </div>
  );
}
