import type { ContextSchema, MachineEvent } from '../../actors/host/contract.ts';
import { define, type KindOfMachine } from '../../actors/kernel/definition.ts';
import type { JsonSchema, MachineSchema } from '../../actors/user-config/define.ts';
import { ControlError } from '../../schemas/errors.ts';
import { compileForeign } from '../contracts.ts';
import { isSchema, kindOf, type Refuse } from './shape.ts';

/** What actors of a registered kind take from outside. */
export interface ActorIntake {
  /** As it was declared, with nothing left out. */
  schema: Required<Pick<MachineSchema, 'input' | 'events'>>;
  /** Of actors that stay with a former machine, by the part of its version that is the machine's. */
  former: ReadonlyMap<string, ActorIntake>;
  /** @returns the input, with the defaults its schema declares. @throws ControlError VALIDATION_FAILED under /input */
  input(value: Record<string, unknown>): Record<string, unknown>;
  /** @throws ControlError EVENT_UNKNOWN, VALIDATION_FAILED */
  event(value: { type: string; [field: string]: unknown }): MachineEvent;
}

/** XState's words, the host's, and the kernel's: an actor that hears one believes who said it. */
const RESERVED = /^(xstate|actor|host|tell|troupe)\./;
const NO_INPUT: JsonSchema = { type: 'object', additionalProperties: false };

/** @throws ControlError CONFIG_INVALID with the place in the file */
export function actorIntake(
  kind: KindOfMachine,
  declared: MachineSchema,
  place: string,
  refuse: Refuse,
  former: ActorIntake['former'] = new Map()
): ActorIntake {
  const schema = { input: declared.input ?? NO_INPUT, events: declared.events ?? {} };
  if (!isSchema(schema.events)) refuse(`${place}.events`, 'must be an object of event type to JSON Schema');
  const checkInput = compile(schema.input, `${place}.input`, refuse);
  const definition = define(kind);
  const heard = [...definition.descriptors].sort();
  const checks = new Map(
    Object.entries(schema.events).map(([type, eventSchema]) => {
      const at = `${place}.events['${type}']`;
      if (RESERVED.test(type))
        refuse(at, 'is a word of the runtime, which nobody outside may say; choose another type');
      if (!heard.some((descriptor) => matches(descriptor, type))) {
        refuse(at, `is heard in no state; the machine listens for ${heard.join(', ') || 'nothing'}`);
      }
      return [type, { check: compile(eventSchema, at, refuse), whole: 'type' in propertiesOf(eventSchema) }] as const;
    })
  );

  return {
    schema,
    former,
    input(value) {
      const errors = checkInput(value, '/input');
      if (errors.length > 0)
        throw new ControlError('VALIDATION_FAILED', { what: `the input of '${kind.kind}'`, errors });
      return value;
    },
    event(value) {
      const known = checks.get(value.type);
      if (!known)
        throw new ControlError('EVENT_UNKNOWN', { kind: kind.kind, event: value.type, known: [...checks.keys()] });
      const { type, ...fields } = value;
      const checked = known.whole ? value : fields;
      const errors = known.check(checked, '');
      if (errors.length > 0) throw new ControlError('VALIDATION_FAILED', { what: `the event '${type}'`, errors });
      return { ...checked, type };
    }
  };
}

/** @throws ControlError CONFIG_INVALID */
export function contextSchema(schema: JsonSchema, place: string, refuse: Refuse): ContextSchema {
  if (!isSchema(schema)) refuse(place, `must be a JSON Schema, an object, and is ${kindOf(schema)}`);
  const validate = compiled(schema, place, refuse);
  return {
    schema,
    check(given) {
      const context = structuredClone(given);
      return { context, errors: validate(context, '').map(({ path, message }) => `${path} ${message}`.trim()) };
    }
  };
}

function compile(schema: JsonSchema, place: string, refuse: Refuse): ReturnType<typeof compileForeign> {
  if (!isSchema(schema)) return refuse(place, 'must be a JSON Schema, an object');
  if ('at' in propertiesOf(schema)) {
    refuse(place, "declares the field 'at', where the host puts its time; give it another name");
  }
  return compiled(schema, place, refuse);
}

function compiled(schema: JsonSchema, place: string, refuse: Refuse): ReturnType<typeof compileForeign> {
  try {
    return compileForeign(schema);
  } catch (cause) {
    return refuse(place, `is not a JSON Schema: ${(cause as Error).message.slice(0, 300)}`, cause);
  }
}

const propertiesOf = (schema: JsonSchema): object => (isSchema(schema.properties) ? schema.properties : {});

/** As XState matches: `*` is any, `order.*` whatever begins so. */
const matches = (descriptor: string, type: string): boolean =>
  descriptor === '*' ||
  descriptor === type ||
  (descriptor.endsWith('.*') && (type === descriptor.slice(0, -2) || type.startsWith(descriptor.slice(0, -1))));
