import { ApiError } from '../api-client/index.ts';
import type { Parties, Party } from './setup.ts';
import type { Timeline } from './timeline.ts';

export type LedgerVerdict = {
  /** Both books of each agreement are each other's negation, and nothing is left to explain. */
  ledgerBalanced: boolean;
  statementsCountersigned: number;
};

type Account = { balance: number; hosted: { entries: number; total: number }; granted: { total: number } };
type Statement = { number: number; state: 'open' | 'countersigned' | 'disputed' };

const HOSTED_NOTHING = ['ledger.nothing_new', 'ledger.account_not_found'];
const POLL_MS = 200;
const WAIT_MS = 90_000;

/** Closes every account that has anything in it, and compares both sides' books. */
export async function closeBooks(
  { a, b, c }: Parties,
  [withA, withC]: readonly [string, string],
  timeline: Timeline,
): Promise<LedgerVerdict> {
  const pairs = [
    { agreement: withA, sides: [a, b] },
    { agreement: withC, sides: [c, b] },
  ] as const;
  const verdict: LedgerVerdict = { ledgerBalanced: true, statementsCountersigned: 0 };
  for (const { agreement, sides } of pairs) {
    const balances = await untilQuiet(sides, agreement);
    if (balances === undefined) verdict.ledgerBalanced = false;
    else
      timeline.say(
        sides[1].institution.name,
        `and ${sides[0].institution.name} hold the same account: ${balances[1]} against ${balances[0]}`,
      );
    for (const side of sides) verdict.statementsCountersigned += await closeAccount(side, agreement);
  }
  timeline.say('ledger', `${verdict.statementsCountersigned} statements closed and countersigned`);
  return verdict;
}

/** Both balances, once they are each other's negation and nothing differs. */
async function untilQuiet(
  [one, other]: readonly [Party, Party],
  agreement: string,
): Promise<[number, number] | undefined> {
  const until = Date.now() + WAIT_MS;
  const path = `/v1/ledger/${agreement}`;
  while (Date.now() < until) {
    const accounts = await Promise.all([one, other].map(({ operator }) => operator.get<Account>(path)));
    const books = await Promise.all(
      [one, other].map(({ operator }) => operator.get<{ differences: unknown[] }>(`${path}/reconciliation`)),
    );
    const [first, second] = accounts as [Account, Account];
    const agreed = first.hosted.total === second.granted.total && second.hosted.total === first.granted.total;
    if (
      agreed &&
      first.balance === -second.balance &&
      books.every(({ differences }) => differences.length === 0)
    )
      return [first.balance, second.balance];
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return undefined;
}

/** States what this side hosted, and waits for the other's signature. Returns how many were countersigned. */
async function closeAccount({ operator }: Party, agreement: string): Promise<number> {
  const path = `/v1/ledger/${agreement}/statements`;
  let stated: Statement;
  try {
    stated = await operator.post<Statement>(path);
  } catch (error) {
    if (error instanceof ApiError && HOSTED_NOTHING.includes(error.code)) return 0;
    throw error;
  }
  const until = Date.now() + WAIT_MS;
  while (Date.now() < until) {
    const { state } = await operator.get<Statement>(`${path}/${stated.number}?side=hosted`);
    if (state !== 'open') return state === 'countersigned' ? 1 : 0;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return 0;
}
