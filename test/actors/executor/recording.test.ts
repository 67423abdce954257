// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders of flows look like that
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { flowOfRecording, isRecording } from '../../../actors/executor/recording.ts';
import { resolveFlow } from '../../../actors/executor/resolve.ts';
import type { Recording } from '../../../schemas/generated/contracts.ts';
import { checkFlow } from '../../../server/control/flow-registry.ts';
import { failsWith } from './failures.ts';
import { recordingNames, recordingOf } from './recordings.ts';

const SITE = 'http://127.0.0.1:1';
const titled = (...steps: Recording['steps']): Recording => ({ title: 'T', steps });
const flow = (...steps: Recording['steps']) => flowOfRecording('recorded.t', titled(...steps));

/** Every type of step that the Recorder can export. */
const TYPES =
  'change click close customStep doubleClick emulateNetworkConditions hover keyDown keyUp navigate scroll setViewport waitForElement waitForExpression'.split(
    ' '
  );

describe('a recording', () => {
  it('of every type of step is among those of the tests', () => {
    const seen = recordingNames.flatMap((name) => (recordingOf(name, SITE) as Recording).steps.map(({ type }) => type));
    assert.deepEqual([...new Set(seen)].sort(), TYPES);
  });

  it('becomes a flow, each step an action that keeps what it asserts', () => {
    for (const name of recordingNames.filter((one) => !['slow-network', 'extension'].includes(one))) {
      const recording = recordingOf(name, SITE) as Recording;
      const made = checkFlow(recording, `recorded.${name}`);
      assert.equal(made.title, recording.title);
      assert.deepEqual(made.platforms, ['*']);
      const steps = resolveFlow(made, {}).flatMap((action) => action.steps);
      assert.deepEqual(
        steps,
        recording.steps.map((step) => ({ target: 'main', ...step })),
        name
      );
      assert.deepEqual(checkFlow(made), made, 'what became of it is a flow like any other');
    }
  });

  it('writes where it presses, reads where it looks, and goes on from where it is', () => {
    const { actions } = flow(
      { type: 'navigate', url: SITE },
      { type: 'change', selectors: ['#i'], value: 'x' },
      { type: 'click', selectors: ['#b'] },
      { type: 'waitForElement', selectors: ['#done'] }
    );
    assert.deepEqual(
      actions.map(({ attempt, effect, continues }) => [attempt, effect, continues ?? false]),
      [
        ['STEP_01_NAVIGATE', 'read', false],
        ['STEP_02_CHANGE', 'write', true],
        ['STEP_03_CLICK', 'write', true],
        ['STEP_04_WAIT_FOR_ELEMENT', 'read', true]
      ]
    );
  });

  it('holds a key over the steps between its going down and its coming up', () => {
    const press = (...keys: string[]): Recording['steps'] =>
      keys.map((key) => (key.startsWith('-') ? { type: 'keyUp', key: key.slice(1) } : { type: 'keyDown', key }));
    const sizes = (...steps: Recording['steps']) => flow(...steps).actions.map((action) => action.steps.length);
    assert.deepEqual(sizes(...press('Tab', '-Tab', 'a', '-a')), [2, 2]);
    assert.deepEqual(sizes(...press('Control', 'Shift', 'k', '-k', '-Shift', '-Control')), [6]);
    assert.deepEqual(sizes(...press('Control', 'a', '-Control', '-a')), [4], 'one key reaches over the end of another');
    assert.deepEqual(sizes(...press('Shift'), { type: 'click', selectors: ['a'] }, ...press('-Shift')), [3]);
    assert.deepEqual(sizes(...press('Enter'), { type: 'click', selectors: ['a'] }), [1, 1], 'Enter left the page');
  });

  it('takes its timeout over to the steps that name none', () => {
    const made = flowOfRecording('t', {
      title: 'T',
      timeout: 900,
      selectorAttribute: 'data-qa',
      steps: [
        { type: 'click', selectors: ['a'] },
        { type: 'click', selectors: ['a'], timeout: 100 }
      ]
    });
    assert.deepEqual(
      made.actions.map(({ steps }) => steps[0]!.timeout),
      [900, 100]
    );
  });

  it('is text, and no placeholder of ours', () => {
    const made = flow({ type: 'change', selectors: ['text/${params.x}'], value: '${params.text} $${ ${' });
    assert.deepEqual(resolveFlow(made, {})[0]!.steps, [
      { target: 'main', type: 'change', selectors: ['text/${params.x}'], value: '${params.text} $${ ${' }
    ]);
  });

  it('that begins on a new tab of Chrome begins on an empty page', () => {
    const url = 'chrome://new-tab-page/';
    const made = flow({ type: 'navigate', url, assertedEvents: [{ type: 'navigation', url, title: 'New Tab' }] });
    assert.deepEqual(made.actions[0]!.steps, [{ target: 'main', type: 'navigate', url: 'about:blank' }]);
  });

  it('is refused by name, with the cure, for what this browser cannot do', () => {
    const refused: [Recording['steps'][number], RegExp][] = [
      [
        { type: 'emulateNetworkConditions', download: 1, upload: 1, latency: 1 },
        /cannot slow a network.*take the step out/
      ],
      [{ type: 'customStep', name: 'measure', parameters: {} }, /'measure' belongs to an extension.*take it out/],
      [{ type: 'setViewport', width: 400, height: 800, isMobile: true }, /isMobile.*device toolbar off/],
      [{ type: 'click', selectors: ['a'], deviceType: 'touch' }, /no touch input; use deviceType mouse/],
      [{ type: 'doubleClick', selectors: ['a'], deviceType: 'pen' }, /no pen input/],
      [{ type: 'click', selectors: ['a'], button: 'back' }, /no 'back' button; use a navigate step/],
      [{ type: 'keyDown', key: 'MediaPlayPause' }, /there is no key 'MediaPlayPause'/]
    ];
    for (const [step, reason] of refused) {
      assert.throws(
        () => checkFlow(titled({ type: 'navigate', url: SITE }, step), 'recorded.x'),
        failsWith('STEP_UNSUPPORTED', (_, message) => {
          assert.match(message, new RegExp(`^step 2 \\(${step.type}\\): `));
          assert.match(message, reason);
        }),
        step.type
      );
    }
    for (const name of ['slow-network', 'extension']) {
      assert.throws(() => checkFlow(recordingOf(name, SITE), 'recorded.x'), failsWith('STEP_UNSUPPORTED'));
    }
  });

  it('is refused with its place when it is no export of the Recorder', () => {
    const wrong: [object, string][] = [
      [{ title: 'T', steps: [] }, '/steps'],
      [{ steps: [{ type: 'close' }] }, '/title'],
      [{ title: 'T', steps: [{ type: 'swipe' }] }, '/steps/0/type'],
      [{ title: 'T', steps: [{ type: 'click', selectors: ['a'], speed: 3 }] }, '/steps/0/speed'],
      [{ title: 'T', steps: [{ type: 'click', selectors: 'a' }] }, '/steps/0/selectors'],
      [{ title: 'T', steps: [{ type: 'close' }], timeout: 'soon' }, '/timeout']
    ];
    for (const [body, path] of wrong) {
      assert.ok(isRecording(body));
      assert.throws(
        () => checkFlow(body, 'recorded.x'),
        failsWith('VALIDATION_FAILED', ({ errors }) => {
          const paths = (errors as { path: string }[]).map((error) => error.path);
          assert.ok(paths.includes(path), `${path} is none of ${paths.join(', ')}`);
        })
      );
    }
  });
});

describe('a flow', () => {
  it('is refused at once for steps that could never run', () => {
    const of = (step: object) => ({
      name: 'f',
      platforms: ['*'],
      actions: [{ attempt: 'A', effect: 'write', steps: [step] }]
    });
    for (const step of [
      { type: 'click', selectors: ['a'], deviceType: 'touch' },
      { type: 'keyDown', key: 'NoSuchKey' },
      { type: 'drag', selectors: ['a'] }
    ]) {
      assert.throws(
        () => checkFlow(of(step)),
        failsWith('STEP_UNSUPPORTED', (_, message) => assert.match(message, /^A step 1 \(/))
      );
    }
  });
});
