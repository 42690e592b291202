import { CONTACT_CATEGORIES } from '../agreement/terms.ts';
import * as d from './definitions.ts';
import { DOCUMENT_TYPES } from './document.ts';

const category = { enum: [...CONTACT_CATEGORIES] } as const;
const wallClock = { type: 'string', pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$' } as const;
const count = (maximum: number, minimum = 0) => ({ type: 'integer', minimum, maximum }) as const;

const slotId = { type: 'string', pattern: '^[a-z][a-z0-9-]{0,39}$' } as const;

const cap = {
  type: 'object',
  additionalProperties: false,
  required: ['scope', 'max', 'per', 'unit', 'counts'],
  properties: {
    scope: d.member(
      'Whose messages are counted together: those of one category in the slot, of the slot, or of the guest.',
      { enum: ['category', 'slot', 'guest'] },
    ),
    max: d.member('At most so many to one customer …', count(1000, 1)),
    per: d.member('… in any stretch of so many …', count(100, 1)),
    unit: d.member('… of these, looking back from now.', { enum: ['hour', 'day', 'week'] }),
    counts: d.member('Whether a message counts when the host takes it, or when the customer sees it.', {
      enum: ['placed', 'displayed'],
    }),
  },
} as const;

const slotGrant = {
  type: 'object',
  additionalProperties: false,
  required: [
    'slot',
    'placement',
    'categories',
    'locales',
    'capacity',
    'caps',
    'titleMaxChars',
    'bodyMaxChars',
  ],
  properties: {
    slot: d.member('Names the slot among those this host grants; it keeps its name over versions.', slotId),
    placement: d.member('Where in the vault.', { enum: ['home', 'inbox', 'document', 'notification'] }),
    categories: {
      description: 'What may be posted.',
      type: 'array',
      minItems: 1,
      maxItems: 4,
      uniqueItems: true,
      items: category,
    },
    locales: {
      description: 'Languages the vault shows.',
      type: 'array',
      minItems: 1,
      maxItems: 20,
      uniqueItems: true,
      items: d.language,
    },
    capacity: d.member('Active messages one customer may have in it at once.', count(50, 1)),
    caps: { description: 'All of them hold.', type: 'array', maxItems: 10, items: cap },
    quietHours: {
      description: 'When nothing is shown, in the zone of the customer where it is known; may pass midnight.',
      type: 'object',
      additionalProperties: false,
      required: ['from', 'to', 'zone'],
      properties: {
        from: d.member('First quiet minute.', wallClock),
        to: d.member('First minute after.', wallClock),
        zone: d.member('IANA time zone, where the customer’s own is not known.', {
          type: 'string',
          pattern: '^[A-Za-z][A-Za-z0-9_+/-]{0,59}$',
        }),
      },
    },
    human: {
      description: 'How a customer reaches a person at the guest. Without it the slot takes nothing.',
      type: 'object',
      required: ['kind'],
      discriminator: { propertyName: 'kind' },
      oneOf: [
        {
          additionalProperties: false,
          properties: { kind: d.member('In the thread of the message.', { const: 'thread' }) },
        },
        {
          additionalProperties: false,
          required: ['url'],
          properties: {
            kind: d.member('On a page.', { const: 'web' }),
            url: d.member('Its address; the host looks whether it answers.', d.uri),
          },
        },
        {
          additionalProperties: false,
          required: ['number'],
          properties: {
            kind: d.member('By telephone.', { const: 'phone' }),
            number: d.member('E.164, with the plus.', { type: 'string', pattern: '^\\+[1-9][0-9]{6,14}$' }),
          },
        },
      ],
    },
    links: {
      description:
        'The addresses that links in messages may lead to, whole: none can be made for one person.',
      type: 'array',
      maxItems: 50,
      uniqueItems: true,
      items: d.uri,
    },
    imageMaxBytes: d.member('Bytes of an image. Without this, messages have none.', count(262_144, 1024)),
    titleMaxChars: d.member('Characters of a title.', count(80, 10)),
    bodyMaxChars: d.member('Characters of a body.', count(2000, 10)),
  },
} as const;

const hostGrant = {
  type: 'object',
  additionalProperties: false,
  properties: {
    documents: {
      description: 'Documents it takes in. Without this, none.',
      type: 'object',
      additionalProperties: false,
      required: ['types', 'perMonth', 'bytesPerMonth'],
      properties: {
        types: {
          description: 'Their types.',
          type: 'array',
          minItems: 1,
          maxItems: 100,
          uniqueItems: true,
          items: { enum: Object.keys(DOCUMENT_TYPES) },
        },
        perMonth: d.member('At most so many in a calendar month, UTC.', count(1_000_000_000, 1)),
        bytesPerMonth: d.member('At most so many bytes of content in a calendar month, UTC.', {
          type: 'integer',
          minimum: 1,
          maximum: 1_125_899_906_842_624,
        }),
      },
    },
    slots: {
      description: 'Places it grants the other institution in front of each shared customer.',
      type: 'array',
      maxItems: 20,
      items: slotGrant,
    },
  },
} as const;

const terms = {
  $id: 'urn:intervault:schema:agreement.terms',
  title: 'Terms of an agreement: what each institution grants the other, and how it is counted',
  type: 'object',
  additionalProperties: false,
  required: [
    'effectiveFrom',
    'drainDays',
    'noticeDays',
    'hosts',
    'weights',
    'imbalance',
    'answers',
    'statement',
  ],
  properties: {
    effectiveFrom: d.member(
      'When it starts to apply, if it is agreed by then; otherwise at once.',
      d.dateTime,
    ),
    drainDays: d.member(
      'How long this version stays valid for what names it, once another one or none applies. Shorter than a delivery window, it fails what is still on its way.',
      count(60, 1),
    ),
    noticeDays: d.member('Least time between a termination and the end.', count(730)),
    hosts: {
      description: 'By host, both institutions: what it takes in from the other one.',
      type: 'object',
      minProperties: 2,
      maxProperties: 2,
      propertyNames: d.entityId,
      additionalProperties: hostGrant,
    },
    weights: {
      description: 'Contact units that one accepted message of a category is worth.',
      type: 'object',
      additionalProperties: false,
      required: [...CONTACT_CATEGORIES],
      properties: Object.fromEntries(
        CONTACT_CATEGORIES.map((name) => [name, d.member(`Of category ${name}.`, count(1000))]),
      ),
    },
    imbalance: {
      description: 'What happens when one side hosts more than the other.',
      type: 'object',
      additionalProperties: false,
      required: ['tolerance', 'policy', 'serviceFloorPerMonth'],
      properties: {
        tolerance: d.member('Contact units that one side may be ahead.', count(1_000_000_000)),
        policy: d.member('Past it: tell, take fewer messages, or take none.', {
          enum: ['warn', 'throttle', 'pause'],
        }),
        serviceFloorPerMonth: d.member(
          'Service messages a calendar month that pass all the same.',
          count(1_000_000_000),
        ),
      },
    },
    quality: {
      description: 'What a guest may expect of a slot. It never moves the balance.',
      type: 'object',
      additionalProperties: false,
      required: ['displayedPercent'],
      properties: {
        displayedPercent: d.member('Least share of accepted messages that are displayed.', count(100)),
      },
    },
    answers: {
      description: 'How soon customers are answered.',
      type: 'object',
      additionalProperties: false,
      required: ['humanHours'],
      properties: {
        humanHours: d.member('Hours within which a person answers who was asked for.', count(720, 1)),
      },
    },
    statement: {
      description: 'How the books are closed.',
      type: 'object',
      additionalProperties: false,
      required: ['period'],
      properties: { period: d.member('What one statement covers.', { enum: ['week', 'month', 'quarter'] }) },
    },
  },
} as const;

const { $id: _id, title: _title, ...termsInline } = terms;

const versionId = d.member("The version: SHA-256 of its proposal's manifest.", d.sha256);
const note = d.member('A word to the people of the other institution.', d.line(500));

const propose = {
  $id: 'urn:intervault:schema:agreement.propose',
  title: 'Body of agreement.propose: a version of an agreement, signed by its proposer',
  type: 'object',
  additionalProperties: false,
  required: ['rev', 'expiresAt', 'terms'],
  properties: {
    rev: d.member('Grows with each proposal of this sender to this recipient.', {
      type: 'integer',
      minimum: 1,
      maximum: 253_402_300_799_999,
    }),
    replaces: d.member('The version it amends; absent in a first one.', d.sha256),
    declines: d.member('The proposal of the recipient that it answers: a counter-proposal.', d.sha256),
    expiresAt: d.member(
      'Until when it may be accepted; at most 14 days after the envelope’s `iat`.',
      d.dateTime,
    ),
    note,
    terms: d.member('What is proposed.', termsInline),
  },
} as const;

const accept = {
  $id: 'urn:intervault:schema:agreement.accept',
  title: 'Body of agreement.accept: the other signature under a version',
  type: 'object',
  additionalProperties: false,
  required: ['agreement'],
  properties: { agreement: versionId },
} as const;

const decline = {
  $id: 'urn:intervault:schema:agreement.decline',
  title: 'Body of agreement.decline: a proposal is refused, or withdrawn by whoever made it',
  type: 'object',
  additionalProperties: false,
  required: ['agreement'],
  properties: { agreement: versionId, note },
} as const;

const terminate = {
  $id: 'urn:intervault:schema:agreement.terminate',
  title: 'Body of agreement.terminate: an agreement ends, whatever its version',
  type: 'object',
  additionalProperties: false,
  required: ['agreement', 'noticedAt', 'endsAt'],
  properties: {
    agreement: d.member('The first version of the agreement: its own identity.', d.sha256),
    noticedAt: d.member('When notice was given.', d.dateTime),
    endsAt: d.member(
      'When it ends: at least the notice later. The earlier of both sides’ counts.',
      d.dateTime,
    ),
    note,
  },
} as const;

export const agreementSchemas = {
  'agreement.terms': terms,
  'agreement.propose': propose,
  'agreement.accept': accept,
  'agreement.decline': decline,
  'agreement.terminate': terminate,
} as const;
