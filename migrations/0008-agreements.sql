-- What a peer and this node agree on. One row a peer: whatever changes a peer's agreements locks it first.
create table agreement_books (
  peer text primary key references peers (entity_id),
  -- Revision of this node's newest proposal to the peer.
  own_rev bigint not null default 0
);

-- Proposals and the versions they became. The id is the SHA-256 of the proposal's manifest, base64url: it is what
-- envelopes name in `agr`. Nothing of a row but its state, its answer and its times ever changes.
create table agreement_versions (
  id text primary key,
  peer text not null references agreement_books (peer),
  proposer text not null check (proposer in ('self', 'peer')),
  rev bigint not null,
  -- The first version of the agreement: itself, or that of the one it replaces.
  root text not null references agreement_versions (id),
  replaces text references agreement_versions (id),
  declines text,
  state text not null check (state in
    ('open', 'accepting', 'agreed', 'declined', 'withdrawn', 'crossed', 'superseded', 'expired', 'refused', 'terminated')),
  -- The code of whoever refused it.
  reason text,
  terms jsonb not null,
  note text,
  -- A word of whoever declined or withdrew it.
  answer_note text,
  effective_from timestamptz not null,
  drain_days integer not null,
  notice_days integer not null,
  proposed_at timestamptz not null,
  expires_at timestamptz not null,
  agreed_at timestamptz,
  changed_at timestamptz not null
);
create unique index agreement_versions_open on agreement_versions (peer, proposer) where state = 'open';
create unique index agreement_versions_successor on agreement_versions (replaces) where state = 'agreed';
create index agreement_versions_peer on agreement_versions (peer, rev);
create index agreement_versions_live on agreement_versions (peer, rev)
  where state in ('open', 'accepting', 'agreed');

create table agreement_terminations (
  root text not null references agreement_versions (id),
  by text not null check (by in ('self', 'peer')),
  noticed_at timestamptz not null,
  ends_at timestamptz not null,
  note text,
  -- The exchange that told the peer last: an answer to an earlier one says nothing of this end.
  jti uuid,
  -- What this side said: when the peer took it.
  acknowledged_at timestamptz,
  primary key (root, by)
);

-- The exchanges by which an agreement came about and ends, both ways: its file, and how an answer finds what it
-- answers. What a node says again has a row for each exchange that said it.
create table agreement_exchanges (
  iss text not null,
  jti uuid not null,
  version text not null references agreement_versions (id),
  act text not null,
  at timestamptz not null,
  primary key (iss, jti)
);
create index agreement_exchanges_version on agreement_exchanges (version, at);

-- Documents taken in under agreements, a calendar month (UTC) at a time: what a month's volumes are held against.
create table document_volumes (
  peer text not null references peers (entity_id),
  month date not null,
  documents bigint not null,
  bytes bigint not null,
  primary key (peer, month)
);
