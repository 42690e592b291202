import { readNow, type Tx } from '../db/index.ts';
import type { ConsentGiven, ConsentRecord } from '../protocol/consent-record.ts';
import { nextRev } from '../protocol/link-half.ts';
import { isWithinScopes, type LinkScopesByHost } from '../protocol/link-scopes.ts';
import { Refusal } from '../protocol/refusal.ts';
import { readLinkBodies } from './announcement-store.ts';
import type { LinkServiceDeps } from './deps.ts';
import { checkScopes, recordConsent } from './input.ts';
import { type LinkEvent, recordLinkEvents } from './record.ts';
import { counts, endOwnHalf, hasRival, mayAnnounce } from './rivals.ts';
import {
  eraseLinkRows,
  type Half,
  lockCustomers,
  putHalf,
  readCustomers,
  readLinks,
  type StoredHalf,
  type StoredLink,
} from './store.ts';

/** What a side may say of its own half. Each is idempotent. */
export type LinkChange =
  | { kind: 'pause' }
  | { kind: 'resume' }
  /** Holds here at once; can be restored until `restorableUntil`. */
  | { kind: 'revoke' }
  | { kind: 'restore' }
  /** Narrowing holds by itself; widening needs a consent here, and the other side's half to say the same. */
  | { kind: 'scopes'; scopes: LinkScopesByHost; consent?: ConsentGiven };

export type LinkChanges = {
  change(linkId: string, change: LinkChange): Promise<void>;
  /**
   * Forgets whom a link concerned, for good: it is revoked without a way back, the mapping to the customer and the
   * consents are deleted, and the id stays as a tombstone. Envelopes, receipts and evidence remain and tell nothing.
   *
   * @param reason a dotted code, such as `erasure.request`
   */
  erase(linkId: string, reason: string): Promise<void>;
  /** Ends the own half of a link that the peer ended. */
  follow(linkId: string): Promise<void>;
};

const DAY_MS = 86_400_000;
const REASON = /^[a-z_]{1,29}\.[a-z_]{1,29}$/;

