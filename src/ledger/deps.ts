import type { Clock } from '../clock.ts';
import type { Database } from '../db/index.ts';
import type { Evidence } from '../evidence/index.ts';
import type { AgreementGate, FullProof, OutboundExchanges } from '../exchange/index.ts';
import type { Registry } from '../registry/index.ts';

export type LedgerDeps = {
  db: Database;
  clock: Clock;
  registry: Pick<Registry, 'self' | 'peer'>;
  evidence: Pick<Evidence, 'record'>;
  agreements: AgreementGate;
  /** Asked for when it is needed: the exchange room registers the acts of this one. */
  exchange: () => { readonly outbound: Pick<OutboundExchanges, 'say'> };
  proof(exchange: { iss: string; jti: string }): Promise<FullProof>;
  /** Told of messages that were taken past a tolerance, and of what was found wrong. */
  onAlarm(alarm: LedgerAlarm): void;
  onError(error: unknown): void;
  options: { deliveryWindowS: number };
};

/** What an operator ought to look at. */
export type LedgerAlarm = { peer: string; agreement: string } & (
  | { kind: 'past_tolerance' }
  | { kind: 'fork'; seq?: number; statement?: number }
  | { kind: 'dispute'; items: number }
);
