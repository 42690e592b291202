import { type Database, readNow, type Tx } from '../db/index.ts';
import { isUuid } from '../protocol/ids.ts';
import { Refusal } from '../protocol/refusal.ts';
import type { GuestEvent } from '../protocol/slot/engagement.ts';
import { isTimeZone } from '../protocol/slot/quiet-hours.ts';
import {
  type ContactWishes,
  lockContacts,
  type Mute,
  readMutes,
  readWishes,
  writeMute,
  writeProviders,
  writeWishes,
} from './contact-store.ts';
import { dropGuestEvents } from './engagement/report-store.ts';
import type { EngagementReporter } from './engagement/reporting.ts';
import { readLinksWith } from './feed-store.ts';

/** How a customer wants to be contacted in this vault, as its front end sets it. */
export type CustomerContact = {
  /** @throws Refusal `customer.not_found` */
  requireKnown(customer: string): Promise<ContactWishes>;
  /** @throws Refusal `customer.not_found` */
  show(customer: string): Promise<ContactWishes & { mutes: Mute[] }>;
  /** All of it at once; what is left out is wished no more. @throws Refusal `customer.not_found`, `contact.input` */
  set(customer: string, wishes: ContactWishes): Promise<void>;
  /** How many institutions the customer says to deal with; null where they don't say. @throws Refusal `customer.not_found` */
  setProviders(customer: string, declared: number | null): Promise<void>;
  /** `until` undefined ends the mute, null mutes for good. @throws Refusal `customer.not_found`, `contact.input` */
  mute(customer: string, peer: string, until: Date | null | undefined): Promise<void>;
};

export function createCustomerContact(deps: {
  db: Database;
  reporter: Pick<EngagementReporter, 'add'>;
  isPeer(id: string): boolean;
}): CustomerContact {
  const { db } = deps;

  async function requireKnown(customer: string): Promise<ContactWishes> {
    const wishes = isUuid(customer)
      ? await db.withClient((client) => readWishes(client, customer))
      : undefined;
    if (wishes === undefined) throw new Refusal('customer.not_found');
    return wishes;
  }

  /** The guest is told, where the customer agreed to that; what is taken back in time, never. */
  async function tell(
    tx: Tx,
    customer: string,
    { kind, peer, links }: { kind: GuestEvent; peer: string; links: readonly string[] },
  ): Promise<void> {
    if (kind === 'unmuted' && (await dropGuestEvents(tx, customer, peer, 'muted'))) return;
    const at = await readNow(tx);
    const about = { peer, customerId: customer, messageId: null, message: null, kind, at };
    await deps.reporter.add(
      tx,
      links.map((linkId) => ({ ...about, linkId })),
    );
  }

  return {
    requireKnown,
    async show(customer) {
      const wishes = await requireKnown(customer);
      const mutes = await db.withClient((client) => readMutes(client, [customer]));
      return { ...wishes, mutes: mutes.get(customer) ?? [] };
    },
    async set(customer, wishes) {
      await requireKnown(customer);
      const { zone, quiet } = wishes;
      if (zone !== undefined && !isTimeZone(zone)) throw new Refusal('contact.input', { pointer: '/zone' });
      if (quiet !== undefined && !isTimeZone(quiet.zone))
        throw new Refusal('contact.input', { pointer: '/quiet/zone' });
      if (quiet !== undefined && quiet.from === quiet.to)
        throw new Refusal('contact.input', { pointer: '/quiet/to' });
      await db.transact(async (tx) => {
        await lockContacts(tx, [customer]);
        await writeWishes(tx, customer, wishes);
      });
    },
    async setProviders(customer, declared) {
      await requireKnown(customer);
      await db.transact(async (tx) => {
        await lockContacts(tx, [customer]);
        await writeProviders(tx, customer, declared);
      });
    },
    async mute(customer, peer, until) {
      await requireKnown(customer);
      if (!deps.isPeer(peer)) throw new Refusal('contact.input', { pointer: '/peer' });
      await db.transact(async (tx) => {
        const links = await readLinksWith(tx, customer, peer);
        await lockContacts(tx, [customer]);
        const changed = await writeMute(tx, customer, { peer, until });
        if (changed)
          await tell(tx, customer, { peer, links, kind: until === undefined ? 'unmuted' : 'muted' });
      });
    },
  };
}
