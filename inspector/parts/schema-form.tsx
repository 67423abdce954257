/**
 * A form from a JSON Schema: one field for each thing there is to say, with what the schema knows of it. What the server
 * finds wrong stands at the field it is about.
 */
import type { ComponentChildren, JSX } from 'preact';
import { at, type Json, kindOf, type Schema, settled, sketch } from '../state/schema-value.ts';

export type { Json, Schema } from '../state/schema-value.ts';

interface FieldProps {
  schema: Schema;
  root: Schema;
  value: Json | undefined;
  change: (value: Json | undefined) => void;
  /** JSON Pointer. */
  pointer: string;
  label: string;
  required: boolean;
  /** Pointer → what is wrong there. */
  errors: ReadonlyMap<string, string>;
  id: string;
}

export function SchemaFields(props: Omit<FieldProps, 'label' | 'required' | 'pointer'> & { pointer?: string }) {
  return <Fields {...props} pointer={props.pointer ?? ''} label="" required />;
}

function Fields({ schema, root, value, change, pointer, errors, id }: FieldProps) {
  const whole = settled(schema, root);
  const object = (value ?? {}) as Record<string, Json>;
  const required = new Set(whole.required ?? []);
  return (
    <>
      {Object.entries(whole.properties ?? {}).map(([name, inner]) => (
        <Field
          key={name}
          schema={inner}
          root={root}
          value={object[name]}
          change={(next) => {
            const { [name]: _, ...others } = object;
            change(next === undefined ? others : { ...others, [name]: next });
          }}
          pointer={`${pointer}/${at(name)}`}
          label={settled(inner, root).title ?? name}
          required={required.has(name)}
          errors={errors}
          id={`${id}-${name}`}
        />
      ))}
    </>
  );
}

function Field(props: FieldProps) {
  const schema = settled(props.schema, props.root);
  const kind = kindOf(schema);
  if (kind === 'object') return <Group {...props} schema={schema} />;
  if (kind === 'array') return <Items {...props} schema={schema} />;
  return <Leaf {...props} schema={schema} kind={kind} />;
}

function Group(props: FieldProps) {
  const { label, required, value, change, schema, root, pointer, errors } = props;
  const isThere = required || value !== undefined;
  return (
    <fieldset class="group">
      <legend>
        {label}
        {!required && (
          <button
            type="button"
            class="button quiet small"
            onClick={() => change(isThere ? undefined : (sketch(schema, root) ?? {}))}
          >
            {isThere ? 'Leave out' : 'Add'}
          </button>
        )}
      </legend>
      {schema.description && <p class="muted small">{schema.description}</p>}
      <Wrong text={errors.get(pointer)} />
      {isThere && <Fields {...props} />}
    </fieldset>
  );
}

function Items({ label, required, value, change, schema, root, pointer, errors, id }: FieldProps) {
  const items = Array.isArray(value) ? value : [];
  const of = schema.items ?? {};
  const name = (index: number) => `${label} ${index + 1}`;
  return (
    <fieldset class="group">
      <legend>
        {label}
        {required && <Needed />}
      </legend>
      {schema.description && <p class="muted small">{schema.description}</p>}
      <Wrong text={errors.get(pointer)} />
      {items.map((item, index) => (
        <div class="item" key={index}>
          <Field
            schema={of}
            root={root}
            value={item}
            change={(next) => change(items.map((one, place) => (place === index ? (next ?? null) : one)))}
            pointer={`${pointer}/${index}`}
            label={name(index)}
            required
            errors={errors}
            id={`${id}-${index}`}
          />
          <button
            type="button"
            class="button quiet"
            aria-label={`Remove ${name(index)}`}
            onClick={() =>
              change(items.length > 1 || required ? items.filter((_, place) => place !== index) : undefined)
            }
          >
            ✕
          </button>
        </div>
      ))}
      <button
        type="button"
        class="button"
        disabled={items.length >= (schema.maxItems ?? Number.POSITIVE_INFINITY)}
        onClick={() => change([...items, sketch(of, root) ?? blank(settled(of, root))])}
      >
        Add to {label}
      </button>
    </fieldset>
  );
}

