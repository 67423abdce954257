import type { Registry } from '../../actors/executor/registry.ts';
import { ControlError } from '../../schemas/errors.ts';
import type { CommandEnvelope, SoraDraftPayload, SoraGeneratePayload } from '../../schemas/generated/contracts.ts';

/**
 * With the address of the platform's own page, where none was given.
 * @throws ControlError VALIDATION_FAILED for a platform whose data names none
 */
export function generatorParams({ payload, target }: CommandEnvelope, selectors: Registry): Record<string, unknown> {
  const given = payload as Partial<SoraGeneratePayload>;
  const url = given.url ?? selectors.get(target.platform)?.home;
  if (url !== undefined) return { ...given, url };
  const message = `is missing; the data of '${target.platform}' names no page of its own`;
  throw new ControlError('VALIDATION_FAILED', { what: 'the payload', errors: [{ path: '/payload/url', message }] });
}

export const draftParams = ({ payload }: CommandEnvelope): Record<string, unknown> => ({
  ...(payload as unknown as SoraDraftPayload)
});
