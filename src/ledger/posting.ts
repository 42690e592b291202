import { type Tx, together } from '../db/index.ts';
import type { AgreementView } from '../exchange/index.ts';
import type { ContactCategory } from '../protocol/agreement/terms.ts';
import {
  type AccountFacts,
  type BalanceFacts,
  type BalanceRuling,
  balanceOf,
  monthOf,
  ruleOnBalance,
} from '../protocol/ledger/balance.ts';
import { entryHash, originOf } from '../protocol/ledger/entry.ts';
import { appendEntries, floorOf } from '../protocol/ledger/sequence.ts';
import type { LedgerDeps } from './deps.ts';
import { insertEntries } from './entry-store.ts';
import { headOf, withHead } from './heads.ts';
import { lockSequences, readCounted, type Sequence, writeSequences } from './sequence-store.ts';
import { addTellings } from './telling-store.ts';

/** A message that a guest wants to place, or that was taken. */
export type Placement = {
  exchange: string;
  peer: string;
  agreement: AgreementView;
  category: ContactCategory;
  /** An edit is posted as 0. */
  edit: boolean;
  at: Date;
};

export type OpenBooks = {
  facts(placement: Placement): AccountFacts;
  /** Whether the sequence has gone past the time of this decision: it has to be taken anew. */
  isLate(placement: Placement): boolean;
  /** Counts a message that is taken, for those after it in the same transaction. */
  take(placement: Placement): void;
};

export type HostLedger = {
  /**
   * Locks the accounts of some messages until the transaction ends, in one order: two that want the last units never both
   * get them. Whoever locks customers does so before.
   */
  open(tx: Tx, placements: readonly Placement[]): Promise<OpenBooks>;
  /** Writes the entries of messages that this transaction takes, in the accounts that it has opened. */
  post(tx: Tx, placements: readonly Placement[]): Promise<void>;
};

type Opened = {
  /** As it was read. */
  sequence: Sequence;
  acknowledged: number;
  suspended: boolean;
};

export function createHostLedger(deps: LedgerDeps, wake: () => void): HostLedger {
  const { registry, onAlarm } = deps;
  const opened = new WeakMap<Tx, Map<string, Opened>>();
  const rulings = new WeakMap<Tx, Map<string, BalanceRuling['kind']>>();

  function openedIn(tx: Tx, { agreement }: Placement): Opened {
    const account = opened.get(tx)?.get(agreement.root);
    if (account === undefined) throw new Error('an account that was not opened');
    return account;
  }

  return {
    async open(tx, placements) {
      const host = registry.self.entityId;
      const wanted = new Map(
        placements.map(({ agreement: { root }, peer }) => [
          root,
          {
            agreement: root,
            role: 'host' as const,
            peer,
            head: originOf({ agreement: root, host, guest: peer }),
          },
        ]),
      );
      const [sequences, granted] = await together([
        lockSequences(tx, 'host', [...wanted.values()]),
        readCounted(tx, [...wanted.keys()]),
      ]);
      const accounts = new Map(
        [...sequences].map(([root, sequence]): [string, Opened] => [
          root,
          {
            sequence,
            acknowledged: granted.get(root)?.counted ?? 0,
            suspended: granted.get(root)?.suspended === true,
          },
        ]),
      );
      opened.set(tx, accounts);
      const kinds = new Map<string, BalanceRuling['kind']>();
      rulings.set(tx, kinds);
      const now = new Map([...accounts].map(([root, { sequence }]) => [root, { ...sequence }]));
      const factsOf = (placement: Placement): AccountFacts => {
        const { acknowledged, suspended } = openedIn(tx, placement);
        const sequence = now.get(placement.agreement.root) as Sequence;
        return { ...balanceFacts(sequence, acknowledged, placement), suspended };
      };
      return {
        facts: factsOf,
        isLate: (placement) => secondOf(placement.at) < floorOf(headOf(openedIn(tx, placement).sequence)),
        take(placement) {
          const sequence = now.get(placement.agreement.root) as Sequence;
          const { kind } = ruleOnBalance(factsOf(placement));
          kinds.set(keyOf(placement), kind);
          now.set(sequence.agreement, counting(sequence, placement, kind));
        },
      };
    },
    async post(tx, placements) {
      const kinds = rulings.get(tx);
      const written: Sequence[] = [];
      const entries = [];
      for (const [root, ofAccount] of Map.groupBy(placements, ({ agreement }) => agreement.root)) {
        const { sequence } = openedIn(tx, ofAccount[0] as Placement);
        const appended = appendEntries(
          headOf(sequence),
          ofAccount.map((placement) => ({
            kind: 'post' as const,
            exchange: placement.exchange,
            category: placement.category,
            weight: weightOf(placement),
            atS: secondOf(placement.at),
          })),
        );
        for (const entry of appended.entries)
          entries.push({ ...entry, agreement: root, hash: entryHash(entry), fault: null, broughtBy: null });
        const counted = ofAccount.reduce(
          (so, placement) => counting(so, placement, kinds?.get(keyOf(placement)) ?? 'within'),
          sequence,
        );
        written.push(withHead(counted, appended.head));
        const past = ofAccount.some((placement) => kinds?.get(keyOf(placement)) === 'past');
        const { peer } = sequence;
        if (past) tx.afterCommit(() => onAlarm({ kind: 'past_tolerance', agreement: root, peer }));
      }
      await together([
        insertEntries(tx, 'host', entries),
        writeSequences(tx, written),
        addTellings(tx, 'entries', written),
      ]);
      tx.afterCommit(wake);
    },
  };
}

const keyOf = ({ peer, exchange }: Placement) => `${peer} ${exchange}`;
const secondOf = (at: Date) => Math.floor(at.getTime() / 1000);

export function weightOf({ edit, agreement, category }: Pick<Placement, 'edit' | 'agreement' | 'category'>) {
  return edit ? 0 : agreement.terms.weights[category];
}

function balanceFacts(sequence: Sequence, acknowledged: number, placement: Placement): BalanceFacts {
  const { agreement, category, at } = placement;
  const thisMonth = sequence.serviceMonth === monthOf(at.getTime());
  return {
    imbalance: agreement.terms.imbalance,
    balance: balanceOf({ hosted: sequence.total, acknowledged }),
    weight: weightOf(placement),
    service: category === 'service',
    serviceThisMonth: thisMonth ? sequence.serviceCount : 0,
    lastPastMs: sequence.pastAt?.getTime(),
    nowMs: at.getTime(),
  };
}

/** A sequence with one more message, as far as rules look at it. */
function counting(sequence: Sequence, placement: Placement, kind: BalanceRuling['kind']): Sequence {
  const { category, edit, at } = placement;
  const month = monthOf(at.getTime());
  const counts = category === 'service' && !edit;
  const before = sequence.serviceMonth === month ? sequence.serviceCount : 0;
  return {
    ...sequence,
    total: sequence.total + weightOf(placement),
    ...(counts && { serviceMonth: month, serviceCount: before + 1 }),
    ...(kind === 'past' && { pastAt: at }),
  };
}
