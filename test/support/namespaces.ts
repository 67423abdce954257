import { spawnSync } from 'node:child_process';

/**
 * How to run a command on a file system of its own, `bytes` long, mounted on `folder`: a mount namespace, so that the
 * mount ends with the process and nobody else sees it. As root, and without it where user namespaces are allowed;
 * undefined with the reason where neither works.
 */
export function onOwnFileSystem(
  folder: string,
  bytes: number
): { wrapper: string[] } | { wrapper?: undefined; why: string } {
  const script = `mount -t tmpfs -o size=${bytes} tmpfs "$0" && exec "$@"`;
  const unshare = process.getuid?.() === 0 ? ['unshare', '-m'] : ['unshare', '-m', '--map-root-user'];
  const wrapper = [...unshare, 'sh', '-c', script, folder];
  const tried = spawnSync(wrapper[0]!, [...wrapper.slice(1), 'true'], { encoding: 'utf8' });
  if (tried.status === 0) return { wrapper };
  return { why: `no file system can be mounted here: ${tried.error?.message ?? tried.stderr.trim()}` };
}
