import type { ColumnType, Generated } from 'kysely';

/** JSON columns: written as text so that a JavaScript array is never mistaken for a PostgreSQL array. */
type Json<T> = ColumnType<T, string, string>;

export type NodeTable = {
  one: Generated<boolean>;
  entity_id: string | null;
  incarnation: number;
  registry_version: Generated<number>;
  created_at: Generated<Date>;
};

export type OwnKeysTable = {
  kid: string;
  purpose: 'federation' | 'exchange' | 'log' | 'token';
  jwk: Json<Record<string, string>>;
  state: 'pending' | 'active' | 'retiring' | 'historical' | 'revoked';
  published_at: Generated<Date>;
  activated_at: Date | null;
  retiring_at: Date | null;
  ended_at: Date | null;
  ended_reason: string | null;
};

export type KekEpochsTable = {
  kek_id: string;
  fingerprint: string;
  state: 'active' | 'replaced' | 'destroyed';
  created_at: Generated<Date>;
  replaced_at: Date | null;
  destroyed_at: Date | null;
  condemned_at: Generated<Date | null>;
};

export type PeerState = 'discovered' | 'requested' | 'active' | 'suspended' | 'revoked';

export type PeersTable = {
  entity_id: string;
  state: PeerState;
  state_reason: string | null;
  state_changed_at: Generated<Date>;
  organization_name: string | null;
  contacts: Generated<string[]>;
  federation_endpoint: string;
  link_page: string | null;
  incarnation: number | null;
  limits: ColumnType<Record<string, number>, string | undefined, string>;
  capabilities: Generated<string[]>;
  entity_configuration: string | null;
  entity_configuration_sha256: Buffer | null;
  entity_configuration_issued_at: Date | null;
  entity_configuration_expires_at: Date | null;
  fetched_at: Date | null;
  next_fetch_at: Generated<Date>;
  fetch_failing_since: Date | null;
  fetch_problem: string | null;
  clock_difference_ms: number | null;
  inbound_at: Date | null;
  outbound_at: Date | null;
  outbound_failing_since: Date | null;
  outbound_problem: string | null;
  notice_state: 'active' | 'suspended' | 'revoked' | null;
  notice_rev: number | null;
  created_at: Generated<Date>;
};

export type PeerKeysTable = {
  peer: string;
  kid: string;
  purpose: 'federation' | 'exchange';
  jwk: Json<Record<string, string>>;
  first_seen_at: Generated<Date>;
  last_seen_at: Generated<Date>;
  withdrawn_at: Date | null;
  revoked_at: Date | null;
};

export type PeerPinsTable = {
  peer: string;
  kid: string;
  source: 'operator' | 'introduced';
  introduced_by: string | null;
  active_from: Generated<Date>;
  created_at: Generated<Date>;
  removed_at: Date | null;
};

export type PeerConfigurationsTable = {
  peer: string;
  sha256: Buffer;
  token: string;
  relied_on_at: Generated<Date>;
};

export type BodiesTable = {
  id: string;
  state: 'open' | 'kept' | 'erased';
  kek_id: string | null;
  wrapped_key: Buffer | null;
  manifest: Buffer | null;
  content: Buffer | null;
  manifest_size: number;
  content_size: number | null;
  heartbeat_at: Generated<Date>;
};

export type BodySegmentsTable = { body_id: string; segment: number; sealed: Buffer };

export type InboundExchangesTable = {
  iss: string;
  jti: string;
  env_sha256: Buffer;
  act: string;
  sub: string | null;
  agr: string | null;
  envelope: string | null;
  outcome: 'accepted' | 'rejected' | 'closed';
  reason: string | null;
  body_id: string | null;
  configuration_sha256: Buffer | null;
  decided_at: Date;
};

export type OutboundExchangesTable = {
  jti: string;
  aud: string;
  act: string;
  sub: string | null;
  agr: string | null;
  envelope: string;
  env_sha256: Buffer;
  body_id: string;
  state: 'pending' | 'accepted' | 'rejected' | 'failed';
  reason: string | null;
  created_at: Date;
  expires_at: Date;
  decided_at: Date | null;
};

export type DeliveriesTable = {
  jti: string;
  peer: string;
  task: Generated<'send' | 'close'>;
  give_up_reason: string | null;
  next_attempt_at: Date;
  lease_owner: string | null;
  leased_until: Date | null;
  expires_at: Date;
  attempts: Generated<number>;
  mismatches: Generated<number>;
  last_attempt_at: Date | null;
  last_code: string | null;
  last_status: number | null;
};

export type EvidenceRecordsTable = {
  id: Generated<number>;
  exchange_jti: string | null;
  exchange_iss: string | null;
  event: string;
  issuer: string;
  event_at: Date;
  jws: string;
};

export type CustomersTable = { id: string; reference: string; created_at: Generated<Date> };

export type LinksTable = {
  id: string;
  peer: string;
  customer_id: string | null;
  initiated_by: 'self' | 'peer';
  erased_at: Date | null;
  created_at: Generated<Date>;
};

export type LinkHalvesTable = {
  link_id: string;
  owner: 'self' | 'peer';
  rev: number;
  state: 'active' | 'paused' | 'revoked';
  scopes: Json<Record<string, unknown>>;
  consent: string | null;
  restorable_until: Date | null;
  before_revocation: ColumnType<'active' | 'paused' | null, 'active' | 'paused' | null | undefined>;
  changed_at: Generated<Date>;
  acknowledged_rev: ColumnType<number | null, number | null | undefined>;
  announce_at: ColumnType<Date | null, Date | null | undefined>;
  announce_tries: Generated<number>;
};

