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
  'AgreementChanged',
  'LedgerChanged',
  'SlotChanged',
  'DocumentDeleted',
  'DocumentRestored',
  'Erasure',
  'JournalSealed',
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
  'AgreementChanged',
] as const;

export const evidence = {
  $id: 'urn:intervault:schema:evidence',
  title: 'Evidence record claims (typ ivx-evidence+jwt)',
  type: 'object',
  additionalProperties: false,
  required: ['iss', 'jti', 'iat', 'event', 'inc', 'nonce'],
  properties: {
    iss: d.member('The node that attests.', d.entityId),
    jti: d.member("The record's own id.", d.uuidV7),
    iat: d.member('When the event happened, Unix seconds.', d.unixSeconds),
    event: d.member('What happened: a name of ETSI EN 319 522, or one of ours where it has none.', {
      enum: [...ETSI_EVENTS, ...OWN_EVENTS],
    }),
    peer: d.member('The other institution that the event concerns.', d.entityId),
    env: {
      description: 'The exchange that the event belongs to.',
      type: 'object',
      additionalProperties: false,
      required: ['jti', 'iss'],
      properties: {
        jti: d.member('Id of the exchange.', d.uuidV7),
        iss: d.member('Its sender.', d.entityId),
        sha256: d.member(
          'SHA-256 of the envelope; absent in SubmissionAcceptance, which precedes it.',
          d.sha256,
        ),
        manifest: d.member(
          'SHA-256 of the salted manifest: what SubmissionAcceptance cites instead.',
          d.sha256,
        ),
      },
    },
    cites: d.member('SHA-256 of the record or statement that this one answers or relies on.', d.sha256),
    sub: d.member('The link, when about a customer.', d.uuidV7),
    reason: d.member('Dotted code of why it did not, or will no longer, happen.', d.refusalCode),
    erds: d.member('The reason of ETSI EN 319 522 beside ours, where one fits.', {
      type: 'string',
      pattern: '^R_ERDS_[A-Za-z]+$',
      maxLength: 60,
    }),
    subject: d.member(
      "What the event changed, where it is not an exchange: a key, a peer state, a link half's revision, an agreement version, a slot.",
      { type: 'string', maxLength: 300 },
    ),
    inc: d.member('Incarnation of the node that attests.', d.unixSeconds),
    nonce: d.member("128 random bits, so that the record's hash tells nothing.", d.random128),
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
