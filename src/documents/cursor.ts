import { parseUuidV7 } from '../protocol/ids.ts';
import { Refusal } from '../protocol/refusal.ts';

/** Where a list goes on, opaque to callers so that what it is made of may change. */
export function encodeCursor(lastId: string): string {
  return Buffer.from(`1:${lastId}`).toString('base64url');
}

/** Throws Refusal `request.invalid` for what no list handed out. */
export function decodeCursor(cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const [version, id] = Buffer.from(cursor, 'base64url').toString('utf8').split(':');
  const parsed = version === '1' ? parseUuidV7(id ?? '') : undefined;
  if (parsed === undefined)
    throw new Refusal('request.invalid', {
      in: 'query',
      pointer: '/cursor',
      detail: '/cursor is from no list',
    });
  return parsed;
}
