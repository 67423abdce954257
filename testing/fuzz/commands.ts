/** What a fuzz does to a deployment: each command says how it reads, so that a failing sequence can be read and done by hand. */
import fc from 'fast-check';
import type { MachineEvent } from '../../actors/host/contract.ts';
import type { TestedKind } from '../kinds.ts';
import type { Target } from './target.ts';
import type { World } from './world.ts';

/** What is known beforehand of what the sequence has done so far. */
export interface Model {
  made: number;
  ends: number;
}

export type FuzzCommand = fc.AsyncCommand<Model, World>;

/** An event by its type and which of its samples. */
type Pick = [type: string, nth: number];

/** Ends of the deployment in one sequence, at most: each takes as long as a start. */
const MOST_ENDS = 2;
const MOST_SLOTS = 4;

interface Doing {
  text: string;
  /** Actors it adds. */
  makes?: number;
  ends?: boolean;
  run(world: World): Promise<unknown>;
}

class Command implements FuzzCommand {
  readonly #doing: Doing;

  constructor(doing: Doing) {
    this.#doing = doing;
  }

  check({ made, ends }: Readonly<Model>): boolean {
    return (made > 0 || this.#doing.makes !== undefined) && (!this.#doing.ends || ends < MOST_ENDS);
  }

  async run(model: Model, world: World): Promise<void> {
    model.made += this.#doing.makes ?? 0;
    if (this.#doing.ends) model.ends += 1;
    world.done.push(this.#doing.text);
    await this.act(world);
  }

  /** As a part of another. */
  act = (world: World) => this.#doing.run(world);

  toString(): string {
    return this.#doing.text;
  }
}

export interface Wanted {
  /** Clients that send at the same time. */
  clients: number;
}

/** All there is to do to such a target. The same arguments and seed give the same sequences. */
export function commandsOf(kind: TestedKind, target: Target, { clients }: Wanted): fc.Arbitrary<FuzzCommand>[] {
  const types = Object.keys(kind.schema?.events ?? {});
  const slot = fc.nat(MOST_SLOTS - 1);
  const doing = <T>(given: fc.Arbitrary<T>, to: (value: T) => Doing) => given.map((value) => new Command(to(value)));
  const inputs = kind.samples.inputs.length;
  const make = doing(fc.nat(Math.max(0, inputs - 1)), (nth) => ({
    text: `make(input ${nth})`,
    makes: 1,
    run: (world) => world.make(nth)
  }));
  const again = doing(slot, (at) => ({ text: `make again(actor ${at})`, run: (world) => world.makeAgain(at) }));
  const look = doing(slot, (at) => ({ text: `look(actor ${at})`, run: (world) => world.look(at) }));
  if (types.length === 0) return [make, again, look];

  const pick: fc.Arbitrary<Pick> = fc.oneof(
    ...types.map((type) => {
      const { [type]: samples } = kind.samples.events;
      const count = typeof samples === 'function' ? 4 : (samples?.length ?? 1);
      return fc.tuple(fc.constant(type), fc.nat(Math.max(0, count - 1)));
    })
  );
  /** Several are sent at the same time, each by a client of its own. */
  const send = (most: number) =>
    doing(fc.tuple(slot, fc.array(pick, { minLength: 1, maxLength: most, size: 'max' })), ([at, those]) => ({
      text: `${those.length > 1 ? 'race' : 'send'}(actor ${at}, ${those.map(named).join(' | ')})`,
      run: (world) => sendAll(world, at, those)
    }));
  const unfit = doing(fc.tuple(slot, pick, fc.constantFrom(...BREAKS)), ([at, of, how]) => ({
    text: `send unfit(actor ${at}, ${named(of)} ${how})`,
    async run(world) {
      const event = broken(await world.event(at, ...of), how);
      // Some schemas take even that.
      if (world.intake.event(event) === undefined) await world.send(at, event);
    }
  }));
  const sends = [send(1), send(1), ...(clients > 1 ? [send(clients), send(clients), send(clients)] : [send(1)])];
  return [make, again, look, ...sends, unfit, ...faultsOf(target, slot, pick, make)];
}

function faultsOf(target: Target, slot: fc.Arbitrary<number>, pick: fc.Arbitrary<Pick>, make: fc.Arbitrary<Command>) {
  const faults: fc.Arbitrary<FuzzCommand>[] = [];
  const { proxy, kill, start, restart } = target;
  const said = (text: string, run: Doing['run'], more: Partial<Doing> = {}) => new Command({ text, run, ...more });
  if (proxy) {
    const mishap = fc.oneof(
      fc.record({ delayMs: fc.integer({ min: 1, max: 50 }) }),
      fc.constant({ twice: true }),
      fc.record({ cut: fc.constantFrom('before' as const, 'after' as const) })
    );
    faults.push(
      mishap.map((next) => said(`next request(${JSON.stringify(next)})`, async () => proxy.next(next))),
      fc.tuple(mishap, make).map(([next, made]) =>
        said(
          `${made} as a request(${JSON.stringify(next)})`,
          async (world) => {
            proxy.next(next);
            await made.act(world);
          },
          { makes: 1 }
        )
      )
    );
  }
  if (kill && start) {
    faults.push(
      fc.constant(null).map(() =>
        said(
          'kill and start',
          async () => {
            await kill();
            await start();
          },
          { ends: true }
        )
      ),
      fc.tuple(slot, fc.array(pick, { minLength: 1, maxLength: 3 })).map(([at, those]) =>
        said(
          `kill while sending(actor ${at}, ${those.map(named).join(' | ')}), and start`,
          async (world) => {
            const sent = sendAll(world, at, those);
            await kill();
            await sent;
            await start();
          },
          { ends: true }
        )
      )
    );
  }
  if (restart) faults.push(fc.constant(null).map(() => said('restart', () => restart(), { ends: true })));
  return faults;
}

const named = ([type, nth]: Pick) => `${type} ${nth}`;

/** At the same time, each as a client of its own. */
async function sendAll(world: World, slot: number, those: Pick[]): Promise<void> {
  const events = await Promise.all(those.map((of) => world.event(slot, ...of)));
  await Promise.all(events.map((event) => world.send(slot, event)));
}

const BREAKS = ['with a field more', 'without its fields', 'with fields of other types', 'of another type'] as const;

function broken({ type, ...fields }: MachineEvent, how: (typeof BREAKS)[number]): MachineEvent {
  switch (how) {
    case 'with a field more':
      return { ...fields, type, 'no such field': true };
    case 'without its fields':
      return { type };
    case 'with fields of other types':
      return { ...Object.fromEntries(Object.keys(fields).map((key) => [key, { other: true }])), type };
    case 'of another type':
      return { ...fields, type: `${type}.no_such` };
  }
}
