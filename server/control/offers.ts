/**
 * What a person may do to an actor now, each as the request that does it: built-in kinds are moved by their own paths,
 * registered ones by events with a schema. What its state accepts beside these comes from other actors.
 */
import type { ActorView } from '../../actors/host/contract.ts';
import { shapePart } from '../../actors/kernel/outline.ts';
import type { ActorOffer } from '../../schemas/generated/contracts.ts';
import { scopeOf } from './api/commands.ts';
import type { Control } from './deps.ts';
import { drainSchema } from './operator-events.ts';

type Schema = Record<string, unknown>;

const fields = (properties: Record<string, Schema>, required: string[] = []): Schema => ({
  type: 'object',
  additionalProperties: false,
  properties,
  ...(required.length > 0 ? { required } : {})
});
const text = (title: string, maxLength: number): Schema => ({ type: 'string', title, maxLength });
const NOTHING = fields({});

const SESSION_VERBS = { pause: 'Pause', resume: 'Resume', takeover: 'Take over', handback: 'Hand back' };

/** In the order of what one would rather do. */
export function offersOf(control: Pick<Control, 'intakes' | 'flows'>, actor: ActorView): ActorOffer[] {
  const { kind, id, accepts } = actor;
  const path = encodeURIComponent(id);
  const takes = (event: string) => accepts.includes(event);
  switch (kind) {
    case 'command':
      return takes('command.cancel')
        ? [
            {
              event: 'command.cancel',
              title: 'Cancel the command',
              method: 'POST',
              path: `/v1/commands/${path}/cancel`,
              scope: scopeOf(actor),
              schema: fields({ reason: text('Reason', 500) })
            }
          ]
        : [];
    case 'session':
      return [
        ...Object.entries(SESSION_VERBS)
          .filter(([verb]) => takes(`session.${verb}`) && isMeant(verb, actor))
          .map(
            ([verb, title]): ActorOffer => ({
              event: `session.${verb}`,
              title,
              method: 'POST',
              path: `/v1/sessions/${path}/${verb}`,
              scope: `session:${verb}`,
              schema: NOTHING
            })
          ),
        ...(takes('session.close')
          ? [
              {
                event: 'session.close',
                title: 'Close',
                method: 'DELETE' as const,
                path: `/v1/sessions/${path}`,
                scope: 'session:close',
                schema: NOTHING
              }
            ]
          : [])
      ];
    case 'approval': {
      if (!takes('approval.decide')) return [];
      const { preview } = actor.context as { preview: { flow: string } };
      const offer = { event: 'approval.decide', method: 'POST' as const, path: `/v1/approvals/${path}` };
      return (['allow', 'deny'] as const).map((decision) => ({
        ...offer,
        title: decision === 'allow' ? 'Allow' : 'Deny',
        scope: `approve:${preview.flow}`,
        body: { decision },
        schema: fields({ note: text('Note', 2_000) })
      }));
    }
    case 'selector': {
      if (!takes('selector.decide')) return [];
      const { platform, name } = actor.context as { platform: string; name: string };
      return (['accept', 'reject'] as const).map((decision) => ({
        event: 'selector.decide',
        title: decision === 'accept' ? 'Accept' : 'Reject',
        method: 'POST',
        path: `/v1/selector_registry/${encodeURIComponent(platform)}/${encodeURIComponent(name)}`,
        scope: 'selectors:decide',
        body: { decision },
        schema: fields({ note: text('Note', 2_000) })
      }));
    }
    case 'alert':
      if (!takes('alert.acknowledge')) return [];
      return [
        {
          event: 'alert.acknowledge',
          title: 'Acknowledge',
          method: 'POST',
          path: `/v1/alerts/${path}`,
          scope: 'alerts:decide',
          body: { decision: 'acknowledge' },
          schema: fields({ note: text('Note', 2_000) })
        }
      ];
    case 'supervisor':
      return takes('supervisor.drain') ? [sent(actor, 'supervisor.drain', drainSchema)] : [];
    case 'driver':
      return takes('driver.retry') ? [sent(actor, 'driver.retry', NOTHING)] : [];
    default: {
      const intake = control.intakes.get(kind);
      if (!intake || actor.held !== null) return [];
      const { events } = (intake.former.get(shapePart(actor.version)) ?? intake).schema;
      return Object.entries(events)
        .filter(([event]) => accepts.some((accepted) => fits(accepted, event)))
        .map(([event, schema]) => sent(actor, event, schema as Schema));
    }
  }
}

/** A session takes each at any time; only some would change what it does next. */
function isMeant(verb: string, { state, context }: ActorView): boolean {
  const [phase] = state.split('.', 1);
  const held = phase === 'PAUSED_BY_HUMAN' ? 'pause' : phase === 'HUMAN_DRIVING' ? 'takeover' : context.held;
  if (verb === 'resume') return held === 'pause';
  if (verb === 'handback') return held === 'takeover';
  return held !== verb && held !== 'takeover';
}

const sent = ({ kind, id }: ActorView, event: string, schema: Schema): ActorOffer => ({
  event,
  title: typeof schema.title === 'string' ? schema.title : event,
  method: 'POST',
  path: `/v1/actors/${kind}/${encodeURIComponent(id)}/events`,
  scope: `actor:${kind}`,
  body: { type: event },
  schema
});

/** As XState matches: `*` is any, `order.*` whatever begins so. */
const fits = (accepted: string, event: string) =>
  accepted === '*' || accepted === event || (accepted.endsWith('.*') && event.startsWith(accepted.slice(0, -1)));
