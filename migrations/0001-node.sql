-- The node itself: one row, written at first start and compared at every later one. An institution's evidence
-- bears its entity id, so a replica that comes with another is refused rather than mixed in; one that comes
-- with other keys is found out by own_keys and kek_epochs. The version counts changes of what each replica keeps
-- in memory (own keys, peers, their keys), so that all follow within a second.
create table node (
  one boolean primary key default true check (one),
  entity_id text,
  incarnation bigint not null,
  registry_version bigint not null default 0,
  created_at timestamptz not null default now()
);

-- Signing keys of this node. The private halves live in the key store; the life of each key is told here,
-- so that all replicas sign with the same one.
create table own_keys (
  kid text primary key,
  purpose text not null check (purpose in ('federation', 'exchange', 'log', 'token')),
  jwk jsonb not null,
  state text not null check (state in ('pending', 'active', 'retiring', 'historical', 'revoked')),
  published_at timestamptz not null default now(),
  activated_at timestamptz,
  retiring_at timestamptz,
  ended_at timestamptz,
  ended_reason text
);
create unique index own_keys_one_active on own_keys (purpose) where state = 'active';

-- Key-encryption keys, by epoch. The fingerprint tells other key material of the same name.
create table kek_epochs (
  kek_id text primary key,
  fingerprint text not null,
  state text not null check (state in ('active', 'replaced', 'destroyed')),
  created_at timestamptz not null default now(),
  replaced_at timestamptz,
  destroyed_at timestamptz
);
create unique index kek_epochs_one_active on kek_epochs (state) where state = 'active';

create table peers (
  entity_id text primary key,
  state text not null check (state in ('discovered', 'requested', 'active', 'suspended', 'revoked')),
  state_reason text,
  state_changed_at timestamptz not null default now(),
  organization_name text,
  contacts text[] not null default '{}',
  federation_endpoint text not null,
  link_page text,
  incarnation bigint,
  limits jsonb not null default '{}',
  capabilities text[] not null default '{}',
  entity_configuration text,
  entity_configuration_sha256 bytea,
  entity_configuration_issued_at timestamptz,
  entity_configuration_expires_at timestamptz,
  fetched_at timestamptz,
  next_fetch_at timestamptz not null default now(),
  fetch_failing_since timestamptz,
  fetch_problem text,
  clock_difference_ms integer,
  inbound_at timestamptz,
  outbound_at timestamptz,
  outbound_failing_since timestamptz,
  outbound_problem text,
  -- How the peer says it holds this node, and the revision of that word (Unix milliseconds at the peer).
  notice_state text check (notice_state in ('active', 'suspended', 'revoked')),
  notice_rev bigint,
  created_at timestamptz not null default now()
);

-- Every key a peer ever had: a replay must be recognised under an old key, and an auditor asks years later.
create table peer_keys (
  peer text not null references peers (entity_id),
  kid text not null,
  purpose text not null check (purpose in ('federation', 'exchange')),
  jwk jsonb not null,
  first_seen_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  withdrawn_at timestamptz,
  revoked_at timestamptz,
  primary key (peer, kid)
);

-- Federation keys that may sign a peer's configuration: typed by the operator, or introduced by a pinned key and
-- then trusted only from active_from on. A registry's chain would vouch for such keys in the same way.
create table peer_pins (
  peer text not null references peers (entity_id),
  kid text not null,
  source text not null check (source in ('operator', 'introduced')),
  introduced_by text,
  active_from timestamptz not null default now(),
  created_at timestamptz not null default now(),
  removed_at timestamptz,
  primary key (peer, kid)
);

-- Every configuration relied upon, as it was signed: an exchange and its evidence cite it by digest.
create table peer_configurations (
  peer text not null references peers (entity_id),
  sha256 bytea not null,
  token text not null,
  relied_on_at timestamptz not null default now(),
  primary key (peer, sha256)
);
