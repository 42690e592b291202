import type { Tx } from '../db/index.ts';
import type { AgreementTerms } from '../protocol/agreement/terms.ts';
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

/** The agreement version an exchange is judged under. */
export type AgreementView = {
  /** What its envelope names in `agr`. */
  id: string;
  /** The agreement's first version: its identity over all its versions. */
  root: string;
  terms: AgreementTerms;
};

export type AgreementRuling =
  | { ok: true; version: AgreementView | undefined }
  | { ok: false; code: RefusalCode };

/** The agreements with some peers, as they stood when they were read. */
export type AgreementBooks = {
  /** Whether an exchange that names this version, or none, is judged under it now. No other ever takes its place. */
  rule(peer: string, agr: string | undefined, nowMs: number): Promise<AgreementRuling>;
  /** The version that applies now. */
  current(peer: string, nowMs: number): Promise<AgreementView | undefined>;
  /** The version to name in what may come under none: the one that applies, or one that still drains. */
  toName(peer: string, nowMs: number): Promise<AgreementView | undefined>;
};

/** The agreements room, as other rooms see it. */
export type AgreementGate = {
  read(tx: Tx, peers: readonly string[]): Promise<AgreementBooks>;
  /** The terms of versions by id, whatever their state. */
  terms(tx: Tx, versions: readonly string[]): Promise<Map<string, AgreementTerms>>;
};

/** An exchange that passed every general check. */
export type InboundItem = {
  iss: string;
  jti: string;
  claims: EnvelopeClaims;
  manifest: Manifest;
  bodyId: string;
  link: LinkView | undefined;
  /** The version it names; undefined where it names none. */
  agreement: AgreementView | undefined;
  decidedAt: Date;
};

export type Verdict = {
  refusal?: RefusalCode;
  outcome?: 'placed' | 'deferred';
  nextEligibleAt?: string;
  /** Refused, and yet proof: its manifest is kept beside the envelope. */
  keep?: true;
};

/** What a room registers for an act it owns. Every call is for a whole batch: never a query per item. */
export type ActHandler = {
  act: string;
  content: 'required' | 'optional' | 'none';
  /** The largest content of the act, where it is less than what the node takes at all. */
  maxContentBytes?: number;
  /** Looks at a content that is small enough to be in memory, beyond its type. */
  inspect?(content: Buffer, manifest: Manifest): RefusalCode | undefined;
  link: 'required' | 'none';
  /**
   * Whether the act has to name an agreement version: always, or once an agreement with the peer applies. What another
   * act names has to be valid all the same.
   */
  agreement?: 'required' | 'where_agreed';
  /** What becomes of one that waits while the customer pauses the link, or may still come back to it: held, unless it is out of date by then. */
  whilePaused?: 'close';
  /** Whether what came is kept as it came. Not where all of it goes into rows of the act's own room. */
  keepsBody?: false;
  /** Which of these exchanges, queued by this node, must not be sent any more: what they say may not be told now. */
  outdated?(jtis: readonly string[]): Promise<ReadonlySet<string>>;
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
  /** When the peer decided, by its receipt. */
  decidedAt: Date | undefined;
  /** Where the act defines them: what the peer did with it, and from when it is shown, or may be tried again. */
  outcome?: 'placed' | 'deferred';
  nextEligibleAt?: Date;
};

export type OutcomeListener = {
  act: string;
  settled(tx: Tx, items: SettledItem[]): Promise<void>;
};
