import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EventEnvelope } from '../../../schemas/generated/contracts.ts';
import { exitCodeOf, exitCodeOfStatus } from '../../../server/cli/exit.ts';
import { readParams } from '../../../server/cli/run.ts';
import { createTerminal, printable, table } from '../../../server/cli/terminal.ts';
import { change, timeline } from '../../../server/cli/timeline.ts';
import { instantOf } from '../../../server/cli/token.ts';

const ESCAPE = '\u001b';

function terminal({ isTTY = true, env = {}, json = false, columns = 200 } = {}) {
  const lines: string[] = [];
  const out = { isTTY, columns, write: (text: string) => lines.push(text) };
  return { lines, terminal: createTerminal({ out, err: { write() {} } }, { env, json }) };
}

const event = (over: Partial<EventEnvelope['payload']> & { at?: string; severity?: EventEnvelope['severity'] }) => {
  const { at = '2026-01-01T00:00:00.000Z', severity = 'info', ...payload } = over;
  return {
    version: '1.0',
    event_id: '11111111-1111-4111-8111-111111111111',
    cursor: '1',
    correlation_id: null,
    command_id: null,
    emitted_at: at,
    severity,
    type: 'status.changed',
    target: {},
    payload: {
      actor: { kind: 'command', id: '1f0c4a9e-1111-4111-8111-111111111111' },
      from: 'CREATED',
      to: 'QUEUED',
      event: 'xstate.init',
      ...payload
    }
  } satisfies EventEnvelope;
};

describe('a terminal', () => {
  it('is for people when it is one, and for programs when it is a pipe or --json is given', () => {
    assert.equal(terminal().terminal.people, true);
    assert.equal(terminal({ isTTY: false }).terminal.people, false);
    assert.equal(terminal({ json: true }).terminal.people, false);
  });

  it('cuts nothing off where nobody has said how wide it is', () => {
    assert.equal(terminal({ columns: 0 }).terminal.columns, Number.POSITIVE_INFINITY);
    assert.equal(terminal({ columns: 80 }).terminal.columns, 80);
  });

  it('is coloured only where colours are welcome', () => {
    const red = (options: Parameters<typeof terminal>[0]) => terminal(options).terminal.style('red', 'x');
    assert.ok(red({}).includes(ESCAPE));
    assert.equal(red({ env: { NO_COLOR: '1' } }), 'x');
    assert.equal(red({ env: { TERM: 'dumb' } }), 'x');
    assert.equal(red({ isTTY: false }), 'x');
  });

  it('is never moved about by somebody else’s text', () => {
    assert.equal(printable(`a${ESCAPE}[2Jb\r\nc\u009b1m`), 'a\\x1b[2Jb\\x0d\\x0ac\\x9b1m');
    assert.equal(printable('é 🎭 فريد'), 'é 🎭 فريد');
  });

  it('aligns the columns of a table and leaves no spaces at the end', () => {
    assert.deepEqual(
      table([
        ['A', 'BB'],
        ['long', 'x']
      ]),
      ['A     BB', 'long  x']
    );
  });
});

