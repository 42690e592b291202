import type { ApiClient } from '../api-client/index.ts';
import type { LedgerAccount as Account, Reconciliation as Reconciled } from '../ledger/index.ts';
import { CliError, EXIT } from './context.ts';

type Json<T> = T extends Date ? string : T extends object ? { [Key in keyof T]: Json<T[Key]> } : T;

/** What the institution API answers about the ledger, as JSON. */
export type LedgerAccount = Json<Account>;
export type Reconciliation = Json<Reconciled>;
export type LedgerSide = 'hosted' | 'granted';

export type LedgerEntry = {
  seq: number;
  kind: 'post' | 'reverse';
  exchange: string;
  category: string;
  weight: number;
  total: number;
  at: string;
  of?: number;
  reversedBy?: number;
  fault?: string;
};

export type LedgerStatement = {
  side: LedgerSide;
  number: number;
  first: number;
  last: number;
  head: string;
  opening: number;
  closing: number;
  counts: { category: string; weight: number; posted: number; reversed: number }[];
  until: string;
  state: 'open' | 'countersigned' | 'disputed';
  fault?: string;
  statedAt: string;
  answeredAt?: string;
  exchanges?: { act: string; iss: string; jti: string; records: { event: string }[] }[];
};

export function ledgerPath(agreement: string, more = ''): string {
  return `/v1/ledger/${encodeURIComponent(agreement)}${more}`;
}

/** What {@link findAccount} calls. */
export const FIND_ACCOUNT = 'listLedgerAccounts';

export async function readAccounts(api: ApiClient, peer?: string): Promise<LedgerAccount[]> {
  const query = peer === undefined ? '' : `?${new URLSearchParams({ peer })}`;
  return (await api.get<{ accounts: LedgerAccount[] }>(`/v1/ledger${query}`)).accounts;
}

/** The account that is meant: the beginning of its agreement, or a peer that there is one account with; the only one without. */
export async function findAccount(api: ApiClient, given: string | undefined): Promise<LedgerAccount> {
  const accounts = await readAccounts(api);
  const meant =
    given === undefined
      ? accounts
      : accounts.filter(({ agreement, peer }) => {
          const id = given.replace(/\/$/, '');
          return given.includes(':') ? peer.id === id : given.length >= 6 && agreement.startsWith(given);
        });
  const [account] = meant;
  if (account === undefined) {
    throw new CliError('ledger.account_not_found', 'there is no such account', {
      hint: '`intervault ledger balance` shows them all',
    });
  }
  if (meant.length > 1) {
    const ids = meant.map(({ agreement }) => agreement).join(', ');
    throw new CliError('usage.account', `${meant.length} accounts are meant: ${ids}`, {
      hint: 'give the agreement, or as much of its beginning as no other one has',
      exitCode: EXIT.usage,
    });
  }
  return account;
}

const PAGE = '200';

/** All entries of a sequence, the oldest first, page after page, at most so many. */
export async function readEntries(
  api: ApiClient,
  agreement: string,
  options: { side: LedgerSide; faulty?: boolean; most: number },
): Promise<LedgerEntry[]> {
  const found: LedgerEntry[] = [];
  let cursor: string | null = null;
  do {
    const query = new URLSearchParams({
      side: options.side,
      limit: PAGE,
      ...(options.faulty === true && { faulty: 'true' }),
      ...(cursor !== null && { cursor }),
    });
    const page: { entries: LedgerEntry[]; next: string | null } = await api.get(
      ledgerPath(agreement, `/entries?${query}`),
    );
    found.push(...page.entries);
    cursor = page.next;
  } while (cursor !== null && found.length < options.most);
  return found.slice(0, options.most);
}
