import type { Cap, ContactCategory, SlotGrant } from '../../src/protocol/agreement/terms.ts';
import type { RefusalCode } from '../../src/protocol/refusal.ts';
import type { SlotMessageBody } from '../../src/protocol/slot/message.ts';
import { NOW, uuid } from './fixtures.ts';
import { messageBody, slotGrant, TEXT } from './slot-messages.ts';

/** What slots.json says of a customer's contacts, and of what the host decides. */
export type ContactShape = { slot: string; category: ContactCategory; at: string };
export type LimitShape = { max: number; per: number; unit: 'hour' | 'day' | 'week' };
export type HoursShape = { from: string; to: string; zone: string };
type Told = { from?: string; nextEligibleAt?: string };
export type PlacingExpectation =
  | ({ outcome: 'placed' | 'deferred' } & Told)
  | ({ refused: RefusalCode } & Told);
export type PlacingFactsShape = {
  now: string;
  message: SlotMessageBody;
  grant: SlotGrant | null;
  slot: { paused: boolean; unreachable: boolean };
  link: { contact: string[]; engagement: 'none' | 'aggregate' | 'individual' };
  /** Whether another customer waits for a person too long. */
  humanOverdue: boolean;
  image: { type: string; size: number } | null;
  active: string[];
  placed: ContactShape[];
  displayed: ContactShape[];
  customer: {
    mutedUntil?: string;
    calm?: LimitShape & { displays: string[] };
    quiet?: HoursShape;
    zone?: string;
  };
};
/** What a case does not say is as usual. */
export type PlacingCase = { name: string } & Partial<PlacingFactsShape> & { expect: PlacingExpectation };

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;
const MINUTE = 60_000;
const withAlt = { texts: [{ ...TEXT, imageAlt: 'Une maison' }] };
const at = (ms: number) => new Date(NOW * 1000 + ms).toISOString();

type Changes = {
  message?: Partial<SlotMessageBody>;
  grant?: { [Member in keyof SlotGrant]?: SlotGrant[Member] | undefined } | null;
  slot?: Partial<PlacingFactsShape['slot']>;
  link?: Partial<PlacingFactsShape['link']>;
} & Partial<
  Pick<PlacingFactsShape, 'humanOverdue' | 'image' | 'active' | 'placed' | 'displayed' | 'customer'>
>;

export const usualFacts: PlacingFactsShape = {
  now: at(0),
  message: messageBody(),
  grant: slotGrant(),
  slot: { paused: false, unreachable: false },
  link: { contact: ['service', 'advice', 'offer', 'survey'], engagement: 'individual' },
  humanOverdue: false,
  image: null,
  active: [],
  placed: [],
  displayed: [],
  customer: {},
};

const facts = ({ message, grant, slot, link, ...rest }: Changes): Partial<PlacingFactsShape> => ({
  ...(message && { message: messageBody(message) }),
  ...(grant !== undefined && { grant: grant && slotGrant(grant) }),
  ...(slot && { slot: { ...usualFacts.slot, ...slot } }),
  ...(link && { link: { ...usualFacts.link, ...link } }),
  ...rest,
});

const told = (fromMs: number | undefined): Told =>
  fromMs === undefined ? {} : { from: at(fromMs), nextEligibleAt: at(Math.ceil(fromMs / HOUR) * HOUR) };

const placed = (name: string, changes: Changes = {}): PlacingCase => ({
  name,
  ...facts(changes),
  expect: { outcome: 'placed' },
});
const deferred = (name: string, changes: Changes, fromMs: number): PlacingCase => ({
  ...placed(name, changes),
  expect: { outcome: 'deferred', ...told(fromMs) },
});
const refused = (name: string, code: RefusalCode, changes: Changes, fromMs?: number): PlacingCase => ({
  ...placed(name, changes),
  expect: { refused: code, ...told(fromMs) },
});

