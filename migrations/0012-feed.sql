-- What a feed reads: of each link, version, slot and category of a customer the first few in the order in which a guest's own
-- messages are shown. Whatever else waits is passed over.
drop index hosted_messages_active;
create index hosted_messages_feed on hosted_messages (customer_id, link_id, agreement, slot, category,
  (case priority when 'high' then 0 when 'normal' then 1 else 2 end), eligible_at, id)
  where ended_at is null and erased_at is null and not seen_before;
