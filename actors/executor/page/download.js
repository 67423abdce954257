// biome-ignore-all lint/correctness/noUnusedVariables: the files of this folder are one script
/* Runs inside the page. The file behind an element, fetched as the page would: with its cookies, also blob: and data:. */

const addressOf = (element, attribute) => {
  if (attribute !== undefined) return element.getAttribute(attribute);
  const media = element.currentSrc || element.querySelector?.('source')?.src;
  return element.getAttribute('href') ?? (media || (element.getAttribute('src') ?? element.getAttribute('data')));
};

const nameIn = (disposition) => {
  const encoded = /filename\*\s*=\s*utf-8''([^;]+)/i.exec(disposition);
  if (encoded) {
    try {
      return decodeURIComponent(encoded[1]);
    } catch {
      // Not what it says it is.
    }
  }
  return /filename\s*=\s*"?([^";]+)/i.exec(disposition)?.[1] ?? '';
};

async function fetchInto(url, maxBytes) {
  const answer = await fetch(url, { credentials: 'include' });
  if (!answer.ok) return { failed: `the server answered ${answer.status}` };
  const parts = [];
  let size = 0;
  for (const reader = answer.body?.getReader(); reader; ) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.byteLength;
    if (size > maxBytes) {
      await reader.cancel();
      return { failed: `it is over ${maxBytes} bytes` };
    }
    parts.push(value);
  }
  const type = (answer.headers.get('content-type') ?? '').split(';')[0].trim();
  const name = nameIn(answer.headers.get('content-disposition') ?? '');
  return { blob: new Blob(parts, { type }), type, name };
}

const OPERATIONS_ON_FILES = {
  /**
   * Begins a fetch, or says how it stands: `{ waiting }`, `{ failed }`, or `{ size, type, name, url }` once all of it is
   * here, kept under `token`. Asked again and again, for a script may not run as long as a file takes.
   */
  async download({ token, candidates, attribute, maxBytes, budgetMs }) {
    if (!window[token]) {
      const { element, tried } = choose(candidates);
      if (!element) return { missing: true, tried };
      const address = addressOf(element, attribute);
      if (!address) return { failed: `${describe(element)} names no file` };
      const state = { url: new URL(address, document.baseURI).href };
      Object.defineProperty(window, token, { value: state, configurable: true, enumerable: false });
      fetchInto(state.url, maxBytes).then(
        (got) => Object.assign(state, { got }),
        (error) => Object.assign(state, { got: { failed: String(error?.message ?? error) } })
      );
    }
    const state = window[token];
    const until = performance.now() + budgetMs;
    while (!state.got && performance.now() < until) await pause(20);
    if (!state.got) return { waiting: true };
    const { failed, blob, type, name } = state.got;
    if (failed) return { failed, url: state.url };
    return { size: blob.size, type, name, url: state.url };
  },

  /** A part of what `download` has, base64; after the last one it is forgotten. */
  async chunk({ token, from, to }) {
    const { blob } = window[token].got;
    const bytes = new Uint8Array(await blob.slice(from, to).arrayBuffer());
    let text = '';
    for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
    if (to >= blob.size) delete window[token];
    return btoa(text);
  }
};