const contact = (ms: number, more: Partial<ContactShape> = {}): ContactShape => ({
  slot: 'home-card',
  category: 'advice',
  at: at(ms),
  ...more,
});
const cap = (more: Partial<Cap> = {}): Cap => ({
  scope: 'slot',
  max: 1,
  per: 1,
  unit: 'day',
  counts: 'placed',
  ...more,
});
const texts = (...of: { language?: string; title?: string; body?: string }[]) => ({
  message: { texts: of.map((text) => ({ ...TEXT, ...text })) },
});
const linkTo = (...urls: string[]) => ({
  message: { actions: urls.map((url) => ({ kind: 'link' as const, label: 'Voir', url })) },
});

function slotCases(): PlacingCase[] {
  const web = { human: { kind: 'web', url: 'https://a.example/conseiller' } } as const;
  const phone = { human: { kind: 'phone', number: '+33123456789' } } as const;
  return [
    placed('a message'),
    refused('a slot that is not granted', 'slot.unknown', { grant: null }),
    refused('a slot that is paused', 'slot.paused', { slot: { paused: true } }),
    refused('a slot without a person', 'slot.no_human', { grant: { human: undefined } }),
    refused('a page that does not answer', 'slot.human_unreachable', {
      grant: web,
      slot: { unreachable: true },
    }),
    placed('a page that answers', { grant: web }),
    placed('a person by telephone', { grant: phone }),
    placed('a person by telephone, where a page did not answer', {
      grant: phone,
      slot: { unreachable: true },
    }),
    refused('a category without consent', 'link.scope', { link: { contact: ['service', 'offer'] } }),
    refused('no consent to contacts', 'link.scope', { link: { contact: [] } }),
    refused('a category the slot does not take', 'message.category', { message: { category: 'survey' } }),
  ];
}

function textCases(): PlacingCase[] {
  const link = 'https://a.example/conseils';
  return [
    refused('another language', 'message.locale', texts({ language: 'de' })),
    placed('a language the slot shows, beside another', texts({ language: 'de' }, { language: 'en' })),
    placed('a region of a language the slot shows', texts({ language: 'fr-CA' })),
    placed('a slot that shows a region of the language', { grant: { locales: ['fr-CA'] } }),
    refused('a language that begins alike', 'message.locale', texts({ language: 'frr' })),
    placed('a title at the length the slot takes', texts({ title: 'é'.repeat(20) })),
    placed('a title of as many characters beyond the first plane', texts({ title: '😀'.repeat(20) })),
    refused('a title over the length', 'message.too_long', texts({ title: 'é'.repeat(21) })),
    placed('a body at the length the slot takes', texts({ body: 'é'.repeat(50) })),
    refused('a body over the length', 'message.too_long', texts({ body: 'é'.repeat(51) })),
    refused(
      'a body over the length in a language the slot does not show',
      'message.too_long',
      texts({}, { language: 'de', body: 'e'.repeat(51) }),
    ),
    placed('a link to a granted address', linkTo(link)),
    placed('two links to it', linkTo(link, link)),
    refused('a link with a query', 'message.link', linkTo(`${link}?client=42`)),
    refused('a link with a fragment', 'message.link', linkTo(`${link}#42`)),
    refused('a link below a granted address', 'message.link', linkTo(`${link}/42`)),
    refused('a link with another slash', 'message.link', linkTo(`${link}/`)),
    refused('a link in other letters', 'message.link', linkTo('https://A.example/conseils')),
    refused('one link of two', 'message.link', linkTo(link, 'https://a.example/')),
    refused('a link where none is granted', 'message.link', { ...linkTo(link), grant: { links: undefined } }),
    placed('actions that lead nowhere outside', {
      grant: { links: undefined },
      message: {
        actions: [
          { kind: 'document', label: 'Ouvrir', document: uuid('pushed document') },
          { kind: 'reply', label: 'Répondre' },
        ],
      },
    }),
  ];
}

