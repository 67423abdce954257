declare module 'unix-dgram' {
  import type { EventEmitter } from 'node:events';

  /** `'error'` has a negative errno as its code; `'message'` a buffer, and the sender's path when it is bound. */
  export interface DatagramSocket
    extends EventEmitter<{
      message: [bytes: Buffer, from: { size: number; path: string | null }];
      error: [error: Error & { errno: number; code: number }];
      listening: [];
      connect: [];
      writable: [];
      congestion: [bytes: Buffer];
    }> {
    fd: number;
    bind(path: string): void;
    connect(path: string): void;
    send(
      bytes: Buffer,
      offset: number,
      length: number,
      path: string,
      callback: (error?: Error & { errno?: number; code: number }) => void
    ): void;
    /** The whole buffer, once it is connected. Calls back before it returns. */
    send(bytes: Buffer, callback: (error?: Error & { errno?: number; code: number }) => void): void;
    close(): void;
  }
  const unixDgram: { createSocket(type: 'unix_dgram', listener?: (bytes: Buffer) => void): DatagramSocket };
  export default unixDgram;
}
