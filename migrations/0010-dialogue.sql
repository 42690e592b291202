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
