import type { SlotMessageBody } from '../../src/protocol/slot/message.ts';
import { uuid } from './fixtures.ts';
import { messageBody, slotManifest, TEXT } from './slot-messages.ts';
import { placingCases, quietCases, roundingCases, usualFacts, windowCases } from './slot-placing.ts';

type Changes = Record<string, unknown>;
type ManifestCase = { name: string; act: string; manifest: string; expect: string; pointer?: string };

const MESSAGE = 'slot.message';
const WITHDRAW = 'slot.withdraw';
const REPLY = 'slot.reply';
const ENGAGEMENT = 'slot.engagement';

const accepted = (act: string, name: string, body: object): ManifestCase => ({
  name,
  act,
  manifest: slotManifest(name, body),
  expect: 'accepted',
});
const invalid = (act: string, name: string, body: object, pointer?: string): ManifestCase => ({
  ...accepted(act, name, body),
  expect: 'manifest.invalid',
  ...(pointer !== undefined && { pointer: `/body${pointer}` }),
});

const right = (name: string, changes: Changes = {}) => accepted(MESSAGE, name, messageBody(changes));
const wrong = (name: string, changes: Changes, pointer?: string) =>
  invalid(MESSAGE, name, messageBody(changes), pointer);

function messageCases(): ManifestCase[] {
  const missing = (member: keyof SlotMessageBody) => wrong(`no ${member}`, { [member]: undefined }, '');
  return [
    right('the least a message has'),
    right('every member of a message', {
      actions: [
        { kind: 'link', label: 'Voir nos conseils', url: 'https://a.example/conseils' },
        { kind: 'reply', label: 'Répondre' },
      ],
      notBefore: '2026-11-02T06:00:00Z',
      thread: uuid('thread'),
      replaces: uuid('replaced'),
    }),
    ...(['slot', 'category', 'priority', 'texts', 'expiresAt'] as const).map(missing),
    wrong('an unknown member of a message', { image: 'https://a.example/pixel.png' }, '/image'),
    right('a slot name of 40 characters', { slot: 'a'.repeat(40) }),
    wrong('a slot name of 41 characters', { slot: 'a'.repeat(41) }, '/slot'),
    wrong('a slot name in capitals', { slot: 'Home' }, '/slot'),
    wrong('a slot name that begins with a digit', { slot: '1-home' }, '/slot'),
    ...['service', 'advice', 'offer', 'survey'].map((category) =>
      right(`category ${category}`, { category }),
    ),
    wrong('a category nobody defined', { category: 'advertising' }, '/category'),
    ...['low', 'normal', 'high'].map((priority) => right(`priority ${priority}`, { priority })),
    wrong('a priority nobody defined', { priority: 'urgent' }, '/priority'),
    right('an end with a fraction', { expiresAt: '2026-11-08T12:00:00.123456Z' }),
    wrong('an end with an offset', { expiresAt: '2026-11-08T13:00:00+01:00' }, '/expiresAt'),
    wrong('an end by its day', { expiresAt: '2026-11-08' }, '/expiresAt'),
    wrong('an end on a day that does not exist', { expiresAt: '2026-11-31T12:00:00Z' }, '/expiresAt'),
    wrong('an end in a year that does not exist', { expiresAt: '0000-11-01T12:00:00Z' }, '/expiresAt'),
    wrong('a beginning with an offset', { notBefore: '2026-11-02T07:00:00+01:00' }, '/notBefore'),
    wrong('a thread that is no exchange', { thread: 'conversation-1' }, '/thread'),
    wrong('an edit of no exchange', { replaces: 'message-1' }, '/replaces'),
    wrong('an id in capitals', { replaces: uuid('replaced').toUpperCase() }, '/replaces'),
    wrong('an id of version 4', { replaces: '3f2b8c1e-6a4d-4b7f-9c3e-2d1a0b9c8d7e' }, '/replaces'),
  ];
}

const LANGUAGES = ['fr', 'en', 'de', 'es', 'it', 'pt', 'nl', 'pl', 'br', 'gsw', 'oc'];
const inLanguages = (count: number) =>
  LANGUAGES.slice(0, count).map((language) => ({ language, title: 'Bonjour', body: 'Un conseil.' }));

