import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ALERT_LIMIT, alertMachine } from '../../machines/alert.ts';
import { Rehearsal } from '../support/rehearsal.ts';

const input = {
  rule: 'every move is one of the machine',
  about: ['command/c1'],
  atCursor: '7',
  found: 'there is no transition QUEUED ─▶ SUCCEEDED',
  source: 'a monitor',
  raisedBy: 'watcher'
};
const alert = () => new Rehearsal('alert', alertMachine, input);

describe('an alert', () => {
  it('says what was found when it is raised, as an error', () => {
    const { rows } = alert();
    assert.deepEqual(
      rows.map(({ type, severity, payload }) => [type, severity, payload.from, payload.to]),
      [['alert.raised', 'error', null, 'RAISED']]
    );
    const { rule, about, at_cursor, found, source, raised_by, why } = rows[0]?.payload ?? assert.fail('there is none');
    assert.deepEqual(
      { rule, about, at_cursor, found, source, raised_by, why },
      {
        rule: input.rule,
        about: input.about,
        at_cursor: '7',
        found: input.found,
        source: 'a monitor',
        raised_by: 'watcher',
        why: 'waiting for a person to acknowledge it'
      }
    );
  });

  it('ends when a person acknowledges it, and says who; then it takes nothing more', () => {
    const a = alert();
    assert.ok(a.send({ type: 'alert.acknowledge', by: 'ann', note: 'seen' }));
    assert.equal(a.state, 'ACKNOWLEDGED');
    const last = a.rows.at(-1);
    assert.equal(last?.type, 'alert.acknowledged');
    assert.deepEqual([last?.payload.acknowledged_by, last?.payload.note], ['ann', 'seen']);
    assert.ok(!a.send({ type: 'alert.acknowledge', by: 'bob' }));
    assert.equal(a.context.acknowledgedBy, 'ann');
  });

  it('is over after 30 days that nobody acknowledged it', () => {
    const a = alert().advance(ALERT_LIMIT - 1_000);
    assert.equal(a.state, 'RAISED');
    a.advance(2_000);
    assert.equal(a.state, 'EXPIRED');
    assert.equal(a.rows.at(-1)?.type, 'alert.expired');
    assert.match(a.context.why, /nobody acknowledged it/);
  });
});
