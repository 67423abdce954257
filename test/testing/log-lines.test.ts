import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { logRows } from '../../testing/log-lines.ts';

const event = (cursor: number, change: Record<string, unknown> = {}) => ({
  version: '1.0',
  event_id: '00000000-0000-4000-8000-000000000001',
  cursor: String(cursor),
  correlation_id: null,
  command_id: null,
  emitted_at: '2026-01-01T12:00:00.000Z',
  severity: 'info',
  type: 'order.changed',
  target: { session_id: null, account_id: 'ada', platform: 'x' },
  payload: { actor: { kind: 'order', id: '1' }, from: null, to: 'OPEN', event: 'actor.created', step: 1 },
  ...change
});

async function read(...chunks: (string | Uint8Array)[]) {
  const rows = [];
  for await (const row of logRows(Readable.from(chunks.map((chunk) => Buffer.from(chunk as string))))) rows.push(row);
  return rows;
}
const lines = (...values: unknown[]) => `${values.map((value) => JSON.stringify(value)).join('\n')}\n`;

describe('a log of lines', () => {
  it('is read whatever the pieces it comes in, with or without a last line break', async () => {
    const text = lines(event(1), event(2), event(3, { type: 'größer.geändert' }));
    const whole = await read(text);
    assert.deepEqual(
      whole.map(({ cursor, line }) => [cursor, line]),
      [
        [1, 1],
        [2, 2],
        [3, 3]
      ]
    );
    const bytes = Buffer.from(text.trimEnd());
    const pieces = await read(...Array.from({ length: bytes.length }, (_, i) => bytes.subarray(i, i + 1)));
    assert.deepEqual(pieces, whole);
  });

  it('may be frames of the stream, pages of the API, and have empty lines', async () => {
    const rows = await read(
      lines({ type: 'event', event: event(1) }),
      '\n',
      lines({ items: [event(2), event(3)], next_cursor: '3', head: '3' })
    );
    assert.deepEqual(
      rows.map(({ cursor, line }) => [cursor, line]),
      [
        [1, 1],
        [2, 3],
        [3, 3]
      ]
    );
  });

  const bad: [what: string, input: (string | Uint8Array)[], says: RegExp][] = [
    ['empty', [], /^there is no event in it$/],
    ['of empty lines', ['\n\n'], /^there is no event in it$/],
    ['binary', [new Uint8Array([1, 2, 0, 255, 254])], /^line 1: it is no text; give a journal\.db/],
    ['no UTF-8', [lines(event(1)), new Uint8Array([0xc3, 0x28, 10])], /^line 2: it is no text/],
    [
      'cut short in its last line',
      [lines(event(1)), '{"version":"1.0","even'],
      /^line 2: the last line is cut short: "\{\\"version/
    ],
    ['not JSON in the middle', [lines(event(1)), 'hello\n', lines(event(2))], /^line 2: it is not JSON: "hello"/],
    ['of a list', ['[1]\n'], /^line 1: it is no event: it is a list/],
    ['of something else', ['{"a":1}\n'], /^line 1: it is no event: cursor is missing, not digits/],
    ['with a cursor that is a number', [lines(event(1, { cursor: 1 }))], /cursor is 1, not digits/],
    ['without a time', [lines(event(1, { emitted_at: 'noon' }))], /emitted_at is "noon", no time/],
    ['without a payload', [lines(event(1, { payload: null }))], /payload is missing/],
    [
      'without a from',
      [lines(event(1, { payload: { actor: { kind: 'a', id: 'b' }, to: 'x', event: 'e' } }))],
      /payload\.from is missing/
    ]
  ];
  for (const [what, input, says] of bad) {
    it(`that is ${what} is refused with the place`, () =>
      assert.rejects(read(...input), { name: 'LogLineError', message: says }));
  }
});
