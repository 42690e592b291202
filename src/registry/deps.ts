import type { Clock } from '../clock.ts';
import type { Database, Tx } from '../db/index.ts';
import type { KeyStore } from '../keys/index.ts';
import type { EntityId } from '../protocol/ids.ts';
import type { Lookup } from './fetch/guarded-connect.ts';

/** A signed record of what changed, kept in the transaction of the change. Owned by the evidence room. */
export type RecordEvidence = (
  tx: Tx,
  record: {
    event: 'PeerChanged' | 'KeyChanged' | 'ConfigurationReliedOn';
    peer?: EntityId;
    /** What changed, such as `state:suspended` or `exchange-key:KID:withdrawn`. Nothing personal. */
    subject?: string;
    /** A dotted code, never the operator's words: those are for our eyes. */
    reason?: string;
    /** SHA-256 of the configuration, base64url. */
    cites?: string;
  },
) => Promise<void>;

/** The few methods of a pino logger that the registry uses. */
export type RegistryLog = {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
};

export type RegistryConfig = {
  /** This node's entity id. Without one federation is off. */
  publicUrl?: string | undefined;
  allowInsecurePeers: boolean;
  organizationName: string;
  /** Addresses that operators of peers may write to. */
  contacts: readonly string[];
  /** Between two fetches of a peer's configuration. Below `keyPublishS`. */
  peerPollS: number;
  /** How long a new key is published before it signs. */
  keyPublishS: number;
  /** Where a customer goes to join their account. */
  linkPage?: string | undefined;
  /** What peers are told of our limits, such as `max_document_bytes`. */
  limits?: Readonly<Record<string, number>>;
  /** Acts and options this node takes. */
  capabilities?: readonly string[];
};

export type RegistryDeps = {
  db: Database;
  keys: KeyStore;
  clock: Clock;
  config: RegistryConfig;
  log: RegistryLog;
  recordEvidence: RecordEvidence;
  /** Queues the word of a changed peer state for that peer. Default: nobody is told. */
  announce?: (tx: Tx, entityId: EntityId) => Promise<void>;
  /** Resolves host names; tests hand over their own. Default: the system's. */
  lookup?: Lookup;
};