function timeCases(): PlacingCase[] {
  return [
    refused('an offer while customers wait for a person', 'message.human_overdue', {
      message: { category: 'offer' },
      humanOverdue: true,
    }),
    placed('advice while customers wait for a person', { humanOverdue: true }),
    placed('an image that the slot takes', {
      grant: { imageMaxBytes: 2048 },
      message: withAlt,
      image: { type: 'image/jpeg', size: 2048 },
    }),
    ...(
      [
        ['an image where the slot takes none', {}, withAlt, { type: 'image/png', size: 1 }],
        ['an image of a byte too much', { imageMaxBytes: 2048 }, withAlt, { type: 'image/png', size: 2049 }],
        ['an image without words', { imageMaxBytes: 2048 }, {}, { type: 'image/png', size: 1 }],
        ['an image that is none', { imageMaxBytes: 2048 }, withAlt, { type: 'application/pdf', size: 1 }],
        ['words for no image', { imageMaxBytes: 2048 }, withAlt, null],
      ] as const
    ).map(([name, grant, message, image]) => refused(name, 'message.image', { grant, message, image })),
    refused('an end that is now', 'message.lifetime', { message: { expiresAt: at(0) } }),
    refused('an end that is now, and a beginning before', 'message.lifetime', {
      message: { notBefore: at(-HOUR), expiresAt: at(0) },
    }),
    placed('an end in a millisecond', { message: { expiresAt: at(1) } }),
    placed('an end in 30 days', { message: { expiresAt: at(30 * DAY) } }),
    refused('an end in over 30 days', 'message.lifetime', { message: { expiresAt: at(30 * DAY + 1) } }),
    refused('a beginning at the end', 'message.lifetime', { message: { notBefore: at(WEEK) } }),
    deferred('a beginning a millisecond before the end', { message: { notBefore: at(WEEK - 1) } }, WEEK - 1),
    placed('a beginning that is now', { message: { notBefore: at(0) } }),
    placed('a beginning long past', { message: { notBefore: at(-DAY) } }),
    deferred('a beginning within the hour', { message: { notBefore: at(MINUTE) } }, MINUTE),
    deferred('a beginning on the hour', { message: { notBefore: at(2 * HOUR) } }, 2 * HOUR),
  ];
}

function roomCases(): PlacingCase[] {
  return [
    placed('a slot with one place left', { active: [at(DAY)] }),
    refused('a slot that is full', 'message.capacity', { active: [at(3 * DAY), at(DAY)] }, DAY),
    refused(
      'a slot over what it holds now',
      'message.capacity',
      { active: [at(DAY), at(2 * DAY), at(3 * DAY)] },
      2 * DAY,
    ),
    refused(
      'a service message in a slot that is full',
      'message.capacity',
      { message: { category: 'service' }, active: [at(DAY), at(2 * DAY)] },
      DAY,
    ),
    placed('an edit in a slot that its message filled', {
      message: { replaces: uuid('edited') },
      active: [at(DAY)],
    }),
  ];
}

