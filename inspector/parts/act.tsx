import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { api, may } from '../api/connection.ts';
import { at } from '../state/cursor.ts';

interface Props {
  method: 'POST' | 'DELETE';
  path: string;
  body?: unknown;
  /** Without it the button says what is missing. */
  scope: string;
  kind?: 'primary' | 'danger' | 'quiet';
  /** Asked before it is done. */
  confirm?: string;
  done?: () => void;
  children: ComponentChildren;
}

/** One request as a button: off while it runs, and what the server says no to stands beside it. */
export function Act({ method, path, body, scope, kind, confirm: question, done, children }: Props) {
  const busy = useSignal(false);
  const failure = useSignal<string | null>(null);
  const isPast = at.value !== null;
  const allowed = may(scope) && !isPast;

  async function run() {
    if (question !== undefined && !confirm(question)) return;
    busy.value = true;
    failure.value = null;
    try {
      await api(method, path, body);
      done?.();
    } catch (error) {
      failure.value = (error as Error).message;
    } finally {
      busy.value = false;
    }
  }

  return (
    <span class="act">
      <button
        type="button"
        class={`button ${kind ?? ''}`}
        disabled={busy.value || !allowed}
        title={
          allowed
            ? undefined
            : isPast
              ? 'this is the past; nothing is done there'
              : `your token lacks the scope ${scope}`
        }
        onClick={run}
      >
        {children}
      </button>
      {failure.value !== null && (
        <span class="failure small" role="alert">
          {failure.value}
        </span>
      )}
    </span>
  );
}
