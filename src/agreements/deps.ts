import type { Database } from '../db/index.ts';
import type { Evidence } from '../evidence/index.ts';
import type { OutboundExchanges } from '../exchange/index.ts';
import type { Outbox } from '../outbox/index.ts';
import type { Registry } from '../registry/index.ts';

export type AgreementDeps = {
  db: Database;
  registry: Pick<Registry, 'self' | 'peer'>;
  evidence: Evidence;
  outbox: Pick<Outbox, 'cancel'>;
  /** Asked for when it is needed: the exchange room registers the acts of this one. */
  exchange: () => { readonly outbound: Pick<OutboundExchanges, 'say'> };
  onError(error: unknown): void;
  options: {
    /** Delivery window of what answers or ends an agreement. */
    deliveryWindowS: number;
  };
};
