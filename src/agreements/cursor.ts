import { Refusal } from '../protocol/refusal.ts';

type Place = { at: Date; id: string };

/** Where a page of the list ended. */
export function encodeCursor({ at, id }: Place): string {
  return Buffer.from(`${at.toISOString()} ${id}`, 'utf8').toString('base64url');
}

/** Throws Refusal `agreement.input` for what was no cursor of this list. */
export function decodeCursor(cursor: string): Place {
  const [time = '', id = '', ...rest] = Buffer.from(cursor, 'base64url').toString('utf8').split(' ');
  const at = new Date(time);
  if (rest.length > 0 || Number.isNaN(at.getTime()) || !/^[A-Za-z0-9_-]{43}$/.test(id)) {
    throw new Refusal('agreement.input', { pointer: '/cursor' });
  }
  return { at, id };
}
