export interface TelemetryLimits {
  /** From the connection to the first subscribe. */
  subscribeMs: number;
  pingMs: number;
  /** A peer of which nothing was heard for so long is closed. */
  silentMs: number;
  /** Of a client's frame. */
  frameBytes: number;
  /** Unsent bytes past which a client is fed no more until they are gone. */
  highWaterBytes: number;
  /** Newest rows kept in memory for all clients. */
  tailRows: number;
  connections: number;
  /** Of one client. */
  clientConnections: number;
  /** Subscriptions of one client, over all its connections. */
  subscribesPerMinute: number;
}

export const defaultTelemetryLimits: TelemetryLimits = {
  subscribeMs: 10_000,
  pingMs: 25_000,
  silentMs: 60_000,
  frameBytes: 64 * 1024,
  highWaterBytes: 1024 * 1024,
  tailRows: 10_000,
  connections: 1_000,
  clientConnections: 100,
  subscribesPerMinute: 600
};
