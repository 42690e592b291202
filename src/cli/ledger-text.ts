import type { LedgerAccount, LedgerEntry, LedgerStatement, Reconciliation } from './ledger-shapes.ts';
import { formatTime, printable, renderFields, renderTable } from './output.ts';

const signed = (units: number) => (units > 0 ? `+${units}` : String(units));

/** Who is ahead, in words: a sign alone is read either way. */
export function balanceText({ balance, peer }: LedgerAccount): string {
  if (balance === 0) return '0: even';
  return balance > 0
    ? `+${balance}: you hosted more`
    : `${balance}: ${printable(peer.organizationName)} hosted more`;
}

function toleranceText({ tolerance, standing }: LedgerAccount): string {
  if (tolerance === undefined) return 'no version applies';
  const past = { within: '', self_ahead: ', PASSED by you', peer_ahead: ', PASSED by the peer' }[standing];
  return `${tolerance.tolerance}, then ${tolerance.policy}${past}`;
}

export function accountTable(accounts: readonly LedgerAccount[]): string {
  return renderTable(
    ['AGREEMENT', 'WITH', 'BALANCE', 'HOSTED', 'GRANTED', 'TOLERANCE', 'OPEN'],
    accounts.map((account) => [
      account.agreement,
      account.peer.organizationName,
      signed(account.balance),
      String(account.hosted.total),
      String(account.granted.acknowledged),
      toleranceText(account),
      [
        account.openDisputes > 0 && `${account.openDisputes} disputed`,
        account.suspendedAt !== undefined && 'TWO HISTORIES',
      ]
        .filter((part) => part !== false)
        .join(', '),
    ]),
  );
}

export function accountText(account: LedgerAccount): string {
  const { hosted, granted, peer, agreement, suspendedAt, openDisputes } = account;
  return renderFields([
    ['agreement', agreement],
    ['with', `${peer.organizationName} (${peer.id})`],
    ['balance', balanceText(account)],
    ['tolerance', toleranceText(account)],
    [
      'you hosted',
      `${hosted.total} units in ${hosted.entries} entries, ${hosted.told} of them taken by the peer`,
    ],
    [
      'the peer hosted',
      `${granted.acknowledged} units in ${granted.entries} entries${
        granted.total === granted.acknowledged ? '' : `; it says ${granted.total}`
      }`,
    ],
    ['statements', `${hosted.statements} of yours, ${granted.statements} of the peer`],
    ['open disputes', openDisputes === 0 ? undefined : String(openDisputes)],
    [
      'suspended',
      suspendedAt === undefined ? undefined : `${formatTime(suspendedAt)}: the peer told two histories`,
    ],
  ]);
}

export function entryTable(entries: readonly LedgerEntry[]): string {
  return renderTable(
    ['SEQ', 'AT', 'KIND', 'CATEGORY', 'UNITS', 'TOTAL', 'MESSAGE', ''],
    entries.map((entry) => [
      String(entry.seq),
      formatTime(entry.at) ?? '',
      entry.of === undefined ? entry.kind : `${entry.kind} of ${entry.of}`,
      entry.category,
      signed(entry.kind === 'post' ? entry.weight : -entry.weight),
      String(entry.total),
      entry.exchange,
      [
        entry.fault === undefined ? undefined : `WRONG: ${entry.fault}`,
        entry.reversedBy === undefined ? undefined : `reversed by ${entry.reversedBy}`,
      ]
        .filter((part) => part !== undefined)
        .join(', '),
    ]),
  );
}

export function statementTable(statements: readonly LedgerStatement[]): string {
  return renderTable(
    ['NUMBER', 'BY', 'ENTRIES', 'OPENING', 'CLOSING', 'UNTIL', 'STATE'],
    statements.map((one) => [
      String(one.number),
      one.side === 'hosted' ? 'here' : 'there',
      `${one.first} to ${one.last}`,
      String(one.opening),
      String(one.closing),
      formatTime(one.until) ?? '',
      one.fault === undefined ? one.state : `${one.state} (${one.fault})`,
    ]),
  );
}

export function statementText(statement: LedgerStatement): string {
  const counts = statement.counts.map(
    ({ category, weight, posted, reversed }) =>
      `  ${category}: ${posted} posted, ${reversed} reversed, ${weight} units each`,
  );
  const exchanges = (statement.exchanges ?? []).map(
    ({ act, iss, jti }) => `  ${act}  ${jti}  ${printable(iss)}`,
  );
  return [
    statementTable([statement]),
    'counts:',
    ...counts,
    ...(exchanges.length === 0 ? [] : ['signed by:', ...exchanges]),
  ].join('\n');
}

const KINDS: Readonly<Record<Reconciliation['differences'][number]['kind'], string>> = {
  disputed: 'wrong in the peer’s book',
  objected: 'the peer objects',
  missing: 'missing in the peer’s book',
  unreversed: 'not given back by the peer',
  unacknowledged: 'on its way to the peer',
  unposted: 'its entry is on its way here',
  unsettled: 'no answer yet',
};

export function reconciliationText({ hosted, granted, differences, more }: Reconciliation): string {
  const totals = renderFields([
    ['you hosted', `${hosted.total} here, ${hosted.told} there`],
    ['the peer hosted', `${granted.total} there, ${granted.acknowledged} here`],
  ]);
  if (differences.length === 0) return `${totals}\nboth books agree`;
  const table = renderTable(
    ['WHAT', 'MESSAGE', 'SEQ', 'UNITS', 'REASON'],
    differences.map(({ kind, exchange, seq, units, reason }) => [
      KINDS[kind],
      exchange,
      seq === undefined ? '' : String(seq),
      signed(units),
      reason ?? '',
    ]),
  );
  return [totals, '', table, ...(more ? ['… and more'] : [])].join('\n');
}
