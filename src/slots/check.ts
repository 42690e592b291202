import type { Tx } from '../db/index.ts';
import type { AgreementView } from '../exchange/index.ts';
import type { EntityId } from '../protocol/ids.ts';
import { Refusal } from '../protocol/refusal.ts';
import { findSchemaProblem } from '../protocol/schemas/validators.ts';
import type { ImageType, SlotMessageBody } from '../protocol/slot/message.ts';
import type { SlotDeps } from './deps.ts';
import { refuseUnasked } from './facts.ts';
import { type GivenImage, readGivenImage } from './image.ts';
import { readNamedMessages } from './sending-store.ts';

/** A message as the institution gives it. */
export type GivenMessage = { link: string } & Omit<SlotMessageBody, 'priority'> & {
    priority?: SlotMessageBody['priority'];
    image?: GivenImage;
  };

export type CheckedMessage = {
  body: SlotMessageBody;
  image: { type: ImageType; size: number; content: Buffer } | undefined;
  peer: EntityId;
  agreement: AgreementView;
};

/**
 * Whether this node would send a message, and so may show it to the peer at all: consent first.
 *
 * @throws Refusal `message.invalid` with a pointer, `message.not_found`, `message.*`, `slot.*`, `link.*`, `peer.*`,
 * `agreement.missing`
 */
export async function checkMessage(
  tx: Tx,
  deps: Pick<SlotDeps, 'clock' | 'registry' | 'links' | 'agreements' | 'ledger'>,
  given: GivenMessage,
): Promise<CheckedMessage> {
  const body = readBody(given);
  const image = readImage(given.image);
  const link = (await deps.links.lock(tx, [given.link])).get(given.link);
  if (link === undefined) throw new Refusal('link.unknown');
  if (link.state !== 'active') throw new Refusal(`link.${link.state}`);
  const peer = link.peer as EntityId;
  const peerState = deps.registry.peer(peer)?.state;
  if (peerState === 'revoked' || peerState === 'suspended') throw new Refusal(`peer.${peerState}`);
  const nowMs = deps.clock.nowMs();
  const agreement = await (await deps.agreements.read(tx, [peer])).current(peer, nowMs);
  if (agreement === undefined) throw new Refusal('agreement.missing');
  if (await deps.ledger.guest.isSuspended(tx, agreement.root)) throw new Refusal('ledger.suspended');
  const refusal = refuseUnasked(body, { agreement, image, peer, scopes: link.scopes[peer], nowMs });
  if (refusal !== undefined) throw new Refusal(refusal);
  await checkNames(tx, given);
  return { body, image, peer, agreement };
}

function readImage(given: GivenImage | undefined): CheckedMessage['image'] {
  if (given === undefined) return undefined;
  const content = readGivenImage(given);
  return { type: given.type, size: content.length, content };
}

/** What it replaces or goes on from is one of this link's, and may still be there. */
async function checkNames(tx: Tx, { link, replaces, thread }: GivenMessage): Promise<void> {
  const names = [replaces, thread].filter((id) => id !== undefined);
  const named = await readNamedMessages(tx, link, names);
  for (const id of names) {
    const message = named.get(id);
    if (message === undefined) throw new Refusal('message.not_found', { message: id });
    const came = message.state !== 'refused' && message.state !== 'failed';
    if (!came || (id === replaces && message.withdrawn)) throw new Refusal('message.ended', { message: id });
  }
}

function readBody(given: GivenMessage): SlotMessageBody {
  const { link: _link, image: _image, priority = 'normal', ...rest } = given;
  const body = { ...rest, priority };
  const problem = findSchemaProblem('slot.message', body);
  if (problem !== undefined) {
    throw new Refusal('message.invalid', { pointer: problem.pointer, detail: problem.message });
  }
  return body;
}
