/** The protocol's identifiers. Each is compared as text, so only one spelling of each is let in. */

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** A node: its public base URL (OpenID Federation 1.0, entity identifier) in canonical form. */
export type EntityId = Branded<'EntityId'>;
/** An exchange (`jti`): UUIDv7, lower case. */
export type ExchangeId = Branded<'ExchangeId'>;
/** A link between a customer's two accounts: UUIDv7, lower case. */
export type LinkId = Branded<'LinkId'>;

export const MAX_ENTITY_ID_LENGTH = 255;

export type EntityIdOptions = {
  /** Admits `http:` as well, for a demo or for development. */
  allowInsecure?: boolean;
};

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

// What URL parsing would forgive: other slashes, white space, user information, an empty query or fragment.
const PLAIN_URL = /^https?:\/\/[^/\\\s@?#][^\\\s@?#]*$/i;

// Unreserved characters only (RFC 3986 section 2.3): percent-encoding would give a path several spellings.
const PATH = /^(?:\/[A-Za-z0-9._~-]+)*$/;

/** The entity id, or undefined unless `text` is already its canonical form: what a message must carry. */
export function parseEntityId(text: unknown, options: EntityIdOptions = {}): EntityId | undefined {
  if (typeof text !== 'string') return undefined;
  const canonical = canonicalizeEntityId(text, options);
  return canonical === text ? canonical : undefined;
}

/**
 * The entity id an operator means by a URL typed or pasted: host in lower case, no default port, no trailing
 * slash. Undefined when it has user information, a query, a fragment, another scheme, or is too long.
 */
export function canonicalizeEntityId(text: string, options: EntityIdOptions = {}): EntityId | undefined {
  if (text.length > MAX_ENTITY_ID_LENGTH + 16 || !PLAIN_URL.test(text)) return undefined;
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.protocol !== 'https:' && !(options.allowInsecure === true && url.protocol === 'http:'))
    return undefined;
  if (url.hostname.endsWith('.') || url.port === '0') return undefined;
  const path = url.pathname.endsWith('/') ? url.pathname.slice(0, -1) : url.pathname;
  if (!PATH.test(path)) return undefined;
  const canonical = `${url.protocol}//${url.host}${path}`;
  return canonical.length <= MAX_ENTITY_ID_LENGTH ? (canonical as EntityId) : undefined;
}

/** RFC 9562 section 5.7, lower case. */
export function parseUuidV7(text: unknown): ExchangeId | undefined {
  return typeof text === 'string' && UUID_V7.test(text) ? (text as ExchangeId) : undefined;
}

export function parseLinkId(text: unknown): LinkId | undefined {
  return typeof text === 'string' && UUID_V7.test(text) ? (text as LinkId) : undefined;
}

/** Any UUID of RFC 9562's versions 1 to 8, lower case. */
export function isUuid(text: unknown): text is string {
  return typeof text === 'string' && UUID.test(text);
}

/** The smallest UUIDv7 of a millisecond (RFC 9562 section 5.7). */
export function firstUuidV7At(at: Date): string {
  const time = Math.max(0, at.getTime()).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-000000000000`;
}
