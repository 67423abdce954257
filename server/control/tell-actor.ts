/** An event from outside for one actor, over REST and over Stately's inspector alike: the same doors, the same checks. */
import type { ActorView } from '../../actors/host/contract.ts';
import { shapePart } from '../../actors/kernel/outline.ts';
import { Machines } from '../../actors/kernel/versions.ts';
import { ControlError } from '../../schemas/errors.ts';
import { demandAccount, seenBy } from '../auth/accounts.ts';
import { demand } from '../auth/scopes.ts';
import type { Client } from '../auth/tokens.ts';
import { assertShallow, compileForeign, parse } from '../contracts.ts';
import type { ActorIntake } from '../user-config/intake.ts';
import { audited } from './audited.ts';
import { builtInKinds } from './built-in-kinds.ts';
import { canonicalHash } from './canonical.ts';
import type { Control } from './deps.ts';
import { operatorEvents } from './operator-events.ts';

/**
 * Resolves with what the actor has become.
 * @throws ControlError FORBIDDEN without the scope actor:KIND, ACCOUNT_FORBIDDEN, MACHINE_NOT_FOUND, KIND_CLOSED, ACTOR_NOT_FOUND,
 *   EVENT_UNKNOWN, VALIDATION_FAILED, EVENT_REJECTED
 */
export type TellActor = (client: Client, kind: string, id: string, sent: unknown) => Promise<ActorView>;

/** Compiled when the first event comes for it. */
function later(schema: Parameters<typeof compileForeign>[0]): ReturnType<typeof compileForeign> {
  let validate: ReturnType<typeof compileForeign> | undefined;
  return (value, at) => {
    validate ??= compileForeign(schema);
    return validate(value, at);
  };
}

const told = Object.fromEntries(
  Object.entries(operatorEvents).map(([kind, events]) => [
    kind,
    Object.fromEntries(Object.entries(events).map(([type, schema]) => [type, later(schema)]))
  ])
);

/** Kinds that an operator may tell something: the actors that keep the browsers. */
export const operatedKinds = Object.keys(told);

type Needs = Pick<Control, 'host' | 'kinds' | 'intakes'>;

/** @throws ControlError MACHINE_NOT_FOUND, KIND_CLOSED */
export function intakeFinder({ kinds, intakes }: Needs): (kind: string) => ActorIntake {
  const known = new Machines(kinds).all.map(({ kind }) => kind);
  return (kind) => {
    const intake = intakes.get(kind);
    if (intake) return intake;
    if (!known.includes(kind)) throw new ControlError('MACHINE_NOT_FOUND', { kind, known });
    const parent = [...intakes.keys()].find((other) => kind.startsWith(`${other}_`));
    const way =
      builtInKinds[kind] ??
      (kinds.some((registered) => registered.kind === kind)
        ? 'its machine was registered without a schema; give it schema: { input, events } in troupe.config.ts'
        : `they are children${parent ? ` of '${parent}'` : ''}; send to the parent, which makes and moves them`);
    throw new ControlError('KIND_CLOSED', { kind, way });
  };
}

export function actorTeller(control: Needs): TellActor {
  const { host } = control;
  const intakeOf = intakeFinder(control);

  /** One that stays with a former machine takes what that one took. */
  const intakeFor = async (address: string, intake: ActorIntake): Promise<ActorIntake> => {
    if (intake.former.size === 0) return intake;
    const version = (await host.read(address))?.version;
    return (version && intake.former.get(shapePart(version))) || intake;
  };

  return async (client, kind, id, sent) => {
    demand(client.scopes, `actor:${kind}`);
    const address = `${kind}/${id}`;
    const events = Object.hasOwn(told, kind) ? told[kind] : undefined;
    if (events) {
      // They serve all accounts.
      demandAccount(client, null);
      assertShallow(sent, 'the event');
      const { type, ...fields } = parse.actorEvent(sent);
      const check = Object.hasOwn(events, type) ? events[type] : undefined;
      if (!check) throw new ControlError('KIND_CLOSED', { kind, way: builtInKinds[kind] as string });
      const errors = check(fields, '');
      if (errors.length > 0) throw new ControlError('VALIDATION_FAILED', { what: `the event '${type}'`, errors });
      const entry = { action: type, outcome: 'accepted', detail: fields };
      return host.send(address, { type, ...fields }, audited(client, entry));
    }
    const intake = intakeOf(kind);
    assertShallow(sent, 'the event');
    if (client.accounts && !seenBy(client, await host.read(address))) {
      throw new ControlError('ACTOR_NOT_FOUND', { address });
    }
    const event = (await intakeFor(address, intake)).event(parse.actorEvent(sent));
    const detail = { event: event.type, body_hash: canonicalHash(sent) };
    return host.send(address, event, audited(client, { action: 'actor.told', outcome: 'accepted', detail }));
  };
}