function textCases(): ManifestCase[] {
  const text = (name: string, changes: Changes) => right(name, { texts: [{ ...TEXT, ...changes }] });
  const mistaken = (name: string, changes: Changes, pointer: string) =>
    wrong(name, { texts: [{ ...TEXT, ...changes }] }, `/texts/0${pointer}`);
  return [
    wrong('no text', { texts: [] }, '/texts'),
    right('10 texts', { texts: inLanguages(10) }),
    wrong('11 texts', { texts: inLanguages(11) }, '/texts'),
    mistaken('a text without its language', { language: undefined }, ''),
    mistaken('a text without its title', { title: undefined }, ''),
    mistaken('a text without its body', { body: undefined }, ''),
    mistaken('an unknown member of a text', { image: 'https://a.example/a.png' }, '/image'),
    text('words for an image', { imageAlt: 'Une maison' }),
    mistaken('words for an image over 200 characters', { imageAlt: 'é'.repeat(201) }, '/imageAlt'),
    mistaken('words for an image in two lines', { imageAlt: 'une\nmaison' }, '/imageAlt'),
    ...['fr', 'gsw', 'fr-CA', 'es-419', 'zh-Hant', 'zh-Hant-TW'].map((language) =>
      text(`language ${language}`, { language }),
    ),
    ...['FR', 'f', 'fran', 'fr-ca', 'fr_CA', 'zh-hant', 'fr-FRA', 'fr-x-vault', 'fr-', ''].map((language) =>
      mistaken(`language “${language}”`, { language }, '/language'),
    ),
    mistaken('an empty title', { title: '' }, '/title'),
    text('a title of 80 characters', { title: 'é'.repeat(80) }),
    text('a title of 80 characters beyond the first plane', { title: '😀'.repeat(80) }),
    mistaken('a title of 81 characters', { title: 'é'.repeat(81) }, '/title'),
    mistaken('a line feed in a title', { title: 'un\ndeux' }, '/title'),
    mistaken('a line feed at the end of a title', { title: 'un\n' }, '/title'),
    mistaken('a tab in a title', { title: 'un\tdeux' }, '/title'),
    wrong('U+0000 in a title', { texts: [{ ...TEXT, title: 'un\u0000' }] }),
    wrong('U+0000 in a body', { texts: [{ ...TEXT, body: 'un\u0000' }] }),
    mistaken('U+007F in a title', { title: 'un\u007f' }, '/title'),
    mistaken('U+0085 in a title', { title: 'un\u0085' }, '/title'),
    mistaken('an empty body', { body: '' }, '/body'),
    text('a body of 2000 characters', { body: 'é'.repeat(2000) }),
    text('a body of 2000 characters beyond the first plane', { body: '😀'.repeat(2000) }),
    mistaken('a body of 2001 characters', { body: 'é'.repeat(2001) }, '/body'),
    text('paragraphs and a list', { body: 'Bonjour,\n\n- *un*\n- **deux**\n' }),
    text('markup that is shown as it is written', {
      body: '# Titre\n<b>gras</b> ![a](https://a.example/a.png) [b](https://a.example/)',
    }),
    ...['\t', '\v', '\f', '\r', '\u001b', '\u007f', '\u0085', '\u009f', '\u2028', '\u2029'].map((control) =>
      mistaken(
        `U+${control.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')} in a body`,
        { body: `un${control}deux` },
        '/body',
      ),
    ),
  ];
}

