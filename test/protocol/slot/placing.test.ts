import fc from 'fast-check';
import t from 'tap';
import type { Cap, SlotGrant } from '../../../src/protocol/agreement/terms.ts';
import type { Contact } from '../../../src/protocol/slot/caps.ts';
import type { SlotMessageBody } from '../../../src/protocol/slot/message.ts';
import { type PlacingFacts, placeMessage, roundUpToHour } from '../../../src/protocol/slot/placing.ts';

const NOW = Date.UTC(2026, 10, 23, 12);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const at = (ms: number) => new Date(NOW + ms).toISOString();

const GRANT: SlotGrant = {
  slot: 'home-card',
  placement: 'home',
  categories: ['service', 'advice', 'offer'],
  locales: ['fr', 'en'],
  capacity: 2,
  caps: [],
  titleMaxChars: 20,
  bodyMaxChars: 50,
  links: ['https://bank.example/credit'],
};

const MESSAGE: SlotMessageBody = {
  slot: 'home-card',
  category: 'advice',
  priority: 'normal',
  texts: [{ language: 'fr', title: 'Bonjour', body: 'Un conseil.' }],
  expiresAt: at(7 * DAY),
};

type Given = Partial<Omit<PlacingFacts, 'message' | 'grant' | 'customer' | 'slot' | 'scopes'>> & {
  message?: Partial<SlotMessageBody>;
  grant?: Partial<SlotGrant> | null;
  customer?: Partial<PlacingFacts['customer']>;
  slot?: Partial<PlacingFacts['slot']>;
  scopes?: Partial<PlacingFacts['scopes']>;
};

function facts(given: Given = {}): PlacingFacts {
  return {
    nowMs: NOW,
    activeUntilMs: [],
    placed: [],
    displayed: [],
    humanOverdue: false,
    image: undefined,
    account: undefined,
    ...given,
    message: { ...MESSAGE, ...given.message },
    grant: given.grant === null ? undefined : { ...GRANT, ...given.grant },
    slot: { paused: false, human: 'declared', ...given.slot },
    scopes: { contact: ['service', 'advice', 'offer'], engagement: 'individual', ...given.scopes },
    customer: {
      mutedUntilMs: undefined,
      calm: undefined,
      displaysMs: [],
      quiet: undefined,
      zone: undefined,
      ...given.customer,
    },
  };
}

