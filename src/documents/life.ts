import type { EvidenceEvent } from '../protocol/schemas/evidence.ts';

/** What the vault says it did with a received document. Each is kept with its first time. */
export const STEPS = ['consigned', 'refused', 'notified', 'opened', 'handedOver'] as const;
export type Step = (typeof STEPS)[number];

export type VaultState = 'received' | 'consigned' | 'refused' | 'notified' | 'opened';

/** What the rules look at. */
export type Standing = {
  state: VaultState;
  notifiedAt: Date | null;
  openedAt: Date | null;
  handedOverAt: Date | null;
  deletedAt: Date | null;
  erasedAt: Date | null;
};

export type StepVerdict =
  | { kind: 'take'; state: VaultState }
  /** Said before: nothing to write, nothing to attest again. */
  | { kind: 'known' }
  | { kind: 'refuse'; code: 'document.erased' | 'document.deleted' | 'document.state' };

const RANK: Record<VaultState, number> = { received: 0, refused: 1, consigned: 2, notified: 3, opened: 4 };

const furthest = (a: VaultState, b: VaultState): VaultState => (RANK[a] >= RANK[b] ? a : b);

/** Whether a step may be taken. States only move on, so the same step said again, or late, changes nothing. */
export function judgeStep(document: Standing, step: Step): StepVerdict {
  const { state } = document;
  if (document.erasedAt !== null) return { kind: 'refuse', code: 'document.erased' };
  if (document.deletedAt !== null) return { kind: 'refuse', code: 'document.deleted' };
  const outOfOrder: StepVerdict = { kind: 'refuse', code: 'document.state' };
  switch (step) {
    case 'consigned':
      if (state === 'received') return { kind: 'take', state: 'consigned' };
      return state === 'refused' ? outOfOrder : { kind: 'known' };
    case 'refused':
      if (state === 'received') return { kind: 'take', state: 'refused' };
      return state === 'refused' ? { kind: 'known' } : outOfOrder;
    default: {
      if (state === 'received' || state === 'refused') return outOfOrder;
      if (timeOf(document, step) !== null) return { kind: 'known' };
      return { kind: 'take', state: furthest(state, step === 'notified' ? 'notified' : 'opened') };
    }
  }
}

function timeOf(document: Standing, step: 'notified' | 'opened' | 'handedOver'): Date | null {
  if (step === 'notified') return document.notifiedAt;
  return step === 'opened' ? document.openedAt : document.handedOverAt;
}

/** The event of ETSI EN 319 522 that attests a step. */
export const STEP_EVENTS: Record<Step, EvidenceEvent> = {
  consigned: 'ContentConsignment',
  refused: 'ContentConsignmentFailure',
  notified: 'ConsignmentNotification',
  opened: 'ContentAccessTracking',
  handedOver: 'ContentHandover',
};
