import { readNow, type Tx, together } from '../db/index.ts';
import type { LinkView } from '../exchange/index.ts';
import type { AgreementTerms, HumanRoute, SlotGrant } from '../protocol/agreement/terms.ts';
import { decodeManifest } from '../protocol/manifest.ts';
import { chooseFeed, type FeedMessage, type Shown } from '../protocol/slot/feed.ts';
import type { MessageAction, SlotMessageBody } from '../protocol/slot/message.ts';
import { longestWindowMs, windowMs } from '../protocol/slot/windows.ts';
import { type ContactWishes, lockContacts, type Mute, NO_WISHES, readMutes } from './contact-store.ts';
import type { SlotDeps } from './deps.ts';
import {
  type ChosenRow,
  type FeedRow,
  readActive,
  readChosen,
  readDisplays,
  writeLeases,
} from './display-store.ts';
import { LEASE_MS, REPORT_MS } from './facts.ts';
import { readLinksOf } from './feed-store.ts';
import { readSlotStates, type SlotState, slotKey } from './hosting-store.ts';
import { chooseText, renderBody } from './render.ts';

/** One message as the vault's page shows it: with everything to render, and nothing to track. */
export type FeedItem = {
  id: string;
  from: { id: string; organizationName: string };
  slot: string;
  placement: SlotGrant['placement'];
  category: string;
  language: string;
  title: string;
  /** As it was written. */
  body: string;
  /** Safe to be put into a page as it is. */
  bodyHtml: string;
  /** Fetched by itself, from this node. */
  image?: { type: string; alt: string };
  actions: MessageAction[];
  human: HumanRoute;
  placedAt: Date;
  expiresAt: Date;
  /** Whether the customer has seen it. */
  displayed: boolean;
  /** Until when it may be displayed; fetched again it may get another lease. */
  leasedUntil?: Date;
  thread: string;
};

export type Feed = {
  /**
   * What to show a customer now, at most `limit`. Handing a message out for the first time takes a lease of 5 minutes,
   * under the customer's lock: whoever fetches the last one that calm allows, from however many devices, gets the same one.
   *
   * @throws Refusal `customer.not_found`
   */
  read(
    customer: string,
    filter: { placement?: SlotGrant['placement']; locale?: string; limit: number },
  ): Promise<{ items: FeedItem[]; now: Date }>;
};

