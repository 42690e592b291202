import * as d from './definitions.ts';

/** Most bytes of a link token: it must fit a URL fragment everywhere. */
export const LINK_TOKEN_MAX_BYTES = 4096;

const hostScopes = {
  type: 'object',
  additionalProperties: false,
  properties: {
    documents: {
      description: 'Document types it may receive. Types that a side does not know count for nothing.',
      type: 'array',
      maxItems: 100,
      uniqueItems: true,
      items: { type: 'string', pattern: '^[a-z_]{1,30}(\\.[a-z_]{1,30})?$' },
    },
    contact: {
      description: 'Kinds of messages it may show.',
      type: 'array',
      maxItems: 4,
      uniqueItems: true,
      items: { enum: ['service', 'advice', 'offer', 'survey'] },
    },
    engagement: d.member('How exactly it may report what the customer does with messages.', {
      enum: ['none', 'aggregate', 'individual'],
    }),
    readReceipts: d.member('Whether it may report that a document was opened.', { type: 'boolean' }),
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
  jurisdiction: d.member('ISO 3166: where the customer is protected.', {
    type: 'string',
    pattern: '^[A-Z]{2}(-[A-Z0-9]{1,3})?$',
  }),
  method: d.member('How it was given.', { enum: ['web', 'app', 'branch', 'phone', 'paper', 'other'] }),
  purposes: d.member('What the customer agreed to, in the words they were shown.', {
    type: 'array',
    minItems: 1,
    maxItems: 20,
    uniqueItems: true,
    items: d.line(200),
  }),
  policyUrl: d.member('The privacy policy they were shown.', d.uri),
  services: d.member('What it serves.', {
    type: 'array',
    minItems: 1,
    maxItems: 20,
    uniqueItems: true,
    items: d.line(120),
  }),
  sensitive: d.member('Whether special categories of data may flow (GDPR article 9).', { type: 'boolean' }),
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
    version: d.member('The specification the record follows.', { const: 'ISO/IEC TS 27560:2023' }),
    time: d.member('When it was given.', d.dateTime),
    controllers: {
      description: 'The institutions that process the data.',
      type: 'array',
      minItems: 1,
      maxItems: 4,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['id', 'name'],
        properties: {
          id: d.member('Its node.', d.entityId),
          name: d.member('Its name, as the customer was shown it.', d.line(200)),
        },
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
    iss: d.member('The initiator, who asks.', d.entityId),
    aud: d.member('The only institution that may redeem it.', d.entityId),
    sub: d.member('The link.', d.uuidV7),
    iat: d.member('When it was signed, Unix seconds.', d.unixSeconds),
    exp: d.member('At most 15 minutes after `iat`.', d.unixSeconds),
    scopes: d.member('What the initiator asks for and offers, by host.', linkScopes),
    holder: d.member('The account\'s holder as the initiator knows them, masked: "M. D••••".', d.line(80)),
    returnUrl: d.member('Where the customer takes the completion code.', returnUrl),
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
      description: 'The link token, which this consumes.',
      type: 'string',
      maxLength: LINK_TOKEN_MAX_BYTES,
      pattern: '^[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+){2}$',
    },
    rev: d.member("Revision of the redeemer's half.", rev),
    scopes: d.member('What the customer agreed to, at most what the token asks, by host.', linkScopes),
    consent: d.member("The customer's consent, as the redeemer took it.", consentInline),
    code: d.member('Hash of the completion code.', d.sha256),
  },
} as const;

const linkHalf = {
  $id: 'urn:intervault:schema:link.half',
  title: 'Body of link.half: what one side says of a link now',
  type: 'object',
  additionalProperties: false,
  required: ['rev', 'state', 'scopes'],
  properties: {
    rev: d.member('The highest revision of a half counts, in whatever order they arrive.', rev),
    state: d.member('What this side says of the link now.', { enum: ['active', 'paused', 'revoked'] }),
    scopes: d.member('What this side lets flow, by host.', linkScopes),
    consent: d.member('The consent it rests on; absent where it is revoked.', consentInline),
    restorableUntil: d.member(
      'Until when what was revoked may come back; absent where it is over for good.',
      d.dateTime,
    ),
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
