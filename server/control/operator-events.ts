/** What an operator may tell the actors that keep the browsers, and what may come with it. */
const nothing = { type: 'object', additionalProperties: false, properties: {} };

/** No new sessions; what runs may finish. The process stays up, and gives no more browsers. */
export const drainSchema = {
  ...nothing,
  properties: {
    within_ms: {
      type: 'integer',
      minimum: 0,
      maximum: 86_400_000,
      title: 'Within, ms',
      description: 'Sessions that still run then are closed. Without it they may take their time.'
    }
  }
};

/** What a slot waits for a person for is mended; or its quarantine should end now. */
export const operatorEvents: Record<string, Record<string, Record<string, unknown>>> = {
  supervisor: { 'supervisor.drain': drainSchema },
  driver: { 'driver.retry': nothing }
};
