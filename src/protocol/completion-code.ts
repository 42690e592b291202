import { sha256 } from './digest.ts';

/**
 * The one-time code that joins the two ends of a link: ten characters of Crockford's base 32, 50 random bits, which a
 * customer can type as well as carry in a URL fragment or a QR code.
 *
 * 50 bits are enough, because it can be tried five times, within half an hour, in the session that started the link
 * and nowhere else. Its hash, which the initiator holds meanwhile, is bound to the link id, so that no table made
 * beforehand serves; working through 2^50 for one link outlasts the code by far, and whoever reads the initiator's
 * database could write the link there anyway.
 */
export const COMPLETION_CODE_LENGTH = 10;
/** Random bytes that {@link encodeCompletionCode} takes. */
export const COMPLETION_CODE_BYTES = 10;

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** @param random uniform bytes, one for each character, of which five bits are used */
export function encodeCompletionCode(random: Uint8Array): string {
  if (random.length !== COMPLETION_CODE_BYTES) {
    throw new RangeError(`a completion code is made of ${COMPLETION_CODE_BYTES} bytes, not ${random.length}`);
  }
  const characters = [...random].map((byte) => ALPHABET[byte & 31]).join('');
  return `${characters.slice(0, 5)}-${characters.slice(5)}`;
}

/** What a person typed, in the one spelling that is hashed: Crockford's rules for case, hyphens, O, I and L. */
export function parseCompletionCode(text: string): string | undefined {
  if (text.length > 40) return undefined;
  const plain = text.toUpperCase().replace(/[\s-]/g, '').replaceAll('O', '0').replace(/[IL]/g, '1');
  if (plain.length !== COMPLETION_CODE_LENGTH) return undefined;
  return [...plain].every((character) => ALPHABET.includes(character)) ? plain : undefined;
}

/** What the redeemer sends and the initiator compares. `code` in the spelling of {@link parseCompletionCode}. */
export function hashCompletionCode(code: string, linkId: string): string {
  return sha256(`ivx-completion-code\n${linkId}\n${code}`);
}