function capCases(): PlacingCase[] {
  const two = { grant: { caps: [cap({ max: 2 })] } };
  const offer = [contact(-HOUR, { category: 'offer' })];
  const elsewhere = [contact(-HOUR, { slot: 'inbox-line' })];
  const service = [contact(-HOUR, { category: 'service' })];
  const shown = { grant: { caps: [cap({ counts: 'displayed' })] }, displayed: [contact(-HOUR)] };
  const under = (scope: Cap['scope'], of: ContactShape[]) => ({
    grant: { caps: [cap({ scope })] },
    placed: of,
  });
  return [
    placed('the last that a cap leaves', { ...two, placed: [contact(-HOUR)] }),
    refused(
      'one more than a cap leaves',
      'message.cap',
      { ...two, placed: [contact(-5 * HOUR), contact(-HOUR)] },
      19 * HOUR,
    ),
    refused(
      'a millisecond before the window ends',
      'message.cap',
      { ...two, placed: [contact(1 - DAY), contact(-HOUR)] },
      1,
    ),
    placed('exactly one window later', { ...two, placed: [contact(-DAY), contact(-HOUR)] }),
    refused(
      'more than a cap allows, placed under an earlier version',
      'message.cap',
      { ...two, placed: [contact(-4 * HOUR), contact(-3 * HOUR), contact(-2 * HOUR)] },
      21 * HOUR,
    ),
    refused(
      'of several caps the one that holds longest',
      'message.cap',
      { grant: { caps: [cap(), cap({ per: 2, unit: 'week' })] }, placed: [contact(-HOUR)] },
      2 * WEEK - HOUR,
    ),
    refused(
      'a cap over hours',
      'message.cap',
      { grant: { caps: [cap({ per: 3, unit: 'hour' })] }, placed: [contact(-HOUR)] },
      2 * HOUR,
    ),
    placed('the category: another category', under('category', offer)),
    placed('the category: another slot', under('category', elsewhere)),
    refused('the category: the same', 'message.cap', under('category', [contact(-HOUR)]), 23 * HOUR),
    refused('the slot: another category', 'message.cap', under('slot', offer), 23 * HOUR),
    placed('the slot: another slot', under('slot', elsewhere)),
    refused('the guest: another slot', 'message.cap', under('guest', elsewhere), 23 * HOUR),
    placed('the slot: service messages', under('slot', service)),
    placed('the guest: service messages', under('guest', service)),
    placed('an edit where a cap is reached', {
      message: { replaces: uuid('edited') },
      ...under('slot', [contact(-HOUR)]),
    }),
    deferred('a cap on displays', shown, 23 * HOUR),
    placed('a cap on displays, of what was placed only', { grant: shown.grant, placed: [contact(-HOUR)] }),
    placed('a cap on what is placed, of displays only', {
      grant: { caps: [cap()] },
      displayed: [contact(-HOUR)],
    }),
    deferred(
      'an edit where a cap on displays is reached',
      { ...shown, message: { replaces: uuid('edited') } },
      23 * HOUR,
    ),
    deferred(
      'a cap on displays before the beginning',
      { ...shown, message: { notBefore: at(2 * DAY) } },
      2 * DAY,
    ),
    deferred(
      'a cap on displays after the beginning',
      { ...shown, message: { notBefore: at(HOUR) } },
      23 * HOUR,
    ),
    deferred(
      'a cap on displays until just before the end',
      { ...shown, message: { expiresAt: at(23 * HOUR + 1) } },
      23 * HOUR,
    ),
    refused(
      'a cap on displays until the end',
      'message.cap',
      { ...shown, message: { expiresAt: at(23 * HOUR) } },
      23 * HOUR,
    ),
    ...(['none', 'aggregate'] as const).flatMap((engagement) => [
      placed(`engagement ${engagement}: a cap on displays`, { ...shown, link: { engagement } }),
      placed(`engagement ${engagement}: a cap on displays until the end`, {
        ...shown,
        link: { engagement },
        message: { expiresAt: at(23 * HOUR) },
      }),
      deferred(
        `engagement ${engagement}: a cap on displays after the beginning`,
        { ...shown, link: { engagement }, message: { notBefore: at(HOUR) } },
        HOUR,
      ),
      refused(
        `engagement ${engagement}: a cap on what is placed`,
        'message.cap',
        { ...under('slot', [contact(-HOUR)]), link: { engagement } },
        23 * HOUR,
      ),
    ]),
  ];
}

