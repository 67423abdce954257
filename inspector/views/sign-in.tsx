import { useSignal } from '@preact/signals';
import type { TargetedSubmitEvent } from 'preact';
import { signIn } from '../api/connection.ts';

export function SignIn({ trouble }: { trouble: string | null }) {
  const failure = useSignal(trouble);
  const busy = useSignal(false);

  async function submit(event: TargetedSubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    const token = String(new FormData(event.currentTarget).get('token') ?? '').trim();
    busy.value = true;
    try {
      await signIn(token);
    } catch (error) {
      failure.value = (error as Error).message;
    } finally {
      busy.value = false;
    }
  }

  return (
    <main class="sign-in">
      <form class="card" onSubmit={submit}>
        <h1>Troupe</h1>
        <p class="muted">
          Open the link that <code>troupe start</code> printed, have a new one made with <code>troupe inspect</code>, or
          paste a token.
        </p>
        <label>
          Token
          <input
            class="field mono"
            name="token"
            type="password"
            autocomplete="off"
            required
            aria-describedby="failure"
          />
        </label>
        <p id="failure" role="alert" class="small" style={{ color: 'var(--bad-ink)' }}>
          {failure.value}
        </p>
        <button class="button primary" type="submit" disabled={busy.value}>
          Sign in
        </button>
      </form>
    </main>
  );
}
