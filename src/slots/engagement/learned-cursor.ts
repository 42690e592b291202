import { isUuid } from '../../protocol/ids.ts';
import { Refusal } from '../../protocol/refusal.ts';
import type { LearnedCursor } from './learned-store.ts';

/** Where a page of the list ended. */
export function encodeLearned({ at, kind, id }: LearnedCursor): string {
  return Buffer.from(`${at.toISOString()} ${kind} ${id}`, 'utf8').toString('base64url');
}

/** @throws Refusal `contact.input` for what was no cursor of this list */
export function decodeLearned(cursor: string): LearnedCursor {
  const [time = '', kind = '', id = '', ...rest] = Buffer.from(cursor, 'base64url')
    .toString('utf8')
    .split(' ');
  const at = new Date(time);
  if (rest.length > 0 || Number.isNaN(at.getTime()) || !/^[a-z_]{1,20}$/.test(kind) || !isUuid(id))
    throw new Refusal('contact.input', { pointer: '/cursor' });
  return { at, kind, id };
}
