import type { Tx } from '../db/index.ts';
import type { ActHandler, InboundItem, OutcomeListener, Verdict } from '../exchange/index.ts';
import type { LinkHalfBody } from '../protocol/link-half.ts';
import { namesOnly } from '../protocol/link-scopes.ts';
import type { RefusalCode } from '../protocol/refusal.ts';
import { acknowledge, announceLater, settleAnnouncements } from './announcement-store.ts';
import type { LinkActDeps } from './deps.ts';
import { type LinkEvent, recordLinkEvents } from './record.ts';
import { forgetCodes } from './redemption-store.ts';
import { settleRivals } from './rivals.ts';
import { type Half, lockCustomers, putHalf, readCustomers, readLinks, type StoredLink } from './store.ts';

/** However long a peer says that something may come back, it is no longer than the longest grace any node may give. */
const MAX_RESTORABLE_MS = 90 * 86_400_000;

const bodyOf = (item: InboundItem) => item.manifest.body as unknown as LinkHalfBody;

/** `link.half`: what the other side says of a link now. It passes while the peer is suspended: a revocation must arrive. */
export function createHalfHandler(deps: LinkActDeps): ActHandler {
  const { evidence, outbox, registry } = deps;

  /** Links under their customers' locks. */
  async function lockLinks(tx: Tx, items: InboundItem[]): Promise<Map<string, StoredLink>> {
    const subjects = items.flatMap((item) => item.claims.sub ?? []);
    await lockCustomers(tx, await readCustomers(tx, subjects));
    return readLinks(tx.client, subjects);
  }

  async function take(tx: Tx, item: InboundItem, known: StoredLink): Promise<boolean> {
    const body = bodyOf(item);
    const at = item.decidedAt;
    const newer = await putHalf(tx, { linkId: known.id, owner: 'peer' }, halfOf(body, at), {
      at,
      announce: false,
    });
    const taken = {
      linkId: known.id,
      at,
      owner: 'peer',
      rev: body.rev,
      state: body.state,
      exchange: { iss: item.iss, jti: item.jti },
    } as const;
    await recordLinkEvents(tx, evidence, [
      newer
        ? { ...taken, event: 'changed', attest: { event: 'LinkChanged', peer: known.peer } }
        : { ...taken, event: 'ignored' },
    ]);
    return newer;
  }

  return {
    act: 'link.half',
    content: 'none',
    link: 'none',
    passesSuspension: true,
    async judge(tx, items) {
      const links = await lockLinks(tx, items);
      const self = registry.self.entityId;
      return items.map((item): Verdict | undefined => {
        const refusal = refuseHalf(item, links, self);
        return refusal === undefined ? undefined : { refusal };
      });
    },
    async apply(tx, items) {
      const links = await lockLinks(tx, items);
      const touched = new Map<string, { link: StoredLink; at: Date }>();
      for (const item of items) {
        const link = links.get(item.claims.sub as string);
        if (link === undefined) throw new Error('a link was removed while its half was taken');
        if (await take(tx, item, link)) touched.set(link.id, { link, at: item.decidedAt });
      }
      await forgetCodes(tx, [...touched.keys()]);
      for (const { link, at } of touched.values()) {
        if (link.customerId !== null) {
          await settleRivals(tx, evidence, { peer: link.peer, customerId: link.customerId }, link.id, at);
        }
        await outbox.hasten(tx, { peer: link.peer, links: [link.id] });
      }
      tx.afterCommit(deps.announce);
    },
  };
}

function refuseHalf(
  item: InboundItem,
  links: ReadonlyMap<string, StoredLink>,
  self: string,
): RefusalCode | undefined {
  const { sub } = item.claims;
  if (sub === undefined) return 'link.missing';
  const link = links.get(sub);
  // A link of another peer is unknown to this one: an answer must not tell that it exists.
  if (link === undefined || link.peer !== item.iss) return 'link.unknown';
  if (link.erased) return 'link.erased';
  return namesOnly(bodyOf(item).scopes, [self, item.iss]) ? undefined : 'manifest.invalid';
}

function halfOf(body: LinkHalfBody, at: Date): Half {
  const until = body.restorableUntil === undefined ? null : Date.parse(body.restorableUntil);
  return {
    rev: body.rev,
    state: body.state,
    scopes: body.scopes,
    consent: body.consent ?? null,
    restorableUntil: until === null ? null : new Date(Math.min(until, at.getTime() + MAX_RESTORABLE_MS)),
    beforeRevocation: null,
  };
}

/** Refusals that would be given again to any later half of this link. */
const FINAL_REFUSALS = new Set<string | null>(['link.erased', 'act.unsupported']);

/**
 * `link.half` at its sender. What a node says of itself never ends by expiry: unless the peer took it, or will never
 * take any, the then-current half goes out again under a new id.
 */
export function createHalfOutcome(
  deps: Pick<LinkActDeps, 'evidence'> & { retry: { baseMs: number; capMs: number } },
): OutcomeListener {
  return {
    act: 'link.half',
    async settled(tx, items) {
      const announced = await settleAnnouncements(tx, items);
      await lockCustomers(
        tx,
        await readCustomers(
          tx,
          announced.map((one) => one.linkId),
        ),
      );
      const acknowledged: LinkEvent[] = [];
      for (const one of announced) {
        const item = items.find((settled) => settled.jti === one.jti);
        if (item === undefined) continue;
        if (item.state === 'accepted') {
          await acknowledge(tx, one.linkId, one.rev);
          acknowledged.push({
            linkId: one.linkId,
            at: item.settledAt,
            event: 'acknowledged',
            owner: 'self',
            rev: one.rev,
          });
        } else if (!FINAL_REFUSALS.has(item.reason)) {
          await announceLater(tx, one, deps.retry);
        }
      }
      await recordLinkEvents(tx, deps.evidence, acknowledged);
    },
  };
}
