import * as d from './definitions.ts';

/** The protocol's document types, with the names a French and an English customer read. */
export const DOCUMENT_TYPES = {
  'billing.invoice': { fr: 'facture', en: 'invoice' },
  'billing.reminder': { fr: 'relance', en: 'payment reminder' },
  'billing.credit_note': { fr: 'avoir', en: 'credit note' },
  'billing.receipt': { fr: 'quittance', en: 'rent receipt' },
  'billing.schedule': { fr: 'échéancier', en: 'payment schedule' },
  'statement.account': { fr: 'relevé de compte', en: 'account statement' },
  'statement.fees': { fr: 'relevé de frais', en: 'statement of fees' },
  'statement.position': { fr: 'relevé de situation', en: 'statement of position' },
  'certificate.insurance': { fr: "attestation d'assurance", en: 'insurance certificate' },
  'certificate.address': { fr: 'justificatif de domicile', en: 'proof of address' },
  'certificate.tax': { fr: 'attestation fiscale', en: 'tax certificate' },
  'certificate.membership': { fr: "attestation d'adhésion", en: 'membership certificate' },
  'contract.agreement': { fr: 'contrat', en: 'contract' },
  'contract.amendment': { fr: 'avenant', en: 'amendment' },
  'contract.terms': { fr: 'conditions générales', en: 'terms and conditions' },
  'contract.termination': { fr: 'résiliation', en: 'termination' },
  'payroll.payslip': { fr: 'bulletin de paie', en: 'payslip' },
  'tax.notice': { fr: "avis d'imposition", en: 'tax notice' },
  'health.reimbursement': { fr: 'décompte', en: 'health reimbursement statement' },
  'bank.details': { fr: 'RIB', en: 'bank details' },
  'legal.registered_letter': { fr: 'recommandé', en: 'registered letter' },
  appointment: { fr: 'rendez-vous', en: 'appointment' },
  notice: { fr: 'courrier', en: 'letter' },
  other: { fr: 'autre', en: 'other' },
} as const;

const amount = {
  description: 'What is to pay or was paid; negative for what the customer gets back.',
  type: 'object',
  additionalProperties: false,
  required: ['value', 'currency'],
  properties: {
    value: d.member('Decimal number as text, never a float.', {
      type: 'string',
      pattern: '^-?(0|[1-9][0-9]{0,14})(\\.[0-9]{1,6})?$',
    }),
    currency: d.member('ISO 4217 code.', { type: 'string', pattern: '^[A-Z]{3}$' }),
  },
} as const;

/** The fields an institution gives; `POST /v1/documents` takes the same. */
export const documentFields = {
  type: d.member('What kind of document it is: a scope of the link names it too.', {
    enum: Object.keys(DOCUMENT_TYPES),
  }),
  title: d.member('What the customer reads in the list of documents.', d.line(200)),
  issuedAt: d.member('The day the document bears.', d.date),
  language: d.member('BCP 47: language, script, region.', d.language),
  period: {
    description: 'The days the document is about, both included.',
    type: 'object',
    additionalProperties: false,
    required: ['from', 'to'],
    properties: { from: d.member('First day.', d.date), to: d.member('Last day.', d.date) },
  },
  amount,
  dueDate: d.member('Until when it is to be paid.', d.date),
  payment: {
    description: 'How it is paid.',
    type: 'object',
    additionalProperties: false,
    properties: {
      method: d.member('The means of payment; `none` where nothing is to be done.', {
        enum: ['direct_debit', 'transfer', 'card', 'other', 'none'],
      }),
      reference: d.member('What the payment is to name.', d.line(140)),
      iban: d.member('The account to pay to (ISO 13616), without spaces.', {
        type: 'string',
        pattern: '^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$',
      }),
    },
  },
  sensitivity: d.member('How discreetly the vault shows it. Absent means normal.', {
    enum: ['normal', 'sensitive', 'health'],
  }),
  publicTitle: d.member('A title that may stand on a lock screen; required unless normal.', d.line(120)),
  retention: {
    description: 'How long the issuer advises to keep it.',
    type: 'object',
    additionalProperties: false,
    properties: {
      until: d.member('Last day.', d.date),
      reason: d.member('Why, for the customer.', d.line(200)),
    },
  },
  issuerRef: d.member("The issuer's own number of the document.", d.line(140)),
  contractRef: d.member("The issuer's number of the contract.", d.line(140)),
  replaces: d.member('The exchange of an earlier document that this one supersedes.', d.uuidV7),
  related: d.member('Exchanges of documents that belong with this one.', {
    type: 'array',
    maxItems: 20,
    uniqueItems: true,
    items: d.uuidV7,
  }),
  reply: {
    description: 'Where the customer can answer.',
    type: 'object',
    additionalProperties: false,
    properties: {
      url: d.member('A page of the issuer.', d.uri),
      email: d.member('An address of the issuer.', { type: 'string', format: 'email', maxLength: 254 }),
    },
  },
  notBefore: d.member('The vault shows it to the customer no earlier.', d.dateTime),
  profile: {
    description: 'A named extension: fields beside `uri` are its own, and are kept as they came.',
    type: 'object',
    required: ['uri'],
    maxProperties: 100,
    properties: { uri: d.member('What defines the other fields.', d.uri) },
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
      description: 'One entry for each document and state.',
      type: 'array',
      minItems: 1,
      maxItems: 500,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['document', 'state', 'at'],
        properties: {
          document: d.member('The exchange that carried the document.', d.uuidV7),
          state: d.member('What the vault did; `opened` only where the link allows read receipts.', {
            enum: ['consigned', 'refused', 'notified', 'opened'],
          }),
          at: d.member('When it happened.', d.dateTime),
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
    document: d.member('The exchange that carried the document.', d.uuidV7),
    reason: d.member('Why it is recalled.', { enum: ['error', 'wrong_recipient', 'superseded', 'other'] }),
    note: d.member('A sentence for the customer.', d.line(300)),
  },
} as const;
