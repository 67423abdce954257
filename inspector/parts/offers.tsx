import { useSignal } from '@preact/signals';
import type { ActorOffer } from '../../schemas/generated/contracts.ts';
import { api, may } from '../api/connection.ts';
import { type Json, type Schema, settled, sketch } from '../state/schema-value.ts';
import { Act } from './act.tsx';
import { SendForm } from './send-form.tsx';

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
  return (
    <SendForm
      label={offer.title}
      schema={schema}
      root={root}
      first={(sketch(schema, root) ?? {}) as Record<string, Json>}
      send={(value) => api(offer.method, offer.path, { ...value, ...offer.body })}
      done={done}
    >
      {(_, busy) => (
        <button class={`button ${kind ?? 'primary'}`} type="submit" disabled={busy}>
          {offer.title}
        </button>
      )}
    </SendForm>
  );
}
