/**
 * Between Safari's capabilities, which Appium's Safari driver sends, and WebKitGTK's. What only Safari knows
 * (`safari:…`, `webkit:WebRTC`) is left out: a browser must refuse a session whose capabilities it does not know.
 * @see W3C WebDriver, "Processing capabilities"
 */

type Capabilities = Record<string, unknown>;

const STANDARD = [
  'acceptInsecureCerts',
  'pageLoadStrategy',
  'proxy',
  'setWindowRect',
  'timeouts',
  'strictFileInteractability',
  'unhandledPromptBehavior'
];

/** The body of POST /session for WebKitWebDriver. `browserName` is left out: the driver's own browser is meant. */
export function toWebKit(body: unknown): { capabilities: { alwaysMatch: Capabilities; firstMatch: Capabilities[] } } {
  const asked = (body as { capabilities?: { alwaysMatch?: Capabilities; firstMatch?: Capabilities[] } } | null)
    ?.capabilities;
  return {
    capabilities: {
      alwaysMatch: { ...standardOf(asked?.alwaysMatch), 'webkitgtk:browserOptions': { args: ['--automation'] } },
      firstMatch: (asked?.firstMatch ?? [{}]).map(standardOf)
    }
  };
}

/** The answer to POST /session as Safari would give it. Anything that is not a new session comes back unchanged. */
export function toSafari(answer: unknown): unknown {
  const value = (answer as { value?: { sessionId?: unknown; capabilities?: Capabilities } } | null)?.value;
  if (typeof value?.sessionId !== 'string') return answer;
  return {
    value: { ...value, capabilities: { ...value.capabilities, browserName: 'Safari', platformName: 'macOS' } }
  };
}

const standardOf = (capabilities: Capabilities = {}): Capabilities =>
  Object.fromEntries(Object.entries(capabilities).filter(([name, value]) => STANDARD.includes(name) && value != null));
