import { CONTENT_TYPES } from '../content-type.ts';
import * as d from './definitions.ts';

export const envelope = {
  $id: 'urn:intervault:schema:envelope',
  title: 'Envelope claims (typ ivx-envelope+jwt)',
  type: 'object',
  additionalProperties: false,
  required: ['iss', 'aud', 'jti', 'iat', 'exp', 'act', 'manifest', 'inc'],
  properties: {
    iss: d.entityId,
    aud: d.entityId,
    jti: d.uuidV7,
    iat: d.unixSeconds,
    exp: d.unixSeconds,
    act: d.act,
    sub: d.uuidV7,
    agr: d.sha256,
    manifest: {
      type: 'object',
      additionalProperties: false,
      required: ['sha256', 'size'],
      properties: { sha256: d.sha256, size: { type: 'integer', minimum: 2, maximum: d.CONTENT_MAX_BYTES } },
    },
    content: {
      type: 'object',
      additionalProperties: false,
      required: ['size'],
      properties: { size: { type: 'integer', minimum: 0, maximum: d.CONTENT_MAX_BYTES } },
    },
    ev: d.sha256,
    inc: d.unixSeconds,
  },
} as const;

export const manifest = {
  $id: 'urn:intervault:schema:manifest',
  title: 'Manifest: salt, the body of the act, and what the content is',
  type: 'object',
  additionalProperties: false,
  required: ['salt', 'body'],
  properties: {
    salt: d.random128,
    body: { type: 'object' },
    content: {
      type: 'object',
      additionalProperties: false,
      required: ['sha256', 'size', 'type', 'name'],
      properties: {
        sha256: d.sha256,
        size: { type: 'integer', minimum: 0, maximum: d.CONTENT_MAX_BYTES },
        type: {
          enum: [...CONTENT_TYPES],
        },
        name: d.line(200),
      },
    },
  },
} as const;

const receiptBase = {
  iss: d.entityId,
  aud: d.entityId,
  jti: d.uuidV7,
  iat: d.unixSeconds,
  env: {
    type: 'object',
    additionalProperties: false,
    required: ['jti', 'iss', 'sha256'],
    properties: { jti: d.uuidV7, iss: d.entityId, sha256: d.sha256 },
  },
  inc: d.unixSeconds,
  nonce: d.random128,
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
        event: { const: 'RelayAcceptance' },
        outcome: { enum: ['placed', 'deferred'] },
        nextEligibleAt: d.dateTime,
      },
    },
    {
      additionalProperties: false,
      required: [...receiptRequired, 'reason'],
      properties: {
        ...receiptBase,
        event: { const: 'RelayRejection' },
        reason: d.refusalCode,
        erds: { type: 'string', pattern: '^R_ERDS_[A-Za-z]+$', maxLength: 60 },
        nextEligibleAt: d.dateTime,
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
    iss: d.entityId,
    aud: d.entityId,
    iat: d.unixSeconds,
    exp: d.unixSeconds,
    jti: d.uuidV7,
    htm: { enum: ['GET', 'POST', 'PUT', 'DELETE'] },
    htu: { type: 'string', maxLength: 2048 },
    env: d.sha256,
  },
} as const;
