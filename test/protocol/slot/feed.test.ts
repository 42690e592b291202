import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import type { Cap, ContactCategory, SlotGrant } from '../../../src/protocol/agreement/terms.ts';
import {
  chooseFeed,
  type Display,
  type FeedFacts,
  type FeedMessage,
} from '../../../src/protocol/slot/feed.ts';

const NOW = Date.UTC(2026, 10, 23, 12);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const GRANT: SlotGrant = {
  slot: 'home-card',
  placement: 'home',
  categories: ['service', 'advice', 'offer'],
  locales: ['fr'],
  capacity: 50,
  caps: [],
  titleMaxChars: 80,
  bodyMaxChars: 2000,
};

function message(id: string, more: Partial<FeedMessage> = {}): FeedMessage {
  return {
    id,
    iss: 'https://a.example',
    slot: 'home-card',
    category: 'advice',
    priority: 'normal',
    grant: GRANT,
    atMs: NOW - HOUR,
    shown: false,
    muted: false,
    ...more,
  };
}

const choose = (messages: FeedMessage[], more: Partial<FeedFacts> = {}) =>
  chooseFeed({
    nowMs: NOW,
    messages,
    displays: [],
    customer: { calm: undefined, quiet: undefined, zone: undefined },
    limit: 10,
    ...more,
  });
const ids = (...given: Parameters<typeof choose>) => choose(...given).map(({ id }) => id);

const display = (hoursAgo: number, more: Partial<Display> = {}): Display => ({
  iss: 'https://a.example',
  slot: 'home-card',
  category: 'advice',
  atMs: NOW - hoursAgo * HOUR,
  ...more,
});

t.test('guests take turns', async (t) => {
  const b = { iss: 'https://b.example' };
  const all = [
    message('a1'),
    message('a2', { atMs: NOW }),
    message('b1', b),
    message('b2', { ...b, atMs: NOW }),
  ];
  t.same(ids(all), ['a1', 'b1', 'a2', 'b2']);
  t.same(
    ids(all, { displays: [display(1)] }),
    ['b1', 'a1', 'b2', 'a2'],
    'whoever was not seen for longest first',
  );
  t.same(ids(all, { limit: 3 }), ['a1', 'b1', 'a2']);
  const loud = Array.from({ length: 5 }, (_, i) => message(`a${i}`, { priority: 'high' }));
  t.same(ids([...loud, message('b1', b)])[1], 'b1', 'priority counts among a guest’s own only');
  const own = [
    message('low', { priority: 'low' }),
    message('normal'),
    message('high', { priority: 'high' }),
    message('service', { category: 'service', priority: 'low' }),
  ];
  t.same(ids(own), ['service', 'high', 'normal', 'low']);
});

t.test('what may not be shown takes no turn', async (t) => {
  const cap: Cap = { scope: 'category', max: 1, per: 1, unit: 'week', counts: 'displayed' };
  const capped = { category: 'offer' as const, grant: { ...GRANT, caps: [cap] } };
  const all = [
    ...['1', '2', '3', '4'].map((id) => message(id, { ...capped, priority: 'high' })),
    message('5'),
    ...['a', 'b', 'c'].map((id) => message(id, { iss: 'https://b.example' })),
  ];
  t.same(ids(all), ['1', 'a', '5', 'b', 'c']);
});

t.test('a few of each slot and category are as good as all of them', async (t) => {
  const limit = 3;
  const guest = fc.constantFrom('https://a.example', 'https://b.example');
  const cap = fc.record({
    scope: fc.constantFrom('category' as const, 'slot' as const, 'guest' as const),
    max: fc.integer({ min: 1, max: 4 }),
  });
  const given = fc.array(
    fc.record({
      iss: guest,
      slot: fc.constantFrom('x', 'y'),
      category: fc.constantFrom<ContactCategory>('service', 'advice', 'offer'),
      priority: fc.constantFrom('low' as const, 'normal' as const, 'high' as const),
      atMs: fc.integer({ min: NOW - DAY, max: NOW }),
      shown: fc.boolean(),
    }),
    { maxLength: 60 },
  );
  const PRIORITIES = ['high', 'normal', 'low'];
  fc.assert(
    fc.property(given, cap, fc.option(fc.integer({ min: 1, max: 4 })), (rows, of, calmMax) => {
      const caps: Cap[] = [{ ...of, per: 1, unit: 'day', counts: 'displayed' }];
      const all = rows.map((row, i) =>
        message(String(i).padStart(3, '0'), { ...row, grant: { ...GRANT, caps } }),
      );
      const inOrder = [...all].sort(
        (a, b) =>
          PRIORITIES.indexOf(a.priority) - PRIORITIES.indexOf(b.priority) ||
          a.atMs - b.atMs ||
          (a.id < b.id ? -1 : 1),
      );
      const groups = Map.groupBy(inOrder, (one) => [one.iss, one.slot, one.category, one.shown].join(' '));
      const few = [...groups.values()].flatMap((group) => group.slice(0, limit));
      const displays = all.filter(({ shown }) => shown);
      const calm = calmMax === null ? undefined : { max: calmMax, per: 1, unit: 'day' as const };
      const more = { limit, displays, customer: { calm, quiet: undefined, zone: undefined } };
      assert.deepEqual(choose(few, more), choose(all, more));
    }),
    { numRuns: 2_000 },
  );
  t.pass();
});

