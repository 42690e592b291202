-- Bytes at rest, sealed: segment 0 is the manifest, segments 1.. the content. Content that fits one segment stays
-- in the row; larger content stands in body_segments, in segment order. Erasing forgets the wrapped key and the bytes.
-- An 'open' upload belongs to one running request; the sweeper takes those whose heartbeat stopped.
create table bodies (
  id uuid primary key,
  state text not null check (state in ('open', 'kept', 'erased')),
  kek_id text,
  wrapped_key bytea,
  manifest bytea,
  content bytea,
  manifest_size integer not null,
  content_size bigint,
  heartbeat_at timestamptz not null default now()
);
alter table bodies alter column manifest set storage external;
alter table bodies alter column content set storage external;
create index bodies_open on bodies (heartbeat_at) where state = 'open';
create index bodies_kek on bodies (kek_id) where state = 'kept';

create table body_segments (
  body_id uuid not null,
  segment integer not null check (segment >= 1),
  sealed bytea not null,
  primary key (body_id, segment)
);
alter table body_segments alter column sealed set storage external;

-- What peers sent and this node decided. (iss, jti) is unique for ever: it is what makes a replay harmless.
create table inbound_exchanges (
  iss text not null,
  jti uuid not null,
  env_sha256 bytea not null,
  act text not null,
  sub uuid,
  agr text,
  -- Absent when the exchange was closed before its envelope ever arrived.
  envelope text,
  outcome text not null check (outcome in ('accepted', 'rejected', 'closed')),
  reason text,
  body_id uuid,
  -- The peer's configuration this decision relied on.
  configuration_sha256 bytea,
  decided_at timestamptz not null,
  primary key (iss, jti)
);

-- What this node sends. The envelope is signed once; every try sends the same bytes.
create table outbound_exchanges (
  jti uuid primary key,
  aud text not null,
  act text not null,
  sub uuid,
  agr text,
  envelope text not null,
  env_sha256 bytea not null,
  body_id uuid not null,
  state text not null check (state in ('pending', 'accepted', 'rejected', 'failed')),
  reason text,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  decided_at timestamptz
);

create index outbound_exchanges_peer on outbound_exchanges (aud, jti);

-- One row while an exchange has no terminal outcome: the queue itself.
create table deliveries (
  jti uuid primary key,
  peer text not null,
  -- 'send' the exchange, or 'close' it after giving up; the reason for giving up stays with it.
  task text not null default 'send' check (task in ('send', 'close')),
  give_up_reason text,
  -- When it is due; a lease pushes it into the future, so an abandoned one simply becomes due again.
  next_attempt_at timestamptz not null,
  lease_owner uuid,
  -- End of the delivery window.
  expires_at timestamptz not null,
  attempts integer not null default 0,
  mismatches integer not null default 0,
  last_attempt_at timestamptz,
  last_code text,
  last_status integer
);
create index deliveries_due on deliveries (peer, next_attempt_at, jti);
create index deliveries_expiry on deliveries (expires_at);

-- Signed records: issued here, or obtained from the counterpart (receipts). Never updated, never deleted.
create table evidence_records (
  id bigint generated always as identity primary key,
  exchange_jti uuid,
  exchange_iss text,
  event text not null,
  issuer text not null,
  event_at timestamptz not null,
  jws text not null
);
create index evidence_records_exchange on evidence_records (exchange_jti);
