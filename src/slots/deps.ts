import type { Caller } from '../api-access.ts';
import type { Clock } from '../clock.ts';
import type { Database, Tx } from '../db/index.ts';
import type { Evidence } from '../evidence/index.ts';
import type {
  AgreementGate,
  BodyReader,
  BodyStore,
  ExchangeService,
  LinkGate,
  OutboundExchanges,
  PeerCalls,
  Sealer,
} from '../exchange/index.ts';
import type { LedgerService } from '../ledger/index.ts';
import type { Outbox } from '../outbox/index.ts';
import type { GuardedFetch, Registry } from '../registry/index.ts';

export type SlotDeps = {
  db: Database;
  clock: Clock;
  registry: Pick<Registry, 'self' | 'peer' | 'peers'>;
  evidence: Pick<Evidence, 'record'>;
  links: LinkGate;
  agreements: AgreementGate;
  /** What each message does to the account between guest and host. */
  ledger: Pick<LedgerService, 'host' | 'guest'>;
  outbox: Pick<Outbox, 'cancel' | 'cancelIn'>;
  /** Asked for when it is needed: the exchange room registers the acts of this one. */
  exchange: () => {
    readonly outbound: Pick<OutboundExchanges, 'say'>;
    readonly sealer: Sealer;
    readonly preview: ExchangeService['preview'];
    readonly proof: ExchangeService['proof'];
    readonly peers: PeerCalls;
    readonly bodies: BodyReader;
  };
  bodyStore: Pick<BodyStore, 'erase'>;
  /** Notes in the access journal what people did, in the transaction of it. */
  noteAction(
    tx: Tx,
    caller: Caller,
    action: { action: string; outcome: 'ok'; detail: string },
  ): Promise<void>;
  /** Charges a link for a preflight. */
  chargePreflight(key: string): { ok: true } | { ok: false; retryAfterMs: number };
  /** Looks whether the page answers where customers reach a person. */
  probe: GuardedFetch;
  onError(error: unknown): void;
  options: {
    deliveryWindowS: number;
    /** Nothing is told of fewer customers than this together. */
    minGroupSize: number;
  };
};