function serviceCases(): PlacingCase[] {
  const service = { category: 'service' } as const;
  const ten = Array.from({ length: 10 }, (_, index) => contact((index - 10) * HOUR, service));
  const byCategory = (counts: Cap['counts']) => ({ caps: [cap({ scope: 'category', counts })] });
  return [
    placed('service: caps of the slot and of the guest', {
      message: service,
      grant: { caps: [cap(), cap({ scope: 'guest' })] },
      placed: [contact(-2 * HOUR), contact(-HOUR, service)],
    }),
    placed('service: the tenth in a day', { message: service, placed: ten.slice(1) }),
    refused('service: the eleventh in a day', 'message.cap', { message: service, placed: ten }, 14 * HOUR),
    placed('service: the eleventh after a day', {
      message: service,
      placed: [contact(-DAY, service), ...ten.slice(1)],
    }),
    refused(
      'service: ten over all slots',
      'message.cap',
      { message: service, placed: ten.map((one) => ({ ...one, slot: 'inbox-line' })) },
      14 * HOUR,
    ),
    placed('service: ten of other categories', {
      message: service,
      placed: ten.map((one) => ({ ...one, category: 'advice' })),
    }),
    placed('service: an edit after ten', { message: { ...service, replaces: uuid('edited') }, placed: ten }),
    refused(
      'service: a cap of the agreement',
      'message.cap',
      { message: service, grant: byCategory('placed'), placed: [contact(-HOUR, service)] },
      23 * HOUR,
    ),
    placed('service: ten where the agreement allows more', {
      message: service,
      grant: { caps: [cap({ scope: 'category', max: 20 })] },
      placed: ten,
    }),
    refused(
      'service: a cap on displays leaves the ceiling',
      'message.cap',
      { message: service, grant: byCategory('displayed'), placed: ten },
      14 * HOUR,
    ),
    placed('service: the customer muted the guest, has no calm budget left, and it is quiet hours', {
      message: service,
      customer: {
        mutedUntil: 'always',
        calm: { max: 1, per: 1, unit: 'day', displays: [at(-HOUR)] },
        quiet: { from: '12:00', to: '14:00', zone: 'Europe/Paris' },
      },
    }),
  ];
}

const MIDDAY = { from: '12:00', to: '14:00', zone: 'Europe/Paris' };

function customerCases(): PlacingCase[] {
  const muted = { mutedUntil: at(3 * DAY + MINUTE) };
  const calm = { calm: { max: 1, per: 1, unit: 'day', displays: [at(-HOUR)] } } as const;
  const quiet = { quiet: MIDDAY };
  const wishes = [
    ['a guest who is muted', 'message.muted', muted, 3 * DAY + MINUTE],
    ['a guest who is muted for good', 'message.muted', { mutedUntil: 'always' }, undefined],
    ['a calm budget that is used up', 'message.calm_budget', calm, 23 * HOUR],
    ['quiet hours', 'message.quiet_hours', quiet, HOUR],
    [
      'a muted guest, no calm budget and quiet hours',
      'message.muted',
      { ...muted, ...calm, ...quiet },
      3 * DAY + MINUTE,
    ],
    ['no calm budget and quiet hours', 'message.calm_budget', { ...calm, ...quiet }, 23 * HOUR],
    ['a mute that ends before the quiet hours', 'message.muted', { mutedUntil: at(MINUTE), ...quiet }, HOUR],
    [
      'a muted guest for good, and quiet hours',
      'message.muted',
      { mutedUntil: 'always', ...quiet },
      undefined,
    ],
  ] as const;
  const hidden = (['none', 'aggregate'] as const).flatMap((engagement) =>
    wishes.map(([name, , customer]) =>
      refused(`engagement ${engagement}: ${name}`, 'message.not_now', {
        customer: customer as PlacingFactsShape['customer'],
        link: { engagement },
      }),
    ),
  );
  return [
    ...wishes.map(([name, code, customer, fromMs]) =>
      refused(name, code, { customer: customer as PlacingFactsShape['customer'] }, fromMs),
    ),
    ...hidden,
    placed('a mute that ends now', { customer: { mutedUntil: at(0) } }),
    refused('a mute for a millisecond', 'message.muted', { customer: { mutedUntil: at(1) } }, 1),
    placed('a calm budget whose window ends now', {
      customer: { calm: { max: 1, per: 1, unit: 'day', displays: [at(-DAY)] } },
    }),
    refused(
      'an edit for a customer who muted the guest',
      'message.muted',
      { message: { replaces: uuid('edited') }, customer: muted },
      3 * DAY + MINUTE,
    ),
    refused('quiet hours of the slot', 'message.quiet_hours', { grant: { quietHours: MIDDAY } }, HOUR),
    placed('quiet hours of the slot, in the zone of the customer', {
      grant: { quietHours: MIDDAY },
      customer: { zone: 'Asia/Tokyo' },
    }),
    refused(
      'the same, where it is midday there',
      'message.quiet_hours',
      { grant: { quietHours: { ...MIDDAY, zone: 'Asia/Tokyo' } }, customer: { zone: 'Europe/Paris' } },
      HOUR,
    ),
    placed('quiet hours of the customer, in their own zone', {
      customer: { quiet: { ...MIDDAY, zone: 'Asia/Tokyo' }, zone: 'Europe/Paris' },
    }),
    refused(
      'quiet hours of the slot and longer ones of the customer',
      'message.quiet_hours',
      { grant: { quietHours: MIDDAY }, customer: { quiet: { ...MIDDAY, to: '16:30' } } },
      3 * HOUR + 30 * MINUTE,
    ),
    ...beginningCases(),
  ];
}

