import t from 'tap';
import {
  type DirectionFacts,
  monthsBetween,
  quantile,
  reportDirection,
} from '../../../src/protocol/report/relationship.ts';

const HOUR = 3600;
const DAY = 24 * HOUR;
const facts = (more: Partial<DirectionFacts> = {}): DirectionFacts => ({
  months: [
    { month: '2026-09', contacts: 60, reach: 30 },
    { month: '2026-10', contacts: 40, reach: 20 },
  ],
  reach: 35,
  told: [],
  documents: 0,
  documentCustomers: 0,
  asks: [],
  optOuts: 0,
  ...more,
});
const report = (more: Partial<DirectionFacts> = {}, nowS = 100 * DAY) =>
  reportDirection(facts(more), { k: 20, nowS });

t.test('contacts and documents', async (t) => {
  t.match(report({ documents: 50, documentCustomers: 20 }), {
    reach: 35,
    contacts: 100,
    contactsPerCustomerAndMonth: 2,
    documentsPerCustomer: 2.5,
  });
  t.match(report({ months: [] }), { contacts: 0, contactsPerCustomerAndMonth: undefined });
});

t.test('shares are of the months in which they were told', async (t) => {
  const told = [
    { customers: 30, displayed: 15, opened: undefined },
    { customers: 20, displayed: 10, opened: 5 },
  ];
  t.match(report({ told }), { displayedPercent: 50, openedPercent: 25 });
  t.match(report(), { displayedPercent: undefined, openedPercent: undefined });
});

t.test('time to a human answer', async (t) => {
  const waited = (...hours: number[]) => hours.map((hour) => ({ askedS: 0, answeredS: hour * HOUR }));
  t.match(report({ asks: waited(1, 2, 3, 4, 5, 6, 7, 8, 9, 10) }).humanAnswers, {
    asked: 10,
    answered: 10,
    medianHours: 5,
    p90Hours: 9,
    over15DaysPercent: 0,
  });
  const slow = [
    ...waited(360, 361),
    { askedS: 0, answeredS: undefined },
    { askedS: 99 * DAY, answeredS: undefined },
  ];
  t.match(report({ asks: slow }).humanAnswers, {
    asked: 4,
    answered: 2,
    over15DaysPercent: 50,
  });
  t.match(report().humanAnswers, {
    asked: 0,
    answered: 0,
    medianHours: undefined,
    over15DaysPercent: undefined,
  });
});

t.test('of few customers little is told', async (t) => {
  const few = report({ reach: 19, optOuts: 3, asks: [{ askedS: 0, answeredS: 60 }] });
  t.equal(few.optOuts, undefined);
  t.equal(few.humanAnswers, undefined);
  t.equal(few.contacts, 100, 'what both sides did themselves');
  t.equal(report({ reach: 20, optOuts: 3 }).optOuts, 3);
});

t.test('a quantile is a value that was there', async (t) => {
  t.equal(quantile([], 0.5), undefined);
  t.equal(quantile([7], 0.9), 7);
  t.equal(quantile([3, 1, 2], 0.5), 2);
  t.equal(quantile([4, 1, 2, 3], 0.5), 2);
  t.equal(quantile([10, 9, 8, 7, 6, 5, 4, 3, 2, 1], 0.9), 9);
});

t.test('months', async (t) => {
  t.same(monthsBetween('2026-11', '2027-02'), ['2026-11', '2026-12', '2027-01', '2027-02']);
  t.same(monthsBetween('2026-11', '2026-11'), ['2026-11']);
});
