import type { Tx } from '../db/index.ts';
import { balanceOf, type Imbalance } from '../protocol/ledger/balance.ts';
import type { PeerView } from '../registry/index.ts';
import type { LedgerDeps } from './deps.ts';
import type { Sequence } from './sequence-store.ts';

/** How an account stands, as this node's own book says. */
export type LedgerAccount = {
  /** The agreement's first version: balances survive amendments. */
  agreement: string;
  peer: { id: string; organizationName: string };
  /** Contact units that this side is ahead: what it hosted, less what it acknowledges of what the peer did. */
  balance: number;
  /** What this node hosted for the peer, and up to where the peer has applied it. */
  hosted: { entries: number; total: number; told: number; statements: number };
  /** What the peer hosted for this node: its total as it says, and what of it is acknowledged. */
  granted: { entries: number; total: number; acknowledged: number; statements: number };
  /** Of the version that applies now; absent where none does. */
  tolerance?: Imbalance;
  /** Against the tolerance: whose messages the policy concerns. */
  standing: 'within' | 'self_ahead' | 'peer_ahead';
  openDisputes: number;
  /** Messages both ways wait: the peer told two histories. */
  suspendedAt?: Date;
};

export function accountOf(given: {
  agreement: string;
  peer: PeerView | undefined;
  host: Sequence | undefined;
  guest: Sequence | undefined;
  told: number;
  openDisputes: number;
  imbalance: Imbalance | undefined;
}): LedgerAccount {
  const { agreement, peer, host, guest, told, openDisputes, imbalance } = given;
  const balance = balanceOf({ hosted: host?.total ?? 0, acknowledged: guest?.counted ?? 0 });
  const id = host?.peer ?? guest?.peer ?? '';
  return {
    agreement,
    peer: { id, organizationName: peer?.organizationName ?? id },
    balance,
    hosted: { entries: host?.seq ?? 0, total: host?.total ?? 0, told, statements: host?.statements ?? 0 },
    granted: {
      entries: guest?.seq ?? 0,
      total: guest?.total ?? 0,
      acknowledged: guest?.counted ?? 0,
      statements: guest?.statements ?? 0,
    },
    ...(imbalance !== undefined && { tolerance: imbalance }),
    standing: standingOf(balance, imbalance),
    openDisputes,
    ...(guest?.suspendedAt != null && { suspendedAt: guest.suspendedAt }),
  };
}

function standingOf(balance: number, imbalance: Imbalance | undefined): LedgerAccount['standing'] {
  const tolerance = imbalance?.tolerance ?? Number.POSITIVE_INFINITY;
  if (balance > tolerance) return 'self_ahead';
  return -balance > tolerance ? 'peer_ahead' : 'within';
}

/** The imbalance clause that holds now, by agreement. */
export async function readImbalances(
  tx: Tx,
  deps: Pick<LedgerDeps, 'agreements' | 'clock'>,
  sequences: readonly Sequence[],
): Promise<Map<string, Imbalance>> {
  const peers = [...new Set(sequences.map(({ peer }) => peer))];
  const books = await deps.agreements.read(tx, peers);
  const nowMs = deps.clock.nowMs();
  const current = await Promise.all(peers.map((peer) => books.toName(peer, nowMs)));
  return new Map(
    current.flatMap((version) =>
      version === undefined ? [] : [[version.root, version.terms.imbalance] as const],
    ),
  );
}
