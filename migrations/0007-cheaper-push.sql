-- A lease is written beside what is due and not into it, so that taking and extending one touches no index.
alter table deliveries add column leased_until timestamptz;
update deliveries set leased_until = next_attempt_at where lease_owner is not null;

-- Rows that are written twice have room for their second version on the page of the first. Batches empty the queue from
-- its front: what they leave behind is cleared before the next ones have to pass over much of it.
alter table deliveries set (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);
alter table outbound_exchanges set (fillfactor = 75);
alter table sent_documents set (fillfactor = 75);

-- On a column that accepting a document leaves as it is, so that accepting it touches no index.
drop index sent_documents_ended;
create index sent_documents_ended on sent_documents (id) where state_code is not null;
