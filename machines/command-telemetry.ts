/** What the states of a command say on the stream: the `meta` of each, and what of its context goes with it. */
export const action = { action: 'current.name', effect: 'current.effect', attempts: 'current.attempts' };
export const proof = {
  ...action,
  dedupe_key: 'current.dedupe_key',
  verify_as: 'current.verify_as',
  proofs: 'current.proofs'
};
/** What goes out, and by whose leave: whom each action of the flow reaches, which one this is, and what was allowed. */
export const attempt = {
  ...action,
  dedupe_key: 'current.dedupe_key',
  reaches: 'reaches',
  index: 'index',
  approval_id: 'approval.approvalId',
  action_hash: 'approval.actionHash'
};
export const video = { action: 'current.name', extracted: 'current.extracted', proofs: 'current.proofs' };
export const says = (type: string, severity: 'info' | 'warn' | 'error', take: Record<string, string> = {}) => ({
  telemetry: { type, severity, take }
});

export const pictured = says('artifact.captured', 'info', {
  action: 'current.name',
  artifacts: 'error.details.artifacts'
});
export const captured = says('artifact.captured', 'info', { action: 'current.name', artifacts: 'verdict.artifacts' });

export const needed = says('human.required', 'warn', {
  action: 'current.name',
  effect: 'current.effect',
  error: 'needs',
  artifacts: 'needs.details.artifacts'
});
export const came = says('human.resolved', 'info', { action: 'current.name' });
