import * as d from './definitions.ts';

/** The protocol's document types, with the name a French customer reads. */
export const DOCUMENT_TYPES = {
  'billing.invoice': 'facture',
  'billing.reminder': 'relance',
  'billing.credit_note': 'avoir',
  'billing.receipt': 'quittance',
  'billing.schedule': 'échéancier',
  'statement.account': 'relevé de compte',
  'statement.fees': 'relevé de frais',
  'statement.position': 'relevé de situation',
  'certificate.insurance': "attestation d'assurance",
  'certificate.address': 'justificatif de domicile',
  'certificate.tax': 'attestation fiscale',
  'certificate.membership': "attestation d'adhésion",
  'contract.agreement': 'contrat',
  'contract.amendment': 'avenant',
  'contract.terms': 'conditions générales',
  'contract.termination': 'résiliation',
  'payroll.payslip': 'bulletin de paie',
  'tax.notice': "avis d'imposition",
  'health.reimbursement': 'décompte',
  'bank.details': 'RIB',
  'legal.registered_letter': 'recommandé',
  appointment: 'rendez-vous',
  notice: 'courrier',
  other: 'autre',
} as const;

export type DocumentType = keyof typeof DOCUMENT_TYPES;

const amount = {
  type: 'object',
  additionalProperties: false,
  required: ['value', 'currency'],
  properties: {
    value: { type: 'string', pattern: '^-?(0|[1-9][0-9]{0,14})(\\.[0-9]{1,6})?$' },
    currency: { type: 'string', pattern: '^[A-Z]{3}$' },
  },
} as const;

/** The fields an institution gives; `POST /v1/documents` takes the same. */
export const documentFields = {
  type: { enum: Object.keys(DOCUMENT_TYPES) },
  title: d.line(200),
  issuedAt: d.date,
  language: d.language,
  period: {
    type: 'object',
    additionalProperties: false,
    required: ['from', 'to'],
    properties: { from: d.date, to: d.date },
  },
  amount,
  dueDate: d.date,
  payment: {
    type: 'object',
    additionalProperties: false,
    properties: {
      method: { enum: ['direct_debit', 'transfer', 'card', 'other', 'none'] },
      reference: d.line(140),
      iban: { type: 'string', pattern: '^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$' },
    },
  },
  sensitivity: { enum: ['normal', 'sensitive', 'health'] },
  publicTitle: d.line(120),
  retention: {
    type: 'object',
    additionalProperties: false,
    properties: { until: d.date, reason: d.line(200) },
  },
  issuerRef: d.line(140),
  contractRef: d.line(140),
  /** The exchange of an earlier document this one supersedes. */
  replaces: d.uuidV7,
  related: { type: 'array', maxItems: 20, uniqueItems: true, items: d.uuidV7 },
  reply: {
    type: 'object',
    additionalProperties: false,
    properties: { url: d.uri, email: { type: 'string', format: 'email', maxLength: 254 } },
  },
  notBefore: d.dateTime,
  /** A named extension; its unknown fields are preserved. */
  profile: {
    type: 'object',
    required: ['uri'],
    maxProperties: 100,
    properties: { uri: d.uri },
  },
} as const;

export const documentRequired = ['type', 'title', 'issuedAt', 'language'] as const;

/** What is sensitive needs a title that may stand on a lock screen. */
const neutralTitle = {
  if: { required: ['sensitivity'], properties: { sensitivity: { enum: ['sensitive', 'health'] } } },
  then: { required: ['publicTitle'] },
} as const;

export const documentPush = {
  $id: 'urn:intervault:schema:document.push',
  title: 'Body of document.push',
  type: 'object',
  additionalProperties: false,
  required: documentRequired,
  properties: documentFields,
  ...neutralTitle,
} as const;

export const documentStatus = {
  $id: 'urn:intervault:schema:document.status',
  title: 'Body of document.status: what became of documents received earlier',
  type: 'object',
  additionalProperties: false,
  required: ['statuses'],
  properties: {
    statuses: {
      type: 'array',
      minItems: 1,
      maxItems: 500,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['document', 'state', 'at'],
        properties: {
          document: d.uuidV7,
          state: { enum: ['consigned', 'refused', 'notified', 'opened'] },
          at: d.dateTime,
        },
      },
    },
  },
} as const;

export const documentRecall = {
  $id: 'urn:intervault:schema:document.recall',
  title: 'Body of document.recall: labels a document; the customer keeps their copy',
  type: 'object',
  additionalProperties: false,
  required: ['document', 'reason'],
  properties: {
    document: d.uuidV7,
    reason: { enum: ['error', 'wrong_recipient', 'superseded', 'other'] },
    note: d.line(300),
  },
} as const;
