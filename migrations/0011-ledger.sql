-- Accounts of contacts under an agreement: one sequence of entries for each direction. Whoever writes to one locks its
-- row. `agreement` is the first version: balances survive amendments.
create table ledger_sequences (
  agreement text not null references agreement_versions (id),
  -- What this node is in it: the host writes entries, the guest applies them.
  role text not null check (role in ('host', 'guest')),
  peer text not null references peers (entity_id),
  seq bigint not null default 0,
  -- Hash of the newest entry, of an empty sequence its origin.
  head text not null,
  total bigint not null default 0,
  -- The guest's: what of the total it acknowledges, that is without what is wrong.
  counted bigint not null default 0,
  -- Unix seconds: the latest time of any entry, and the end of what statements have closed.
  latest_s bigint not null default 0,
  closed_s bigint not null default 0,
  -- Number of the newest statement.
  statements integer not null default 0,
  -- The host's: service messages taken in the month, and when a message was last taken past the tolerance.
  service_month text,
  service_count integer not null default 0,
  past_at timestamptz,
  -- The guest's: a second history was found, and messages both ways wait for people.
  suspended_at timestamptz,
  primary key (agreement, role)
);
create index ledger_sequences_peer on ledger_sequences (peer);

create table ledger_entries (
  agreement text not null,
  role text not null,
  seq bigint not null,
  hash text not null,
  prev text not null,
  kind text not null check (kind in ('post', 'reverse')),
  exchange uuid not null,
  category text not null,
  weight integer not null,
  total bigint not null,
  at timestamptz not null,
  of_seq bigint,
  reversed_by bigint,
  -- The guest's: what is wrong with it, and the exchange that brought it.
  fault text,
  brought_by uuid,
  primary key (agreement, role, seq),
  foreign key (agreement, role) references ledger_sequences (agreement, role)
);
-- A host counts a message once, whatever happens.
create unique index ledger_entries_posted on ledger_entries (agreement, exchange)
  where role = 'host' and kind = 'post';
create index ledger_entries_fault on ledger_entries (agreement, seq) where fault is not null;

-- Messages this node sent as guest: what entries about them have to say.
create table ledger_contacts (
  exchange uuid primary key,
  agreement text not null references agreement_versions (id),
  peer text not null,
  category text not null,
  weight integer not null,
  -- `sent` has no signed answer yet.
  state text not null check (state in ('sent', 'accepted', 'refused')),
  -- The second of the host's receipt.
  decided_at timestamptz,
  -- When it was to be shown, as the receipt says, and the second of the receipt of its withdrawal.
  eligible_by timestamptz,
  withdrawn_at timestamptz,
  posted_seq bigint,
  reversed_seq bigint,
  -- An edit took its place.
  replaced boolean not null default false
);
create index ledger_contacts_unposted on ledger_contacts (agreement, decided_at) where posted_seq is null;
create index ledger_contacts_withdrawn on ledger_contacts (agreement, withdrawn_at)
  where withdrawn_at is not null and reversed_seq is null;
-- What was under way when this table came.
insert into ledger_contacts (exchange, agreement, peer, category, weight, state)
select m.id, v.root, m.peer, m.category,
  case when m.replaces is null then (v.terms -> 'weights' ->> m.category)::integer else 0 end, 'sent'
from sent_messages m join agreement_versions v on v.id = m.agreement where m.state = 'submitted';

-- Posts the host owes back; a row goes with the reversal.
create table ledger_reversals (
  agreement text not null,
  exchange uuid not null,
  owed_at timestamptz not null default now(),
  primary key (agreement, exchange)
);

create table ledger_statements (
  agreement text not null,
  role text not null,
  number integer not null,
  first_seq bigint not null,
  last_seq bigint not null,
  head text not null,
  opening bigint not null,
  closing bigint not null,
  counts jsonb not null,
  until timestamptz not null,
  state text not null check (state in ('open', 'countersigned', 'disputed')),
  -- What is wrong with it, other than its entries.
  fault text,
  stated_at timestamptz not null,
  answered_at timestamptz,
  primary key (agreement, role, number),
  foreign key (agreement, role) references ledger_sequences (agreement, role)
);

-- What a guest objects to: an entry, or one that is not there. `role` is what this node is in the sequence.
create table ledger_disputes (
  id bigint generated always as identity primary key,
  agreement text not null,
  role text not null,
  -- Absent where it is the entry itself that is missed.
  seq bigint,
  exchange uuid not null,
  reason text not null,
  raised_at timestamptz not null,
  resolved_at timestamptz,
  foreign key (agreement, role) references ledger_sequences (agreement, role)
);
create unique index ledger_disputes_once on ledger_disputes (agreement, role, exchange, reason, coalesce(seq, 0));

-- Two histories of one sequence: the exchange that told the second one. Its envelope and manifest are kept.
create table ledger_forks (
  agreement text not null,
  iss text not null,
  jti uuid not null,
  -- The entry, or the statement, that came before with another content.
  seq bigint,
  statement integer,
  found_at timestamptz not null,
  primary key (iss, jti)
);

-- What is to be told: entries by number, all else from the table below, which it leaves once it is told. One exchange of
-- each at a time.
create table ledger_tellings (
  agreement text not null,
  lane text not null check (lane in ('entries', 'sayings')),
  peer text not null,
  -- Up to which entry the peer accepted; up to which, or what of the table below, the exchange under way carries.
  told bigint not null default 0,
  carried bigint,
  exchange_jti uuid,
  failures integer not null default 0,
  due_at timestamptz not null default now(),
  primary key (agreement, lane)
);
create index ledger_tellings_exchange on ledger_tellings (exchange_jti) where exchange_jti is not null;

create table ledger_sayings (
  id bigint generated always as identity primary key,
  agreement text not null,
  act text not null,
  body jsonb not null
);
create index ledger_sayings_agreement on ledger_sayings (agreement, id);

-- The exchanges by which a ledger was told, both ways: its file. Their manifests are kept.
create table ledger_exchanges (
  iss text not null,
  jti uuid not null,
  agreement text not null,
  -- What this node is in the sequence that it is about.
  role text not null,
  act text not null,
  -- The entries it has, or the statement it is about.
  first_seq bigint,
  last_seq bigint,
  statement integer,
  at timestamptz not null,
  primary key (iss, jti)
);
create index ledger_exchanges_entries on ledger_exchanges (agreement, role, first_seq) where first_seq is not null;
create index ledger_exchanges_statement on ledger_exchanges (agreement, role, statement)
  where statement is not null;
