import { evidenceShape } from '../evidence/index.ts';
import type { StoredDispute } from './dispute-store.ts';
import type { StoredEntry } from './entry-store.ts';
import type { LedgerProof, LedgerSide } from './service.ts';
import type { StoredStatement } from './statement-store.ts';

/** As the institution API shows them: absent where there is nothing to say. */
export function entryShape(stored: StoredEntry) {
  const { agreement: _agreement, fault, broughtBy: _broughtBy, reversedBy, ...entry } = stored;
  return { ...entry, ...(fault !== null && { fault }), ...(reversedBy !== null && { reversedBy }) };
}

export function statementShape(stored: StoredStatement) {
  const { agreement: _agreement, role, fault, answeredAt, ...statement } = stored;
  return {
    ...statement,
    side: sideOf(role),
    ...(fault !== null && { fault }),
    ...(answeredAt !== null && { answeredAt }),
  };
}

export function disputeShape(stored: StoredDispute) {
  const { agreement: _agreement, role, seq, resolvedAt, id: _id, ...dispute } = stored;
  return {
    ...dispute,
    side: sideOf(role),
    ...(seq !== null && { seq }),
    ...(resolvedAt !== null && { resolvedAt }),
  };
}

export function proofShape({ act, iss, jti, envelope, manifest, records }: LedgerProof) {
  return {
    ...{ act, iss, jti },
    ...(envelope !== undefined && { envelope }),
    ...(manifest !== undefined && { manifest: manifest.toString('utf8') }),
    records: records.map(evidenceShape),
  };
}

function sideOf(role: 'host' | 'guest'): LedgerSide {
  return role === 'host' ? 'hosted' : 'granted';
}
