import type { InboxDocument } from './inbox.ts';
import type { JournalView } from './journal.ts';
import type { RecallView } from './recall.ts';

/** A received document as the institution API shows it: times in RFC 3339, absent where nothing is known. */
export function inboxShape(document: InboxDocument) {
  const { manifest } = document;
  return {
    id: document.id,
    exchange: document.jti,
    peer: document.iss,
    link: document.linkId,
    ...(document.customerId !== null && { customer: document.customerId }),
    state: document.state,
    ...(document.type !== null && { type: document.type }),
    contentType: document.contentType,
    contentSize: document.contentSize,
    receivedAt: document.receivedAt.toISOString(),
    ...time('consignedAt', document.consignedAt),
    ...(document.refusedAt !== null && {
      refused: { at: document.refusedAt.toISOString(), reason: document.refusedReason ?? 'vault.other' },
    }),
    ...time('notifiedAt', document.notifiedAt),
    ...time('openedAt', document.openedAt),
    ...time('handedOverAt', document.handedOverAt),
    ...(manifest !== undefined && { metadata: manifest.body }),
    ...(manifest?.content !== undefined && { content: manifest.content }),
    ...(document.replaces !== null && { replaces: document.replaces }),
    ...(document.supersededBy !== null && { supersededBy: document.supersededBy }),
    ...(document.recalledAt !== null && {
      recalled: {
        at: document.recalledAt.toISOString(),
        reason: document.recallReason ?? 'other',
        ...(document.recallNote !== undefined && { note: document.recallNote }),
      },
    }),
    ...(document.deletedAt !== null && {
      deleted: {
        at: document.deletedAt.toISOString(),
        ...time('restorableUntil', document.restorableUntil),
      },
    }),
    ...(document.erasedAt !== null && {
      erased: { at: document.erasedAt.toISOString(), reason: document.erasedReason ?? 'erasure.request' },
    }),
    ...(document.damaged && { damaged: true }),
  };
}

export function recallShape({ id, state, recall }: RecallView) {
  return {
    id,
    state,
    recall: {
      state: recall.state,
      reason: recall.reason,
      requestedAt: recall.requestedAt.toISOString(),
      ...(recall.code !== null && { code: recall.code }),
    },
  };
}

export function journalShape(entry: JournalView) {
  return {
    at: entry.at.toISOString(),
    actor: entry.actor,
    role: entry.role,
    action: entry.action,
    ...(entry.document !== null && { document: entry.document }),
    outcome: entry.outcome,
    ...(entry.detail !== null && { detail: entry.detail }),
  };
}

function time<Name extends string>(name: Name, at: Date | null): Partial<Record<Name, string>> {
  return (at === null ? {} : { [name]: at.toISOString() }) as Partial<Record<Name, string>>;
}
