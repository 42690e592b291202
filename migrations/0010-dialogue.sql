-- Conversations between customers and guests: words of customers, which the host sends, and answers, which the guest sends.
-- Each node keeps those it sent (iss is its own id) and those it took. Texts are in the sealed bodies; messages in slots,
-- which belong to conversations as well, have their own tables.
create table replies (
  iss text not null,
  jti uuid not null,
  peer text not null references peers (entity_id),
  link_id uuid not null references links (id),
  -- At the host; null once the link was erased, and at the guest.
  customer_id uuid references customers (id),
  -- The exchange that began the conversation, and whose it is.
  thread uuid not null,
  said_by text not null check (said_by in ('customer', 'guest')),
  kind text not null check (kind in ('reply', 'ask_human', 'callback', 'answer')),
  message uuid,
  -- Of an answer: the newest word it answers.
  answers uuid,
  handled_by text check (handled_by in ('human', 'bot')),
  body_id uuid not null,
  -- When it was said at its sender, or came to its recipient.
  at timestamptz not null,
  -- Of what this node sent: until when it can be undone, and what became of it.
  undo_until timestamptz,
  state text not null check (state in ('sending', 'accepted', 'refused', 'failed', 'undone')),
  code text,
  -- By the receipt, to the second: both sides measure by it.
  decided_at timestamptz,
  -- Of a word that asks for a person: until when the agreement wants one, and when one answered.
  human_due_at timestamptz,
  human_answered_at timestamptz,
  -- When its text was forgotten.
  erased_at timestamptz,
  submitted_by text,
  -- As in sent_messages.
  idempotency_key text,
  fingerprint bytea,
  primary key (iss, jti)
);
create index replies_thread on replies (link_id, thread, at);
create index replies_customer on replies (customer_id, at) where customer_id is not null;
create index replies_list on replies (jti);
create unique index replies_key on replies (submitted_by, idempotency_key) where idempotency_key is not null;
create index replies_waiting on replies (peer, human_due_at) where human_due_at is not null and human_answered_at is null;
create index replies_over on replies (at) where erased_at is null;
create index replies_asked on replies (jti) where kind = 'ask_human' and human_answered_at is null;
create index replies_asked_of on replies (peer, decided_at) where kind = 'ask_human';

alter table message_displays add column reported_at timestamptz;

-- What customers did, on its way to guests whom they agreed to tell each event; at the host. Kept once it was told: the
-- customer sees it word for word.
create table engagement_reports (
  id uuid primary key,
  peer text not null references peers (entity_id),
  link_id uuid not null references links (id),
  customer_id uuid references customers (id),
  -- Null of what is about the guest and no message.
  message_id uuid references hosted_messages (id),
  -- The exchange that brought it.
  message uuid,
  kind text not null,
  at timestamptz not null,
  -- What can be undone waits a while.
  due_at timestamptz not null,
  exchange_jti uuid,
  told_at timestamptz
);
create unique index engagement_reports_message on engagement_reports (message_id, kind) where message_id is not null;
create index engagement_reports_due on engagement_reports (peer, due_at) where told_at is null and exchange_jti is null;
create index engagement_reports_exchange on engagement_reports (exchange_jti) where exchange_jti is not null and told_at is null;
create index engagement_reports_customer on engagement_reports (customer_id, at);
create index engagement_reports_link on engagement_reports (link_id);

-- What guests are told of many customers together, once for each calendar month; at the host.
create table engagement_months (
  peer text not null references peers (entity_id),
  month text not null,
  -- Null where the group was too small, or too near to one that was told.
  customers integer,
  figures jsonb,
  closed_at timestamptz not null,
  exchange_jti uuid,
  told_at timestamptz,
  primary key (peer, month)
);
create index engagement_months_exchange on engagement_months (exchange_jti) where exchange_jti is not null and told_at is null;

-- Who was in a group that was told of. A member whose link was erased is somebody unknown from then on.
create table engagement_groups (
  peer text not null,
  month text not null,
  member uuid not null,
  -- While the month is being closed: what the member did.
  did text[],
  primary key (peer, month, member)
);
create index engagement_groups_member on engagement_groups (member);

-- One exchange for each guest at a time; at the host.
create table engagement_peers (
  peer text primary key references peers (entity_id),
  exchange_jti uuid,
  failures integer not null default 0,
  due_at timestamptz not null default now()
);

-- What hosts told, of single customers who agreed to it; at the guest.
create table received_engagement (
  peer text not null,
  link_id uuid not null,
  message uuid,
  kind text not null,
  at timestamptz not null,
  received_at timestamptz not null
);
create unique index received_engagement_message on received_engagement (message, kind) where message is not null;
create index received_engagement_of_link on received_engagement (link_id);
create unique index received_engagement_link on received_engagement (link_id, kind, at) where message is null;

-- What hosts told of many together; at the guest.
create table received_engagement_months (
  peer text not null,
  month text not null,
  customers integer,
  figures jsonb,
  received_at timestamptz not null,
  primary key (peer, month)
);
create index hosted_messages_guest on hosted_messages (iss, placed_at);

-- How many institutions the customer says to deal with: how universal this vault is for them.
alter table customer_contact add column declared_providers integer check (declared_providers >= 0);
