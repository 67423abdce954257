import { isIP } from 'node:net';
import { ControlError } from '../../schemas/errors.ts';

export interface BindAddress {
  host: string;
  /** 0 takes a free one. */
  port: number;
}

/** `HOST:PORT`, `[::1]:PORT`. @throws ControlError CONFIG_INVALID */
export function parseAddress(address: string, option = 'address'): BindAddress {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:\s[\]]+)):(\d{1,5})$/.exec(address);
  const port = Number(match?.[3]);
  if (!match || port > 65_535) {
    throw new ControlError('CONFIG_INVALID', { option, value: address, reason: 'send HOST:PORT, such as 127.0.0.1:0' });
  }
  return { host: (match[1] ?? match[2]) as string, port };
}

/**
 * The address to listen on, unless listening there would show an unencrypted port to other machines.
 * @throws ControlError BIND_REFUSED, CONFIG_INVALID
 */
export function bindGuard(address: string, { tls, insecure }: { tls: boolean; insecure: boolean }): BindAddress {
  const parsed = parseAddress(address);
  if (isLoopback(parsed.host) || tls || insecure) return parsed;
  const reason = 'it can be reached from other machines and TLS is not configured';
  throw new ControlError('BIND_REFUSED', { address, reason });
}

/** Also for a peer's address, as a socket reports it. */
export function isLoopback(host: string): boolean {
  const plain = host.toLowerCase().replace(/^::ffff:/, '');
  return plain === 'localhost' || plain === '::1' || (isIP(plain) === 4 && plain.startsWith('127.'));
}
