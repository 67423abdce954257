import { list, type Operations, ok } from '../operation.ts';

export const service: Operations = {
  'GET /health': {
    id: 'health',
    tag: 'service',
    summary: 'The process is up',
    scope: 'open',
    answers: { 200: ok('Health', 'It is.') }
  },
  'GET /ready': {
    id: 'ready',
    tag: 'service',
    summary: 'It can do its work',
    scope: { afar: 'read:ready' },
    answers: { 200: ok('Readiness', 'It can.'), 503: ok('Readiness', 'Not now; each check says why.') }
  },
  'GET /metrics': {
    id: 'metrics',
    tag: 'service',
    summary: 'Figures for Prometheus',
    scope: { afar: 'read:metrics' },
    answers: {
      200: { description: 'All of them.', content: [{ media: ['text/plain'], description: 'Prometheus text' }] }
    }
  },
  'GET /openapi.json': {
    id: 'openapi',
    tag: 'service',
    summary: 'This document',
    scope: 'open',
    answers: {
      200: { description: 'OpenAPI 3.1', content: [{ media: ['application/json'], description: 'OpenAPI 3.1' }] }
    }
  },
  'GET /asyncapi.json': {
    id: 'asyncapi',
    tag: 'service',
    summary: 'The document of the stream, with the events of registered machines',
    scope: 'open',
    answers: {
      200: { description: 'AsyncAPI 3', content: [{ media: ['application/json'], description: 'AsyncAPI 3' }] }
    }
  },
  'POST /v1/tokens': {
    id: 'createToken',
    tag: 'tokens',
    summary: 'Make a token',
    scope: 'admin',
    body: { schema: 'TokenCreate' },
    answers: { 201: ok('TokenView', 'With its secret, this once.') }
  },
  'GET /v1/tokens': {
    id: 'listTokens',
    tag: 'tokens',
    summary: 'List tokens',
    scope: 'admin',
    answers: { 200: list('TokenView', 'All of them, without secrets.') }
  },
  'GET /v1/tokens/self': {
    id: 'readOwnToken',
    tag: 'tokens',
    summary: 'Whose token this is, and what it may',
    scope: null,
    answers: { 200: ok('OwnToken', 'The token that asks.') }
  },
  'POST /v1/tokens/:id/rotate': {
    id: 'rotateToken',
    tag: 'tokens',
    summary: 'Another secret for the same client',
    scope: 'admin',
    body: { schema: 'TokenRotate', optional: true },
    answers: { 201: ok('TokenView', 'With its secret, this once.') },
    errors: ['TOKEN_NOT_FOUND', 'TOKEN_ENDED']
  },
  'DELETE /v1/tokens/:id': {
    id: 'revokeToken',
    tag: 'tokens',
    summary: 'Revoke a token',
    scope: 'admin',
    answers: { 204: { description: 'It holds no longer.' } },
    errors: ['TOKEN_NOT_FOUND']
  },
  'POST /v1/sign-in': {
    id: 'signIn',
    tag: 'tokens',
    summary: 'A one-time code for a token',
    scope: 'open',
    body: { schema: 'SignIn' },
    answers: { 201: ok('TokenView', 'With its secret, this once.') },
    errors: ['SIGN_IN_CODE_INVALID', 'REFUSED_TOO_OFTEN', 'JOURNAL_UNAVAILABLE']
  },
  'POST /v1/sign-in/links': {
    id: 'createSignInLink',
    tag: 'tokens',
    summary: 'A link that signs a browser in, for no more than the token that asks may',
    scope: null,
    answers: { 201: ok('SignInLink', 'Good once.') }
  }
};

/** Files of pages, for browsers alone: no part of the API. */
export const pages = [
  'GET /inspector',
  'GET /inspector/{*path}',
  'GET /inspector/connection.json',
  'GET /docs',
  'GET /docs/stream'
];
