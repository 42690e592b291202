import type { Tx } from '../db/index.ts';
import type { InboundItem, Verdict } from '../exchange/index.ts';
import type { HostGrant } from '../protocol/agreement/terms.ts';
import { addVolumes, lockVolumes, type Volume } from './volume-store.ts';

type Grant = NonNullable<HostGrant['documents']>;

/** A document that comes in under an agreement, and what that grants. */
type Granted = { item: InboundItem; grant: Grant; bytes: number };

const bytesOf = (item: InboundItem) => item.claims.content?.size ?? 0;

/** First day of the calendar month, UTC. */
const monthOf = (at: Date) => `${at.toISOString().slice(0, 7)}-01`;

/**
 * Holds documents against the volumes of their agreement: so many documents, and so many bytes, a calendar month. What is
 * over waits at its sender, whose delivery may well see the next month.
 *
 * @returns a verdict for each, undefined where it fits.
 */
export async function judgeVolumes(
  tx: Tx,
  items: readonly InboundItem[],
  grantOf: (item: InboundItem) => Grant | undefined,
): Promise<(Verdict | undefined)[]> {
  const granted = grantedOf(items, grantOf);
  const [first] = granted;
  if (first === undefined) return items.map(() => undefined);
  const peers = [...new Set(granted.map(({ item }) => item.iss))];
  const volumes = await lockVolumes(tx, peers, monthOf(first.item.decidedAt));
  const full = new Set<InboundItem>();
  for (const { item, grant, bytes } of granted) {
    const volume = volumes.get(item.iss) as Volume;
    if (volume.documents + 1 > grant.perMonth || volume.bytes + bytes > grant.bytesPerMonth) {
      full.add(item);
    } else {
      volumes.set(item.iss, { documents: volume.documents + 1, bytes: volume.bytes + bytes });
    }
  }
  return items.map((item) => (full.has(item) ? { refusal: 'quota.exceeded' } : undefined));
}

/** Counts documents that were taken. */
export async function countVolumes(
  tx: Tx,
  items: readonly InboundItem[],
  grantOf: (item: InboundItem) => Grant | undefined,
): Promise<void> {
  const granted = grantedOf(items, grantOf);
  const [first] = granted;
  if (first === undefined) return;
  const byPeer = Map.groupBy(granted, ({ item }) => item.iss);
  await addVolumes(
    tx,
    monthOf(first.item.decidedAt),
    [...byPeer].map(([peer, of]) => ({
      peer,
      documents: of.length,
      bytes: of.reduce((sum, { bytes }) => sum + bytes, 0),
    })),
  );
}

function grantedOf(
  items: readonly InboundItem[],
  grantOf: (item: InboundItem) => Grant | undefined,
): Granted[] {
  return items.flatMap((item) => {
    const grant = grantOf(item);
    return grant === undefined ? [] : [{ item, grant, bytes: bytesOf(item) }];
  });
}
