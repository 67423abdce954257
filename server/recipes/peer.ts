/**
 * Who is at the other end of a unix socket. The kernel knows since they connected, and Node does not ask it; so it is
 * asked through `koffi`, which calls functions of C: one system call a connection, 2 µs, and none a request. Optional, as
 * there is no koffi for every machine: without it the modes of folder and socket decide alone.
 * @see unix(7), SO_PEERCRED; on macOS getpeereid(3). The latter was never run here.
 */
import type { Socket } from 'node:net';
import type koffiModule from 'koffi';

type Koffi = Pick<typeof koffiModule, 'load' | 'errno'>;
/** The effective uid of who connected. @throws Error when the kernel does not say */
export type PeerUid = (socket: Socket) => number;
/** `why`: peers cannot be asked for here. */
export type LoadPeerUid = () => Promise<{ uidOf: PeerUid | undefined; why: string | null }>;

const SOL_SOCKET = 1;
/** Linux has another number for it on POWER, and on MIPS and SPARC, for which there is no koffi. */
const SO_PEERCRED = process.arch === 'ppc64' ? 21 : 17;
/** `struct ucred`: pid, uid, gid, four bytes each. */
const UCRED_BYTES = 12;

let loaded: ReturnType<LoadPeerUid> | undefined;

export const loadPeerUid: LoadPeerUid = () => {
  loaded ??= import('koffi')
    .then(({ default: koffi }) => ({ uidOf: process.platform === 'darwin' ? onMac(koffi) : onLinux(koffi), why: null }))
    .catch((error: Error) => ({ uidOf: undefined, why: `koffi cannot be loaded: ${error.message.split('\n')[0]}` }));
  return loaded;
};

function onLinux(koffi: Koffi): PeerUid {
  // Of this process itself: Node is linked with the C library.
  const getsockopt = koffi.load(null).func('int getsockopt(int, int, int, void *, uint32_t *)');
  const ucred = new Uint32Array(UCRED_BYTES / 4);
  const length = new Uint32Array(1);
  return (socket) => {
    length[0] = UCRED_BYTES;
    const failed = getsockopt(descriptorOf(socket), SOL_SOCKET, SO_PEERCRED, ucred, length) !== 0;
    if (failed || length[0] !== UCRED_BYTES) throw new Error(`getsockopt(SO_PEERCRED) failed: errno ${koffi.errno()}`);
    return ucred[1] as number;
  };
}

function onMac(koffi: Koffi): PeerUid {
  const getpeereid = koffi.load('/usr/lib/libSystem.B.dylib').func('int getpeereid(int, uint32_t *, uint32_t *)');
  const uid = new Uint32Array(1);
  const gid = new Uint32Array(1);
  return (socket) => {
    if (getpeereid(descriptorOf(socket), uid, gid) !== 0) {
      throw new Error(`getpeereid failed: errno ${koffi.errno()}`);
    }
    return uid[0] as number;
  };
}

/** Node has no public word for it. */
function descriptorOf(socket: Socket): number {
  const { _handle: handle } = socket as Socket & { _handle?: { fd?: number } | null };
  if (handle?.fd === undefined || handle.fd < 0) throw new Error('the connection has no descriptor');
  return handle.fd;
}

/**
 * Our own user is served, and root, whom neither modes nor this could keep out: who may become any user, and write in any
 * process, would only have to do that first.
 */
export const isWelcome = (uid: number, own: number | undefined = process.getuid?.()): boolean =>
  uid === own || uid === 0;
