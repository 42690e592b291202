import type { Tx } from '../db/index.ts';
import type { EnvelopeClaims } from '../protocol/envelope.ts';
import type { LinkScopesByHost } from '../protocol/link-scopes.ts';
import type { Manifest } from '../protocol/manifest.ts';
import type { RefusalCode } from '../protocol/refusal.ts';

/** What a link says now, both halves taken together. */
export type LinkView = {
  id: string;
  peer: string;
  customerId: string | null;
  /** The most restrictive of both halves. `pending` has one half; `restorable` was revoked and may come back. */
  state: 'active' | 'pending' | 'paused' | 'restorable' | 'revoked' | 'erased';
  /** What each host's vault may take from the other, by host id: the intersection of both halves. */
  scopes: LinkScopesByHost;
};

/** The links room, as the exchange sees it. */
export type LinkGate = {
  /** Links by id, their rows locked for share in id order, so that a revocation and an acceptance exclude each other. */
  lock(tx: Tx, ids: string[]): Promise<Map<string, LinkView>>;
  /** The same without a lock: saves work, decides nothing. */
  read(ids: string[]): Promise<Map<string, LinkView>>;
};

/** An exchange that passed every general check. */
export type InboundItem = {
  iss: string;
  jti: string;
  claims: EnvelopeClaims;
  manifest: Manifest;
  bodyId: string;
  link: LinkView | undefined;
  decidedAt: Date;
};

export type Verdict = {
  refusal?: RefusalCode;
  outcome?: 'placed' | 'deferred';
  nextEligibleAt?: string;
};

/** What a room registers for an act it owns. Every call is for a whole batch: never a query per item. */
export type ActHandler = {
  act: string;
  content: 'required' | 'none';
  link: 'required' | 'none';
  /** Whether the act passes while the peer is suspended: what a peer must be able to say even then. */
  passesSuspension?: boolean;
  /** Judges items in the accepting transaction; verdicts in their order, undefined to accept. */
  judge?(tx: Tx, items: InboundItem[]): Promise<(Verdict | undefined)[]>;
  /** Writes what acceptance means, for items this transaction really accepted. */
  apply(tx: Tx, items: InboundItem[]): Promise<void>;
};

/** A sender's news of exchanges it submitted, in the transaction that stores them. */
export type SettledItem = {
  jti: string;
  act: string;
  peer: string;
  state: 'accepted' | 'rejected' | 'failed';
  reason: string | null;
  settledAt: Date;
};

export type OutcomeListener = {
  act: string;
  settled(tx: Tx, items: SettledItem[]): Promise<void>;
};
