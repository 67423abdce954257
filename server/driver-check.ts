import { SUPERVISOR } from '../actors/driver/drivers.ts';
import type { ActorHost } from '../actors/host/contract.ts';
import type { ReadinessCheck } from './control/readiness.ts';

interface Slot {
  slot: string;
  state: string;
  failure: { code: string; why: string } | null;
}

/** Up while at least one slot has a browser or may get one; down says what is wrong with each. */
export const driverCheck = (host: ActorHost): ReadinessCheck => ({
  name: 'driver',
  async check() {
    const supervisor = await host.read(SUPERVISOR);
    if (!supervisor) return { ok: false, why: 'there is no supervisor' };
    const slots = supervisor.context.slots as Slot[];
    const broken = slots.filter(({ failure }) => failure !== null);
    const sentence = ({ slot, state, failure }: Slot) => `${slot} is ${state}${failure ? `: ${failure.why}` : ''}`;
    return { ok: broken.length < slots.length, why: slots.map(sentence).join('; ') };
  }
});