const placing = (given: Given = {}) => {
  const result = placeMessage(facts(given));
  return result.kind === 'refused' ? result.code : result.kind;
};
const from = (given: Given) => {
  const result = placeMessage(facts(given));
  return result.kind === 'placed' ? undefined : result.nextEligibleAtMs;
};
const contact = (ms: number, more: Partial<Contact> = {}): Contact => ({
  slot: 'home-card',
  category: 'advice',
  atMs: NOW + ms,
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

t.test('each rule has its code', async (t) => {
  t.equal(placing(), 'placed');
  t.equal(placing({ grant: null }), 'slot.unknown');
  t.equal(placing({ slot: { paused: true } }), 'slot.paused');
  t.equal(placing({ slot: { human: 'none' } }), 'slot.no_human');
  t.equal(placing({ slot: { human: 'unreachable' } }), 'slot.human_unreachable');
  t.equal(placing({ scopes: { contact: ['service'] } }), 'link.scope');
  t.equal(placing({ grant: { categories: ['service'] } }), 'message.category');
  t.equal(placing({ message: { texts: [{ language: 'de', title: 'x', body: 'x' }] } }), 'message.locale');
  t.equal(placing({ message: { texts: [{ language: 'fr-CA', title: 'x', body: 'x' }] } }), 'placed');
  const long = (title: string, body: string) => ({ message: { texts: [{ language: 'fr', title, body }] } });
  t.equal(placing(long('x'.repeat(20), 'x'.repeat(50))), 'placed', 'at its limits');
  t.equal(placing(long('x'.repeat(21), 'x')), 'message.too_long');
  t.equal(placing(long('x', 'x'.repeat(51))), 'message.too_long');
  t.equal(placing(long('🙂'.repeat(20), 'x')), 'placed', 'characters, not code units');
  const link = (url: string) => ({ message: { actions: [{ kind: 'link' as const, label: 'Voir', url }] } });
  t.equal(placing(link('https://bank.example/credit')), 'placed');
  t.equal(placing(link('https://bank.example/credit?who=42')), 'message.link', 'none made for one person');
  t.equal(placing({ message: { expiresAt: at(0) } }), 'message.lifetime');
  t.equal(placing({ message: { expiresAt: at(30 * DAY) } }), 'placed');
  t.equal(placing({ message: { expiresAt: at(30 * DAY + 1) } }), 'message.lifetime');
  t.equal(placing({ message: { notBefore: at(8 * DAY) } }), 'message.lifetime');
});

t.test('room in the slot', async (t) => {
  t.equal(placing({ activeUntilMs: [NOW + DAY] }), 'placed');
  const full = { activeUntilMs: [NOW + 3 * DAY, NOW + DAY] };
  t.equal(placing(full), 'message.capacity');
  t.equal(from(full), NOW + DAY, 'when the first of them ends');
});

t.test('caps', async (t) => {
  const caps = [cap({ max: 2 })];
  t.equal(placing({ grant: { caps }, placed: [contact(-HOUR)] }), 'placed');
  const two = [contact(-5 * HOUR), contact(-HOUR)];
  t.equal(placing({ grant: { caps }, placed: two }), 'message.cap');
  t.equal(from({ grant: { caps }, placed: two }), NOW + 19 * HOUR);
  const edge = [contact(-DAY), contact(-HOUR)];
  t.equal(placing({ grant: { caps }, placed: edge }), 'placed', 'exactly a day ago counts no longer');
  t.equal(
    placing({ grant: { caps }, placed: two, message: { replaces: 'x' } }),
    'placed',
    'an edit counts for nothing',
  );

  const other = [contact(-HOUR, { slot: 'inbox-line' })];
  t.equal(placing({ grant: { caps: [cap()] }, placed: other }), 'placed');
  t.equal(placing({ grant: { caps: [cap({ scope: 'guest' })] }, placed: other }), 'message.cap');
  const offer = [contact(-HOUR, { category: 'offer' })];
  t.equal(placing({ grant: { caps: [cap({ scope: 'category' })] }, placed: offer }), 'placed');
  t.equal(placing({ grant: { caps: [cap({ scope: 'slot' })] }, placed: offer }), 'message.cap');

  const strict = [cap({ max: 5, unit: 'week' }), cap({ per: 2, unit: 'hour' })];
  t.equal(from({ grant: { caps: strict }, placed: [contact(-HOUR)] }), NOW + HOUR, 'the strictest wins');

  const shown = { grant: { caps: [cap({ counts: 'displayed' })] }, displayed: [contact(-HOUR)] };
  t.equal(placing(shown), 'deferred');
  t.equal(from(shown), NOW + 23 * HOUR);
  t.equal(
    placing({ ...shown, message: { expiresAt: at(2 * HOUR) } }),
    'message.cap',
    'it would be over by then',
  );
});

t.test('service messages keep a ceiling of their own', async (t) => {
  const service = { category: 'service' as const };
  const many = Array.from({ length: 10 }, (_, i) => contact(-i * HOUR, service)).reverse();
  const busy = {
    message: service,
    grant: { caps: [cap(), cap({ scope: 'guest' })] },
    placed: [contact(-HOUR)],
    customer: {
      mutedUntilMs: NOW + DAY,
      calm: { max: 1, per: 1, unit: 'day' as const },
      displaysMs: [NOW - 1],
    },
  };
  t.equal(placing(busy), 'placed', 'others, mute and calm do not stop them');
  t.equal(placing({ ...busy, placed: many }), 'message.cap');
  t.equal(placing({ ...busy, placed: many.slice(1) }), 'placed');
  const own = { grant: { caps: [cap({ scope: 'category', max: 1 })] }, message: service };
  t.equal(
    placing({ ...own, placed: many.slice(-1) }),
    'message.cap',
    "the agreement's own cap, where there is one",
  );
  t.equal(
    placing({ grant: { caps: [cap()] }, placed: [contact(-HOUR, service)] }),
    'placed',
    'and they use up nothing of the others',
  );
});

t.test('what the customer wants', async (t) => {
  const muted = { customer: { mutedUntilMs: NOW + 3 * DAY } };
  t.equal(placing(muted), 'message.muted');
  t.equal(placing({ customer: { mutedUntilMs: NOW } }), 'placed', 'it is over');
  const forGood = { customer: { mutedUntilMs: Number.POSITIVE_INFINITY } };
  t.equal(placing(forGood), 'message.muted');
  t.equal(from(forGood), undefined, 'no time is told where there is none');
  const calm = { customer: { calm: { max: 1, per: 1, unit: 'day' as const }, displaysMs: [NOW - HOUR] } };
  t.equal(placing(calm), 'message.calm_budget');
  t.equal(from(calm), NOW + 23 * HOUR);
  const night = { from: '12:00', to: '14:00', zone: 'Europe/Paris' };
  const quiet = { customer: { quiet: night } };
  t.equal(placing(quiet), 'message.quiet_hours');
  t.equal(from(quiet), NOW + HOUR);
  t.equal(placing({ grant: { quietHours: night } }), 'message.quiet_hours', 'those of the slot');
  t.equal(
    placing({ grant: { quietHours: night }, customer: { zone: 'Asia/Tokyo' } }),
    'placed',
    'by the clock of the customer',
  );
  for (const engagement of ['none', 'aggregate'] as const) {
    for (const given of [muted, calm, quiet])
      t.equal(placing({ ...given, scopes: { engagement } }), 'message.not_now', 'all of it reads the same');
    const tomorrow = { message: { notBefore: at(DAY) }, ...muted, scopes: { engagement } };
    t.equal(placing(tomorrow), 'deferred', 'nor does a beginning to come tell anything');
  }
  t.equal(from({ customer: { ...muted.customer, ...calm.customer } }), NOW + 3 * DAY, 'the strictest wins');
});

t.test('later', async (t) => {
  t.equal(placing({ message: { notBefore: at(HOUR) } }), 'deferred');
  t.equal(from({ message: { notBefore: at(HOUR) } }), NOW + HOUR);
  t.equal(placing({ message: { notBefore: at(-HOUR) } }), 'placed');
  t.equal(roundUpToHour(NOW), NOW);
  t.equal(roundUpToHour(NOW + 1), NOW + HOUR);
});

t.test('what is refused now may pass when it was told to, if nothing else happens', async (t) => {
  const times = fc
    .array(fc.integer({ min: -3 * DAY, max: 0 }), { maxLength: 8 })
    .map((ms) => ms.sort((a, b) => a - b));
  const anyCap = fc.record({
    scope: fc.constantFrom('category', 'slot', 'guest'),
    max: fc.integer({ min: 1, max: 3 }),
    per: fc.integer({ min: 1, max: 5 }),
    unit: fc.constantFrom('hour', 'day'),
    counts: fc.constantFrom('placed', 'displayed'),
  });
  const clock = fc.constantFrom('00:00', '07:30', '12:00', '12:30', '19:00', '23:45');
  fc.assert(
    fc.property(
      times,
      times,
      fc.array(anyCap, { maxLength: 3 }),
      fc.option(
        fc.tuple(clock, clock).filter(([a, b]) => a !== b),
        { nil: undefined },
      ),
      fc.option(fc.integer({ min: 0, max: 3 * DAY }), { nil: undefined }),
      (placed, displayed, caps, quiet, mute) => {
        const given: Given = {
          placed: placed.map((ms) => contact(ms)),
          displayed: displayed.map((ms) => contact(ms)),
          grant: { caps: caps as Cap[] },
          message: { expiresAt: at(29 * DAY) },
          customer: {
            mutedUntilMs: mute === undefined ? undefined : NOW + mute,
            quiet: quiet && { from: quiet[0], to: quiet[1], zone: 'Europe/Paris' },
          },
        };
        let nowMs = NOW;
        for (let tries = 0; tries < 20; tries++) {
          const result = placeMessage({ ...facts(given), nowMs });
          if (result.kind === 'placed') return;
          if (result.nextEligibleAtMs === undefined || result.nextEligibleAtMs <= nowMs)
            throw new Error(`${JSON.stringify(result)} leads nowhere`);
          nowMs = result.nextEligibleAtMs;
        }
        throw new Error('put off for ever');
      },
    ),
    { numRuns: 2_000 },
  );
  t.pass();
});