function actionCases(): ManifestCase[] {
  const link = { kind: 'link', label: 'Voir', url: 'https://a.example/conseils' };
  const document = { kind: 'document', label: 'Ouvrir', document: uuid('pushed document') };
  const reply = { kind: 'reply', label: 'Répondre' };
  const callback = { kind: 'callback', label: 'Être rappelé' };
  const action = (name: string, given: Changes) => right(name, { actions: [given] });
  const mistaken = (name: string, given: Changes) => wrong(name, { actions: [given] });
  return [
    right('no action', { actions: [] }),
    right('2 actions', { actions: [document, callback] }),
    wrong('3 actions', { actions: [link, document, reply] }, '/actions'),
    action('a link', link),
    action('a link with a query and a fragment', { ...link, url: 'https://a.example/conseils?de=vault#1' }),
    mistaken('a link without its address', { ...link, url: undefined }),
    mistaken('a link without https', { ...link, url: 'http://a.example/conseils' }),
    mistaken('a link to a script', { ...link, url: 'javascript:alert(1)' }),
    mistaken('a link with user information', { ...link, url: 'https://b.example@a.example/' }),
    mistaken('a link with a document', { ...link, document: uuid('pushed document') }),
    action('a document', document),
    mistaken('a document by its name', { ...document, document: 'facture.pdf' }),
    mistaken('a document without its exchange', { ...document, document: undefined }),
    mistaken('a document with an address', { ...document, url: 'https://a.example/' }),
    action('a reply', reply),
    mistaken('a reply with an address', { ...reply, url: 'https://a.example/' }),
    action('a call back', callback),
    mistaken('a call back with a document', { ...callback, document: uuid('pushed document') }),
    mistaken('an action nobody defined', { kind: 'buy', label: 'Acheter' }),
    mistaken('an action of no kind', { label: 'Voir' }),
    mistaken('an action without a label', { ...link, label: undefined }),
    mistaken('an empty label', { ...link, label: '' }),
    action('a label of 40 characters', { ...reply, label: 'é'.repeat(40) }),
    mistaken('a label of 41 characters', { ...reply, label: 'é'.repeat(41) }),
    mistaken('a label of two lines', { ...reply, label: 'un\ndeux' }),
  ];
}

function withdrawalCases(): ManifestCase[] {
  const message = uuid('withdrawn');
  return [
    accepted(WITHDRAW, 'a withdrawal', { message }),
    invalid(WITHDRAW, 'a withdrawal of nothing', {}, ''),
    invalid(WITHDRAW, 'a withdrawal of no exchange', { message: 'message-1' }, '/message'),
    invalid(WITHDRAW, 'a withdrawal with a reason', { message, reason: 'erreur' }, '/reason'),
  ];
}

function replyCases(): ManifestCase[] {
  const word = (name: string, changes: Changes) =>
    accepted(REPLY, name, { from: 'customer', kind: 'ask_human', ...changes });
  const mistaken = (name: string, changes: Changes, pointer?: string) =>
    invalid(REPLY, name, { from: 'customer', kind: 'ask_human', ...changes }, pointer);
  const said = { text: 'Pouvez-vous me rappeler ?', language: 'fr' };
  const answer = {
    from: 'guest',
    thread: uuid('thread'),
    answers: uuid('word'),
    handledBy: 'human',
    ...said,
  };
  const wrongly = (name: string, changes: Changes, pointer?: string) =>
    invalid(REPLY, name, { ...answer, ...changes }, pointer);
  return [
    word('a person asked for without a word', {}),
    word('a reply to a message', {
      kind: 'reply',
      thread: uuid('thread'),
      message: uuid('message'),
      ...said,
    }),
    word('a call asked for in a conversation', { kind: 'callback', thread: uuid('thread') }),
    mistaken('a reply without a text', { kind: 'reply' }, ''),
    mistaken('a text without its language', { text: 'Bonjour' }, ''),
    mistaken('a kind nobody defined', { kind: 'complain' }, '/kind'),
    mistaken('nobody who speaks', { from: undefined }, ''),
    mistaken('a stranger who speaks', { from: 'bank' }, '/from'),
    mistaken('a customer who answers', { handledBy: 'human' }, '/handledBy'),
    mistaken('a text of 2001 characters', { ...said, text: 'é'.repeat(2001) }, '/text'),
    mistaken('a control character', { ...said, text: 'un\u0007' }, '/text'),
    accepted(REPLY, 'an answer', answer),
    accepted(REPLY, 'an answer of a program', { ...answer, handledBy: 'bot' }),
    wrongly('an answer to nothing', { answers: undefined }, ''),
    wrongly('an answer in no conversation', { thread: undefined }, ''),
    wrongly('an answer by nobody', { handledBy: undefined }, ''),
    wrongly('an answer by somebody else', { handledBy: 'agent' }, '/handledBy'),
    wrongly('an answer without a text', { text: undefined }, ''),
    wrongly('an answer that asks', { kind: 'ask_human' }, '/kind'),
  ];
}

