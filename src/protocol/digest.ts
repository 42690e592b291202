import { hash } from 'node:crypto';

/** SHA-256 as the protocol writes it: base64url without padding, 43 characters. */
export function sha256(data: Uint8Array | string): string {
  return hash('sha256', data, 'base64url');
}

/** SHA-256 as the database keeps it: 32 bytes. */
export function sha256Bytes(data: Uint8Array | string): Buffer {
  return hash('sha256', data, 'buffer');
}
