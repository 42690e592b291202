/** Shapes shared by the signed objects. Lengths and counts are limits of the protocol, not hints. */
export const entityId = { type: 'string', format: 'entity-id', maxLength: 255 } as const;
export const uuidV7 = {
  type: 'string',
  pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$',
} as const;
/** Unix seconds, up to the year 9999. */
export const unixSeconds = { type: 'integer', minimum: 0, maximum: 253402300799 } as const;
/** SHA-256, base64url without padding. */
export const sha256 = { type: 'string', pattern: '^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$' } as const;
/** 128 random bits, base64url without padding. */
export const random128 = { type: 'string', pattern: '^[A-Za-z0-9_-]{21}[AQgw]$' } as const;
export const act = { type: 'string', pattern: '^[a-z]+\\.[a-z]+$', maxLength: 40 } as const;
export const refusalCode = { type: 'string', pattern: '^[a-z_]+\\.[a-z_]+$', maxLength: 60 } as const;
export const date = { type: 'string', format: 'date', maxLength: 10 } as const;
export const dateTime = { type: 'string', format: 'rfc3339-utc', maxLength: 30 } as const;
/** BCP 47, the part of it that institutions use: language, script, region. */
export const language = {
  type: 'string',
  pattern: '^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$',
} as const;
export const uri = { type: 'string', format: 'https-uri', maxLength: 2048 } as const;

/** A schema with what it is for, in the words that spec/schemas shows. */
export const member = <const T extends object>(description: string, schema: T) => ({
  description,
  ...schema,
});

/** One line of text meant for a person. */
export const line = (maxLength: number) =>
  ({ type: 'string', minLength: 1, maxLength, pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f]*$' }) as const;

export const MANIFEST_MAX_BYTES = 256 * 1024;
export const ENVELOPE_MAX_BYTES = 4096;
/** 2^40: the largest content an envelope can announce; each node has a lower limit of its own. */
export const CONTENT_MAX_BYTES = 1_099_511_627_776;
