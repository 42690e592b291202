import { CONTENT_TYPES } from '../content-type.ts';
import * as d from './definitions.ts';

export const envelope = {
  $id: 'urn:intervault:schema:envelope',
  title: 'Envelope claims (typ ivx-envelope+jwt)',
  type: 'object',
  additionalProperties: false,
  required: ['iss', 'aud', 'jti', 'iat', 'exp', 'act', 'manifest', 'inc'],
  properties: {
    iss: d.member('The sender.', d.entityId),
    aud: d.member('The recipient.', d.entityId),
    jti: d.member('Id of the exchange; unique for ever among those of its sender.', d.uuidV7),
    iat: d.member('When it was signed, Unix seconds.', d.unixSeconds),
    exp: d.member('End of the delivery window, Unix seconds; at most 14 days after `iat`.', d.unixSeconds),
    act: d.member('What the exchange does, such as document.push.', d.act),
    sub: d.member('The link, when about a customer.', d.uuidV7),
    agr: d.member("The agreement version: SHA-256 of its proposal's manifest.", d.sha256),
    manifest: {
      description: 'The first bytes of the body.',
      type: 'object',
      additionalProperties: false,
      required: ['sha256', 'size'],
      properties: {
        sha256: d.member('SHA-256 of the manifest as it is sent.', d.sha256),
        size: d.member('Bytes. Over 256 KiB the exchange is refused.', {
          type: 'integer',
          minimum: 2,
          maximum: d.CONTENT_MAX_BYTES,
        }),
      },
    },
    content: {
      description: 'The rest of the body, for acts that carry one. Its digest is in the manifest.',
      type: 'object',
      additionalProperties: false,
      required: ['size'],
      properties: {
        size: d.member('Bytes.', { type: 'integer', minimum: 0, maximum: d.CONTENT_MAX_BYTES }),
      },
    },
    ev: d.member(
      "SHA-256 of the sender's SubmissionAcceptance, where an institution submitted it.",
      d.sha256,
    ),
    inc: d.member(
      'Incarnation of the sender: Unix second of its first start or last restore.',
      d.unixSeconds,
    ),
  },
} as const;

export const manifest = {
  $id: 'urn:intervault:schema:manifest',
  title: 'Manifest: salt, the body of the act, and what the content is',
  type: 'object',
  additionalProperties: false,
  required: ['salt', 'body'],
  properties: {
    salt: d.member("128 random bits, so that the manifest's digest tells nothing.", d.random128),
    body: d.member('What the act says, by the schema of the act.', { type: 'object' }),
    content: {
      description: 'What follows the manifest in the body.',
      type: 'object',
      additionalProperties: false,
      required: ['sha256', 'size', 'type', 'name'],
      properties: {
        sha256: d.member('SHA-256 of the content, always of the plaintext.', d.sha256),
        size: d.member('Bytes, as in the envelope.', {
          type: 'integer',
          minimum: 0,
          maximum: d.CONTENT_MAX_BYTES,
        }),
        type: d.member('What the content is; the recipient looks at the bytes too.', {
          enum: [...CONTENT_TYPES],
        }),
        name: d.member('A file name for people; never a path.', d.line(200)),
      },
    },
  },
} as const;

const receiptBase = {
  iss: d.member('The recipient of the exchange, who decided.', d.entityId),
  aud: d.member('Its sender.', d.entityId),
  jti: d.member("The receipt's own id.", d.uuidV7),
  iat: d.member('When it was decided, Unix seconds.', d.unixSeconds),
  env: {
    description: 'The envelope that was decided upon.',
    type: 'object',
    additionalProperties: false,
    required: ['jti', 'iss', 'sha256'],
    properties: {
      jti: d.member('Id of the exchange.', d.uuidV7),
      iss: d.member('Its sender.', d.entityId),
      sha256: d.member("SHA-256 of the envelope's bytes.", d.sha256),
    },
  },
  inc: d.member('Incarnation of the recipient.', d.unixSeconds),
  nonce: d.member("128 random bits, so that the record's hash tells nothing.", d.random128),
} as const;
const receiptRequired = ['iss', 'aud', 'jti', 'iat', 'env', 'event', 'inc', 'nonce'] as const;

export const receipt = {
  $id: 'urn:intervault:schema:receipt',
  title: 'Receipt claims (typ ivx-receipt+jwt): the evidence record of RelayAcceptance or RelayRejection',
  type: 'object',
  oneOf: [
    {
      additionalProperties: false,
      required: receiptRequired,
      properties: {
        ...receiptBase,
        event: d.member('The recipient took charge.', { const: 'RelayAcceptance' }),
        outcome: d.member('Where the act defines one.', { enum: ['placed', 'deferred'] }),
        nextEligibleAt: d.member('When it may be shown, where the act defines it.', d.dateTime),
      },
    },
    {
      additionalProperties: false,
      required: [...receiptRequired, 'reason'],
      properties: {
        ...receiptBase,
        event: d.member('The recipient refused for good.', { const: 'RelayRejection' }),
        reason: d.member('Why: a code of kind decided.', d.refusalCode),
        erds: d.member('The reason of ETSI EN 319 522 beside ours, where one fits.', {
          type: 'string',
          pattern: '^R_ERDS_[A-Za-z]+$',
          maxLength: 60,
        }),
        nextEligibleAt: d.member('When the like may be tried again, where the act defines it.', d.dateTime),
      },
    },
  ],
} as const;

export const requestToken = {
  $id: 'urn:intervault:schema:request-token',
  title: 'Request token claims (typ ivx-request+jwt)',
  type: 'object',
  additionalProperties: false,
  required: ['iss', 'aud', 'iat', 'exp', 'jti', 'htm', 'htu'],
  properties: {
    iss: d.member('The node that asks.', d.entityId),
    aud: d.member('The node that is asked.', d.entityId),
    iat: d.member('When it was signed, Unix seconds.', d.unixSeconds),
    exp: d.member('At most 60 s after `iat`.', d.unixSeconds),
    jti: d.member("The token's own id.", d.uuidV7),
    htm: d.member('Method of the request.', { enum: ['GET', 'POST', 'PUT', 'DELETE'] }),
    htu: d.member('URL of the request on the public address of `aud`, with path and query.', {
      type: 'string',
      maxLength: 2048,
    }),
    env: d.member('SHA-256 of the envelope, on a closing.', d.sha256),
  },
} as const;
