import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import type { ActorOffer } from '../../schemas/generated/contracts.ts';
import { ApiError, api, may } from '../api/connection.ts';
import { type Json, type Schema, settled, sketch } from '../state/schema-value.ts';
import { Act } from './act.tsx';
import { SchemaFields } from './schema-form.tsx';

const CONFIRM: Record<string, string> = {
  'session.close': 'Close this session? What runs in it is finished first, what waits is refused.',
  'supervisor.drain': 'Drain? No session gets a browser any more until the process starts again.'
};

/** What one may do to an actor now: a button each, and a form where there is something to say. */
export function Offers({ offers, done }: { offers: ActorOffer[]; done: () => void }) {
  const missing = [...new Set(offers.filter(({ scope }) => !may(scope)).map(({ scope }) => scope))];
  return (
    <div class="offers">
      {offers.map((offer) => (
        <Offer key={`${offer.event} ${offer.title}`} offer={offer} done={done} />
      ))}
      {missing.length > 0 && <p class="muted small">Your token lacks the scope {missing.join(', ')}.</p>}
    </div>
  );
}

function Offer({ offer, done }: { offer: ActorOffer; done: () => void }) {
  const { method, path, body, scope, title, event } = offer;
  const schema = offer.schema as Schema;
  const open = useSignal(false);
  const whole = settled(schema, schema);
  const isClosed = whole.type === 'object' && whole.additionalProperties === false;
  const asks = !isClosed || Object.keys(ownFields(whole, body)).length > 0;
  const kind =
    method === 'DELETE' || /^(Deny|Reject|Cancel the command)$/.test(title) ? ('danger' as const) : undefined;
  if (!asks) {
    const question = CONFIRM[event];
    return (
      <Act
        {...{ method, path, scope, done }}
        {...(kind ? { kind } : {})}
        {...(body ? { body } : {})}
        {...(question ? { confirm: question } : {})}
      >
        {title}
      </Act>
    );
  }
  return (
    <div class="offer">
      <button
        type="button"
        class={`button ${kind ?? ''}`}
        aria-expanded={open.value}
        disabled={!may(scope)}
        title={may(scope) ? undefined : `your token lacks the scope ${scope}`}
        onClick={() => {
          open.value = !open.value;
        }}
      >
        {title}…
      </button>
      {open.value && (
        <OfferForm
          offer={offer}
          schema={{ ...whole, properties: ownFields(whole, body) }}
          root={schema}
          kind={kind}
          done={() => {
            open.value = false;
            done();
          }}
        />
      )}
    </div>
  );
}

/** But for what is settled. */
const ownFields = ({ properties = {} }: Schema, body: ActorOffer['body']): Record<string, Schema> =>
  Object.fromEntries(Object.entries(properties).filter(([name]) => !Object.hasOwn(body ?? {}, name)));

interface FormProps {
  offer: ActorOffer;
  schema: Schema;
  root: Schema;
  kind: 'danger' | undefined;
  done: () => void;
}

function OfferForm({ offer, schema, root, kind, done }: FormProps) {
  const id = useId();
  const value = useSignal<Record<string, Json>>((sketch(schema, root) ?? {}) as Record<string, Json>);
  const busy = useSignal(false);
  const errors = useSignal<ReadonlyMap<string, string>>(new Map());
  const failure = useSignal<string | null>(null);

  async function send(event: Event) {
    event.preventDefault();
    busy.value = true;
    errors.value = new Map();
    failure.value = null;
    try {
      await api(offer.method, offer.path, { ...value.value, ...offer.body });
      done();
    } catch (error) {
      const problem = error instanceof ApiError ? error.problem : undefined;
      errors.value = new Map(problem?.errors?.map(({ path, message }) => [path, message]));
      failure.value = (error as Error).message;
    } finally {
      busy.value = false;
    }
  }

  return (
    <form class="offer-form" onSubmit={send} aria-label={offer.title}>
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
      <button class={`button ${kind ?? 'primary'}`} type="submit" disabled={busy.value}>
        {offer.title}
      </button>
    </form>
  );
}
