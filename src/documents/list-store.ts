import type { Reader } from '../db/index.ts';
import { type SentDocument, selectSent } from './store.ts';

export type SentFilter = {
  state?: SentDocument['state'] | 'sending';
  type?: string;
  link?: string;
  peer?: string;
  /** Submitted at or after. */
  since?: Date;
  /** Submitted before. */
  until?: Date;
};

/** Sent documents, the newest first, after (that is: older than) an id. */
export async function listSent(
  reader: Reader,
  filter: SentFilter,
  page: { before: string | undefined; limit: number },
): Promise<SentDocument[]> {
  let query = selectSent(reader).orderBy('d.id', 'desc').limit(page.limit);
  if (page.before !== undefined) query = query.where('d.id', '<', page.before);
  if (filter.type !== undefined) query = query.where('d.type', '=', filter.type);
  if (filter.link !== undefined) query = query.where('d.link_id', '=', filter.link);
  if (filter.peer !== undefined) query = query.where('d.peer', '=', filter.peer);
  if (filter.since !== undefined) query = query.where('d.submitted_at', '>=', filter.since);
  if (filter.until !== undefined) query = query.where('d.submitted_at', '<', filter.until);
  switch (filter.state) {
    case undefined:
      break;
    // A document whose delivery was tried at least once is shown as sending.
    case 'submitted':
      query = query
        .where('d.state', '=', 'submitted')
        .where((where) => where.or([where('q.attempts', 'is', null), where('q.attempts', '=', 0)]));
      break;
    case 'sending':
      query = query.where('d.state', 'in', ['submitted', 'sending']).where('q.attempts', '>', 0);
      break;
    // By the index of those few: each has a code that says why.
    case 'rejected':
    case 'failed':
      query = query.where('d.state', '=', filter.state).where('d.state_code', 'is not', null);
      break;
    default:
      query = query.where('d.state', '=', filter.state);
  }
  return query.execute();
}
