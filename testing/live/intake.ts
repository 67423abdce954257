/** What a deployment takes for a kind, from the schemas its machine was registered with. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import type { MachineEvent } from '../../actors/host/contract.ts';
import type { JsonSchema, MachineSchema } from '../../actors/user-config/define.ts';
import type { Fields } from '../samples.ts';

export interface Intake {
  /** Types that may be sent. */
  types: string[];
  /** As the deployment hands it on: with the defaults its schema declares. undefined: it does not fit. */
  input(given: Fields): Fields | undefined;
  event(given: MachineEvent): MachineEvent | undefined;
}

export function intakeOf({ input = NO_INPUT, events = {} }: MachineSchema): Intake {
  const checkInput = compile(input);
  const checks = new Map(Object.entries(events).map(([type, schema]) => [type, { check: compile(schema), schema }]));
  const fit = <T>(check: ValidateFunction, given: T): T | undefined => {
    const value = structuredClone(given);
    return check(value) ? value : undefined;
  };
  return {
    types: [...checks.keys()],
    input: (given) => fit(checkInput, given),
    event({ type, ...fields }) {
      const known = checks.get(type);
      if (!known) return undefined;
      const isWhole = 'type' in ((known.schema.properties as object | undefined) ?? {});
      const checked = fit(known.check, isWhole ? { type, ...fields } : fields);
      return checked && { ...checked, type };
    }
  };
}

const NO_INPUT: JsonSchema = { type: 'object', additionalProperties: false };

function compile(schema: JsonSchema): ValidateFunction {
  const ajv = new Ajv2020({
    useDefaults: true,
    strict: false,
    addUsedSchema: false,
    validateSchema: false,
    logger: false
  });
  (ajvFormats as unknown as (ajv: Ajv2020) => void)(ajv);
  return ajv.compile(schema);
}
