import type { Database, Tx } from '../db/index.ts';
import type { Evidence } from '../evidence/index.ts';
import type { BodyStore, OutboundExchanges } from '../exchange/index.ts';
import type { KeyStore } from '../keys/index.ts';
import type { Outbox } from '../outbox/index.ts';
import { LINK_TOKEN_MAX_LIFETIME_S } from '../protocol/link-token.ts';
import type { Registry } from '../registry/index.ts';

/** What both the acts of links and the service need. */
export type LinkActDeps = {
  registry: Pick<Registry, 'self' | 'peer'>;
  evidence: Evidence;
  /** Looks at held deliveries again, once the transaction is durable. */
  outbox: Pick<Outbox, 'hasten'>;
  /** There may be a half the peer is to be told of. Called after commits. */
  announce(): void;
};

export type LinkOptions = {
  /** This institution's name, as consent records give it. */
  organizationName: string;
  /** Life of a link token, at most 900, the default. */
  tokenLifetimeS?: number;
  /** How long after the redeeming the customer may bring the code back. Default 30 minutes. */
  completionTimeoutMs?: number;
  /** How long a customer who left may come back. */
  restoreDays: number;
  /** Delivery window of one link.half. */
  deliveryWindowS: number;
  /** Whether a return URL may be plain HTTP. */
  allowInsecure: boolean;
  /** Wait before the peer is told again after a link.half came to nothing; it doubles up to the cap. Default 1 min, 6 h. */
  announceRetry?: { baseMs: number; capMs: number };
  /** Between two looks at what time alone ends. Default 10 s. */
  sweepIntervalMs?: number;
};

export const LINK_DEFAULTS = {
  tokenLifetimeS: LINK_TOKEN_MAX_LIFETIME_S,
  completionTimeoutMs: 30 * 60_000,
  announceRetry: { baseMs: 60_000, capMs: 6 * 3_600_000 },
  sweepIntervalMs: 10_000,
} as const;

export type LinkServiceDeps<Options = Required<LinkOptions>> = Omit<LinkActDeps, 'announce' | 'registry'> & {
  db: Database;
  keys: KeyStore;
  registry: Pick<Registry, 'self' | 'peer' | 'findKey' | 'refetchUnknownKey'>;
  /** Asked for when it is needed: the exchange room registers the acts of this one. */
  exchange(): { readonly outbound: Pick<OutboundExchanges, 'say'> };
  bodies: BodyStore;
  /** What other rooms hold by a link that is being erased goes in the same transaction. */
  onErase(tx: Tx, linkId: string): Promise<void>;
  onError(error: unknown): void;
  options: Options;
};
