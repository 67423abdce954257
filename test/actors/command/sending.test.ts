import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { commandEffects } from '../../../actors/command/kinds.ts';
import type { StepExecutor } from '../../../actors/executor/contract.ts';
import { createStubExecutor } from '../../../actors/executor/stub.ts';
import type { Tables, Write } from '../../../actors/host/contract.ts';
import { type ActionInput, UNSENT, type VerifiedOutput } from '../../../machines/command-context.ts';
import { ControlError } from '../../../schemas/errors.ts';

const input: ActionInput = {
  commandId: 'c1',
  lease: { slot: 's', fencing: 1 },
  platform: 'example',
  accountId: null,
  allowScript: false,
  dryRun: false,
  reach: 'nobody' as const,
  params: {},
  paramsSchema: {},
  action: {
    attempt: 'ACT',
    effect: 'write',
    steps: [{ type: 'click', selectors: ['#b'] }],
    verify: { as: 'DONE', steps: [{ type: 'waitForElement', selectors: ['#done'] }] }
  },
  before: [],
  intent: 'c1',
  dedupeKey: 'key',
  brokenOff: true
};
const absent = { outcome: 'VERIFICATION_FAILED' as const, why: 'not there', proofs: [], artifacts: [] };

/** The effects over a ledger of one row, as the machine wrote it when it declared the attempt. */
function effectsOver(executor: Partial<StepExecutor>, { canWrite = true, effect_id = UNSENT as string | null } = {}) {
  const ledger: Tables['ledger'] = {
    dedupe_key: 'key',
    command_id: 'c1',
    action: 'ACT',
    effect_id,
    state: 'ATTEMPTED',
    updated_at: 1
  };
  const effects = commandEffects({
    executor: { ...createStubExecutor(), ...executor },
    journal: { find: async () => [ledger], loadActors: async () => [] } as never,
    ...(canWrite && {
      write: async (writes: Write[]) => {
        for (const { row } of writes) Object.assign(ledger, row);
      }
    })
  });
  const run = async <T>(name: 'attempt' | 'verify' | 'reconcile', over: Partial<ActionInput> = {}): Promise<T> => {
    const { signal } = new AbortController();
    const effect = { id: 'command/c1#7.0', resumed: false };
    const logic = effects[name] as unknown as { config: (given: unknown) => Promise<T> };
    return logic.config({ input: { ...input, ...over }, effect, signal });
  };
  return { ledger, run };
}

describe('what an attempt notes in the ledger', () => {
  it('is its id, durable before it sends anything', async () => {
    const order: string[] = [];
    const { ledger, run } = effectsOver({
      async attempt(_run, { sending }) {
        order.push(String(ledger.effect_id));
        await sending?.();
        order.push(String(ledger.effect_id));
        return { witness: 'DELIVERED', proofs: [] };
      }
    });
    await run('attempt');
    assert.deepEqual(order, [UNSENT, 'command/c1#7.0']);
  });

  const broken: [
    what: string,
    options: object,
    over: Partial<ActionInput>,
    executor: Partial<StepExecutor>,
    sent: false | undefined
  ][] = [
    ['nothing was sent', {}, {}, { reconcile: async () => absent }, false],
    ['it was about to send', { effect_id: 'command/c1#7.0' }, {}, { reconcile: async () => absent }, undefined],
    ['it is from before attempts said so', { effect_id: null }, {}, { reconcile: async () => absent }, undefined],
    ['nobody notes it here', { canWrite: false }, {}, { reconcile: async () => absent }, undefined],
    ['another command wrote the row', {}, { commandId: 'c2' }, { reconcile: async () => absent }, undefined],
    [
      'it is done all the same',
      {},
      {},
      { reconcile: async () => ({ ...absent, outcome: 'VERIFIED' as const }) },
      undefined
    ]
  ];
  for (const [what, options, over, executor, sent] of broken) {
    it(`${sent === false ? 'tells' : 'does not claim'} that a lost one did nothing, when ${what}`, async () => {
      const { run } = effectsOver(executor, options);
      assert.equal((await run<VerifiedOutput>('reconcile', over)).sent, sent);
    });
  }

  const unprovable: StepExecutor['reconcile'] = async () => {
    throw new ControlError('OUTCOME_UNKNOWN', { action: 'ACT', why: 'no predicate' });
  };

  it('stands in for a predicate that the flow does not have', async () => {
    const found = await effectsOver({ reconcile: unprovable }).run<VerifiedOutput>('reconcile');
    assert.deepEqual([found.outcome, found.sent], ['VERIFICATION_FAILED', false]);
    await assert.rejects(
      effectsOver({ reconcile: unprovable }, { effect_id: 'x' }).run('reconcile'),
      /OUTCOME_UNKNOWN|not known/
    );
  });

  it('is asked only about an attempt that was broken off', async () => {
    const { verify: _, ...action } = input.action;
    const { run } = effectsOver({});
    assert.equal((await run<VerifiedOutput>('verify', { action, brokenOff: false })).outcome, 'VERIFIED');
    const { outcome, sent } = await run<VerifiedOutput>('verify', { action });
    assert.deepEqual([outcome, sent], ['VERIFICATION_FAILED', false]);
  });

  it('leaves it open what came of one that failed half-way, when nothing would prove it', async () => {
    const { verify: _, ...action } = input.action;
    const { run } = effectsOver({}, { effect_id: 'command/c1#7.0' });
    const { outcome, sent, unproved } = await run<VerifiedOutput>('verify', { action });
    assert.deepEqual([outcome, sent, unproved], ['VERIFICATION_FAILED', undefined, true]);
  });
});
