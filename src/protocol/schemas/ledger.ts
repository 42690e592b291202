import { CONTACT_CATEGORIES } from '../agreement/terms.ts';
import { ENTRY_FAULTS } from '../ledger/applying.ts';
import { STATEMENT_FAULTS } from '../ledger/statement.ts';
import * as d from './definitions.ts';

const count = (minimum: number) => ({ type: 'integer', minimum, maximum: Number.MAX_SAFE_INTEGER }) as const;
const second = { ...d.dateTime, pattern: '^.{19}Z$' } as const;

const agreement = d.member('The agreement, by its first version.', d.sha256);
const exchange = d.member('The slot.message that it is about.', d.uuidV7);
const category = d.member('Of the message.', { enum: [...CONTACT_CATEGORIES] });
const weight = d.member('Contact units, by the version that the message names; 0 for an edit.', {
  type: 'integer',
  minimum: 0,
  maximum: 1000,
});

const entry = {
  type: 'object',
  additionalProperties: false,
  required: ['seq', 'prev', 'kind', 'exchange', 'category', 'weight', 'total', 'at'],
  properties: {
    seq: d.member('Its number, from 1 on without a gap.', count(1)),
    prev: d.member('Hash of the entry before; of the first one the origin of the sequence.', d.sha256),
    kind: d.member('Counts a message, or gives a post back.', { enum: ['post', 'reverse'] }),
    exchange,
    category,
    weight,
    total: d.member('Of the sequence, after this entry.', count(0)),
    at: d.member('Of a post: the second of the receipt. Of a reversal: when it was written.', second),
    of: d.member('Of a reversal: the number of the post.', count(1)),
  },
} as const;

const entries = {
  $id: 'urn:intervault:schema:ledger.entries',
  title: 'Body of ledger.entries: what a host wrote into its account of contacts',
  type: 'object',
  additionalProperties: false,
  required: ['agreement', 'entries'],
  properties: {
    agreement,
    entries: {
      description: 'In their order, each chained to the one before.',
      type: 'array',
      minItems: 1,
      maxItems: 500,
      items: entry,
    },
  },
} as const;

const statement = {
  $id: 'urn:intervault:schema:ledger.statement',
  title: 'Body of ledger.statement: what a range of a sequence comes to',
  type: 'object',
  additionalProperties: false,
  required: ['agreement', 'number', 'first', 'last', 'head', 'opening', 'closing', 'counts', 'until'],
  properties: {
    agreement,
    number: d.member('Its number, from 1 on without a gap.', count(1)),
    first: d.member('The first entry: the one after the range before.', count(1)),
    last: d.member('The last entry.', count(1)),
    head: d.member('Hash of the last entry.', d.sha256),
    opening: d.member('The total before the first entry.', count(0)),
    closing: d.member('The total after the last one.', count(0)),
    counts: {
      description: 'How many entries of each category and weight, in this order.',
      type: 'array',
      minItems: 1,
      maxItems: 4004,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['category', 'weight', 'posted', 'reversed'],
        properties: {
          category,
          weight,
          posted: d.member('Posts.', count(0)),
          reversed: d.member('Reversals.', count(0)),
        },
      },
    },
    until: d.member('Every entry before this time stands in the range, or in one before it.', second),
  },
} as const;

const countersign = {
  $id: 'urn:intervault:schema:ledger.countersign',
  title: "Body of ledger.countersign: the guest's signature under a statement",
  type: 'object',
  additionalProperties: false,
  required: ['agreement', 'number', 'head', 'closing'],
  properties: {
    agreement,
    number: d.member('The statement.', count(1)),
    head: d.member('As it says.', d.sha256),
    closing: d.member('As it says.', count(0)),
  },
} as const;

const dispute = {
  $id: 'urn:intervault:schema:ledger.dispute',
  title: 'Body of ledger.dispute: what a guest objects to, entry by entry',
  type: 'object',
  additionalProperties: false,
  required: ['agreement', 'items'],
  properties: {
    agreement,
    items: {
      description: 'Entries that are wrong, and entries that are missed.',
      type: 'array',
      maxItems: 500,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['exchange', 'reason'],
        properties: {
          seq: d.member('The entry; absent with `missing`.', count(1)),
          exchange,
          reason: d.member('What is wrong.', { enum: [...ENTRY_FAULTS, 'missing', 'unreversed'] }),
        },
      },
    },
    statement: {
      description: 'The statement that this answers.',
      type: 'object',
      additionalProperties: false,
      required: ['number'],
      properties: {
        number: d.member('Its number.', count(1)),
        fault: d.member('What is wrong with it, other than its entries.', { enum: [...STATEMENT_FAULTS] }),
      },
    },
  },
} as const;

export const ledgerSchemas = {
  'ledger.entries': entries,
  'ledger.statement': statement,
  'ledger.countersign': countersign,
  'ledger.dispute': dispute,
} as const;