export function createLinkChanges(
  deps: LinkServiceDeps & {
    announce(): void;
    /** Ends an attempt that has no link yet, or is not complete; false where there is none. */
    withdraw(tx: Tx, linkId: string): Promise<boolean>;
  },
): LinkChanges {
  const { db, registry, evidence, outbox, bodies, options } = deps;

  async function lockLink(tx: Tx, linkId: string): Promise<StoredLink> {
    await lockCustomers(tx, await readCustomers(tx, [linkId]));
    const link = (await readLinks(tx.client, [linkId])).get(linkId);
    if (link === undefined) throw new Refusal('link.not_found');
    return link;
  }

  /** The half as the change makes it; undefined where it is so already. */
  async function changed(
    tx: Tx,
    link: StoredLink,
    change: LinkChange,
    at: Date,
  ): Promise<Omit<Half, 'rev'> | undefined> {
    const half = link.self;
    if (half === undefined) throw new Refusal('link.pending');
    if (change.kind === 'revoke') return half.state === 'revoked' ? undefined : revoked(link, half, at);
    if (change.kind === 'restore') return half.state === 'revoked' ? restored(tx, link, half) : undefined;
    if (half.state === 'revoked') throw new Refusal(half.restorable ? 'link.restorable' : 'link.revoked');
    if (change.kind === 'scopes') return rescoped(link, half, change, at);
    const state = change.kind === 'pause' ? 'paused' : 'active';
    return half.state === state ? undefined : { ...half, state };
  }

  function revoked(link: StoredLink, half: StoredHalf, at: Date): Omit<Half, 'rev'> {
    // What never had both halves has nothing to come back to.
    const grace = link.other === undefined ? 0 : options.restoreDays * DAY_MS;
    return {
      state: 'revoked',
      scopes: half.scopes,
      consent: half.consent,
      restorableUntil: grace === 0 ? null : new Date(at.getTime() + grace),
      beforeRevocation: half.state === 'paused' ? 'paused' : 'active',
    };
  }

  async function restored(tx: Tx, link: StoredLink, half: StoredHalf): Promise<Omit<Half, 'rev'>> {
    if (!half.restorable || link.customerId === null) throw new Refusal('link.revoked');
    if (await hasRival(tx, { peer: link.peer, customerId: link.customerId }, link.id)) {
      throw new Refusal('link.exists');
    }
    return {
      state: half.beforeRevocation ?? 'active',
      scopes: half.scopes,
      consent: half.consent,
      restorableUntil: null,
      beforeRevocation: null,
    };
  }

  function rescoped(
    link: StoredLink,
    half: StoredHalf,
    change: LinkChange & { kind: 'scopes' },
    at: Date,
  ): Omit<Half, 'rev'> {
    const self = registry.self.entityId;
    const scopes = checkScopes(change.scopes, [self, link.peer]);
    if (change.consent === undefined && !isWithinScopes(scopes, half.scopes))
      throw new Refusal('link.consent');
    const consent: ConsentRecord | null =
      change.consent === undefined
        ? half.consent
        : recordConsent(change.consent, {
            at,
            controllers: [
              { id: self, name: options.organizationName },
              { id: link.peer, name: registry.peer(link.peer)?.organizationName ?? link.peer },
            ],
          });
    return { ...half, scopes, consent };
  }

  async function keep(tx: Tx, link: StoredLink, half: Omit<Half, 'rev'>, at: Date): Promise<void> {
    const rev = nextRev(link.self?.rev, at.getTime());
    await putHalf(
      tx,
      { linkId: link.id, owner: 'self' },
      { ...half, rev },
      { at, announce: await mayAnnounce(tx, link) },
    );
    const event: LinkEvent = {
      linkId: link.id,
      at,
      event: 'changed',
      owner: 'self',
      rev,
      state: half.state,
      attest: { event: 'LinkChanged', peer: link.peer },
    };
    await recordLinkEvents(tx, evidence, [event]);
    await outbox.hasten(tx, { peer: link.peer, links: [link.id] });
    tx.afterCommit(deps.announce);
  }

  return {
    async change(linkId, change) {
      await db.transact(async (tx) => {
        if (change.kind === 'revoke' && (await deps.withdraw(tx, linkId))) return;
        const link = await lockLink(tx, linkId);
        if (link.erased) throw new Refusal('link.erased');
        const at = await readNow(tx);
        const half = await changed(tx, link, change, at);
        if (half !== undefined) await keep(tx, link, half, at);
      });
    },

    async erase(linkId, reason) {
      if (!REASON.test(reason)) throw new Refusal('link.input', { pointer: '/reason' });
      await db.transact(async (tx) => {
        await deps.withdraw(tx, linkId);
        const link = await lockLink(tx, linkId);
        if (link.erased) return;
        const at = await readNow(tx);
        const { self } = link;
        if (self?.state !== 'revoked' || self.restorable)
          await endOwnHalf(tx, evidence, link, { at, reason });
        await bodies.erase(tx, await readLinkBodies(tx, linkId));
        await eraseLinkRows(tx, linkId, at);
        await deps.onErase(tx, linkId);
        await recordLinkEvents(tx, evidence, [
          { linkId, at, event: 'erased', reason, attest: { event: 'Erasure', peer: link.peer } },
        ]);
        await outbox.hasten(tx, { peer: link.peer, links: [linkId] });
        tx.afterCommit(deps.announce);
      });
    },

    async follow(linkId) {
      await db.transact(async (tx) => {
        const link = await lockLink(tx, linkId);
        const over = link.other?.state === 'revoked' && !link.other.restorable;
        const { self } = link;
        if (!over || link.erased || counts(link) || self === undefined) return;
        if (self.state === 'revoked' && !self.restorable) return;
        await endOwnHalf(tx, evidence, link, { at: await readNow(tx), reason: 'link.ended' });
        tx.afterCommit(deps.announce);
      });
    },
  };
}
