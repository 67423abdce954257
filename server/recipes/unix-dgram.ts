/** Node has no unix datagrams: a native module, optional because it must be compiled where it is installed. */
import type unixDgram from 'unix-dgram';

type DatagramModule = typeof unixDgram;
/** `why`: it cannot be loaded here. */
export type LoadDatagrams = () => Promise<{ module: DatagramModule | undefined; why: string | null }>;
let loaded: ReturnType<LoadDatagrams> | undefined;

export const loadDatagrams: LoadDatagrams = () => {
  loaded ??= import('unix-dgram').then(
    ({ default: module }) => ({ module, why: null }),
    (error: Error) => ({ module: undefined, why: `unix-dgram cannot be loaded: ${error.message.split('\n')[0]}` })
  );
  return loaded;
};
