import { entryHash, entryTime, type LedgerEntry, originOf } from '../../src/protocol/ledger/entry.ts';
import type { RefusalCode } from '../../src/protocol/refusal.ts';
import { current, first, strict } from './agreement-states.ts';
import { instant } from './agreements.ts';
import { B, digest, NOW, uuid } from './fixtures.ts';
import { acceptance, partner, put, refusal } from './refusal-requests.ts';
import type { RefusalCase, Step, WireRequest } from './refusal-shapes.ts';
import { messageBody, slotManifest } from './slot-messages.ts';
import { slotLink } from './slot-states.ts';

const HOUR_S = 3600;
const agreement = first.id;

const say = (name: string, act: string, body: object, claims: object = {}): WireRequest =>
  put({
    name,
    key: partner.exchange,
    manifest: slotManifest(name, body),
    content: Buffer.alloc(0),
    claims: { iss: partner.id, act, sub: undefined, content: undefined, ...claims },
  });

/** A message that is worth a thousand units. */
const survey = (name: string, agr: string): WireRequest =>
  say(name, 'slot.message', messageBody({ slot: 'surveys', category: 'survey' }), {
    sub: slotLink('surveyed'),
    agr,
  });

/** Entries that the partner chains as it has to, about messages that nobody sent. */
function entriesAbout(...labels: string[]): LedgerEntry[] {
  let prev = originOf({ agreement, host: partner.id, guest: B });
  return labels.map((label, at) => {
    const entry: LedgerEntry = {
      ...{ seq: at + 1, prev, kind: 'post', exchange: uuid(label), category: 'advice', weight: 1 },
      ...{ total: at + 1, at: entryTime(NOW - 60) },
    };
    prev = entryHash(entry);
    return entry;
  });
}

const tell = (name: string, entries: readonly LedgerEntry[], of = agreement) =>
  say(name, 'ledger.entries', { agreement: of, entries });

/** What the ledger refuses. The last of these stops all messages under the agreement. */
export function ledgerCases(): RefusalCase[] {
  const steps = (code: RefusalCode, name: string, ...of: Step[]): RefusalCase => ({ code, name, steps: of });
  const [one, two, three] = entriesAbout('one', 'two', 'three') as [LedgerEntry, LedgerEntry, LedgerEntry];
  const [other] = entriesAbout('another') as [LedgerEntry];
  const nobody = digest('an agreement nobody knows');
  const statement = {
    ...{ agreement, number: 1, first: 1, last: 2, head: entryHash(two), opening: 0, closing: 2 },
    counts: [{ category: 'advice', weight: 1, posted: 2, reversed: 0 }],
    until: entryTime(NOW - 30),
  };
  const dispute = (name: string, item: object) => say(name, 'ledger.dispute', { agreement, items: [item] });
  return [
    steps(
      'ledger.paused',
      'a message past the tolerance of a version that pauses',
      refusal('ledger.paused', survey('a survey too many', strict.id)),
    ),
    steps(
      'ledger.throttled',
      'a second message past the tolerance of a version that throttles',
      acceptance(survey('the survey of the hour', current.id), { outcome: 'placed' }),
      refusal(
        'ledger.throttled',
        survey('the second of the hour', current.id),
        instant(NOW + HOUR_S, '.000'),
      ),
    ),
    steps(
      'ledger.unknown',
      'a countersignature of what was never stated',
      refusal(
        'ledger.unknown',
        say('countersigns nothing', 'ledger.countersign', {
          ...{ agreement, number: 1, head: entryHash(one), closing: 1 },
        }),
      ),
      refusal(
        'ledger.unknown',
        dispute('disputes nothing', { seq: 900_000, exchange: uuid('one'), reason: 'weight' }),
      ),
    ),
    steps(
      'ledger.mismatch',
      'a dispute of an entry that is about something else',
      refusal(
        'ledger.mismatch',
        dispute('disputes another', { seq: 1, exchange: uuid('nobody sent it'), reason: 'weight' }),
      ),
      refusal(
        'ledger.mismatch',
        dispute('misses what is there', { seq: 1, exchange: uuid('nobody sent it'), reason: 'missing' }),
      ),
    ),
    steps(
      'agreement.unknown',
      'entries under an agreement nobody knows',
      refusal('agreement.unknown', tell('of nobody', [one], nobody)),
      refusal('agreement.unknown', tell('of a later version', [one], current.id)),
    ),
    steps(
      'manifest.invalid',
      'entries that do not follow each other',
      refusal('manifest.invalid', tell('out of order', [two, one])),
      refusal('manifest.invalid', tell('one left out', [one, three])),
      refusal('manifest.invalid', tell('a post that reverses', [{ ...one, of: 1 }])),
    ),
    steps(
      'ledger.gap',
      'entries after some that never came',
      refusal('ledger.gap', tell('the second alone', [two])),
      refusal('ledger.gap', say('states too early', 'ledger.statement', statement)),
    ),
    steps(
      'ledger.fork',
      'two histories',
      acceptance(tell('the first', [one])),
      acceptance(tell('the first again, and the second', [one, two])),
      acceptance(say('states', 'ledger.statement', statement)),
      acceptance(say('states again', 'ledger.statement', statement)),
      refusal('ledger.fork', tell('another first', [other])),
      refusal('ledger.fork', say('states else', 'ledger.statement', { ...statement, closing: 3 })),
      refusal('ledger.fork', tell('chained elsewhere', [{ ...three, prev: entryHash(one) }])),
    ),
    steps(
      'ledger.suspended',
      'a message after two histories',
      refusal(
        'ledger.suspended',
        say('after the fork', 'slot.message', messageBody(), {
          sub: slotLink('surveyed'),
          agr: current.id,
        }),
      ),
    ),
  ];
}
