/** What a state means to a person, the same on every view: see styles/tokens.css. */
export type Tone = 'run' | 'wait' | 'ask' | 'good' | 'bad' | 'idle';

const FIRST: Record<string, Tone> = {
  CREATED: 'wait',
  QUEUED: 'wait',
  AWAITING_APPROVAL: 'ask',
  PENDING: 'ask',
  NEEDS_HUMAN: 'ask',
  PAUSED_BY_HUMAN: 'ask',
  HUMAN_DRIVING: 'ask',
  RUNNING: 'run',
  BUSY: 'run',
  STARTING: 'wait',
  BOOTING: 'wait',
  OPENING: 'wait',
  CONFIGURING: 'wait',
  PREFLIGHT: 'wait',
  RECOVERING: 'bad',
  QUARANTINED: 'bad',
  LOST: 'bad',
  FAILED: 'bad',
  DENIED: 'bad',
  EXPIRED: 'bad',
  SUCCEEDED: 'good',
  ALLOWED: 'good',
  READY: 'good'
};

export interface Standing {
  state: string;
  status?: 'active' | 'done' | 'error';
}

/** Of a state path: `RUNNING.PREPARING`, regions joined by a comma. */
export function toneOf({ state, status = 'active' }: Standing): Tone {
  if (status === 'error') return 'bad';
  const keys = state.split(',').flatMap((region) => region.split('.'));
  const known = keys.map((key) => FIRST[key]).find((tone) => tone !== undefined);
  return known ?? (status === 'done' ? 'idle' : 'run');
}
