import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { ControlError } from '../../schemas/errors.ts';
import type { KeyRing } from './key-ring.ts';

/** Whose it is: sealed for one account, it opens for no other. */
export interface Owner {
  platform: string;
  accountId: string;
}

/** AES-256-GCM. All but `keyId` is base64; the 16 bytes of the tag stand at the end of `ciphertext`. */
export interface Sealed {
  keyId: string;
  nonce: string;
  ciphertext: string;
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** What is authenticated beside the content: moved to another account or named after another key, it does not open. */
const associated = ({ platform, accountId }: Owner, keyId: string) =>
  Buffer.from(JSON.stringify(['troupe profile', 1, platform, accountId, keyId]), 'utf8');

/** With the ring's active key and a nonce of its own. */
export function seal(ring: KeyRing, owner: Owner, content: Buffer): Sealed {
  const { id: keyId, key } = ring.active;
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(associated(owner, keyId));
  const ciphertext = Buffer.concat([cipher.update(content), cipher.final(), cipher.getAuthTag()]);
  return { keyId, nonce: nonce.toString('base64'), ciphertext: ciphertext.toString('base64') };
}

/** @throws ControlError PROFILE_KEY_UNKNOWN, PROFILE_DAMAGED */
export function unseal(ring: KeyRing, owner: Owner, { keyId, nonce, ciphertext }: Sealed): Buffer {
  const key = ring.get(keyId);
  if (!key) throw new ControlError('PROFILE_KEY_UNKNOWN', { ...owner, keyId, path: ring.path });
  const all = Buffer.from(ciphertext, 'base64');
  const iv = Buffer.from(nonce, 'base64');
  if (iv.length !== NONCE_BYTES || all.length < TAG_BYTES) throw new ControlError('PROFILE_DAMAGED', { ...owner });
  const decipher = createDecipheriv('aes-256-gcm', key.key, iv, { authTagLength: TAG_BYTES });
  decipher.setAAD(associated(owner, keyId));
  decipher.setAuthTag(all.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(all.subarray(0, -TAG_BYTES)), decipher.final()]);
  } catch {
    throw new ControlError('PROFILE_DAMAGED', { ...owner });
  }
}
