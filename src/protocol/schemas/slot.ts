import { CONTACT_CATEGORIES } from '../agreement/terms.ts';
import { FIGURES, GUEST_EVENTS, MESSAGE_EVENTS } from '../slot/engagement.ts';
import * as d from './definitions.ts';

const label = d.member('What the button says.', d.line(40));

/** Several lines for people: line feeds, and no other control character. */
const text = (maxLength: number) =>
  ({
    type: 'string',
    minLength: 1,
    maxLength,
    pattern: '^[^\\u0000-\\u0009\\u000b-\\u001f\\u007f-\\u009f\\u2028\\u2029]*$',
  }) as const;

const action = {
  type: 'object',
  required: ['kind', 'label'],
  discriminator: { propertyName: 'kind' },
  oneOf: [
    {
      additionalProperties: false,
      required: ['url'],
      properties: {
        kind: d.member('Opens a page.', { const: 'link' }),
        label,
        url: d.member('One of the addresses the slot grants, whole: none can be made for one person.', d.uri),
      },
    },
    {
      additionalProperties: false,
      required: ['document'],
      properties: {
        kind: d.member('Opens a document in the vault.', { const: 'document' }),
        label,
        document: d.member('The exchange by which the sender pushed the document.', d.uuidV7),
      },
    },
    {
      additionalProperties: false,
      properties: {
        kind: d.member('Answers in the thread; asks to be called.', { enum: ['reply', 'callback'] }),
        label,
      },
    },
  ],
} as const;

const message = {
  $id: 'urn:intervault:schema:slot.message',
  title: 'Body of slot.message: what a guest asks a host to show one customer',
  type: 'object',
  additionalProperties: false,
  required: ['slot', 'category', 'priority', 'texts', 'expiresAt'],
  properties: {
    slot: d.member("The host's slot, as the agreement names it.", {
      type: 'string',
      pattern: '^[a-z][a-z0-9-]{0,39}$',
    }),
    category: d.member('What kind of contact it is.', { enum: [...CONTACT_CATEGORIES] }),
    priority: d.member("Among the sender's own messages.", { enum: ['low', 'normal', 'high'] }),
    texts: {
      description: 'One for each language; the first where the customer’s is not among them.',
      type: 'array',
      minItems: 1,
      maxItems: 10,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['language', 'title', 'body'],
        properties: {
          language: d.member('BCP 47.', d.language),
          title: d.member('One line of plain text.', d.line(80)),
          body: d.member(
            'Plain text, or Markdown of paragraphs, lists, emphasis and strong emphasis; anything else is shown as it is written.',
            text(2000),
          ),
          imageAlt: d.member(
            'What the image shows, for who does not see it. In every text, or in none.',
            d.line(200),
          ),
        },
      },
    },
    actions: {
      description: 'What the customer can do.',
      type: 'array',
      maxItems: 2,
      items: action,
    },
    notBefore: d.member('It is not shown before.', d.dateTime),
    expiresAt: d.member('It is over then: at most 30 days after it is taken.', d.dateTime),
    thread: d.member('The first message of the conversation it belongs to.', d.uuidV7),
    replaces: d.member('The message this is a new version of.', d.uuidV7),
  },
} as const;

const withdraw = {
  $id: 'urn:intervault:schema:slot.withdraw',
  title: 'Body of slot.withdraw: a message is shown no more',
  type: 'object',
  additionalProperties: false,
  required: ['message'],
  properties: { message: d.member('The exchange that brought it.', d.uuidV7) },
} as const;

const words = d.member('Plain text, or Markdown as in a message.', text(2000));
const language = d.member('BCP 47, of the text.', d.language);
const thread = d.member(
  'The exchange that began the conversation: a message, or the first word of the customer.',
  d.uuidV7,
);

const reply = {
  $id: 'urn:intervault:schema:slot.reply',
  title:
    'Body of slot.reply: a word in a conversation, of the customer to the guest or of the guest to the customer',
  type: 'object',
  required: ['from'],
  discriminator: { propertyName: 'from' },
  oneOf: [
    {
      additionalProperties: false,
      required: ['kind'],
      properties: {
        from: d.member('Who speaks: the customer, by their host.', { const: 'customer' }),
        kind: d.member('Says something; asks for a person; asks to be called.', {
          enum: ['reply', 'ask_human', 'callback'],
        }),
        thread: { ...thread, description: `${thread.description} Absent where this word begins one.` },
        message: d.member('The message that it is said to.', d.uuidV7),
        text: { ...words, description: 'Plain text. Always there in a reply.' },
        language,
      },
      dependentRequired: { text: ['language'] },
      if: { properties: { kind: { const: 'reply' } } },
      then: { required: ['text'] },
    },
    {
      additionalProperties: false,
      required: ['thread', 'answers', 'handledBy', 'text', 'language'],
      properties: {
        from: d.member('Who speaks: the guest, in answer to the customer.', { const: 'guest' }),
        thread,
        answers: d.member(
          'The newest word of the customer that it is an answer to, and to all before.',
          d.uuidV7,
        ),
        handledBy: d.member('Whether a person wrote it, or a program.', { enum: ['human', 'bot'] }),
        text: words,
        language,
      },
    },
  ],
} as const;

const groupSize = { type: 'integer', minimum: 1, maximum: 1_000_000_000 } as const;
const month = { type: 'string', pattern: '^[0-9]{4}-(0[1-9]|1[0-2])$' } as const;
const at = d.member('When, to the second.', d.dateTime);

const engagement = {
  $id: 'urn:intervault:schema:slot.engagement',
  title:
    'Body of slot.engagement: what customers did, each event of those who agreed to it, or figures of many together',
  type: 'object',
  additionalProperties: false,
  minProperties: 1,
  maxProperties: 1,
  properties: {
    events: {
      description: 'Of customers who agreed to individual engagement.',
      type: 'array',
      minItems: 1,
      maxItems: 500,
      items: {
        type: 'object',
        required: ['kind', 'at'],
        discriminator: { propertyName: 'kind' },
        oneOf: [
          {
            additionalProperties: false,
            required: ['message'],
            properties: {
              kind: d.member('What the customer did with a message.', { enum: [...MESSAGE_EVENTS] }),
              message: d.member('The exchange that brought it.', d.uuidV7),
              at,
            },
          },
          {
            additionalProperties: false,
            required: ['link'],
            properties: {
              kind: d.member('What the customer did with the guest.', { enum: [...GUEST_EVENTS] }),
              link: d.member('The link with the customer.', d.uuidV7),
              at,
            },
          },
        ],
      },
    },
    months: {
      description: 'Of all customers together who agreed to aggregated engagement; each month once.',
      type: 'array',
      minItems: 1,
      maxItems: 12,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['month'],
        properties: {
          month: d.member('Calendar month, UTC: messages that were taken in it.', month),
          customers: d.member(
            'How many got a message; absent where nothing is told of the month.',
            groupSize,
          ),
          figures: {
            description: 'How many of them did it; absent where too few did, or too few did not.',
            type: 'object',
            additionalProperties: false,
            properties: Object.fromEntries(
              FIGURES.map((name) => [name, d.member(`Customers who did it: ${name}.`, groupSize)]),
            ),
          },
        },
        dependentRequired: { customers: ['figures'], figures: ['customers'] },
      },
    },
  },
} as const;

export const slotSchemas = {
  'slot.message': message,
  'slot.withdraw': withdraw,
  'slot.reply': reply,
  'slot.engagement': engagement,
} as const;
