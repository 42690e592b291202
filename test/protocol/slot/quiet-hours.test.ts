import fc from 'fast-check';
import t from 'tap';
import { quietUntil } from '../../../src/protocol/slot/quiet-hours.ts';

const until = (hours: { from: string; to: string; zone: string }, at: string) => {
  const end = quietUntil(hours, Date.parse(at));
  return end === undefined ? undefined : new Date(end).toISOString();
};

const NIGHT = { from: '20:00', to: '08:00', zone: 'Europe/Paris' };

t.test('nights and middays', async (t) => {
  t.equal(until(NIGHT, '2026-11-22T18:59:59.999Z'), undefined);
  t.equal(until(NIGHT, '2026-11-22T19:00:00.000Z'), '2026-11-23T07:00:00.000Z', 'from its first minute');
  t.equal(until(NIGHT, '2026-11-23T06:59:59.999Z'), '2026-11-23T07:00:00.000Z');
  t.equal(until(NIGHT, '2026-11-23T07:00:00.000Z'), undefined, 'to the minute it ends');
  const midday = { from: '12:00', to: '14:00', zone: 'America/Martinique' };
  t.equal(until(midday, '2026-11-22T16:30:00Z'), '2026-11-22T18:00:00.000Z');
  t.equal(until(midday, '2026-11-22T15:59:00Z'), undefined);
  const half = { from: '22:00', to: '07:30', zone: 'Asia/Kathmandu' };
  t.equal(until(half, '2026-11-22T17:00:00Z'), '2026-11-23T01:45:00.000Z', 'zones of odd minutes');
});

t.test('when the clocks change', async (t) => {
  t.equal(until(NIGHT, '2026-10-24T22:00:00Z'), '2026-10-25T07:00:00.000Z', 'an hour longer in October');
  t.equal(until(NIGHT, '2026-03-28T22:00:00Z'), '2026-03-29T06:00:00.000Z', 'an hour shorter in March');
  const early = { from: '22:00', to: '02:30', zone: 'Europe/Paris' };
  t.equal(
    until(early, '2026-03-29T00:30:00Z'),
    '2026-03-29T01:00:00.000Z',
    'an end that is skipped: with the skip',
  );
  t.equal(
    until(early, '2026-10-25T00:10:00Z'),
    '2026-10-25T00:30:00.000Z',
    'an end that comes twice: the first',
  );
  t.equal(until(early, '2026-10-25T00:40:00Z'), undefined, 'half past two has been');
  t.equal(until(early, '2026-10-25T01:10:00Z'), '2026-10-25T01:30:00.000Z', 'and the second');
  const skipped = { from: '02:15', to: '02:45', zone: 'Europe/Paris' };
  t.equal(until(skipped, '2026-03-29T01:00:00Z'), undefined, 'quiet hours that no clock shows');
});

t.test('the end is the first moment that is not quiet', async (t) => {
  const clock = fc
    .tuple(fc.nat(23), fc.constantFrom(0, 15, 30, 45))
    .map(([hour, minute]) => `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`);
  const zone = fc.constantFrom(
    'Europe/Paris',
    'UTC',
    'Australia/Lord_Howe',
    'America/Sao_Paulo',
    'Asia/Kolkata',
  );
  fc.assert(
    fc.property(clock, clock, zone, fc.nat(366 * 96), (from, to, zone, quarters) => {
      fc.pre(from !== to);
      const hours = { from, to, zone };
      const now = Date.UTC(2026, 0, 1) + quarters * 900_000;
      const end = quietUntil(hours, now);
      if (end === undefined) return;
      if (quietUntil(hours, end) !== undefined) throw new Error('it is still quiet at its end');
      for (let at = now; at < end; at += 900_000)
        if (quietUntil(hours, at) === undefined) throw new Error('it was not quiet before its end');
    }),
    { numRuns: 1_500 },
  );
  t.pass();
});
