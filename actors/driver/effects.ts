import { driverMachine } from '../../machines/driver.ts';
import type { DriverEffects } from '../../machines/driver-context.ts';
import { supervisorMachine } from '../../machines/supervisor.ts';
import type { ActorKind } from '../host/contract.ts';
import { effect } from '../host/effect.ts';
import type { Slot } from './slot.ts';

export interface DriverDeps {
  /** The processes of a slot; the same object for the same name. */
  slot(name: string): Slot;
}

type Run<K extends keyof DriverEffects> = (
  input: DriverEffects[K]['input'],
  signal: AbortSignal
) => Promise<DriverEffects[K]['output']>;
type Runs = { [K in keyof DriverEffects]: Run<K> };

/** The driver machine's hands: each effect is one method of the slot. */
export const driverEffects = ({ slot }: DriverDeps) =>
  provided({
    preflight: async (input) => {
      slot(input.slot).preflight();
      return null;
    },
    boot: async (input, signal) => {
      await slot(input.slot).boot(input, signal);
      return null;
    },
    open: async (input, signal) => {
      await slot(input.slot).open(input.device, signal);
      return null;
    },
    configure: async (input, signal) => {
      await slot(input.slot).configure(input.fencing, signal);
      return null;
    },
    watch: (input, signal) => slot(input.slot).watch(input, signal),
    close: (input) => slot(input.slot).close(),
    probe: async (input) => ({ ...(await slot(input.slot).probe()) }),
    deleteSession: (input) => slot(input.slot).deleteSession(),
    killDriverGroup: async (input) => {
      await slot(input.slot).killDriverGroup();
      return null;
    },
    killBrowser: async (input) => ({ appiumStays: (await slot(input.slot).killBrowser(input.spare)).appiumStays }),
    killAppiumGroup: async (input) => {
      await slot(input.slot).killAppiumGroup();
      return null;
    },
    sweep: async (input) => ({ left: (await slot(input.slot).sweep()).map(({ pid, command }) => `${pid} ${command}`) }),
    shutDown: async (input) => {
      await slot(input.slot).shutDown();
      return null;
    }
  });

/** Every state the same, no process started: for load tests and for writing clients. */
export const stubEffects = () => {
  const nothing = async () => null;
  return provided({
    preflight: nothing,
    boot: nothing,
    open: nothing,
    configure: nothing,
    watch: (_, signal) =>
      new Promise<never>((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      }),
    close: async () => ({ bytes: null }),
    probe: async () => ({ appium: 'gone', display: 'gone', driver: 'gone', browser: 'gone' }),
    deleteSession: async () => true,
    killDriverGroup: nothing,
    killBrowser: async () => ({ appiumStays: true }),
    killAppiumGroup: nothing,
    sweep: async () => ({ left: [] }),
    shutDown: nothing
  });
};

/** The kinds to host: create `supervisor/main` with `SupervisorInput`, and it creates its drivers. */
export const driverKinds = (deps: DriverDeps): ActorKind[] => kinds(driverEffects(deps));
export const stubDriverKinds = (): ActorKind[] => kinds(stubEffects());

const kinds = (actors: ReturnType<typeof provided>): ActorKind[] => [
  { kind: 'supervisor', machine: supervisorMachine, durable: false },
  { kind: 'driver', machine: driverMachine.provide({ actors }), durable: false }
];

function provided(runs: Runs) {
  const logic = <K extends keyof DriverEffects>(name: K) =>
    effect<DriverEffects[K]['input'], DriverEffects[K]['output']>(({ input, signal }) => runs[name](input, signal));
  return {
    preflight: logic('preflight'),
    boot: logic('boot'),
    open: logic('open'),
    configure: logic('configure'),
    watch: logic('watch'),
    close: logic('close'),
    probe: logic('probe'),
    deleteSession: logic('deleteSession'),
    killDriverGroup: logic('killDriverGroup'),
    killBrowser: logic('killBrowser'),
    killAppiumGroup: logic('killAppiumGroup'),
    sweep: logic('sweep'),
    shutDown: logic('shutDown')
  };
}
