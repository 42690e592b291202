import { originOf } from '../../src/protocol/ledger/entry.ts';
import { agreementManifest } from './agreements.ts';
import { A, B, digest } from './fixtures.ts';
import {
  applyingCases,
  type BalanceCase,
  balanceCases,
  type ContactShape,
  chain,
  GUEST_HOLDS,
  hashCases,
  type StatementCase,
  statementCases,
  statementOf,
} from './ledger-cases.ts';

type ManifestCase = { name: string; act: string; manifest: string; expect: string; pointer?: string };

const AGREEMENT = digest('agreement of the ledger');

const accepted = (act: string, name: string, body: object): ManifestCase => ({
  ...{ name, act, manifest: agreementManifest(name, body), expect: 'accepted' },
});
const invalid = (act: string, name: string, body: object, pointer: string): ManifestCase => ({
  ...{
    name,
    act,
    manifest: agreementManifest(name, body),
    expect: 'manifest.invalid',
    pointer: `/body${pointer}`,
  },
});

function manifestCases(): ManifestCase[] {
  const [entry] = chain(['first']);
  const entries = (...of: object[]) => ({ agreement: AGREEMENT, entries: of });
  const statement = { agreement: AGREEMENT, ...statementOf(chain(['first', 'second'])) };
  const countersign = { agreement: AGREEMENT, number: 1, head: statement.head, closing: 2 };
  const item = { seq: 1, exchange: entry?.exchange, reason: 'weight' };
  const dispute = { agreement: AGREEMENT, items: [item] };
  return [
    accepted('ledger.entries', 'one entry', entries(entry as object)),
    accepted('ledger.entries', 'a reversal', entries({ ...entry, seq: 2, kind: 'reverse', total: 0, of: 1 })),
    invalid('ledger.entries', 'no entries', entries(), '/entries'),
    invalid('ledger.entries', 'an unknown kind', entries({ ...entry, kind: 'void' }), '/entries/0/kind'),
    invalid(
      'ledger.entries',
      'a fraction of a unit',
      entries({ ...entry, weight: 0.5 }),
      '/entries/0/weight',
    ),
    invalid('ledger.entries', 'less than nothing', entries({ ...entry, total: -1 }), '/entries/0/total'),
    invalid(
      'ledger.entries',
      'a fraction of a second',
      entries({ ...entry, at: '2026-11-01T12:00:00.5Z' }),
      '/entries/0/at',
    ),
    invalid('ledger.entries', 'a customer', entries({ ...entry, link: entry?.exchange }), '/entries/0/link'),
    accepted('ledger.statement', 'a statement', statement),
    invalid('ledger.statement', 'a number of nothing', { ...statement, number: 0 }, '/number'),
    invalid('ledger.statement', 'no counts', { ...statement, counts: [] }, '/counts'),
    accepted('ledger.countersign', 'a countersignature', countersign),
    invalid('ledger.countersign', 'a head that is no digest', { ...countersign, head: 'head' }, '/head'),
    accepted('ledger.dispute', 'an entry', dispute),
    accepted('ledger.dispute', 'a missing one', {
      ...{ agreement: AGREEMENT, items: [{ exchange: entry?.exchange, reason: 'missing' }] },
    }),
    accepted('ledger.dispute', 'a statement', {
      ...{ agreement: AGREEMENT, items: [], statement: { number: 1, fault: 'counts' } },
    }),
    invalid(
      'ledger.dispute',
      'an unknown reason',
      { ...dispute, items: [{ ...item, reason: 'late' }] },
      '/items/0/reason',
    ),
  ];
}

export type LedgerVectors = {
  description: string;
  sequence: { agreement: string; host: string; guest: string };
  origins: { agreement: string; host: string; guest: string; origin: string }[];
  hashes: ReturnType<typeof hashCases>;
  guestHolds: ContactShape[];
  applying: ReturnType<typeof applyingCases>;
  balances: BalanceCase[];
  statements: StatementCase[];
  manifests: ManifestCase[];
};

export function ledgerVectors(): LedgerVectors {
  const sequence = { agreement: AGREEMENT, host: A, guest: B };
  const other = { agreement: AGREEMENT, host: B, guest: A };
  return {
    description:
      'Chapter 10. `origins` and `hashes`: what entries are chained by. `applying`: the guest holds the messages of `guestHolds` ' +
      'and takes the exchanges of a case one after the other; `expect` is, for each, the refusal or the reasons of its new ' +
      'entries (`right` where there is none), `counted` the total that the guest acknowledges in the end, `missing` the messages ' +
      'whose entry is overdue then. `balances`: the rule on the balance. `statements`: what is wrong with a statement over the ' +
      'entries of a case, in the order of the chapter (null: nothing). `manifests` as in manifests.json.',
    sequence,
    origins: [sequence, other].map((one) => ({ ...one, origin: originOf(one) })),
    hashes: hashCases(),
    guestHolds: GUEST_HOLDS,
    applying: applyingCases(),
    balances: balanceCases(),
    statements: statementCases(),
    manifests: manifestCases(),
  };
}
