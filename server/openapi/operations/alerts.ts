import { limit, list, type Operations, ok, page, severalOf, since } from '../operation.ts';

export const alerts: Operations = {
  'GET /v1/alerts': {
    id: 'listAlerts',
    tag: 'alerts',
    summary: 'List alerts, newest first',
    scope: 'read:alerts',
    query: { state: severalOf(['RAISED', 'ACKNOWLEDGED', 'EXPIRED'], 'States'), since, limit: limit(), page },
    answers: { 200: list('AlertView', 'A page of them.') }
  },
  'POST /v1/alerts': {
    id: 'raiseAlert',
    tag: 'alerts',
    summary: 'Raise an alert: something in the log is not as it must be',
    description:
      'Known by its `rule`, `about` and `cursor`: raised again it is the first one again, and no second event.',
    scope: 'alerts:raise',
    body: { schema: 'AlertRaise' },
    answers: {
      200: ok('AlertView', 'It had been raised before.', { Location: 'Where it is read.' }),
      201: ok('AlertView', 'It is raised, and in the log.', { Location: 'Where it is read.' })
    }
  },
  'GET /v1/alerts/:id': {
    id: 'readAlert',
    tag: 'alerts',
    summary: 'Read an alert',
    scope: 'read:alerts',
    answers: { 200: ok('AlertView', 'The alert.') },
    errors: ['ALERT_NOT_FOUND']
  },
  'POST /v1/alerts/:id': {
    id: 'decideAlert',
    tag: 'alerts',
    summary: 'Acknowledge an alert: a person has seen it',
    scope: 'alerts:decide',
    body: { schema: 'AlertDecision' },
    answers: { 200: ok('AlertView', 'As it is now.') },
    errors: ['ALERT_NOT_FOUND', 'ALERT_EXPIRED', 'ACTOR_HELD']
  }
};