export type LinkOffersTable = {
  link_id: string;
  peer: string;
  customer_id: string;
  session_sha256: Buffer;
  token_sha256: Buffer;
  scopes: Json<Record<string, unknown>>;
  consent: string;
  state: 'open' | 'redeemed' | 'completed' | 'refused' | 'lapsed' | 'expired';
  code_sha256: Buffer | null;
  wrong_codes: Generated<number>;
  created_at: Date;
  expires_at: Date;
  redeemed_at: Date | null;
  ended_at: Date | null;
};

export type LinkRedemptionsTable = {
  link_id: string;
  peer: string;
  token_sha256: Buffer;
  state: 'shown' | 'declined' | 'expired' | 'pending' | 'accepted' | 'refused';
  reason: string | null;
  customer_id: string | null;
  session_sha256: Buffer | null;
  return_url: string | null;
  jti: string | null;
  rev: number | null;
  kek_id: string | null;
  wrapped_code_key: Buffer | null;
  created_at: Date;
  expires_at: Date;
  decided_at: Date | null;
};

export type LinkAnnouncementsTable = {
  jti: string;
  link_id: string;
  rev: number;
  outcome: 'accepted' | 'rejected' | 'failed' | null;
  created_at: Date;
};

export type LinkJournalTable = {
  id: Generated<number>;
  link_id: string;
  at: Date;
  event: string;
  owner: 'self' | 'peer' | null;
  rev: number | null;
  state: string | null;
  reason: string | null;
  exchange_iss: string | null;
  exchange_jti: string | null;
  evidence_sha256: Buffer | null;
};

export type SentDocumentState =
  | 'submitted'
  | 'sending'
  | 'accepted'
  | 'consigned'
  | 'notified'
  | 'opened'
  | 'rejected'
  | 'failed'
  | 'recalled';

export type SentDocumentsTable = {
  id: string;
  link_id: string;
  peer: string;
  type: string | null;
  content_type: string;
  content_size: number;
  state: SentDocumentState;
  state_code: string | null;
  submitted_by: string;
  submitted_at: Date;
  changed_at: Date;
  consigned_at: Generated<Date | null>;
  refused_at: Generated<Date | null>;
  notified_at: Generated<Date | null>;
  opened_at: Generated<Date | null>;
  recall_jti: Generated<string | null>;
  recall_reason: Generated<string | null>;
  recall_requested_at: Generated<Date | null>;
  recall_state: Generated<'sending' | 'accepted' | 'failed' | null>;
  recall_code: Generated<string | null>;
  recalled_at: Generated<Date | null>;
  erased_at: Generated<Date | null>;
  erased_reason: Generated<string | null>;
};

export type ReceivedDocumentState = 'received' | 'consigned' | 'refused' | 'notified' | 'opened';

export type ReceivedDocumentsTable = {
  id: string;
  iss: string;
  jti: string;
  link_id: string;
  body_id: string;
  type: string | null;
  content_type: string;
  content_size: number;
  state: ReceivedDocumentState;
  received_at: Date;
  replaces: Generated<string | null>;
  consigned_at: Generated<Date | null>;
  refused_at: Generated<Date | null>;
  refused_reason: Generated<string | null>;
  notified_at: Generated<Date | null>;
  opened_at: Generated<Date | null>;
  handed_over_at: Generated<Date | null>;
  recalled_at: Generated<Date | null>;
  recall_reason: Generated<string | null>;
  recall_body_id: Generated<string | null>;
  deleted_at: Generated<Date | null>;
  restorable_until: Generated<Date | null>;
  erased_at: Generated<Date | null>;
  erased_reason: Generated<string | null>;
};

export type StatusReportsTable = {
  document_id: string;
  state: 'consigned' | 'refused' | 'notified' | 'opened';
  peer: string;
  at: Date;
  exchange_jti: string | null;
};

export type StatusPeersTable = {
  peer: string;
  exchange_jti: Generated<string | null>;
  failures: Generated<number>;
  due_at: Generated<Date>;
};

export type AccessJournalTable = {
  id: Generated<number>;
  at: Generated<Date>;
  actor: string;
  role: string;
  action: string;
  document_id: string | null;
  customer_id: string | null;
  outcome: string;
  detail: string | null;
  sealed_in: Generated<string | null>;
};

export type SweepCursorsTable = { name: string; jti: string };

export type Tables = {
  node: NodeTable;
  own_keys: OwnKeysTable;
  kek_epochs: KekEpochsTable;
  peers: PeersTable;
  peer_keys: PeerKeysTable;
  peer_pins: PeerPinsTable;
  peer_configurations: PeerConfigurationsTable;
  bodies: BodiesTable;
  body_segments: BodySegmentsTable;
  inbound_exchanges: InboundExchangesTable;
  outbound_exchanges: OutboundExchangesTable;
  deliveries: DeliveriesTable;
  evidence_records: EvidenceRecordsTable;
  customers: CustomersTable;
  links: LinksTable;
  link_halves: LinkHalvesTable;
  link_offers: LinkOffersTable;
  link_redemptions: LinkRedemptionsTable;
  link_announcements: LinkAnnouncementsTable;
  link_journal: LinkJournalTable;
  sent_documents: SentDocumentsTable;
  received_documents: ReceivedDocumentsTable;
  status_reports: StatusReportsTable;
  status_peers: StatusPeersTable;
  access_journal: AccessJournalTable;
  sweep_cursors: SweepCursorsTable;
};
