import * as d from './definitions.ts';

/** Most bytes of a link token: it must fit a URL fragment everywhere. */
export const LINK_TOKEN_MAX_BYTES = 4096;

const hostScopes = {
  type: 'object',
  additionalProperties: false,
  properties: {
    /** Types this side doesn't know are let in: what counts is what both halves name. */
    documents: {
      type: 'array',
      maxItems: 100,
      uniqueItems: true,
      items: { type: 'string', pattern: '^[a-z_]{1,30}(\\.[a-z_]{1,30})?$' },
    },
    contact: {
      type: 'array',
      maxItems: 4,
      uniqueItems: true,
      items: { enum: ['service', 'advice', 'offer', 'survey'] },
    },
    engagement: { enum: ['none', 'aggregate', 'individual'] },
    readReceipts: { type: 'boolean' },
  },
} as const;

const linkScopes = {
  type: 'object',
  minProperties: 1,
  maxProperties: 2,
  propertyNames: d.entityId,
  additionalProperties: hostScopes,
} as const;

/** What a customer carries back to, seen by people: no fragment, since the code goes there. */
const returnUrl = { type: 'string', maxLength: 1024, pattern: '^https?://[^\\s\\\\@#]+$' } as const;

/** What an institution tells of a consent; the node adds who, when and under which version. */
export const consentFields = {
  /** ISO 3166: where the customer is protected. */
  jurisdiction: { type: 'string', pattern: '^[A-Z]{2}(-[A-Z0-9]{1,3})?$' },
  /** How it was given. */
  method: { enum: ['web', 'app', 'branch', 'phone', 'paper', 'other'] },
  purposes: { type: 'array', minItems: 1, maxItems: 20, uniqueItems: true, items: d.line(200) },
  policyUrl: d.uri,
  services: { type: 'array', minItems: 1, maxItems: 20, uniqueItems: true, items: d.line(120) },
  /** Whether special categories of data may flow (GDPR article 9). */
  sensitive: { type: 'boolean' },
} as const;

export const consentRequired = [
  'jurisdiction',
  'method',
  'purposes',
  'policyUrl',
  'services',
  'sensitive',
] as const;

const consentRecord = {
  $id: 'urn:intervault:schema:consent-record',
  title: 'Consent record, after ISO/IEC TS 27560',
  type: 'object',
  additionalProperties: false,
  required: [...consentRequired, 'version', 'time', 'controllers'],
  properties: {
    ...consentFields,
    version: { const: 'ISO/IEC TS 27560:2023' },
    time: d.dateTime,
    controllers: {
      type: 'array',
      minItems: 1,
      maxItems: 4,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['id', 'name'],
        properties: { id: d.entityId, name: d.line(200) },
      },
    },
  },
} as const;

const rev = { type: 'integer', minimum: 1, maximum: 253_402_300_799_999 } as const;

const { $id: _id, title: _title, ...consentInline } = consentRecord;

const linkToken = {
  $id: 'urn:intervault:schema:link-token',
  title: 'Link token claims (typ ivx-link+jwt)',
  type: 'object',
  additionalProperties: false,
  required: ['iss', 'aud', 'sub', 'iat', 'exp', 'scopes', 'holder', 'returnUrl'],
  properties: {
    iss: d.entityId,
    aud: d.entityId,
    /** The link id. */
    sub: d.uuidV7,
    iat: d.unixSeconds,
    exp: d.unixSeconds,
    scopes: linkScopes,
    /** The account's holder as the initiator knows them, masked: "M. D••••". */
    holder: d.line(80),
    returnUrl,
  },
} as const;

const linkRedeem = {
  $id: 'urn:intervault:schema:link.redeem',
  title: 'Body of link.redeem: the redeemer’s half of a link, for a token',
  type: 'object',
  additionalProperties: false,
  required: ['token', 'rev', 'scopes', 'consent', 'code'],
  properties: {
    token: {
      type: 'string',
      maxLength: LINK_TOKEN_MAX_BYTES,
      pattern: '^[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+){2}$',
    },
    rev,
    scopes: linkScopes,
    consent: consentInline,
    /** Hash of the completion code. */
    code: d.sha256,
  },
} as const;

const linkHalf = {
  $id: 'urn:intervault:schema:link.half',
  title: 'Body of link.half: what one side says of a link now',
  type: 'object',
  additionalProperties: false,
  required: ['rev', 'state', 'scopes'],
  properties: {
    rev,
    state: { enum: ['active', 'paused', 'revoked'] },
    scopes: linkScopes,
    consent: consentInline,
    /** Until when what was revoked may come back; absent where it is over for good. */
    restorableUntil: d.dateTime,
  },
  if: { properties: { state: { const: 'revoked' } } },
  then: { properties: { consent: false } },
  else: { required: ['consent'], properties: { restorableUntil: false } },
} as const;

export const linkSchemas = {
  'link-token': linkToken,
  'consent-record': consentRecord,
  'link.redeem': linkRedeem,
  'link.half': linkHalf,
} as const;