/** What a customer wants is held against the time a message begins. */
function beginningCases(): PlacingCase[] {
  const begins = (ms: number) => ({ notBefore: at(ms) });
  const quiet = { quiet: MIDDAY };
  const calm: PlacingFactsShape['customer'] = {
    calm: { max: 1, per: 1, unit: 'day', displays: [at(-HOUR)] },
  };
  return [
    deferred('a beginning after the quiet hours', { message: begins(HOUR), customer: quiet }, HOUR),
    refused(
      'a beginning a millisecond before they end',
      'message.quiet_hours',
      { message: begins(HOUR - 1), customer: quiet },
      HOUR,
    ),
    refused(
      'a beginning in the quiet hours of the next day',
      'message.quiet_hours',
      { message: begins(DAY), customer: quiet },
      DAY + HOUR,
    ),
    refused(
      'a beginning in quiet hours to come',
      'message.quiet_hours',
      { message: begins(2 * HOUR + MINUTE), customer: { quiet: { ...MIDDAY, from: '15:00', to: '16:00' } } },
      3 * HOUR,
    ),
    refused(
      'a beginning past, in quiet hours',
      'message.quiet_hours',
      { message: begins(-2 * HOUR), customer: quiet },
      HOUR,
    ),
    deferred(
      'a beginning when a mute ends',
      { message: begins(DAY), customer: { mutedUntil: at(DAY) } },
      DAY,
    ),
    refused(
      'a beginning a millisecond before a mute ends',
      'message.muted',
      { message: begins(DAY), customer: { mutedUntil: at(DAY + 1) } },
      DAY + 1,
    ),
    refused('a beginning under a mute for good', 'message.muted', {
      message: begins(DAY),
      customer: { mutedUntil: 'always' },
    }),
    deferred(
      'a beginning when the calm budget has one left',
      { message: begins(23 * HOUR), customer: calm },
      23 * HOUR,
    ),
    refused(
      'a beginning a millisecond before that',
      'message.calm_budget',
      { message: begins(23 * HOUR - 1), customer: calm },
      23 * HOUR,
    ),
    deferred(
      'engagement none: a beginning after the quiet hours',
      { message: begins(HOUR), customer: quiet, link: { engagement: 'none' } },
      HOUR,
    ),
    deferred(
      'engagement none: a beginning in quiet hours to come, of which nothing is told',
      { message: begins(DAY), customer: quiet, link: { engagement: 'none' } },
      DAY,
    ),
  ];
}

