/** What makes the way back short must not change what is said: each shortcut against the long way. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Familiar } from '../../../server/recipes/familiar.ts';
import { Remembered } from '../../../server/recipes/remembered.ts';
import { replyText } from '../../../server/recipes/reply-text.ts';
import { isRefusal, type Request, readObject, readRequest } from '../../../server/recipes/request.ts';

const read = (text: string): Request => {
  const request = readRequest(readObject(Buffer.from(text)) as Record<string, unknown>);
  assert.ok(!isRefusal(request), JSON.stringify(request));
  return request;
};

describe('requests that came before but for their id', () => {
  const kept = (...texts: string[]) => {
    const familiar = new Familiar();
    for (const text of texts) familiar.keep(Buffer.from(text), read(text));
    return (text: string | Buffer) => familiar.find(Buffer.from(text as string));
  };

  it('mean what they meant, each with its own id', () => {
    const rests = [
      '"type":"keystroke","key":"F13"}',
      '"type":"keystroke","key":"k","mods":["ctrl","alt"],"ack":false,"timeout_ms":70}',
      '"type":"open_app","app":"Notes","toggle":true,"meta":{"source":"me","recipe_id":"r","trace_id":"t"}}',
      '"type":"batch","commands":[{"type":"run_macro","name":"a"},{"type":"keystroke","key":"b"}]}'
    ];
    const find = kept(...rests.map((rest) => `{"v":1,"id":"first",${rest}`));
    for (const rest of rests) {
      for (const id of ['second', 'x'.repeat(128), '[]{},: ~!']) {
        const text = `{"v":1,"id":"${id}",${rest}`;
        assert.deepEqual(find(text), read(text), text);
      }
    }
  });

  it('are read the long way when an id could mean something else', () => {
    const rest = ',"type":"keystroke","key":"a"}';
    const find = kept(`{"v":1,"id":"a"${rest}`);
    assert.ok(find(`{"v":1,"id":"b"${rest}`));
    for (const id of ['', 'x'.repeat(129), '\\u0041', 'ä', '\u007f', '\n', '\u0000', 'a","id":"b']) {
      assert.equal(find(`{"v":1,"id":"${id}"${rest}`), undefined, JSON.stringify(id));
    }
    assert.equal(find(Buffer.from(`{"v":1,"id":"\xff"${rest}`, 'latin1')), undefined);
    assert.equal(find(Buffer.from(`{"v":1,"id":"b"${rest.replace('"a"', '"\xe1"')}`, 'latin1')), undefined);
    assert.equal(find(`{"v":2,"id":"b"${rest}`), undefined);
    assert.equal(find(`{"v":1,"id":"b"${rest} `), undefined);
  });

  it('are not kept with a second id, escapes, or letters that are no ASCII, nor when they are long', () => {
    for (const rest of [
      '"id":"a","type":"keystroke","key":"a"}',
      '"type":"keystroke","key":"a","\\u0069d":"a"}',
      '"type":"keystroke","key":"\\u0061"}',
      '"type":"keystroke","key":"ß"}',
      `"type":"open_app","app":"${'x'.repeat(255)}","meta":{"source":"${'x'.repeat(128)}","trace_id":"${'x'.repeat(128)}"}}`
    ]) {
      const text = `{"v":1,"id":"a",${rest}`;
      assert.equal(kept(text)(text), undefined, rest);
    }
  });

  it('are not kept with what is typed or pasted, nor when a flow is among them', () => {
    for (const rest of [
      '"type":"paste","text":"a secret"}',
      '"type":"enter","text":"a secret"}',
      '"type":"open_with_app","app":"a","target":"/private"}',
      '"type":"flow","name":"a","params":{"text":"a secret"}}',
      '"type":"batch","commands":[{"type":"keystroke","key":"a"},{"type":"paste","text":"a secret"}]}'
    ]) {
      const text = `{"v":1,"id":"a",${rest}`;
      assert.equal(kept(text)(text), undefined, rest);
    }
  });

  it('do not grow in number', () => {
    const familiar = new Familiar({ most: 10 });
    const of = (n: number, id: string) => `{"v":1,"id":"${id}","type":"keystroke","key":"a","timeout_ms":${n}}`;
    for (let n = 1; n <= 1_000; n++) familiar.keep(Buffer.from(of(n, 'a')), read(of(n, 'a')));
    const found = Array.from({ length: 1_000 }, (_, n) => familiar.find(Buffer.from(of(n + 1, 'b')))).filter(Boolean);
    assert.ok(found.length > 0 && found.length <= 10, `${found.length}`);
  });
});

describe('a reply as text', () => {
  it('is what JSON.stringify makes of it', () => {
    const timing_us = { recv: 0, decode: 1, dispatch: 20_000_000, exec: 3.5, total: 4 };
    const error = { code: 'timeout', message: 'a "quoted"\nmessage', index: 1 } as const;
    const results = [
      { type: 'keystroke', ok: true, us: 12 },
      { type: 'open_app', ok: true, us: 3, state: 'shown' },
      { type: 'flow', ok: true, us: 4, command_id: '5b0c9a5e-7a3b-4c1d-9a5e-7a3b4c1d5b0c' },
      { type: 'paste', ok: false, us: 5 }
    ];
    for (const id of [null, 'a', 'with "quotes" and \\', 'ß🎭', '\ud800', '\u0000\u007f\n']) {
      for (const more of [{}, { results }, { results: results.slice(0, 1) }, { error }, { results, error }]) {
        const reply = { v: 1, id, ok: !('error' in more), timing_us, ...more } as const;
        assert.equal(replyText(reply as never), JSON.stringify(reply));
      }
    }
  });
});

describe('the memory of request ids', () => {
  const entryAt = (at: number) => ({ at, reply: undefined, waiting: undefined });
  /** What an id is answered, or undefined when it is new. */
  const answerOf = (remembered: Remembered, id: string, now = 0) => {
    let said: string | undefined;
    return remembered.isRepeated(id, now, (text) => (said = text)) ? said : undefined;
  };

  it('has the last 10,000 replies, and never more than twice as many', () => {
    const remembered = new Remembered();
    for (let n = 0; n < 50_000; n++) {
      const entry = entryAt(0);
      remembered.add(`${n}`, entry);
      remembered.settle(entry, `reply ${n}`);
      assert.ok(remembered.size <= 20_000);
    }
    for (let n = 40_000; n < 50_000; n++) assert.equal(answerOf(remembered, `${n}`), `reply ${n}`);
    assert.equal(answerOf(remembered, '0'), undefined);
  });

  it('has them for ten minutes', () => {
    const remembered = new Remembered();
    const entry = entryAt(0);
    remembered.add('a', entry);
    remembered.settle(entry, 'done');
    assert.equal(answerOf(remembered, 'a', 10 * 60_000 - 1), 'done');
    assert.equal(answerOf(remembered, 'a', 10 * 60_000), undefined);
  });

  it('answers who asks while it runs, however long that takes, and lets one go that never ran', () => {
    const remembered = new Remembered();
    const entry = entryAt(0);
    remembered.add('a', entry);
    const said: string[] = [];
    assert.ok(remembered.isRepeated('a', 20 * 60_000, (text) => said.push(text)));
    remembered.settle(entry, 'done');
    assert.deepEqual(said, ['done']);
    remembered.forget('a');
    assert.equal(answerOf(remembered, 'a'), undefined);
  });
});
