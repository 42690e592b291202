import { isUtf8 } from 'node:buffer';

/**
 * JSON that every implementation reads alike (the spirit of RFC 7493) and that every store can hold: a text
 * column refuses U+0000, and two parsers may disagree about which of two equal keys wins.
 */

export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject;
export type JsonObject = { [key: string]: JsonValue };

export type StrictJsonLimits = {
  /** Length of the UTF-8 text. Default 256 KiB, what a manifest may have. */
  maxBytes?: number;
  /** Containers inside each other. Default 16; a lone scalar has depth 0. */
  maxDepth?: number;
  /** Object members and array elements together, an empty container counting one. Default 4096. */
  maxKeys?: number;
};

/**
 * `json.forbidden_character`: U+0000 or a lone surrogate, escaped or not, or the key `__proto__`.
 * `json.syntax` also covers a number beyond what a double holds.
 */
export type JsonRefusal =
  | 'json.too_large'
  | 'json.encoding'
  | 'json.syntax'
  | 'json.duplicate_key'
  | 'json.too_deep'
  | 'json.too_many'
  | 'json.forbidden_character';

export type JsonResult = { ok: true; value: JsonValue } | { ok: false; reason: JsonRefusal };

const DEFAULT_MAX_BYTES = 256 * 1024;
const DEFAULT_MAX_DEPTH = 16;
const DEFAULT_MAX_KEYS = 4096;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const BYTE_ORDER_MARK = 0xfeff;

/** Parses one JSON text. Never throws for what the text holds. */
export function parseStrictJson(input: Uint8Array | string, limits: StrictJsonLimits = {}): JsonResult {
  const maxBytes = limits.maxBytes ?? DEFAULT_MAX_BYTES;
  let text: string;
  if (typeof input === 'string') {
    if (exceedsBytes(input, maxBytes)) return refuse('json.too_large');
    if (!input.isWellFormed()) return refuse('json.forbidden_character');
    text = input;
  } else {
    if (input.byteLength > maxBytes) return refuse('json.too_large');
    if (!isUtf8(input)) return refuse('json.encoding');
    const bytes = Buffer.isBuffer(input)
      ? input
      : Buffer.from(input.buffer, input.byteOffset, input.byteLength);
    text = bytes.toString('utf8');
  }
  if (text.charCodeAt(0) === BYTE_ORDER_MARK) return refuse('json.encoding');
  if (text.includes('\0')) return refuse('json.forbidden_character');

  // Depth and count come from the raw text, so that the parser never builds what would be refused.
  const members = countMembers(
    text,
    limits.maxDepth ?? DEFAULT_MAX_DEPTH,
    limits.maxKeys ?? DEFAULT_MAX_KEYS,
  );
  if (typeof members === 'string') return refuse(members);

  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch {
    return refuse('json.syntax');
  }

  // JSON.parse keeps one of several equal keys: fewer members in the value than in the text means duplicates,
  // however they were escaped.
  const tally: Tally = { members: 0, refusal: undefined, escapes: text.includes('\\u') };
  inspect(value, tally);
  if (tally.refusal !== undefined) return refuse(tally.refusal);
  if (tally.members !== members) return refuse('json.duplicate_key');
  return { ok: true, value };
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refuse(reason: JsonRefusal): { ok: false; reason: JsonRefusal } {
  return { ok: false, reason };
}

function exceedsBytes(text: string, maxBytes: number): boolean {
  if (text.length > maxBytes) return true;
  return text.length * 3 > maxBytes && Buffer.byteLength(text) > maxBytes;
}

/** Object members as written, of a text whose syntax is still unknown, or why it goes no further. */
function countMembers(
  text: string,
  maxDepth: number,
  maxItems: number,
): number | 'json.too_deep' | 'json.too_many' {
  const length = text.length;
  let depth = 0;
  let items = 0;
  let members = 0;
  for (let at = 0; at < length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        for (at++; at < length; at++) {
          const code = text.charCodeAt(at);
          if (code === QUOTE) break;
          if (code === BACKSLASH) at++;
        }
        break;
      case COLON:
        members++;
        break;
      case COMMA:
        if (++items > maxItems) return 'json.too_many';
        break;
      case OPEN_BRACE:
      case OPEN_BRACKET:
        if (++depth > maxDepth) return 'json.too_deep';
        if (++items > maxItems) return 'json.too_many';
        break;
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        depth--;
        break;
    }
  }
  return members;
}

type Tally = { members: number; refusal: JsonRefusal | undefined; escapes: boolean };

function inspect(value: JsonValue, tally: Tally): void {
  if (typeof value === 'string') {
    if (tally.escapes && isForbidden(value)) tally.refusal = 'json.forbidden_character';
  } else if (typeof value === 'number') {
    if (!Number.isFinite(value)) tally.refusal = 'json.syntax';
  } else if (Array.isArray(value)) {
    for (const element of value) inspect(element, tally);
  } else if (value !== null && typeof value === 'object') {
    for (const key of Object.keys(value)) {
      tally.members++;
      if (key === '__proto__' || (tally.escapes && isForbidden(key)))
        tally.refusal = 'json.forbidden_character';
      inspect(value[key] as JsonValue, tally);
    }
  }
}

function isForbidden(text: string): boolean {
  return !text.isWellFormed() || text.includes('\0');
}
