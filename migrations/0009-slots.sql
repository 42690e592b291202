-- Slots this node hosts for peers: what its operators and its probes say of them. What a slot takes stands in the
-- agreement; a row exists once there is something to say.
create table hosted_slots (
  peer text not null references peers (entity_id),
  slot text not null,
  paused_at timestamptz,
  paused_reason text,
  -- Probes of the page where a person answers: the last one, and how many failed since the last that did not.
  human_checked_at timestamptz,
  human_failures integer not null default 0,
  primary key (peer, slot)
);

-- How a customer wants to be contacted in this vault. The row is also the lock of all contacts with the customer: what
-- counts them takes it first, so that no two ever share the last place.
create table customer_contact (
  customer_id uuid primary key references customers (id),
  locale text,
  zone text,
  calm_max integer,
  calm_per integer,
  calm_unit text check (calm_unit in ('hour', 'day', 'week')),
  quiet_from text,
  quiet_to text,
  quiet_zone text,
  changed_at timestamptz
);

create table customer_mutes (
  customer_id uuid not null references customers (id),
  peer text not null references peers (entity_id),
  -- Null: for good.
  until timestamptz,
  muted_at timestamptz not null default now(),
  primary key (customer_id, peer)
);

-- Messages taken into this node's slots. Their texts are in the sealed body.
create table hosted_messages (
  id uuid primary key,
  iss text not null,
  jti uuid not null,
  link_id uuid not null references links (id),
  -- Null once the link was erased.
  customer_id uuid references customers (id),
  -- The version it came under.
  agreement text not null references agreement_versions (id),
  slot text not null,
  category text not null,
  priority text not null check (priority in ('low', 'normal', 'high')),
  body_id uuid not null,
  thread uuid,
  replaces uuid,
  placed_at timestamptz not null,
  eligible_at timestamptz not null,
  expires_at timestamptz not null,
  -- An edit of a message that the customer has seen is never shown: it would be a contact more.
  seen_before boolean not null default false,
  ended_at timestamptz,
  ended_reason text check (ended_reason in ('withdrawn', 'replaced', 'erased')),
  -- When its texts were forgotten: a while after it was over, or with its link.
  erased_at timestamptz,
  unique (iss, jti)
);
create index hosted_messages_contacts on hosted_messages (customer_id, iss, placed_at);
create index hosted_messages_active on hosted_messages (customer_id, eligible_at) where ended_at is null;
create index hosted_messages_over on hosted_messages (expires_at) where erased_at is null;
create index hosted_messages_link on hosted_messages (link_id, id);

-- Messages handed out to a customer's feed, one row each. A lease counts as a display while it runs; once the display is
-- confirmed it counts for good, and one that ends unused counts no more.
create table message_displays (
  message_id uuid primary key references hosted_messages (id),
  customer_id uuid not null references customers (id),
  iss text not null,
  slot text not null,
  category text not null,
  leased_at timestamptz not null,
  leased_until timestamptz not null,
  -- What the customer did, each with its first time; dismissed can be undone.
  displayed_at timestamptz,
  opened_at timestamptz,
  clicked_at timestamptz,
  dismissed_at timestamptz
);
create index message_displays_customer on message_displays (customer_id, leased_at);

-- Messages this node's institution sends. The id is the exchange's.
create table sent_messages (
  id uuid primary key,
  link_id uuid not null,
  peer text not null,
  agreement text not null,
  slot text not null,
  category text not null,
  thread uuid,
  replaces uuid,
  state text not null check (state in ('submitted', 'placed', 'deferred', 'refused', 'failed')),
  -- Why it was refused, or failed.
  code text,
  next_eligible_at timestamptz,
  expires_at timestamptz not null,
  submitted_by text not null,
  submitted_at timestamptz not null,
  -- What whoever submitted it named the request, and a digest of what they asked: a repetition is known by it for 7 days.
  idempotency_key text,
  fingerprint bytea,
  answered_at timestamptz,
  -- Taken back: when, and when the peer took note.
  withdrawn_at timestamptz,
  withdrawal_jti uuid,
  withdrawal_acknowledged_at timestamptz
);
create index sent_messages_link on sent_messages (link_id, id);
create index sent_messages_peer on sent_messages (peer, id);
create index sent_messages_replaces on sent_messages (replaces) where replaces is not null;
create index sent_messages_thread on sent_messages (thread, id) where thread is not null;
create unique index sent_messages_key on sent_messages (submitted_by, idempotency_key)
  where idempotency_key is not null;
create index sent_messages_withdrawal on sent_messages (withdrawal_jti) where withdrawal_jti is not null;
