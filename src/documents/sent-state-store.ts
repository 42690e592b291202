import { queryByRows, type Tx } from '../db/index.ts';
import type { SettledItem } from '../exchange/index.ts';

export type SentDocumentState =
  | 'submitted'
  | 'sending'
  | 'accepted'
  | 'consigned'
  | 'notified'
  | 'opened'
  | 'rejected'
  | 'failed'
  | 'recalled';

/**
 * How the state of a sent document follows from what is known of it: a function of facts that only grow, so that the
 * order in which receipt, statuses and recall arrive makes no difference. SQL, over `sent_documents d`.
 */

/** The recipient's receipt says that it holds the document. */
export const acknowledged = `(d.state in ('accepted', 'consigned', 'notified', 'opened', 'recalled')
  or (d.state = 'rejected' and d.state_code = 'document.refused'))`;

/** The state of an acknowledged document. `time` gives the expression of one of its time columns. */
export function derivedState(time: (column: string) => string = (column) => `d.${column}`): string {
  return `case
    when d.recall_state = 'accepted' then 'recalled'
    when ${time('opened_at')} is not null then 'opened'
    when ${time('notified_at')} is not null then 'notified'
    when ${time('consigned_at')} is not null then 'consigned'
    when ${time('refused_at')} is not null then 'rejected'
    else 'accepted' end`;
}

const SETTLE = {
  name: 'sent-documents-settle',
  types: ['uuid', 'text', 'text'],
  text: (rows: string) => `update sent_documents d set
      state = case s.state when 'accepted' then ${derivedState()} else s.state end,
      state_code = case when s.state <> 'accepted' then s.reason
        when ${derivedState()} = 'rejected' then 'document.refused' end,
      changed_at = now()
    from (${rows}) as s (id, state, reason)
    where d.id = s.id and d.state in ('submitted', 'sending', 'failed')
    returning d.id, coalesce(d.recall_state = 'sending' and d.recall_jti is null, false) as recalled`,
};

/**
 * What the exchange's end makes of the documents; what the recipient told before its receipt came counts from now.
 *
 * @returns those that were recalled while they were on their way.
 */
export async function settleSent(tx: Tx, items: readonly SettledItem[]): Promise<SettledItem[]> {
  const sorted = [...items].sort((a, b) => (a.jti < b.jti ? -1 : 1));
  const { rows } = await queryByRows<{ id: string; recalled: boolean }>(
    tx.client,
    SETTLE,
    sorted.map((item) => [item.jti, item.state, item.reason]),
  );
  const recalled = new Set(rows.flatMap((row) => (row.recalled ? [row.id] : [])));
  return items.filter((item) => recalled.has(item.jti));
}