t.test('calm, caps, mute and quiet hours', async (t) => {
  const three = [message('1'), message('2'), message('3')];
  const calm = { calm: { max: 2, per: 1, unit: 'day' as const }, quiet: undefined, zone: undefined };
  t.same(ids(three, { customer: calm }), ['1', '2']);
  t.same(ids(three, { customer: calm, displays: [display(23)] }), ['1']);
  t.same(ids(three, { customer: calm, displays: [display(24)] }), ['1', '2'], 'a day ago counts no longer');
  t.same(ids(three, { customer: calm, displays: [display(1, { category: 'service' })] }), ['1', '2']);
  const shown = [message('1', { shown: true }), message('2', { shown: true }), message('3')];
  const both = [display(1), display(1)];
  t.same(
    ids(shown, { customer: calm, displays: both }),
    ['1', '2'],
    'what was shown stays, what is new waits',
  );
  t.same(
    choose(shown, { customer: calm, displays: both }).map(({ lease }) => lease),
    [false, false],
  );
  const service = message('s', { category: 'service', muted: true });
  t.same(ids([...three, service], { customer: calm, displays: both }), ['s'], 'service passes');

  const cap: Cap = { scope: 'slot', max: 1, per: 1, unit: 'week', counts: 'displayed' };
  const capped = three.map((one) => ({ ...one, grant: { ...GRANT, caps: [cap] } }));
  t.same(ids(capped), ['1']);
  t.same(ids(capped, { displays: [display(1)] }), []);
  t.same(ids(capped, { displays: [display(1, { iss: 'https://b.example' })] }), ['1'], 'of each guest');

  t.same(ids([message('1', { muted: true })]), []);
  t.same(
    ids([message('1', { muted: true, shown: true })]),
    ['1'],
    'what the customer has seen does not vanish',
  );
  const quiet = { ...calm, quiet: { from: '12:00', to: '14:00', zone: 'UTC' } };
  t.same(ids([message('1'), service], { customer: quiet }), ['s']);
});

t.test('whoever fetches however often, no budget is ever exceeded', async (t) => {
  const guest = fc.constantFrom('https://a.example', 'https://b.example', 'https://c.example');
  const category = fc.constantFrom<ContactCategory>('service', 'advice', 'offer');
  fc.assert(
    fc.property(
      fc.array(fc.record({ iss: guest, category, slot: fc.constantFrom('x', 'y') }), { maxLength: 20 }),
      fc.record({ max: fc.integer({ min: 1, max: 4 }), per: fc.integer({ min: 1, max: 3 }) }),
      fc.record({ max: fc.integer({ min: 1, max: 3 }), per: fc.integer({ min: 1, max: 4 }) }),
      fc.array(fc.integer({ min: 0, max: DAY }), { minLength: 1, maxLength: 12 }),
      (given, calmOf, capOf, gaps) => {
        const cap: Cap = { ...capOf, scope: 'guest', unit: 'day', counts: 'displayed' };
        const calm = { ...calmOf, unit: 'day' as const };
        const displays: Display[] = [];
        const seen = new Set<string>();
        let nowMs = NOW;
        for (const gap of gaps) {
          nowMs += gap;
          const messages = given.map((one, i) =>
            message(`${i}`, { ...one, grant: { ...GRANT, caps: [cap] }, shown: seen.has(`${i}`) }),
          );
          const chosen = choose(messages, {
            nowMs,
            displays,
            customer: { calm, quiet: undefined, zone: undefined },
          });
          for (const { id, lease } of chosen) {
            if (!lease) continue;
            seen.add(id);
            displays.push({ ...(given[Number(id)] as (typeof given)[number]), atMs: nowMs });
          }
        }
        const calmed = displays.filter((one) => one.category !== 'service');
        const most = (of: Display[], perDays: number) =>
          Math.max(
            0,
            ...of.map(({ atMs }) => of.filter((o) => o.atMs > atMs - perDays * DAY && o.atMs <= atMs).length),
          );
        if (most(calmed, calm.per) > calm.max) throw new Error('the calm budget was exceeded');
        for (const of of Map.groupBy(calmed, ({ iss }) => iss).values())
          if (most(of, cap.per) > cap.max) throw new Error('a cap was exceeded');
      },
    ),
    { numRuns: 1_000 },
  );
  t.pass();
});
