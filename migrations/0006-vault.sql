-- What the vault and the customer did with a received document. Each step is kept with its first time; the state is
-- the furthest of them. A deleted document can be restored until its grace ends; erasing is for good.
alter table received_documents
  -- The sender's earlier exchange this one supersedes; who is superseded by whom is looked up, in either order of arrival.
  add column replaces uuid,
  add column consigned_at timestamptz,
  add column refused_at timestamptz,
  add column refused_reason text,
  add column notified_at timestamptz,
  add column opened_at timestamptz,
  add column handed_over_at timestamptz,
  add column recalled_at timestamptz,
  add column recall_reason text,
  -- The recall's own body: its note is personal, so it stays sealed and goes with the document.
  add column recall_body_id uuid,
  add column deleted_at timestamptz,
  add column restorable_until timestamptz,
  add column erased_at timestamptz,
  add column erased_reason text;
create index received_documents_replaces on received_documents (replaces) where replaces is not null;
-- What the vault has yet to file, however much it filed before.
create index received_documents_waiting on received_documents (id) where state = 'received';
create index received_documents_grace on received_documents (restorable_until)
  where deleted_at is not null and erased_at is null;

-- What the recipient told of a document, in any order; the state follows from it once the recipient's receipt is here.
alter table sent_documents
  add column consigned_at timestamptz,
  add column refused_at timestamptz,
  add column notified_at timestamptz,
  add column opened_at timestamptz,
  add column recall_jti uuid,
  add column recall_reason text,
  add column recall_requested_at timestamptz,
  add column recall_state text check (recall_state in ('sending', 'accepted', 'failed')),
  add column recall_code text,
  add column recalled_at timestamptz,
  add column erased_at timestamptz,
  add column erased_reason text;
create index sent_documents_recall on sent_documents (recall_jti) where recall_jti is not null;

-- What the sender has yet to be told, one row for each step of a document. A row leaves once the peer accepted the
-- exchange that carried it; when that exchange comes to nothing, the row is free for the next one.
create table status_reports (
  document_id uuid not null,
  state text not null check (state in ('consigned', 'refused', 'notified', 'opened')),
  peer text not null,
  at timestamptz not null,
  exchange_jti uuid,
  primary key (document_id, state)
);
create index status_reports_free on status_reports (peer, document_id) where exchange_jti is null;
create index status_reports_carried on status_reports (exchange_jti) where exchange_jti is not null;

-- One document.status in flight for each peer: the exchange under way, if any. What came to nothing is issued again,
-- ever more slowly while the peer goes on refusing it.
create table status_peers (
  peer text primary key,
  exchange_jti uuid,
  failures integer not null default 0,
  due_at timestamptz not null default now()
);

-- Who looked at what, and who tried to: the law asks for attempts as well. sealed_in names the evidence record that
-- attests a range of these rows.
create table access_journal (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  actor text not null,
  role text not null,
  action text not null,
  document_id uuid,
  customer_id uuid,
  outcome text not null,
  detail text,
  sealed_in uuid
);
create index access_journal_customer on access_journal (customer_id, id) where customer_id is not null;
create index access_journal_document on access_journal (document_id, id) where document_id is not null;
create index access_journal_unsealed on access_journal (id) where sealed_in is null;

-- How far a sweep over exchange ids has come: before this id nothing is left for it to do.
create table sweep_cursors (
  name text primary key,
  jti uuid not null
);

-- A replaced key-encryption key that nothing uses any more is condemned first and destroyed a while later, so that
-- what was being written under it meanwhile is seen.
alter table kek_epochs add column condemned_at timestamptz;
