/**
 * Answers to what never became a request: bytes that are no HTTP, headers that are too long or never end. Node's own have
 * neither a code of ours nor a header that says what a browser must not do with them.
 */
import { randomUUID } from 'node:crypto';
import { type Server, STATUS_CODES } from 'node:http';
import type { Server as SecureServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { ControlError } from '../../schemas/errors.ts';
import { problemOf } from './problem.ts';
import { SECURITY_HEADERS } from './security-headers.ts';

/** A whole answer as text, after which the connection is over. */
export function rawAnswer(error: ControlError): string {
  const problem = problemOf(error, randomUUID());
  const body = JSON.stringify(problem);
  const headers = {
    ...SECURITY_HEADERS,
    'X-Request-Id': problem.request_id,
    'Content-Type': 'application/problem+json',
    'Content-Length': Buffer.byteLength(body),
    Connection: 'close'
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\n${lines.join('\r\n')}\r\n\r\n${body}`;
}

/** Says what was wrong, where there is still somebody to hear it in the place of an answer. */
export function answerRaw(socket: Duplex, error: ControlError): void {
  const { _httpMessage: begun } = socket as { _httpMessage?: { _headerSent?: boolean } };
  if (!socket.writable || begun?._headerSent) {
    socket.destroy();
    return;
  }
  // Whoever does not hang up then is not waited for.
  socket.once('finish', () => socket.destroy());
  socket.end(rawAnswer(error));
}

export function answerBadRequests(server: Server | SecureServer): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (error.code === 'ECONNRESET') socket.destroy();
    else answerRaw(socket, badRequest(error));
  });
  server.on('checkExpectation', (_request, response) => {
    const error = new ControlError('REQUEST_MALFORMED', { reason: 'no expectation but 100-continue is met here' });
    const { status, ...problem } = problemOf(error, randomUUID());
    response.writeHead(status, {
      ...SECURITY_HEADERS,
      'Content-Type': 'application/problem+json',
      Connection: 'close'
    });
    response.end(JSON.stringify({ status, ...problem }));
  });
}

function badRequest({ code, message }: NodeJS.ErrnoException): ControlError {
  if (code === 'HPE_HEADER_OVERFLOW') return new ControlError('HEADERS_TOO_LARGE', { limitBytes: MAX_HEADER_BYTES });
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new ControlError('REQUEST_TIMEOUT', {});
  return new ControlError('REQUEST_MALFORMED', { reason: message.slice(0, 200) });
}

/** Of all headers of a request together. */
export const MAX_HEADER_BYTES = 16 * 1024;
