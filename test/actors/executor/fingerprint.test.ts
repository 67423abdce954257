/** The scores by which a lost element is told from what merely looks like it: the pure half of page/fingerprint.js. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { packageRoot } from '../../../actors/package-root.ts';
import type { Fingerprint } from '../../../schemas/generated/contracts.ts';

interface Scoring {
  FLOOR: number;
  MARGIN: number;
  likeness(known: Fingerprint, seen: Fingerprint): number;
  akin(known: Fingerprint, seen: Fingerprint): boolean;
  sure(known: Fingerprint, seen: Fingerprint): boolean;
  nearest(known: Fingerprint, prints: Fingerprint[]): { index: number; likeness: number; second: number; tie: boolean };
}

const source = readFileSync(join(packageRoot(), 'actors/executor/page/fingerprint.js'), 'utf8');
const pure = source.slice(0, source.indexOf('/* What follows reads the page. */'));
assert.ok(pure.length > 1000, 'the file has its two halves');
const { FLOOR, MARGIN, likeness, akin, sure, nearest } = new Function(
  `${pure}; return { FLOOR, MARGIN, likeness, akin, sure, nearest };`
)() as Scoring;

/** The button of the site as it is kept after a sweep. */
const post: Fingerprint = {
  role: 'button',
  tag: 'button',
  name: 'post',
  attributes: { 'data-testid': 'comment-submit', type: 'submit' },
  classes: ['button', 'primary'],
  around: ['form', 'section', 'main'],
  near: ['textbox:add a comment']
};
/** In the same place, with the same looks. */
const inItsPlace = (name: string): Fingerprint => ({ ...post, name, attributes: { type: 'submit' } });

describe('the likeness of two elements', () => {
  it('keeps Post apart from a Delete that stands in its place and looks as it did', () => {
    const impostor = inItsPlace('delete');
    assert.equal(akin(post, impostor), false);
    assert.equal(nearest(post, [impostor]).index, -1);
    // Also under its own test id: a name without a word in common speaks against it.
    assert.equal(akin(post, { ...impostor, attributes: post.attributes }), false);
  });

  it('leaves "Delete post" to a person: akin, and never sure', () => {
    const risky = inItsPlace('delete post');
    assert.equal(akin(post, risky), true);
    assert.equal(sure(post, risky), false);
  });

  it('finds Post under another test id, and is sure of it', () => {
    const renamed = { ...post, attributes: { 'data-testid': 'send', type: 'submit' } };
    const found = nearest(post, [inItsPlace('delete'), renamed, inItsPlace('cancel')]);
    assert.equal(found.index, 1);
    assert.equal(sure(post, renamed), true);
    assert.ok(found.likeness > 0.8, String(found.likeness));
  });

  it('takes no textbox for a button, whatever else agrees', () => {
    assert.equal(akin(post, { ...post, role: 'textbox' }), false);
  });

  it('takes content for content only by a class or an id', () => {
    const text: Fingerprint = { ...post, role: 'generic', tag: 'p', name: '', attributes: {}, classes: ['post-body'] };
    assert.equal(akin(text, { ...text, classes: ['other'] }), false);
    assert.equal(akin(text, { ...text, tag: 'div' }), true);
    assert.equal(sure(text, text), false, 'a class is nothing to be sure by');
  });
});

const word = fc.constantFrom('post', 'comment', 'delete', 'send', 'like', 'write', 'a', 'now', '#');
const words = fc.array(word, { maxLength: 3 }).map((all) => all.join(' '));
const print: fc.Arbitrary<Fingerprint> = fc.record({
  role: fc.constantFrom('button', 'link', 'textbox', 'generic', 'img'),
  tag: fc.constantFrom('button', 'a', 'div', 'p', 'input'),
  name: words,
  attributes: fc.dictionary(fc.constantFrom('data-testid', 'id', 'name', 'type', 'autocomplete'), word, { maxKeys: 3 }),
  classes: fc.uniqueArray(fc.constantFrom('button', 'primary', 'danger', 'card', 'text'), { maxLength: 3 }),
  around: fc.array(fc.constantFrom('form', 'main', 'article', 'li'), { maxLength: 3 }),
  near: fc.array(
    words.map((name) => `button:${name}`),
    { maxLength: 3 }
  )
});
const prints = fc.array(print, { maxLength: 12 });

describe('of any page and anything that was known', () => {
  it('a likeness is between 0 and 1, and an element is exactly like itself', () => {
    fc.assert(
      fc.property(print, print, (known, seen) => {
        const score = likeness(known, seen);
        assert.ok(score >= 0 && score <= 1 + 1e-9, String(score));
        assert.ok(Math.abs(likeness(known, known) - 1) < 1e-9);
      })
    );
  });

  it('the nearest is exactly one: akin, over the floor, and over any other that is akin by the margin', () => {
    fc.assert(
      fc.property(print, prints, (known, all) => {
        const { index, likeness: best, tie } = nearest(known, all);
        const rivals = all.map((seen, i) => (akin(known, seen) && i !== index ? likeness(known, seen) : 0));
        const top = Math.max(0, ...rivals);
        if (index >= 0) {
          assert.ok(akin(known, all[index]!));
          assert.ok(best >= FLOOR && best - top >= MARGIN - 1e-9, `${best} against ${top}`);
        } else if (!tie) {
          assert.ok(top < FLOOR, `${top} was left`);
        } else {
          const [first = 0, second = 0] = [...rivals].sort((a, b) => b - a);
          assert.ok(first >= FLOOR && first - second < MARGIN, `${first} and ${second} are no tie`);
        }
      }),
      { numRuns: 1_000 }
    );
  });

  it('two that are the same are never told apart, wherever they stand', () => {
    fc.assert(
      fc.property(print, prints, fc.nat(), (known, all, at) => {
        const twice = [...all];
        twice.splice(at % (all.length + 1), 0, known);
        assert.equal(nearest(known, [...twice, known]).index, -1);
      })
    );
  });

  it('the order of the page does not matter', () => {
    fc.assert(
      fc.property(print, prints, (known, all) => {
        const forth = nearest(known, all);
        const back = nearest(known, [...all].reverse());
        assert.equal(back.index < 0 ? -1 : all.length - 1 - back.index, forth.index);
      })
    );
  });

  it('a control is never healed to one whose name has no word of its own', () => {
    fc.assert(
      fc.property(print, print, (known, seen) => {
        fc.pre(['button', 'link', 'textbox'].includes(known.role) && known.name !== '' && seen.name !== '');
        const shares = known.name.split(' ').some((one) => seen.name.split(' ').includes(one));
        if (!shares) assert.equal(nearest(known, [seen]).index, -1);
      })
    );
  });
});