/** What a new item begins as, when its schema does not say. */
function blank(schema: Schema): Json {
  const kind = kindOf(schema);
  if (kind === 'object') return {};
  if (kind === 'array') return [];
  if (kind === 'boolean') return false;
  return kind === 'string' ? '' : null;
}

function Leaf(props: FieldProps & { kind: ReturnType<typeof kindOf> }) {
  const { schema, label, required, pointer, errors, id } = props;
  const error = errors.get(pointer);
  const hint = schema.description;
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ') || undefined;
  return (
    <div class={`form-field ${error ? 'is-wrong' : ''}`}>
      <label for={id}>
        {label}
        {required && <Needed />}
      </label>
      {control(props, { id, 'aria-describedby': described, 'aria-invalid': error ? true : undefined })}
      {hint && (
        <span id={`${id}-hint`} class="muted small">
          {hint}
        </span>
      )}
      <Wrong id={`${id}-error`} text={error} />
    </div>
  );
}

type Common = { id: string; 'aria-describedby': string | undefined; 'aria-invalid': true | undefined };

function control({ schema, value, change, required, kind }: Parameters<typeof Leaf>[0], common: Common): JSX.Element {
  if (kind === 'enum' || kind === 'boolean') {
    const choices = kind === 'boolean' ? [true, false] : (schema.enum ?? []);
    const words = (choice: Json) => (kind === 'boolean' ? (choice ? 'yes' : 'no') : String(choice ?? 'null'));
    const chosen = choices.indexOf(value as Json);
    return (
      <select
        {...common}
        class="field"
        required={required}
        value={chosen < 0 ? '' : String(chosen)}
        onChange={({ currentTarget }) => {
          change(currentTarget.value === '' ? undefined : choices[Number(currentTarget.value)]);
        }}
      >
        <option value="">{required ? 'choose' : 'not said'}</option>
        {choices.map((choice, index) => (
          <option key={words(choice)} value={String(index)}>
            {words(choice)}
          </option>
        ))}
      </select>
    );
  }
  if (kind === 'number' || kind === 'integer') {
    return (
      <input
        {...common}
        class="field"
        type="number"
        step={kind === 'integer' ? (schema.multipleOf ?? 1) : 'any'}
        min={schema.minimum}
        max={schema.maximum}
        required={required}
        value={typeof value === 'number' ? value : ''}
        onInput={({ currentTarget }) => change(currentTarget.value === '' ? undefined : currentTarget.valueAsNumber)}
      />
    );
  }
  if (kind === 'json') {
    return (
      <textarea
        {...common}
        class="field mono"
        rows={3}
        placeholder="JSON"
        required={required}
        defaultValue={value === undefined ? '' : JSON.stringify(value)}
        onInput={({ currentTarget }) => {
          try {
            change(currentTarget.value.trim() === '' ? undefined : (JSON.parse(currentTarget.value) as Json));
            currentTarget.setCustomValidity('');
          } catch (error) {
            currentTarget.setCustomValidity((error as Error).message);
          }
        }}
      />
    );
  }
  const text = typeof value === 'string' ? value : '';
  // An empty text is one, where there has to be one.
  const said = (next: string) => change(next === '' && !required ? undefined : next);
  const shared = { ...common, class: 'field', maxLength: schema.maxLength, minLength: schema.minLength };
  const isLong = (schema.maxLength ?? 0) > 120 || text.includes('\n');
  if (isLong && !schema.format) {
    return <textarea {...shared} rows={3} value={text} onInput={({ currentTarget }) => said(currentTarget.value)} />;
  }
  const more = {
    required: required && (schema.minLength ?? 0) > 0,
    value: text,
    onInput: ({ currentTarget }: { currentTarget: HTMLInputElement }) => said(currentTarget.value)
  };
  if (schema.format === 'password') return <input {...shared} {...more} type="password" />;
  const placeholder = schema.format === 'date-time' ? '2026-01-31T09:30:00Z' : undefined;
  return <input {...shared} {...more} type="text" placeholder={placeholder} />;
}

const Needed = () => <span class="muted small"> needed</span>;

function Wrong({ text, id }: { text: ComponentChildren; id?: string }) {
  if (!text) return null;
  return (
    <span id={id} class="failure small" role="alert">
      {text}
    </span>
  );
}