/** Each rule stands before the next: where both object, the first is told. */
function orderCases(): PlacingCase[] {
  const faults: readonly [RefusalCode, Changes][] = [
    ['slot.unknown', { grant: null }],
    ['slot.paused', { slot: { paused: true } }],
    ['slot.no_human', { grant: { human: undefined } }],
    ['link.scope', { link: { contact: [] } }],
    ['message.category', { grant: { categories: ['offer'] } }],
    ['message.locale', { grant: { locales: ['de'] } }],
    [
      'message.too_long',
      { grant: { titleMaxChars: 10 }, message: { texts: [{ ...TEXT, title: 'e'.repeat(11) }] } },
    ],
    ['message.link', linkTo('https://a.example/')],
    ['message.lifetime', { message: { notBefore: at(WEEK) } }],
    ['message.human_overdue', { humanOverdue: true, message: { category: 'offer' } }],
    ['message.capacity', { active: [at(DAY), at(DAY)] }],
    ['message.cap', { grant: { caps: [cap()] }, placed: [contact(-HOUR)] }],
    ['message.muted', { customer: { mutedUntil: 'always' } }],
  ];
  const times: Partial<Record<RefusalCode, number>> = { 'message.capacity': DAY, 'message.cap': 23 * HOUR };
  const both = (a: Changes, b: Changes): Changes => ({
    ...a,
    ...b,
    ...((a.grant || b.grant) && { grant: { ...a.grant, ...b.grant } }),
    ...(a.grant === null && { grant: null }),
    ...((a.message || b.message) && { message: { ...a.message, ...b.message } }),
  });
  const pairs = faults.slice(1).map(([second, fault], index) => {
    const [first, before] = faults[index] as (typeof faults)[number];
    return refused(`${first} before ${second}`, first, both(before, fault), times[first]);
  });
  return [
    ...pairs,
    refused(
      'message.muted before a beginning to come',
      'message.muted',
      { customer: { mutedUntil: at(2 * DAY) }, message: { notBefore: at(DAY) } },
      2 * DAY,
    ),
  ];
}

export function placingCases(): PlacingCase[] {
  return [
    ...slotCases(),
    ...textCases(),
    ...timeCases(),
    ...roomCases(),
    ...capCases(),
    ...serviceCases(),
    ...customerCases(),
    ...orderCases(),
  ];
}

export type QuietCase = { name: string; hours: HoursShape; at: string; until: string | null };

export function quietCases(): QuietCase[] {
  const paris = (from: string, to: string) => ({ from, to, zone: 'Europe/Paris' });
  const night = paris('20:00', '08:00');
  const late = paris('22:00', '02:30');
  const hidden = paris('02:15', '02:45');
  const across = paris('01:30', '03:30');
  const one = (name: string, hours: HoursShape, at: string, until: string | null): QuietCase => ({
    name,
    hours,
    at,
    until,
  });
  return [
    one('before the first minute', night, '2026-11-01T18:59:59.999Z', null),
    one('from the first minute', night, '2026-11-01T19:00:00.000Z', '2026-11-02T07:00:00.000Z'),
    one('past midnight', night, '2026-11-02T00:00:00.000Z', '2026-11-02T07:00:00.000Z'),
    one('before the end', night, '2026-11-02T06:59:59.999Z', '2026-11-02T07:00:00.000Z'),
    one('from the end', night, '2026-11-02T07:00:00.000Z', null),
    one('within a day', MIDDAY, '2026-11-02T11:00:00.000Z', '2026-11-02T13:00:00.000Z'),
    one('within a day, from the end', MIDDAY, '2026-11-02T13:00:00.000Z', null),
    one('to midnight', paris('20:00', '00:00'), '2026-11-01T22:59:59.999Z', '2026-11-01T23:00:00.000Z'),
    one('to midnight, from the end', paris('20:00', '00:00'), '2026-11-01T23:00:00.000Z', null),
    one(
      'a zone at an odd offset',
      { from: '22:00', to: '07:30', zone: 'Asia/Kathmandu' },
      '2026-11-01T17:00:00.000Z',
      '2026-11-02T01:45:00.000Z',
    ),
    one('in summer', night, '2026-07-01T18:00:00.000Z', '2026-07-02T06:00:00.000Z'),
    one(
      'March: a night that is an hour shorter',
      night,
      '2026-03-28T22:00:00.000Z',
      '2026-03-29T06:00:00.000Z',
    ),
    one('March: an end that no clock shows', late, '2026-03-29T00:30:00.000Z', '2026-03-29T01:00:00.000Z'),
    one('March: after that end', late, '2026-03-29T01:00:00.000Z', null),
    one('March: hours that no clock shows', hidden, '2026-03-29T01:00:00.000Z', null),
    one('March: before the skip', across, '2026-03-29T00:59:59.999Z', '2026-03-29T01:30:00.000Z'),
    one('March: after the skip', across, '2026-03-29T01:00:00.000Z', '2026-03-29T01:30:00.000Z'),
    one(
      'October: a night that is an hour longer',
      night,
      '2026-10-24T22:00:00.000Z',
      '2026-10-25T07:00:00.000Z',
    ),
    one(
      'October: an end that comes twice, the first',
      late,
      '2026-10-25T00:10:00.000Z',
      '2026-10-25T00:30:00.000Z',
    ),
    one('October: between both', late, '2026-10-25T00:45:00.000Z', null),
    one('October: quiet again', late, '2026-10-25T01:00:00.000Z', '2026-10-25T01:30:00.000Z'),
    one('October: after the second end', late, '2026-10-25T01:30:00.000Z', null),
    one(
      'October: hours that come twice, the first',
      hidden,
      '2026-10-25T00:15:00.000Z',
      '2026-10-25T00:45:00.000Z',
    ),
    one(
      'October: hours that come twice, the second',
      hidden,
      '2026-10-25T01:15:00.000Z',
      '2026-10-25T01:45:00.000Z',
    ),
    one('October: through both', across, '2026-10-24T23:30:00.000Z', '2026-10-25T02:30:00.000Z'),
  ];
}

