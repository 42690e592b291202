// Who is told of an event, by what is kept of it.
import t from 'tap';
import type { MonthKnown } from '../../src/slots/engagement/learned-store.ts';
import { tellingOf } from '../../src/slots/engagement/told.ts';

const LINK = 'a-link';
const AT = new Date('2026-10-05T10:00:00Z');
const TOLD_AT = new Date('2026-11-08T01:00:00Z');

const event = (more = {}) =>
  ({ kind: 'opened', at: AT, named: null, toldAt: null, linkId: LINK, ...more }) as const;
const month = (more: Partial<MonthKnown> = {}): MonthKnown => ({
  countedUntil: new Date('2026-11-08T00:00:00Z'),
  closed: true,
  figures: ['displayed', 'opened'],
  toldAt: TOLD_AT,
  isMember: true,
  membersForgotten: false,
  links: [LINK],
  toldByName: false,
  passedOver: false,
  ...more,
});
type Engagement = 'none' | 'aggregate' | 'individual';
const told = (
  given: Parameters<typeof tellingOf>[0],
  known: MonthKnown | undefined,
  agreed: Engagement | Record<string, Engagement> = 'none',
) =>
  tellingOf(given, {
    month: known,
    agreed: (link) => (typeof agreed === 'string' ? agreed : (agreed[link] ?? 'none')),
  });

t.test('by name', async (t) => {
  t.same(told(event({ named: 'told', toldAt: AT }), month()), { told: 'individual', toldAt: AT });
  t.same(told(event({ named: 'told' }), undefined), { told: 'individual' }, 'on its way');
  t.same(told(event({ named: 'unconfirmed', kind: 'reply' }), undefined), { told: 'unconfirmed' });
  const open = month({ closed: false, figures: [], toldAt: null, isMember: false });
  t.same(told(event({ named: 'due' }), open, 'individual'), { told: 'individual' });
  t.same(told(event({ named: 'due' }), open, 'none'), { told: 'never' }, 'withdrawn before it was told');
  t.same(told(event({ named: 'due' }), open, 'aggregate'), { told: 'aggregate' });
  t.same(told(event({ named: 'due', kind: 'muted' }), undefined), { told: 'never' });
});

t.test('in a month that was closed', async (t) => {
  for (const agreed of ['none', 'aggregate', 'individual'] as const)
    t.same(told(event(), month(), agreed), { told: 'aggregate', toldAt: TOLD_AT }, agreed);
  t.same(told(event(), month({ toldAt: null })), { told: 'aggregate' }, 'closed, and not told yet');
  const not = (known: Partial<MonthKnown>, expected: string, what: string) =>
    t.same(told(event(), month(known), 'aggregate'), { told: expected }, what);
  not({ figures: ['displayed'] }, 'never', 'no such figure');
  not({ figures: [], isMember: false, membersForgotten: true }, 'never', 'nothing is told of that month');
  not({ isMember: false }, 'never', 'of a group that is known, no member');
  not({ isMember: false, membersForgotten: true }, 'perhaps_aggregate', 'the group is forgotten');
  not({ links: [LINK, 'another'] }, 'perhaps_aggregate', 'by which link is forgotten');
  t.same(told(event({ at: month().countedUntil }), month()), { told: 'never' }, 'after its end');
});

t.test('in a month that is to be closed', async (t) => {
  const open = (more: Partial<MonthKnown> = {}) =>
    month({ closed: false, figures: [], toldAt: null, isMember: false, membersForgotten: true, ...more });
  for (const [agreed, expected] of [
    ['none', 'never'],
    ['aggregate', 'aggregate'],
    ['individual', 'never'],
  ] as const)
    t.same(told(event(), open(), agreed), { told: expected }, agreed);
  t.same(told(event(), open({ toldByName: true }), 'aggregate'), { told: 'never' });
  t.same(told(event(), open({ passedOver: true }), 'aggregate'), { told: 'never' });
  const both = open({ links: [LINK, 'another'] });
  t.same(told(event(), both, { [LINK]: 'aggregate', another: 'individual' }), { told: 'never' });
  t.same(told(event(), both, { [LINK]: 'aggregate' }), { told: 'aggregate' });
});
