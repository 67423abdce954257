/** The page of GET /v1/sessions/{id}/view: one file, no request but to this API, nothing of a session in it. */
import { createHash } from 'node:crypto';

const style = `
:root { color-scheme: light dark; font: 14px/1.4 system-ui, sans-serif }
body { margin: 0; display: grid; grid-template-rows: auto 1fr; height: 100vh; background: Canvas; color: CanvasText }
header { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; padding: .5rem .75rem; border-bottom: 1px solid GrayText }
header strong { margin-right: auto }
main { overflow: auto; padding: .75rem }
#screen { display: block; max-width: 100%; border: 1px solid GrayText; cursor: crosshair }
#screen:focus { outline: 3px solid Highlight }
#said { min-width: 12rem }
.bad { color: #c62828 }
[hidden] { display: none }
`;

const script = `
const id = location.pathname.split('/')[3];
const at = (path) => '/v1/sessions/' + id + path;
const $ = (name) => document.getElementById(name);
let token = '';
let tag = '';
let shown = '';
let sending = Promise.resolve();
const hash = new URLSearchParams(location.hash.slice(1)).get('token');
if (hash) { token = hash; history.replaceState(null, '', location.pathname); }

const say = (text, bad) => { $('said').textContent = text; $('said').className = bad ? 'bad' : ''; };
const ask = (method, path, body) => fetch(at(path), {
  method,
  cache: 'no-store',
  headers: {
    authorization: 'Bearer ' + token,
    ...(body ? { 'content-type': 'application/json' } : {}),
    ...(path.startsWith('/screen') && tag ? { 'if-none-match': tag } : {})
  },
  ...(body ? { body: JSON.stringify(body) } : {})
});
const refusal = async (answer) => {
  const problem = await answer.json().catch(() => ({}));
  return problem.detail || 'answered ' + answer.status;
};

async function look() {
  if (!token) return;
  try {
    const answer = await ask('GET', '/screen?driven=true');
    if (answer.status === 200) {
      tag = answer.headers.get('etag');
      const url = URL.createObjectURL(await answer.blob());
      $('screen').src = url;
      URL.revokeObjectURL(shown);
      shown = url;
      $('screen').hidden = false;
      $('door').hidden = true;
      say('you drive');
    } else if (answer.status !== 304) {
      say(await refusal(answer), true);
      if (answer.status === 401) { token = ''; $('door').hidden = false; }
      if (answer.status === 409) $('screen').hidden = true;
    }
  } catch { say('the control plane cannot be reached', true); }
}
async function loop() {
  await look();
  setTimeout(loop, document.hidden ? 3000 : 400);
}
const send = (input) => {
  sending = sending.then(async () => {
    const answer = await ask('POST', '/input', input);
    if (!answer.ok) say(await refusal(answer), true);
    await look();
  }).catch(() => say('the control plane cannot be reached', true));
};
const place = (event) => {
  const image = $('screen');
  const box = image.getBoundingClientRect();
  return {
    x: Math.round((event.clientX - box.left) * image.naturalWidth / box.width),
    y: Math.round((event.clientY - box.top) * image.naturalHeight / box.height)
  };
};
$('screen').addEventListener('click', (event) => { $('screen').focus(); send({ type: 'click', ...place(event) }); });
$('screen').addEventListener('wheel', (event) => {
  event.preventDefault();
  send({ type: 'scroll', ...place(event), dx: Math.round(event.deltaX), dy: Math.round(event.deltaY) });
}, { passive: false });
const KEYS = ['Enter', 'Tab', 'Backspace', 'Delete', 'Escape', 'ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight', 'Home', 'End', 'PageUp', 'PageDown'];
$('screen').addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (KEYS.includes(event.key)) send({ type: 'key', key: event.key, ...(event.shiftKey ? { shift: true } : {}) });
  else if ([...event.key].length === 1) send({ type: 'text', text: event.key });
  else return;
  event.preventDefault();
});
$('screen').addEventListener('paste', (event) => {
  const text = event.clipboardData.getData('text').slice(0, 2000);
  if (text) send({ type: 'text', text });
});
$('door').addEventListener('submit', (event) => { event.preventDefault(); token = $('token').value.trim(); $('token').value = ''; look(); });
for (const name of ['back', 'reload']) $(name).addEventListener('click', () => send({ type: name }));
for (const verb of ['takeover', 'handback']) $(verb).addEventListener('click', async () => {
  const answer = await ask('POST', '/' + verb);
  say(answer.ok ? (verb === 'takeover' ? 'yours as soon as nothing runs' : 'handed back') : await refusal(answer), !answer.ok);
});
loop();
`;

const sha256 = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** Its own style and script, this API, and the pictures it fetched; nothing else, and in nobody's frame. */
export const pagePolicy = [
  "default-src 'none'",
  `script-src ${sha256(script)}`,
  `style-src ${sha256(style)}`,
  'img-src blob:',
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'"
].join('; ');

export const page = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Take over</title><style>${style}</style></head>
<body>
<header>
<strong>Take over</strong>
<span id="said" role="status">not signed in</span>
<button id="takeover">Take over</button>
<button id="back">Back</button>
<button id="reload">Reload</button>
<button id="handback">Hand back</button>
</header>
<main>
<form id="door"><label>Token <input id="token" type="password" autocomplete="off"></label> <button>Show</button></form>
<img id="screen" tabindex="0" alt="the window of the session" hidden>
</main>
<script>${script}</script>
</body>
</html>
`;