export function createFeed(
  deps: SlotDeps & { requireKnown(customer: string): Promise<ContactWishes> },
): Feed {
  const { db, registry } = deps;

  /** What may be shown of a message by its link, its slot and its guest. */
  function open(
    row: FeedRow,
    given: {
      links: ReadonlyMap<string, LinkView>;
      terms: ReadonlyMap<string, AgreementTerms>;
      states: ReadonlyMap<string, SlotState>;
    },
  ): SlotGrant | undefined {
    const host = registry.self.entityId;
    const link = given.links.get(row.linkId);
    const consented = link?.scopes[host]?.contact?.includes(row.category) === true;
    if (link?.state !== 'active' || !consented || registry.peer(row.iss)?.state === 'revoked')
      return undefined;
    if (given.states.get(slotKey({ peer: row.iss, slot: row.slot }))?.pausedAt != null) return undefined;
    return given.terms.get(row.agreement)?.hosts[host]?.slots?.find(({ slot }) => slot === row.slot);
  }

  async function choose(
    tx: Tx,
    customer: string,
    links: ReadonlyMap<string, LinkView>,
    filter: { placement?: SlotGrant['placement']; limit: number },
  ) {
    const wishes = (await lockContacts(tx, [customer])).get(customer) ?? NO_WISHES;
    // After the lock: whoever waited for it sees what was leased meanwhile.
    const now = await readNow(tx);
    const [rows, muted] = await together([
      readActive(tx, customer, { now, most: filter.limit }),
      readMutes(tx.client, [customer]),
    ]);
    const mutes = muted.get(customer) ?? [];
    const [terms, states] = await together([
      deps.agreements.terms(tx, [...new Set(rows.map(({ agreement }) => agreement))]),
      readSlotStates(tx.client, [...new Set(rows.map(({ iss }) => iss))]),
    ]);
    const byId = new Map(rows.map((row) => [row.id, row]));
    const grants = new Map<string, SlotGrant>();
    for (const row of rows) {
      const grant = open(row, { links, terms, states });
      const placed = filter.placement === undefined || grant?.placement === filter.placement;
      if (grant !== undefined && placed) grants.set(row.id, grant);
    }
    const caps = [...grants.values()].flatMap((grant) => grant.caps);
    const lookBackMs = Math.max(longestWindowMs(caps), wishes.calm ? windowMs(wishes.calm) : 0);
    const since = new Date(now.getTime() - lookBackMs - LEASE_MS - REPORT_MS);
    const shown = chooseFeed({
      nowMs: now.getTime(),
      messages: rows.flatMap((row) => {
        const grant = grants.get(row.id);
        return grant === undefined ? [] : [feedMessage(row, grant, mutes, now)];
      }),
      displays: await readDisplays(tx, [{ customerId: customer, since }]),
      customer: wishes,
      limit: filter.limit,
    });
    const leases = shown.filter(({ id, lease }) => lease || isEnding(byId.get(id), now));
    const until = new Date(now.getTime() + LEASE_MS + REPORT_MS);
    for (const { id } of leases)
      byId.set(id, { ...(byId.get(id) as FeedRow), leasedUntilMs: until.getTime() });
    await writeLeases(
      tx,
      customer,
      leases.map(({ id }) => byId.get(id) as FeedRow),
      { at: now, until },
    );
    const details = await readChosen(
      tx,
      shown.map(({ id }) => id),
    );
    return { now, wishes, chosen: inOrder(shown, { rows: byId, grants, details }) };
  }

  async function render(chosen: readonly Chosen[], locale: string | undefined): Promise<FeedItem[]> {
    const bodies = await deps.exchange().bodies.open(chosen.map(({ details }) => details.bodyId));
    return chosen.flatMap(({ row, details, grant }) => {
      const manifest = bodies.get(details.bodyId)?.manifest();
      // Erased since it was chosen.
      if (manifest === undefined || grant.human === undefined) return [];
      const { body: said, content } = decodeManifest(manifest);
      const message = said as unknown as SlotMessageBody;
      const { language, title, body, imageAlt: alt } = chooseText(message.texts, locale);
      return [
        {
          id: row.id,
          from: { id: row.iss, organizationName: registry.peer(row.iss)?.organizationName ?? row.iss },
          slot: row.slot,
          placement: grant.placement,
          category: row.category,
          language,
          title,
          body,
          bodyHtml: renderBody(body),
          ...(content !== undefined && alt !== undefined && { image: { type: content.type, alt } }),
          actions: message.actions ?? [],
          human: grant.human,
          placedAt: details.placedAt,
          expiresAt: details.expiresAt,
          displayed: row.displayed,
          ...(!row.displayed &&
            row.leasedUntilMs !== null && { leasedUntil: new Date(row.leasedUntilMs - REPORT_MS) }),
          thread: details.thread ?? details.jti,
        },
      ];
    });
  }

  return {
    async read(customer, filter) {
      await deps.requireKnown(customer);
      // Before the transaction: a second connection under its lock could wait for itself.
      const ids = await db.withClient((client) => readLinksOf(client, customer));
      const links = ids.length === 0 ? new Map<string, LinkView>() : await deps.links.read(ids);
      const { now, wishes, chosen } = await db.transact((tx) => choose(tx, customer, links, filter));
      return { items: await render(chosen, filter.locale ?? wishes.locale), now };
    },
  };
}

type Chosen = { row: FeedRow; details: ChosenRow; grant: SlotGrant };

function inOrder(
  shown: readonly Shown[],
  of: {
    rows: ReadonlyMap<string, FeedRow>;
    details: ReadonlyMap<string, ChosenRow>;
    grants: ReadonlyMap<string, SlotGrant>;
  },
): Chosen[] {
  return shown.map(({ id }) => {
    const [row, details, grant] = [of.rows.get(id), of.details.get(id), of.grants.get(id)];
    if (row === undefined || details === undefined || grant === undefined)
      throw new Error('a message that was not offered was chosen');
    return { row, details, grant };
  });
}

/** Its lease is held for a report only: whoever fetches it now gets the time to display it again. */
function isEnding(row: FeedRow | undefined, now: Date): boolean {
  if (row === undefined || row.displayed || row.leasedUntilMs === null) return false;
  return row.leasedUntilMs - REPORT_MS <= now.getTime();
}

function feedMessage(row: FeedRow, grant: SlotGrant, mutes: readonly Mute[], now: Date): FeedMessage {
  const { id, iss, slot, category, priority, eligibleAtMs, displayed, leasedUntilMs } = row;
  const mute = mutes.find(({ peer }) => peer === iss);
  return {
    id,
    iss,
    slot,
    category,
    priority,
    grant,
    atMs: eligibleAtMs,
    shown: displayed || (leasedUntilMs !== null && leasedUntilMs > now.getTime()),
    muted: mute !== undefined && (mute.until === null || mute.until > now),
  };
}