export type WindowCase = {
  name: string;
  limit: LimitShape;
  times: string[];
  now: string;
  from: string | null;
};

export function windowCases(): WindowCase[] {
  const two: LimitShape = { max: 2, per: 1, unit: 'day' };
  const one = (name: string, limit: LimitShape, times: number[], fromMs: number | null): WindowCase => ({
    name,
    limit,
    times: times.map(at),
    now: at(0),
    from: fromMs === null ? null : at(fromMs),
  });
  return [
    one('nothing yet', two, [], null),
    one('one of two', two, [-HOUR], null),
    one('two of two', two, [-2 * HOUR, -HOUR], 22 * HOUR),
    one('two at once, now', two, [0, 0], DAY),
    one('the first is a millisecond from leaving', two, [1 - DAY, -HOUR], 1),
    one('the first has left', two, [-DAY, -HOUR], null),
    one('four of two', two, [-4 * HOUR, -3 * HOUR, -2 * HOUR, -HOUR], 22 * HOUR),
    one('three hours', { max: 1, per: 3, unit: 'hour' }, [-HOUR], 2 * HOUR),
    one('a hundred weeks', { max: 1, per: 100, unit: 'week' }, [-WEEK], 99 * WEEK),
    one(
      'a week over a change of clocks is seven times 24 hours',
      { max: 1, per: 1, unit: 'week' },
      [1 - WEEK],
      1,
    ),
  ];
}

export type RoundingCase = { from: string; nextEligibleAt: string };

export function roundingCases(): RoundingCase[] {
  const one = (from: string, nextEligibleAt: string): RoundingCase => ({ from, nextEligibleAt });
  return [
    one('2026-11-01T12:00:00.000Z', '2026-11-01T12:00:00.000Z'),
    one('2026-11-01T12:00:00.001Z', '2026-11-01T13:00:00.000Z'),
    one('2026-11-01T12:30:00.000Z', '2026-11-01T13:00:00.000Z'),
    one('2026-11-01T12:59:59.999Z', '2026-11-01T13:00:00.000Z'),
    one('2026-12-31T23:00:00.001Z', '2027-01-01T00:00:00.000Z'),
    one('2026-11-02T01:45:00.000Z', '2026-11-02T02:00:00.000Z'),
  ];
}
