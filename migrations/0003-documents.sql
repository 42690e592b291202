-- The institution's customers, under this node's own opaque id. Neither it nor the reference leaves the node.
create table customers (
  id uuid primary key,
  reference text not null unique,
  created_at timestamptz not null default now()
);

create table links (
  id uuid primary key,
  peer text not null references peers (entity_id),
  customer_id uuid references customers (id),
  initiated_by text not null check (initiated_by in ('self', 'peer')),
  erased_at timestamptz,
  created_at timestamptz not null default now()
);
create index links_customer on links (customer_id);
create index links_peer on links (peer);

-- A link is two halves, each owned by one side; the effective state is the most restrictive of both.
create table link_halves (
  link_id uuid not null references links (id),
  owner text not null check (owner in ('self', 'peer')),
  rev bigint not null,
  state text not null check (state in ('active', 'paused', 'revoked')),
  scopes jsonb not null,
  -- The consent record, JSON.
  consent text,
  restorable_until timestamptz,
  -- What restoring brings back.
  before_revocation text check (before_revocation in ('active', 'paused')),
  changed_at timestamptz not null default now(),
  -- Own halves: what the peer is known to have, and when it is told next; null where it has the newest.
  acknowledged_rev bigint,
  announce_at timestamptz,
  announce_tries integer not null default 0,
  primary key (link_id, owner)
);
create index link_halves_announce on link_halves (announce_at) where announce_at is not null;

create table sent_documents (
  -- The id of the exchange that carries it.
  id uuid primary key,
  link_id uuid not null,
  peer text not null,
  type text,
  content_type text not null,
  content_size bigint not null,
  state text not null check (state in
    ('submitted', 'sending', 'accepted', 'consigned', 'notified', 'opened', 'rejected', 'failed', 'recalled')),
  state_code text,
  submitted_by text not null,
  submitted_at timestamptz not null,
  changed_at timestamptz not null
);
create index sent_documents_link on sent_documents (link_id, id);

create table received_documents (
  id uuid primary key,
  iss text not null,
  jti uuid not null,
  link_id uuid not null,
  body_id uuid not null,
  type text,
  content_type text not null,
  content_size bigint not null,
  state text not null check (state in ('received', 'consigned', 'refused', 'notified', 'opened')),
  received_at timestamptz not null
);
create index received_documents_inbox on received_documents (link_id, id);
create index received_documents_exchange on received_documents (jti);