function engagementCases(): ManifestCase[] {
  const at = '2026-11-01T18:30:00Z';
  const event = { message: uuid('message'), kind: 'opened', at };
  const muted = { link: uuid('link'), kind: 'muted', at };
  const month = { month: '2026-10', customers: 41, figures: { displayed: 21 } };
  const right = (name: string, body: Changes) => accepted(ENGAGEMENT, name, body);
  const wrong = (name: string, body: Changes, pointer?: string) => invalid(ENGAGEMENT, name, body, pointer);
  return [
    right('an event', { events: [event] }),
    right('an event of each kind', {
      events: [
        ...['displayed', 'opened', 'clicked', 'dismissed', 'reported'].map((kind) => ({ ...event, kind })),
        muted,
        { ...muted, kind: 'unmuted' },
      ],
    }),
    right('500 events', { events: Array.from({ length: 500 }, () => event) }),
    wrong('501 events', { events: Array.from({ length: 501 }, () => event) }, '/events'),
    wrong('no event', { events: [] }, '/events'),
    wrong('nothing', {}, ''),
    wrong('events and months', { events: [event], months: [month] }, ''),
    wrong('an event nobody defined', { events: [{ ...event, kind: 'read' }] }, '/events/0/kind'),
    wrong('an event with no message', { events: [{ ...event, message: undefined }] }, '/events/0'),
    wrong(
      'an event with a message and a link',
      { events: [{ ...event, link: uuid('link') }] },
      '/events/0/link',
    ),
    wrong('a mute of a message', { events: [{ ...event, kind: 'muted' }] }),
    wrong('an event at no time', { events: [{ ...event, at: undefined }] }, '/events/0'),
    wrong('an event with words', { events: [{ ...event, text: 'non' }] }, '/events/0/text'),
    right('a month', { months: [month] }),
    right('a month of which nothing is told', { months: [{ month: '2026-09' }] }),
    right('a month without a figure', { months: [{ ...month, figures: {} }] }),
    wrong('a month that does not exist', { months: [{ ...month, month: '2026-13' }] }, '/months/0/month'),
    wrong('figures of nobody', { months: [{ ...month, customers: undefined }] }, '/months/0'),
    wrong(
      'a figure nobody defined',
      { months: [{ ...month, figures: { bought: 20 } }] },
      '/months/0/figures/bought',
    ),
    wrong(
      'a figure of nobody',
      { months: [{ ...month, figures: { opened: 0 } }] },
      '/months/0/figures/opened',
    ),
    wrong('13 months', { months: Array.from({ length: 13 }, () => month) }, '/months'),
  ];
}

/** slots.json */
export function slotVectors() {
  return {
    description:
      'Messages of a guest in a slot of a host: what their manifests may hold, and how the host decides on one. Codes of chapter 7 are normative.',
    format: {
      manifests:
        'The text whose bytes (UTF-8) were digested. `pointer` (RFC 6901), where there is one, is where the reference implementation finds the fault.',
      placing:
        'A message at `now`, by the host’s clock; each member that a case does not have is that of `usual`, whole. grant: that of the version it names, null where it grants no such slot. slot: whether the host has paused it, and whether the page of a `web` route was not there three times in a row, which says nothing of other routes. image: what the manifest says of its content, null without one. humanOverdue: whether any customer of this host waits for a person of the guest longer than agreed. link: the effective scopes of the host. active: when each message of this guest to this customer ends that is active in this slot, without the one replaced. placed: this guest’s messages to this customer that were taken, without edits; displayed: displays of them; both oldest first. customer: mutedUntil (always: for good), the calm budget over all guests with the displays that count towards it, quiet hours of its own, time zone.',
      expect:
        'outcome, or the code it is refused with. from: the first moment at which nothing of this stands against it any more, absent where none is known, or none is told; nextEligibleAt: what the receipt says of it.',
      quiet: 'Quiet hours at a moment: until when they reign, null where they don’t.',
      windows:
        'Whether one more fits at `now` beside what happened at `times`: from when on, null where it does.',
      rounding: 'What a receipt says of a time.',
    },
    manifests: [
      ...messageCases(),
      ...textCases(),
      ...actionCases(),
      ...withdrawalCases(),
      ...replyCases(),
      ...engagementCases(),
    ],
    usual: usualFacts,
    placing: placingCases(),
    quiet: quietCases(),
    windows: windowCases(),
    rounding: roundingCases(),
  };
}
