import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import { ApiError } from '../api/connection.ts';
import type { Json, Schema } from '../state/schema-value.ts';
import { SchemaFields } from './schema-form.tsx';

interface SendFormProps {
  /** What it is called where it cannot be seen. */
  label: string;
  schema: Schema;
  /** Where the schema's references point. */
  root: Schema;
  first: Record<string, Json>;
  send: (value: Record<string, Json>) => Promise<unknown>;
  done: () => void;
  /** The field that a place in the server's answer is about. Default: the place itself. */
  fieldOf?: (path: string) => string;
  /** What stands below the fields: the button. */
  children: (value: Record<string, Json>, busy: boolean) => ComponentChildren;
}

/** A form made of a schema; what the server finds wrong stands at its field. */
export function SendForm({ label, schema, root, first, send, done, fieldOf, children }: SendFormProps) {
  const id = useId();
  const value = useSignal(first);
  const busy = useSignal(false);
  const errors = useSignal<ReadonlyMap<string, string>>(new Map());
  const failure = useSignal<string | null>(null);

  async function submit(event: Event) {
    event.preventDefault();
    busy.value = true;
    errors.value = new Map();
    failure.value = null;
    try {
      await send(value.value);
      done();
    } catch (error) {
      const problem = error instanceof ApiError ? error.problem : undefined;
      errors.value = new Map(problem?.errors?.map(({ path, message }) => [fieldOf ? fieldOf(path) : path, message]));
      failure.value = (error as Error).message;
    } finally {
      busy.value = false;
    }
  }

  return (
    <form class="offer-form" onSubmit={submit} aria-label={label}>
      <SchemaFields
        schema={schema}
        root={root}
        value={value.value}
        change={(next) => {
          value.value = (next ?? {}) as Record<string, Json>;
        }}
        errors={errors.value}
        id={id}
      />
      {failure.value !== null && (
        <p class="failure small" role="alert">
          {failure.value}
        </p>
      )}
      {children(value.value, busy.value)}
    </form>
  );
}
