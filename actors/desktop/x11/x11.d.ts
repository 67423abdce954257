/** The part of `x11` that is used here. Callbacks get an error first. */
declare module 'x11' {
  import type { EventEmitter } from 'node:events';
  import type { Duplex } from 'node:stream';

  type Reply<T> = (error: Error | null, value: T) => void;

  export interface XEvent {
    name: string;
    type: number;
    [field: string]: unknown;
  }

  export interface XTest {
    KeyPress: number;
    KeyRelease: number;
    FakeInput(type: number, keycode: number, time: number, window: number, x: number, y: number): void;
  }

  export interface XClient extends EventEmitter {
    stream: Duplex;
    atoms: Record<string, number>;
    AllocID(): number;
    InternAtom(onlyIfExists: boolean, name: string, reply: Reply<number>): void;
    GetProperty(
      del: number,
      window: number,
      property: number,
      type: number,
      offset: number,
      length: number,
      reply: Reply<{ type: number; data: Buffer }>
    ): void;
    ChangeProperty(mode: number, window: number, property: number, type: number, format: number, data: Buffer): void;
    QueryTree(window: number, reply: Reply<{ children: number[] }>): void;
    GetInputFocus(reply: Reply<{ focus: number }>): void;
    GetWindowAttributes(window: number, reply: Reply<{ mapState: number; overrideRedirect: number }>): void;
    SetInputFocus(window: number, revertTo: number): void;
    MapWindow(window: number): void;
    UnmapWindow(window: number): void;
    RaiseWindow(window: number): void;
    CreateWindow(...values: unknown[]): void;
    ChangeWindowAttributes(window: number, values: Record<string, unknown>): void;
    DestroyWindow(window: number): void;
    SetSelectionOwner(owner: number, selection: number, time?: number): void;
    GetSelectionOwner(selection: number, reply: Reply<number>): void;
    ConvertSelection(requestor: number, selection: number, target: number, property: number, time?: number): void;
    SendEvent(destination: number, propagate: number, mask: number, event: Record<string, unknown>): void;
    SendClientMessage(
      destination: number,
      window: number,
      type: number,
      format: number,
      data: number[],
      mask?: number
    ): void;
    GetKeyboardMapping(first: number, count: number, reply: Reply<number[][]>): void;
    ChangeKeyboardMapping(first: number, perKeycode: number, keysyms: number[]): void;
    sync(): Promise<void>;
    require(extension: 'xtest', reply: Reply<XTest>): void;
    terminate(): void;
  }

  export interface XDisplay {
    client: XClient;
    screen: { root: number }[];
    min_keycode: number;
    max_keycode: number;
  }

  const x11: {
    createClient(options: { display: string }, reply: Reply<XDisplay>): XClient;
    eventMask: Record<string, number>;
    keySyms: Record<string, { code: number } | number>;
  };
  export default x11;
}
