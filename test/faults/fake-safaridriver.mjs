/**
 * What Apple's safaridriver is known to say, without a Safari: it takes its arguments, listens, and answers POST /session
 * by a script. `TROUPE_FAKE_SAFARI` names a folder: `script.json` is the list of answers still to come (then `ok`),
 * `asked.jsonl` what was asked for, and while there is a file `severed` a person has taken the window.
 */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

const folder = process.env.TROUPE_FAKE_SAFARI;
const REFUSALS = {
  paired: 'The Safari instance is already paired with another WebDriver session.',
  off: "You must enable the 'Allow Remote Automation' option in Safari's Develop menu to control Safari via WebDriver.",
  slow: 'The session timed out while connecting to a Safari instance.'
};
const script = join(folder, 'script.json');
let session = null;

function next() {
  const [answer = 'ok', ...rest] = existsSync(script) ? JSON.parse(readFileSync(script, 'utf8')) : [];
  writeFileSync(script, JSON.stringify(rest));
  return answer;
}
const refusal = (status, error, message) => [status, { error, message, stacktrace: '' }];

function answer(method, url, body) {
  if (url === '/status') return [200, { ready: session === null, message: '' }];
  if (method === 'POST' && url === '/session') {
    appendFileSync(join(folder, 'asked.jsonl'), `${JSON.stringify(JSON.parse(body).capabilities.alwaysMatch)}\n`);
    const how = next();
    if (how !== 'ok') return refusal(500, 'session not created', `Could not create a session: ${REFUSALS[how]}`);
    session = `fake-${Date.now()}`;
    return [200, { sessionId: session, capabilities: { browserName: 'Safari', platformName: 'macOS' } }];
  }
  if (session === null || existsSync(join(folder, 'severed'))) return refusal(404, 'invalid session id', '');
  if (method === 'DELETE' && url === `/session/${session}`) {
    session = null;
    return [200, null];
  }
  if (url.endsWith('/window/handles')) return [200, ['page-1']];
  if (url.endsWith('/execute/sync')) return [200, 1];
  return [200, method === 'GET' ? 'fake' : null];
}

const port = Number(process.argv[process.argv.indexOf('-p') + 1]);
createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  const [status, value] = answer(request.method, request.url, body);
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ value }));
}).listen(port, '127.0.0.1');