describe('the timeline', () => {
  it('says once what two states share', () => {
    assert.equal(change(null, 'CREATED'), '· → CREATED');
    assert.equal(change('QUEUED', 'RUNNING.PREPARING'), 'QUEUED → RUNNING.PREPARING');
    assert.equal(change('RUNNING.PREPARING.looking', 'RUNNING.VERIFIED'), 'RUNNING: PREPARING.looking → VERIFIED');
    assert.equal(change('A.B.c', 'A.B.d'), 'A.B: c → d');
    assert.equal(change('A.B', 'A'), 'A.B → A');
    assert.equal(change('READY', 'READY'), '(READY)');
  });

  it('counts from the first event it prints', () => {
    const { lines, terminal: out } = terminal({ env: { NO_COLOR: '1' } });
    const print = timeline(out, { when: 'offset' });
    print(event({}));
    print(event({ at: '2026-01-01T00:00:01.234Z' }));
    assert.match(lines[0]!, /^ +\+0\.000 s {2}command 1f0c4a9e {2}CREATED → QUEUED +status\.changed +xstate\.init\n$/);
    assert.match(lines[1]!, /^ +\+1\.234 s /);
  });

  it('stays in line behind a name that is longer than its column', () => {
    const { lines, terminal: out } = terminal({ env: { NO_COLOR: '1' } });
    const print = timeline(out, { when: 'offset' });
    print(event({}));
    print(event({ actor: { kind: 'selector', id: 'example:post.comment_submit' } }));
    assert.equal(lines[1]!.indexOf('status.changed'), lines[0]!.indexOf('status.changed'));
  });

  it('leaves out the states that are only passed through, unless they are asked for', () => {
    const passing = [
      event({ to: 'A' }),
      event({ from: 'A', to: 'B', severity: 'debug' }),
      event({ from: 'B', to: 'C' })
    ];
    const changes = (debug: boolean) => {
      const { lines, terminal: out } = terminal({ env: { NO_COLOR: '1' } });
      const print = timeline(out, { when: 'offset', debug });
      for (const one of passing) print(one);
      return lines.map((line) => /1f0c4a9e {2}(.*?) {2}/.exec(line)?.[1]);
    };
    assert.deepEqual(changes(true), ['CREATED → A', 'A → B', 'B → C']);
    assert.deepEqual(changes(false), ['CREATED → A', 'A → C']);
  });

  it('leaves the cause out where the line has no room', () => {
    const { lines, terminal: out } = terminal({ columns: 100 });
    timeline(out, { when: 'clock' })(event({}));
    assert.ok(!lines[0]!.includes('xstate.init'));
  });

  it('says why of what went wrong, harmlessly', () => {
    const { lines, terminal: out } = terminal({ env: { NO_COLOR: '1' } });
    timeline(out, { when: 'offset' })(event({ severity: 'error', why: `bad${ESCAPE}c` }));
    assert.equal(lines[1]!.trim(), 'bad\\x1bc');
  });
});

describe('an exit code', () => {
  const ended = (state: string, code?: string) => exitCodeOf({ state, error: code ? { code } : null });
  it('tells how a command ended', () => {
    assert.equal(ended('SUCCEEDED'), 0);
    assert.equal(ended('FAILED', 'SELECTOR_MISSING'), 1);
    assert.equal(ended('FAILED', 'DEADLINE_EXCEEDED'), 5);
    assert.equal(ended('FAILED', 'APPROVAL_DENIED'), 4);
    assert.equal(ended('CANCELLED', 'CANCELLED'), 4);
  });
  it('tells why a request was refused', () => {
    assert.deepEqual([400, 401, 403, 404, 409, 413, 500, 503].map(exitCodeOfStatus), [2, 4, 4, 1, 1, 2, 1, 1]);
  });
});

describe('--param', () => {
  it('is text, or JSON after :=', () => {
    assert.deepEqual(readParams(['text=a=b', 'n:=3', 'list:=["x"]', 'empty=', 'url=http://x/?a=1']), {
      text: 'a=b',
      n: 3,
      list: ['x'],
      empty: '',
      url: 'http://x/?a=1'
    });
  });
  it('is refused when it is neither', () => {
    assert.throws(() => readParams(['text']), /K=V/);
    assert.throws(() => readParams(['n:={']), /--param 'n:=\{'/);
  });
});

describe('--expires', () => {
  it('is a span from now or an instant', () => {
    assert.equal(instantOf('15m', 0), '1970-01-01T00:15:00.000Z');
    assert.equal(instantOf('30d', 0), '1970-01-31T00:00:00.000Z');
    assert.equal(instantOf('2030-01-31T00:00:00Z'), '2030-01-31T00:00:00.000Z');
    assert.throws(() => instantOf('soon'), /--expires 'soon'/);
  });
});
