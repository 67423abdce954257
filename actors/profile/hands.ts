/** The session machine's hands, and what a command keeps of its account's login once a step of it is proved. */
import type { ActionInput, VerifiedOutput } from '../../machines/command-context.ts';
import type { ProfileInput, ProfileOutcome } from '../../machines/session-context.ts';
import { isControlError } from '../../schemas/errors.ts';
import { effect } from '../host/effect.ts';
import type { Profiles } from './profiles.ts';

export const sessionEffects = (profiles: Profiles) => ({
  restoreProfile: effect<ProfileInput, ProfileOutcome>(({ input, signal }) => profiles.restore(input, signal)),
  checkProfile: effect<ProfileInput, ProfileOutcome>(({ input, signal }) => profiles.check(input, signal)),
  saveProfile: effect<ProfileInput, null>(async ({ input, signal }) => {
    await profiles.save(input, signal);
    return null;
  })
});

/** What was verified stays verified, whatever becomes of the login. */
export async function keepLogin(
  profiles: Profiles | undefined,
  { lease, accountId, platform }: Pick<ActionInput, 'lease' | 'accountId' | 'platform'>,
  verified: VerifiedOutput,
  signal: AbortSignal
): Promise<VerifiedOutput> {
  if (!profiles || accountId === null || verified.outcome !== 'VERIFIED') return verified;
  try {
    return { ...verified, profile: await profiles.save({ lease, accountId, platform }, signal) };
  } catch (error) {
    if (!isControlError(error)) throw error;
    return { ...verified, profile: error.code };
  }
}
