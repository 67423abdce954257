import type { MachineSamples } from '../../actors/user-config/define.ts';
import type { Finding, SelectorContext } from '../../machines/selector-context.ts';

const finding: Finding = {
  name: 'post.like',
  state: 'ok',
  tried: [],
  selector: '#like',
  fingerprint: null,
  healed: null,
  why: null
};
const healed = {
  selector: '#heart',
  likeness: 0.9,
  second: 0.2,
  sure: true,
  fingerprint: { tag: 'button' }
} as unknown as NonNullable<Finding['healed']>;
const found: Finding[] = [
  finding,
  { ...finding, state: 'ambiguous', selector: null, why: 'two match' },
  { ...finding, state: 'missing', selector: null, why: 'nothing matches' },
  { ...finding, state: 'healed', selector: null, healed, why: 'the nearest is #heart' },
  { ...finding, state: 'healed', selector: null, healed: { ...healed, sure: false }, why: 'the nearest is #heart' }
];

/** Each sweep is another command. */
const looks = ({ counts, waiting }: SelectorContext) => {
  const sweeps = counts.ok + counts.ambiguous + counts.healed + counts.missing;
  return sweeps > 4 || waiting.length > 1
    ? []
    : found.map((one) => ({ finding: one, sweep: true, commandId: `sweep-${sweeps + 1}` }));
};

export const selector: MachineSamples = {
  inputs: [{ platform: 'example', name: 'post.like' }],
  events: {
    'selector.decide': [
      { decision: 'accept', by: 'admin' },
      { decision: 'reject', by: 'admin' },
      { decision: 'reject', by: 'admin', selector: '#heart', note: 'that is another button' },
      { decision: 'accept', by: 'admin', selector: '#other' }
    ]
  },
  told: {
    'selector.found': looks,
    'selector.awaited': [{ commandId: 'c1', selector: '#heart' }]
  }
};
