-- Keys under which callers repeat a request, each with the answer that was given. Written in the transaction of what
-- the answer tells, so that a repetition after a crash finds both or neither.
create table idempotency_keys (
  -- Issuer and subject of the token: a caller keeps its keys when its token is renewed.
  caller text not null,
  operation text not null,
  key text not null,
  -- SHA-256 over the metadata and the digest of the body.
  fingerprint bytea not null,
  document_id uuid not null,
  -- The body of the answer, JSON; nothing personal stands in it.
  answer text not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  primary key (caller, operation, key)
);
create index idempotency_keys_expiry on idempotency_keys (expires_at);

-- Metadata that wait for their file. They are personal, so they lie sealed, as a body without content.
create table document_drafts (
  -- The id of the document, and of the exchange, that it becomes.
  id uuid primary key,
  link_id uuid not null,
  peer text not null,
  type text not null,
  content_type text not null,
  body_id uuid not null,
  submitted_by text not null,
  created_at timestamptz not null,
  expires_at timestamptz not null
);
create index document_drafts_expiry on document_drafts (expires_at);

-- What ended badly is looked for among millions that did not.
create index sent_documents_ended on sent_documents (id) where state in ('rejected', 'failed');
