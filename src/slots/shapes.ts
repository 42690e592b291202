import type { ContactWishes, Mute } from './contact-store.ts';
import type { ReceivedEvent } from './engagement/received-store.ts';
import type { SentMessage } from './sending-store.ts';
import type { SlotView } from './slots.ts';

/** A sent message as the institution API shows it: absent where there is nothing to say. */
export function messageShape(message: SentMessage & { engagement?: ReceivedEvent[] }, nowMs: number) {
  const { linkId, thread, replaces, code, nextEligibleAt, answeredAt, withdrawnAt, ...rest } = message;
  const { withdrawalAcknowledgedAt, submittedBy: _submittedBy, replaced, ...shown } = rest;
  return {
    ...shown,
    link: linkId,
    over: replaced || withdrawnAt !== null || message.expiresAt.getTime() <= nowMs,
    ...(thread !== null && { thread }),
    ...(replaces !== null && { replaces }),
    ...(code !== null && { code }),
    ...(nextEligibleAt !== null && { nextEligibleAt }),
    ...(answeredAt !== null && { answeredAt }),
    ...(withdrawnAt !== null && {
      withdrawn: { at: withdrawnAt, acknowledged: withdrawalAcknowledgedAt !== null },
    }),
  };
}

export function slotShape({ grant, ...slot }: SlotView) {
  return { slot: grant.slot, ...slot, grant };
}

export function contactShape({ mutes, ...wishes }: ContactWishes & { mutes: Mute[] }) {
  return {
    ...wishes,
    mutes: mutes.map(({ peer, until }) => ({ peer, ...(until !== null && { until }) })),
  };
}
