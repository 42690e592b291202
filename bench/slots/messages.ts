import type { EntityId, LinkId } from '../../src/protocol/ids.ts';
import type { Signer } from '../../src/protocol/jose/keys.ts';
import type { Manifest } from '../../src/protocol/manifest.ts';
import type { SlotMessageBody } from '../../src/protocol/slot/message.ts';
import { type Push, signPush, TURN } from '../pushes.ts';

/** A guest as it pushes: under which agreement, about which customers. */
export type GuestPlan = { entityId: string; agreement: string; links: readonly string[] };

export type MessagePlan = { count: number; aud: string; slot: string; guests: readonly GuestPlan[] };

/** An address that the agreement of the bench names. */
export const LINK_URL = 'https://guest.example/rendez-vous';

const LIFETIME_MS = 29 * 86_400_000;
const NO_CONTENT = Buffer.alloc(0);

/** Signs `count` messages, guests in turn, and of each guest its customers in turn. */
export async function makeMessages(
  plan: MessagePlan,
  { signer, inc }: { signer: Signer; inc: number },
): Promise<Push[]> {
  const expiresAt = new Date(Date.now() + LIFETIME_MS).toISOString();
  const pushes: Push[] = [];
  for (let made = 0; made < plan.count; made++) {
    const { entityId, agreement, links } = plan.guests[made % plan.guests.length] as GuestPlan;
    const link = links[Math.floor(made / plan.guests.length) % links.length];
    const push = await signPush(
      {
        iss: entityId as EntityId,
        aud: plan.aud as EntityId,
        act: 'slot.message',
        sub: link as LinkId,
        agr: agreement,
        inc,
      },
      { body: bodyOf(plan.slot, made, expiresAt), content: NO_CONTENT },
      signer,
    );
    pushes.push(push);
    if (made % TURN === TURN - 1) await new Promise(setImmediate);
  }
  return pushes;
}

function bodyOf(slot: string, made: number, expiresAt: string): Manifest['body'] {
  const body: SlotMessageBody = {
    slot,
    category: 'advice',
    priority: 'normal',
    texts: [
      {
        language: 'fr',
        title: `Votre épargne, conseil ${made}`,
        body: `Un conseiller peut faire le point avec vous sur votre **épargne de précaution**, sans engagement.

- au téléphone, quand vous voulez ;
- en agence, sur rendez-vous.

Répondez ici, ou prenez rendez-vous en ligne.`,
      },
      {
        language: 'en',
        title: `Your savings, advice ${made}`,
        body: `An adviser can go over your **rainy-day savings** with you, without obligation.

- by telephone, whenever you like;
- at a branch, by appointment.

Answer here, or make an appointment online.`,
      },
    ],
    actions: [
      { kind: 'link', label: 'Prendre rendez-vous', url: LINK_URL },
      { kind: 'reply', label: 'Répondre' },
    ],
    expiresAt,
  };
  return body as unknown as Manifest['body'];
}
