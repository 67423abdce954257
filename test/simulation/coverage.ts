import type { Tables } from '../../actors/host/contract.ts';
import type { Coverage, Move } from '../../server/inspector/heat.ts';

/** How often each transition was taken, over many seeds; as the file that the inspector draws. */
export class CoverageTally {
  readonly #kinds = new Map<string, { version: string; moves: Map<string, Move> }>();

  add(moves: readonly Tables['moves'][]) {
    for (const { kind, version, from_state, to_state, event, count } of moves) {
      const known = this.#kinds.get(kind) ?? { version, moves: new Map<string, Move>() };
      this.#kinds.set(kind, known);
      const key = `${from_state} ${to_state} ${event}`;
      const before = known.moves.get(key)?.[3] ?? 0;
      known.moves.set(key, [from_state, to_state, event, before + count]);
    }
  }

  get coverage(): Coverage {
    const inOrder = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
    return Object.fromEntries(
      [...this.#kinds]
        .sort(([a], [b]) => inOrder(a, b))
        .map(([kind, { version, moves }]) => [
          kind,
          { version, moves: [...moves].sort(([a], [b]) => inOrder(a, b)).map(([, move]) => move) }
        ])
    );
  }

  /** JSON, a move a line: what a change of a machine does to it can be read in a diff. */
  toString(): string {
    const kinds = Object.entries(this.coverage).map(([kind, { version, moves }]) => {
      const lines = moves.map((move) => `      ${JSON.stringify(move)}`).join(',\n');
      return `  ${JSON.stringify(kind)}: {\n    "version": ${JSON.stringify(version)},\n    "moves": [\n${lines}\n    ]\n  }`;
    });
    return `{\n${kinds.join(',\n')}\n}\n`;
  }
}
