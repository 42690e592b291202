import { Refusal } from '../protocol/refusal.ts';

/** Where a page of a list ended: a number of the sequence, opaque to callers. */
export function encodeCursor(at: number): string {
  return Buffer.from(String(at), 'utf8').toString('base64url');
}

/** Throws Refusal `ledger.input` for what was no cursor of this list. */
export function decodeCursor(cursor: string | undefined): number | undefined {
  if (cursor === undefined) return undefined;
  const text = Buffer.from(cursor, 'base64url').toString('utf8');
  if (!/^[0-9]{1,15}$/.test(text)) throw new Refusal('ledger.input', { pointer: '/cursor' });
  return Number(text);
}
