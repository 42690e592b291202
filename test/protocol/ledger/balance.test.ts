import t from 'tap';
import {
  type BalanceFacts,
  monthOf,
  ruleOnBalance,
  THROTTLE_MS,
} from '../../../src/protocol/ledger/balance.ts';
import { entryHash, originOf } from '../../../src/protocol/ledger/entry.ts';
import { periodBegin } from '../../../src/protocol/ledger/period.ts';

const NOW = Date.UTC(2026, 10, 1, 12);

const rule = (more: Partial<BalanceFacts>, policy: BalanceFacts['imbalance']['policy'] = 'pause') =>
  ruleOnBalance({
    imbalance: { tolerance: 10, policy, serviceFloorPerMonth: 2 },
    balance: 8,
    weight: 2,
    service: false,
    serviceThisMonth: 0,
    lastPastMs: undefined,
    nowMs: NOW,
    ...more,
  });

t.test('the boundary', async (t) => {
  t.same(rule({}), { kind: 'within' }, 'exactly the tolerance');
  t.same(rule({ weight: 3 }), { kind: 'refused', code: 'ledger.paused' });
  t.same(rule({ balance: 11, weight: 0 }), { kind: 'within' }, 'what is worth nothing moves nothing');
  t.same(rule({ balance: -100, weight: 110 }), { kind: 'within' });
  t.same(rule({ weight: 3 }, 'warn'), { kind: 'past' });
});

t.test('service messages have a floor', async (t) => {
  t.same(rule({ balance: 11, service: true, serviceThisMonth: 1 }), { kind: 'floor' });
  t.same(rule({ balance: 11, service: true, serviceThisMonth: 2 }), {
    kind: 'refused',
    code: 'ledger.paused',
  });
});

t.test('one an hour', async (t) => {
  const past = { balance: 11 };
  t.same(rule(past, 'throttle'), { kind: 'past' });
  const lastPastMs = NOW - THROTTLE_MS + 1;
  t.same(rule({ ...past, lastPastMs }, 'throttle'), {
    ...{ kind: 'refused', code: 'ledger.throttled' },
    nextEligibleAtMs: NOW + 1,
  });
  t.same(rule({ ...past, lastPastMs: lastPastMs - 1 }, 'throttle'), { kind: 'past' });
});

t.test('months and periods, UTC', async (t) => {
  t.equal(monthOf(Date.UTC(2026, 11, 31, 23, 59, 59)), '2026-12');
  const begin = (period: 'week' | 'month' | 'quarter', at: number) =>
    new Date(periodBegin(period, at)).toISOString().slice(0, 10);
  t.equal(begin('week', NOW), '2026-10-26', 'a Sunday belongs to the week before');
  t.equal(begin('week', Date.UTC(2026, 10, 2)), '2026-11-02');
  t.equal(begin('month', NOW), '2026-11-01');
  t.equal(begin('quarter', Date.UTC(2026, 11, 31)), '2026-10-01');
  t.equal(begin('quarter', Date.UTC(2026, 0, 1)), '2026-01-01');
});

t.test('hashes stay what they are', async (t) => {
  const sequence = { agreement: 'A'.repeat(43), host: 'https://a.example', guest: 'https://b.example' };
  const prev = originOf(sequence);
  t.not(prev, originOf({ ...sequence, host: sequence.guest, guest: sequence.host }));
  const entry = {
    ...{ seq: 1, prev, kind: 'post' as const, exchange: '01995b6e-7c1a-7d3e-9a40-3f1c5a2b6d70' },
    ...{ category: 'advice' as const, weight: 2, total: 2, at: '2026-11-01T12:00:00Z' },
  };
  const hashes = [
    entry,
    { ...entry, seq: 2 },
    { ...entry, prev: 'B'.repeat(43) },
    { ...entry, kind: 'reverse' as const },
    { ...entry, exchange: entry.exchange.replace('70', '71') },
    { ...entry, category: 'offer' as const },
    { ...entry, weight: 3 },
    { ...entry, total: 3 },
    { ...entry, at: '2026-11-01T12:00:01Z' },
    { ...entry, of: 1 },
  ].map(entryHash);
  t.equal(new Set(hashes).size, hashes.length, 'each member counts');
});
