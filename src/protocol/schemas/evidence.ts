import * as d from './definitions.ts';

/** Events of ETSI EN 319 522 that this node issues in records of its own (a receipt is the record of a relay). */
export const ETSI_EVENTS = [
  'SubmissionAcceptance',
  'SubmissionRejection',
  'RelayFailure',
  'NotificationForAcceptance',
  'ConsignmentAcceptance',
  'ConsignmentRejection',
  'AcceptanceRejectionExpiry',
  'ContentConsignment',
  'ContentConsignmentFailure',
  'ConsignmentNotification',
  'ConsignmentNotificationFailure',
  'ContentHandover',
  'ContentAccessTracking',
] as const;

/** Events the standard has no name for. */
export const OWN_EVENTS = [
  'ReceiptStored',
  'ExchangeClosed',
  'LinkChanged',
  'DocumentDeleted',
  'DocumentRestored',
  'Erasure',
  'PeerChanged',
  'KeyChanged',
  'ConfigurationReliedOn',
] as const;

export type EvidenceEvent = (typeof ETSI_EVENTS)[number] | (typeof OWN_EVENTS)[number];

/** A reason belongs to an event that tells why something did not, or will no longer, happen. */
const WITH_REASON = [
  'SubmissionRejection',
  'RelayFailure',
  'ConsignmentRejection',
  'ContentConsignmentFailure',
  'ConsignmentNotificationFailure',
  'ExchangeClosed',
  'Erasure',
  'PeerChanged',
  'KeyChanged',
  'LinkChanged',
] as const;

export const evidence = {
  $id: 'urn:intervault:schema:evidence',
  title: 'Evidence record claims (typ ivx-evidence+jwt)',
  type: 'object',
  additionalProperties: false,
  required: ['iss', 'jti', 'iat', 'event', 'inc', 'nonce'],
  properties: {
    iss: d.entityId,
    jti: d.uuidV7,
    iat: d.unixSeconds,
    event: { enum: [...ETSI_EVENTS, ...OWN_EVENTS] },
    /** The other institution the event concerns. */
    peer: d.entityId,
    /** The exchange it belongs to. */
    env: {
      type: 'object',
      additionalProperties: false,
      required: ['jti', 'iss'],
      properties: {
        jti: d.uuidV7,
        iss: d.entityId,
        /** SHA-256 of the envelope; absent in SubmissionAcceptance, which precedes it. */
        sha256: d.sha256,
        /** SHA-256 of the salted manifest; what SubmissionAcceptance cites instead. */
        manifest: d.sha256,
      },
    },
    /** SHA-256 of the counterpart's evidence this record answers. */
    cites: d.sha256,
    sub: d.uuidV7,
    reason: d.refusalCode,
    erds: { type: 'string', pattern: '^R_ERDS_[A-Za-z]+$', maxLength: 60 },
    /** What the event changed, where it is not an exchange: a key, a peer state, a link half's revision. */
    subject: { type: 'string', maxLength: 300 },
    inc: d.unixSeconds,
    nonce: d.random128,
  },
  allOf: [
    {
      if: { required: ['reason'] },
      then: { properties: { event: { enum: WITH_REASON } } },
    },
    {
      if: {
        properties: {
          event: { enum: ['SubmissionRejection', 'RelayFailure', 'ConsignmentRejection', 'Erasure'] },
        },
      },
      then: { required: ['reason'] },
    },
    {
      if: { properties: { event: { const: 'ReceiptStored' } } },
      then: { required: ['env', 'cites', 'peer'] },
    },
    {
      if: { properties: { event: { const: 'SubmissionAcceptance' } } },
      then: {
        required: ['env', 'peer'],
        properties: { env: { type: 'object', required: ['manifest'], properties: { sha256: false } } },
      },
    },
  ],
} as const;
