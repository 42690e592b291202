-- Links this node's institution started: what the customer was asked, until both ends are joined or the attempt is
-- over. A day after its end the row goes; the link itself, its evidence and its journal stay.
create table link_offers (
  link_id uuid primary key,
  peer text not null references peers (entity_id),
  customer_id uuid not null references customers (id),
  -- The session that started it and may complete it, and the token given out: only their digests.
  session_sha256 bytea not null,
  token_sha256 bytea not null,
  scopes jsonb not null,
  consent text not null,
  state text not null check (state in ('open', 'redeemed', 'completed', 'refused', 'lapsed', 'expired')),
  code_sha256 bytea,
  wrong_codes integer not null default 0,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  redeemed_at timestamptz,
  ended_at timestamptz
);
create index link_offers_open on link_offers (expires_at) where state = 'open';
create index link_offers_redeemed on link_offers (redeemed_at) where state = 'redeemed';
create index link_offers_ended on link_offers (ended_at) where ended_at is not null;
create index link_offers_customer on link_offers (customer_id);

-- Links a peer started that a customer of this institution was shown. The completion code lies here as a key wrapped
-- by the key-encryption key, from which it is derived, and only until the link is complete or the attempt is over.
create table link_redemptions (
  link_id uuid primary key,
  peer text not null references peers (entity_id),
  token_sha256 bytea not null,
  state text not null check (state in ('shown', 'declined', 'expired', 'pending', 'accepted', 'refused')),
  reason text,
  customer_id uuid references customers (id),
  session_sha256 bytea,
  return_url text,
  jti uuid unique,
  -- Revision of the half that the redeeming exchange carries.
  rev bigint,
  kek_id text,
  wrapped_code_key bytea,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  decided_at timestamptz
);
create index link_redemptions_shown on link_redemptions (expires_at) where state = 'shown';
create index link_redemptions_code on link_redemptions (expires_at) where wrapped_code_key is not null;

-- Exchanges that carry the own half to the peer.
create table link_announcements (
  jti uuid primary key,
  link_id uuid not null references links (id),
  rev bigint not null,
  outcome text check (outcome in ('accepted', 'rejected', 'failed')),
  created_at timestamptz not null
);
create index link_announcements_link on link_announcements (link_id);

-- What happened to a link, for the customer and the auditor. Ids and states only: erasing a link leaves it in place.
create table link_journal (
  id bigint generated always as identity primary key,
  link_id uuid not null,
  at timestamptz not null,
  event text not null,
  owner text check (owner in ('self', 'peer')),
  rev bigint,
  state text,
  reason text,
  exchange_iss text,
  exchange_jti uuid,
  evidence_sha256 bytea
);
create index link_journal_link on link_journal (link_id, id);

-- Halves that a peer ended: the own half follows once nothing can come back.
create index link_halves_ended_by_peer on link_halves (restorable_until)
  where owner = 'peer' and state = 'revoked';

-- Deliveries that a link holds back, found when the link changes.
create index deliveries_held_by_link on deliveries (peer) where last_code like 'link.%';
