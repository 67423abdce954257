import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { ActionRun } from '../../../actors/executor/contract.ts';
import { type Site, startSite } from '../../site/site.ts';
import { webkitMissing } from '../../support/webkit.ts';
import { type Bench, failsWith, flowRuns, never, openBench, perform } from './harness.ts';

describe('comment_on_post in a real WebKit', { skip: webkitMissing() ?? false }, () => {
  let bench: Bench;
  let site: Site;
  before(async () => {
    [bench, site] = await Promise.all([openBench(), startSite({ visitor: 'alice' })]);
  });
  after(async () => {
    await bench?.close();
    await site?.close();
  });
  beforeEach(() => site.reset());

  const comment = (query: string, text: string, more: Partial<ActionRun> = {}) =>
    flowRuns(bench, 'comment_on_post', { post_url: site.postUrl(1, query), text }, more) as [ActionRun, ActionRun];

  for (const query of [
    '',
    'variant=shadow',
    'variant=editable',
    'variant=plain',
    'variant=stale',
    'variant=covered&lasts=700',
    'variant=slow&delay=400',
    'variant=rtl',
    'variant=double',
    'variant=optimistic',
    'variant=alert-submit'
  ]) {
    it(`comments exactly once on ${query || 'a plain page'}, and proves it`, async () => {
      const text = `“It’s "quoted"” שלום 🌅 ${query || 'plain'}`;
      const done = await perform(bench, comment(query, text));
      assert.deepEqual(
        done.map(({ name, outcome, why }) => [name, outcome, why]),
        [
          ['POST_OPEN', 'VERIFIED', null],
          ['COMMENT_CREATE', 'VERIFIED', null]
        ]
      );
      assert.deepEqual(
        site.writes({ kind: 'comment' }).map((row) => row.text),
        [text]
      );
      assert.equal(site.counts().decoy, 0);
    });
  }

  it('comments inside a frame when the flow says which', async () => {
    const [open, write] = comment('variant=iframe', 'framed');
    const steps = write.action.steps.map((step) => ({ ...step, frame: [0] })) as typeof write.action.steps;
    const done = await perform(bench, [open, { ...write, action: { ...write.action, steps } }]);
    assert.equal(done[1]!.outcome, 'VERIFIED');
    assert.equal(site.counts().comment, 1);
  });

  it('keeps a screenshot under its SHA-256, and says what it saw', async () => {
    const [open, write] = comment('', 'look at this');
    await perform(bench, [open, write]);
    const { proofs, artifacts } = await bench.executor.verify(write, never);
    const [artifact] = artifacts;
    const { handle, size } = await bench.artifacts.open(artifact!.sha256);
    const bytes = await handle.readFile();
    await handle.close();
    assert.equal(size, artifact!.size);
    assert.equal(createHash('sha256').update(bytes).digest('hex'), artifact!.sha256);
    assert.deepEqual([...bytes.subarray(1, 4)], [...Buffer.from('PNG')]);
    const kinds = proofs.map(({ kind }) => kind);
    for (const kind of ['element', 'matched_text', 'url', 'screenshot'] as const) assert.ok(kinds.includes(kind), kind);
    assert.ok(proofs.some(({ value }) => value?.includes('look at this')));
  });

  it('finds it done already when it runs again, whoever else wrote the same', async () => {
    const runs = comment('', 'once is enough');
    await perform(bench, runs);
    const again = await perform(bench, runs);
    assert.deepEqual(
      again.map(({ alreadyDone }) => alreadyDone),
      [false, true]
    );
    assert.equal(site.counts().comment, 1);
    // Dan's own words by Alice are not done because Dan wrote them.
    const same = comment('', 'Which hut did you start from?');
    const done = await perform(bench, same);
    assert.deepEqual([done[1]!.alreadyDone, done[1]!.outcome], [false, 'VERIFIED']);
    assert.equal(site.counts().comment, 2);
  });

  it('does not take a page that did not come for a done action', async () => {
    const [open, write] = comment('variant=fail-500', 'x');
    await bench.executor.attempt(open, { id: 'x', resumed: false }, never);
    const hasty = { ...write, action: { ...write.action, dedupe: { ...write.action.dedupe!, timeoutMs: 200 } } };
    await assert.rejects(bench.executor.prepare(hasty, never), failsWith('SELECTOR_MISSING'));
  });

  const impatient = (run: ActionRun): ActionRun => ({
    ...run,
    action: { ...run.action, verify: { ...run.action.verify!, timeoutMs: 2_000 } }
  });

  it('believes the page loaded anew: a comment the server refused is not there', async () => {
    const [open, write] = comment('variant=optimistic,write-500', 'not really');
    const done = await perform(bench, [open, impatient(write)]);
    assert.equal(done[1]!.outcome, 'VERIFICATION_FAILED');
    assert.match(done[1]!.why ?? '', /@post\.own_comment/);
    assert.equal(site.counts().comment, 0);
  });

  it('believes the page loaded anew: a comment whose answer was lost is there', async () => {
    const [open, write] = comment('variant=write-drop', 'really');
    const done = await perform(bench, [open, impatient(write)]);
    assert.equal(done[1]!.outcome, 'VERIFIED');
    assert.equal(site.counts().comment, 1);
  });

  it('presses neither of two equal buttons', async () => {
    const [open, write] = comment('variant=twins', 'which?');
    const steps = write.action.steps.map((step) => ({ ...step, timeout: 500 })) as typeof write.action.steps;
    await assert.rejects(
      perform(bench, [open, { ...write, action: { ...write.action, steps } }]),
      failsWith('SELECTOR_AMBIGUOUS', ({ sent }) => assert.equal(sent, false))
    );
    assert.equal(site.counts().comment, 0);
  });

  it('reports the alert of a page, with its text', async () => {
    await assert.rejects(
      perform(bench, comment('variant=alert', 'x')),
      failsWith('ALERT_OPEN', ({ text }) => assert.equal(text, 'Welcome back to Lantern.'))
    );
  });

  it('gives up a page that never loads, and the browser is good for the next', async () => {
    for (const variant of ['never-answer', 'never-body', 'never-image']) {
      await assert.rejects(
        bench.attempt([{ type: 'navigate', url: site.postUrl(1, `variant=${variant}`), timeout: 600 }]),
        failsWith('NAVIGATION_TIMEOUT'),
        variant
      );
    }
    const done = await perform(bench, comment('', 'after all that'));
    assert.equal(done[1]!.outcome, 'VERIFIED');
  });

  it('stops at once when it is aborted', async () => {
    const abort = new AbortController();
    const attempt = bench.executor.attempt(
      bench.run({ steps: [{ type: 'navigate', url: site.postUrl(1, 'variant=never-answer') }] }),
      { id: 'x', resumed: false },
      abort.signal
    );
    await site.waitForRequest(({ url }) => url.includes('never-answer'));
    abort.abort();
    await assert.rejects(attempt, failsWith('CANCELLED'));
    await assert.rejects(bench.executor.verify(comment('', 'x')[0], abort.signal), failsWith('CANCELLED'));
  });

  it('refuses to work under a lease that is over', async () => {
    bench.leaseLost = true;
    const [open] = comment('', 'x');
    for (const call of [
      () => bench.executor.prepare(open, never),
      () => bench.executor.attempt(open, { id: 'x', resumed: false }, never),
      () => bench.executor.verify(open, never),
      () => bench.executor.reconcile(open, never)
    ]) {
      await assert.rejects(
        call(),
        failsWith('LEASE_LOST', ({ fencing }) => assert.equal(fencing, 1))
      );
    }
    bench.leaseLost = false;
  });

  it('reconciles in a new browser after its own was killed in the attempt: done is done, not done is not', async () => {
    const [open, write] = comment('', 'survives');
    await perform(bench, [open]);
    await bench.executor.prepare(write, never);
    // The answer is held, so the click is out and nobody knows what came of it.
    const held = site.hold('after', 'comment');
    await bench.executor.attempt(write, { id: 'x', resumed: false }, never);
    await held.arrived;
    await bench.webkit.session.delete();
    await assert.rejects(bench.executor.verify(write, never), failsWith('DRIVER_LOST'));
    assert.equal(bench.losses.length, 1, 'the loss was reported');
    held.release();
    await bench.webkit.reopen();
    const found = await bench.executor.reconcile(write, never);
    assert.equal(found.outcome, 'VERIFIED');
    assert.equal(site.counts().comment, 1, 'reconciling attempted nothing');

    const [openOther, other] = comment('', 'never sent');
    await bench.webkit.session.delete();
    await bench.webkit.reopen();
    const missing = await bench.executor.reconcile({ ...impatient(other), before: [openOther.action] }, never);
    assert.equal(missing.outcome, 'VERIFICATION_FAILED');
    assert.equal(site.counts().comment, 1);
    const unprovable = bench.run({ steps: [{ type: 'click', selectors: ['button'] }] });
    await assert.rejects(bench.executor.reconcile(unprovable, never), failsWith('OUTCOME_UNKNOWN'));
  });

  it('likes once, and extracts numbers', async () => {
    const runs = flowRuns(bench, 'like_post', { post_url: site.postUrl(3) });
    const done = await perform(bench, runs);
    assert.equal(done[1]!.outcome, 'VERIFIED');
    assert.equal((await perform(bench, runs))[1]!.alreadyDone, true);
    assert.deepEqual([site.counts().like, site.counts().unlike], [1, 0]);
    const read = bench.run({
      effect: 'read',
      steps: [{ type: 'navigate', url: site.postUrl(1) }],
      extract: {
        likes: { selectors: ['@post.like_count'], as: 'number' },
        authors: { selectors: ['[data-testid="comment-author"]'], all: true },
        who: { selectors: ['@account.name'], attribute: 'data-account' },
        none: { selectors: ['.none'] }
      }
    });
    await bench.executor.attempt(read, { id: 'x', resumed: false }, never);
    const { extracted } = await bench.executor.verify(read, never);
    assert.equal(typeof extracted!.likes, 'number');
    assert.equal((extracted!.authors as string[]).length, 3);
    assert.deepEqual([extracted!.who, extracted!.none], ['alice', null]);
  });
});
